"""Splits a stream of bytes into blocks of whole lines as they arrive, in limited memory."""

from collections.abc import Iterator
from typing import Protocol

BLOCK_BYTES = 1 << 18
LONGEST_LINE = 1 << 20
"""Most bytes of a line; a longer one means a damaged file, or a file of another kind."""


class ByteStream(Protocol):
    """A stream of bytes that can be read as they arrive."""

    def read1(self, size: int, /) -> bytes:
        """At most `size` bytes, as soon as any have arrived; no bytes at the end of the stream."""


class CutLine(bytes):
    """The first bytes of a line that is longer than the limit, 1 MiB; its other bytes were read and dropped."""


def whole_lines(stream: ByteStream, newline: bytes = b"\n", longest_first: int = LONGEST_LINE) -> Iterator[bytes]:
    """Yield the stream in blocks of whole lines, each block as soon as its bytes have arrived.

    The lines of a block are separated by `newline`; the end of its last line is taken off. A line of more than 1 MiB
    is a block of its own, a `CutLine`.

    Args:
        stream: stream that is read to its end.
        newline: byte that ends a line.
        longest_first: largest length of the first line in bytes; a JSON document may be one very long line.

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
    r"""The byte that ends the lines of a file, as its first bytes show: a line feed or a carriage return.

    It is a carriage return only if the bytes hold a carriage return and no line feed. A carriage return at their very
    end does not count, since a line feed may follow.

    Args:
        head: first bytes of the file.

    >>> newline_of(b"a,b\r\n1,2"), newline_of(b"a,b\r1,2\r"), newline_of(b"a,b\r")
    (b'\n', b'\r', b'\n')
    """
    # A carriage return as the last byte may be the first half of a line end.
    return b"\r" if b"\r" in head[:-1] and b"\n" not in head else b"\n"
