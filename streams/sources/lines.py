"""Splits a stream of bytes into blocks of whole lines as they arrive, in bounded memory and linear time."""

from collections.abc import Iterator
from typing import Protocol

BLOCK_BYTES = 1 << 18
LONGEST_LINE = 1 << 20
"""Most bytes of a line; a longer one means a damaged file, or a file of another kind."""


class ByteStream(Protocol):
    """A stream whose `read1` returns the bytes that have arrived."""

    def read1(self, size: int, /) -> bytes:
        """Up to so many bytes, as soon as any have arrived; empty at the end."""


class CutLine(bytes):
    """The beginning of a line that is longer than `LONGEST_LINE`; the rest of it was read and dropped."""


def whole_lines(stream: ByteStream, newline: bytes = b"\n", longest_first: int = LONGEST_LINE) -> Iterator[bytes]:
    """Blocks of whole lines without the last line end, each as soon as a read of the stream returns.

    A line that is too long is a block of its own, a `CutLine`.

    Args:
        stream: to be read to its end.
        newline: one byte that ends a line.
        longest_first: most bytes of the first line, since a whole JSON document mostly is one line.

    >>> from io import BufferedReader, BytesIO
    >>> list(whole_lines(BufferedReader(BytesIO(b"a\\nb\\nc"))))
    [b'a\\nb', b'c']
    """
    begun: list[bytes] = []
    length, longest = 0, longest_first
    while block := stream.read1(BLOCK_BYTES):
        lines, found, rest = block.rpartition(newline)
        if found:
            if begun:
                end, more, lines = lines.partition(newline)
                if length + len(end) > longest:
                    yield _cut([*begun, end])
                    if more:
                        yield lines
                else:
                    yield b"".join((*begun, end, more, lines))
            else:
                yield lines
            begun, length = ([rest], len(rest)) if rest else ([], 0)
            longest = LONGEST_LINE
        else:
            if length <= longest:  # the rest of a longer line is dropped
                begun.append(rest)
            length += len(rest)
    if begun:
        yield b"".join(begun) if length <= longest else _cut(begun)


def _cut(begun: list[bytes]) -> CutLine:
    return CutLine(b"".join(begun)[:LONGEST_LINE])


def newline_of(head: bytes) -> bytes:
    """Byte that ends lines, by the first bytes of a file: a line feed, or a carriage return where there is none.

    >>> newline_of(b"a,b\\r\\n1,2"), newline_of(b"a,b\\r1,2\\r"), newline_of(b"a,b\\r")
    (b'\\n', b'\\r', b'\\n')
    """
    # A carriage return as the last byte may be the first half of a line end.
    return b"\r" if b"\r" in head[:-1] and b"\n" not in head else b"\n"
