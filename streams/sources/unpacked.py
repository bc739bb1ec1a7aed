"""Unpacks files (gzip, bzip2, xz, zstd, lz4, zip, and one packed inside another), and turns their text into UTF-8."""

import bz2
import codecs
import gzip
import io
import lzma
import re
import zipfile
from collections.abc import Iterator
from io import BufferedReader
from typing import IO, cast

from schemas.errors import ConfigurationError
from streams.sources import dbn
from streams.sources.damaged_files import broken
from streams.sources.dbn import DBN
from streams.sources.signatures import BZIP2, EMPTY_ZIP, GZIP, LZ4, NUMPY, XZ, ZIP, ZSTD, expect_text

MOST_LAYERS = 3
BLOCK = 1 << 16
MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


_NUMBER = re.compile(r"([0-9]{1,18})")


class _Made(io.RawIOBase):
    """A byte stream over a generator of blocks."""

    def __init__(self, made: Iterator[bytes]) -> None:
        self._made = made
        self._left = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        while not self._left:
            block = next(self._made, None)
            if block is None:
                return 0
            self._left = block
        taken = self._left[: len(buffer)]
        buffer[: len(taken)] = taken
        self._left = self._left[len(taken) :]
        return len(taken)


def texts(
    name: str, stream: BufferedReader, layer: int = 0, encoding: str = ""
) -> Iterator[tuple[str, BufferedReader]]:
    """Yield the streams of UTF-8 text in a file, each with its name: the file itself, or the files of an archive.

    Binary tables of Databento and NumPy are yielded as CSV.

    Args:
        name: name of the file.
        stream: content of the file. For a zip archive it must be seekable.
        layer: how many times the content was unpacked already; at most 3 layers are unpacked.
        encoding: encoding of text that is not Unicode; empty if none was given.

    Raises:
        ConfigurationError: the file holds something other than text.
    """
    head = stream.peek(1 << 12)
    if layer < MOST_LAYERS:
        if head.startswith(GZIP):
            yield from texts(name, cast(BufferedReader, gzip.GzipFile(fileobj=stream, mode="rb")), layer + 1, encoding)
            return
        if head.startswith(BZIP2) and len(head) > 3 and head[3:4].isdigit():
            yield from texts(name, cast(BufferedReader, bz2.BZ2File(stream)), layer + 1, encoding)
            return
        if head.startswith(XZ):
            with lzma.LZMAFile(stream) as unpacked:
                yield from texts(name, cast(BufferedReader, unpacked), layer + 1, encoding)
            return
        for sign, packing in ((ZSTD, "zstd"), (LZ4, "lz4")):
            if head.startswith(sign):
                yield from texts(name, BufferedReader(_Made(_unpacked(name, stream, packing))), layer + 1, encoding)
                return
        if head.startswith(DBN):
            yield name, BufferedReader(_Made(dbn.as_csv(name, stream)))
            return
        if head.startswith(NUMPY):
            from streams.sources import numpy_rows  # NumPy takes longer to load than most files to read

            yield name, BufferedReader(_Made(numpy_rows.as_csv(name, stream)))
            return
        if head.startswith((ZIP, EMPTY_ZIP)):
            yield from _members(name, stream, layer, encoding)
            return
    found = next((called for mark, called in MARKS if head.startswith(mark)), None) or _unmarked(head)
    if not found and encoding and not head.startswith(codecs.BOM_UTF8):
        found = encoding
    if found:
        yield name, BufferedReader(_Made(_recoded(stream, found)))
        return
    expect_text(name, head)
    yield name, stream


def _unmarked(head: bytes) -> str | None:
    """UTF-16 encoding of a text without a byte order mark: every second byte of plain text is zero."""
    if len(head) >= 4 and not head[0] | head[2] and head[1] and head[3]:
        return "utf-16-be"
    if len(head) >= 4 and not head[1] | head[3] and head[0] and head[2]:
        return "utf-16-le"
    return None


def _unpacked(name: str, stream: BufferedReader, packing: str) -> Iterator[bytes]:
    try:
        import pyarrow
    except ImportError as error:
        raise ConfigurationError(
            f"{name}: expected pyarrow to unpack {packing}, was not installed; fix: pip install pyarrow, or unpack it"
        ) from error
    try:
        with pyarrow.input_stream(stream, compression=packing) as unpacked:
            while block := unpacked.read(BLOCK):
                yield block
    except pyarrow.ArrowException as error:
        raise OSError(str(error)) from error


def _recoded(stream: BufferedReader, encoding: str) -> Iterator[bytes]:
    decoding = codecs.getincrementaldecoder(encoding)(errors="replace")
    while block := stream.read1(BLOCK):
        if text := decoding.decode(block):
            yield text.encode()
    if text := decoding.decode(b"", final=True):
        yield text.encode()


def _members(name: str, stream: BufferedReader, layer: int, encoding: str) -> Iterator[tuple[str, BufferedReader]]:
    if layer or not stream.seekable():
        raise ConfigurationError(
            f"{name}: expected a zip archive as a file of its own, was one in a pipe or packed twice; fix: unzip it"
        )
    try:
        with zipfile.ZipFile(stream) as archive:
            inner = [each for each in archive.infolist() if not each.is_dir() and _is_shown(each.filename)]
            if any(each.filename == "[Content_Types].xml" for each in inner):
                raise ConfigurationError(f"{name}: expected ticks, was a spreadsheet; fix: save it as CSV")
            if not inner:
                raise ConfigurationError(f"{name}: expected files in the archive, found none; fix: another file")
            for each in sorted(inner, key=lambda each: _in_order(each.filename)):
                if each.flag_bits & 1:
                    raise ConfigurationError(f"{name}: expected no password, {each.filename} has one; fix: unzip it")
                # The arrays in one file of NumPy are called data or arr_0, and have the name of that file.
                called = name if each.filename.endswith(".npy") else f"{name}/{each.filename}"
                with _member(archive, each) as member:
                    yield from texts(called, cast(BufferedReader, member), layer + 1, encoding)
    except (zipfile.BadZipFile, NotImplementedError, lzma.LZMAError) as error:
        raise broken(name, error, 0) from error


def _member(archive: zipfile.ZipFile, each: zipfile.ZipInfo) -> IO[bytes]:
    try:
        return archive.open(each)
    except ValueError as error:  # a place before the file's beginning, or a name that is none
        raise zipfile.BadZipFile(f"its directory is damaged: {error}") from error


def _in_order(name: str) -> list[tuple[int, str]]:
    """Sort key of names with numbers by value: 2 before 10."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in _NUMBER.split(name)]


def _is_shown(name: str) -> bool:
    """Whether a file of an archive is data, and not a hidden file of an operating system."""
    last = name.rpartition("/")[2]
    return not last.startswith(".") and not name.startswith("__MACOSX/")
