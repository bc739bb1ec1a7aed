"""Recognises kinds of files by their first bytes; for a kind that cannot be read, an error says what to do."""

from schemas.errors import ConfigurationError

GZIP = b"\x1f\x8b"
BZIP2 = b"BZh"
XZ = b"\xfd7zXZ\x00"
ZSTD = b"\x28\xb5\x2f\xfd"
NUMPY = b"\x93NUMPY"
LZ4 = b"\x04\x22\x4d\x18"
ZIP = b"PK\x03\x04"
EMPTY_ZIP = b"PK\x05\x06"
PARQUET = b"PAR1"
ARROW = b"ARROW1"
HEAD = 8

FOREIGN: dict[bytes, tuple[str, str]] = {
    b"7z\xbc\xaf": ("a 7-Zip archive", "unpack it"),
    b"Rar!": ("a RAR archive", "unpack it"),
    b"FEA1": ("Feather of the first version", "write it as Parquet"),
    b"\x89HDF": ("HDF5", "write it as Parquet"),
    b"SQLite": ("a SQLite database", "write a table of it as CSV"),
    b"\xd0\xcf\x11\xe0": ("a spreadsheet", "save it as CSV"),
    b"ORC": ("ORC", "write it as Parquet"),
    b"Obj\x01": ("Avro", "write it as Parquet"),
    b"\xff\xff\xff\xff": ("a stream of Arrow", "write it as Feather, which is Arrow in a file, or Parquet"),
    **dict.fromkeys(
        (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05"),
        ("a pickle of Python", "write it as Parquet: a pickle may run any code"),
    ),
    b"DBN": ("DBN of Databento, packed more than three times", "unpack it"),
    ARROW: ("Feather in a pipe or packed", "save it as a file of its own"),
    PARQUET: ("Parquet in a pipe or packed", "save it as a file of its own"),
    **dict.fromkeys((GZIP, BZIP2, XZ, ZSTD, LZ4, ZIP), ("packed more than three times", "unpack it")),
}


def expect_text(name: str, head: bytes) -> None:
    """Raise an error if the first bytes of a file show that it is a binary file of a kind that cannot be read.

    Args:
        name: name of the file, for the error.
        head: first bytes of the file, unpacked.

    >>> expect_text("ticks.7z", b"7z\\xbc\\xaf...")
    Traceback (most recent call last):
    ...
    schemas.errors.ConfigurationError: ticks.7z: expected CSV, JSON or Parquet, was a 7-Zip archive; fix: unpack it

    Raises:
        ConfigurationError: it is a binary file; the message names its kind, and says what to do.
    """
    for sign, (kind, fix) in FOREIGN.items():
        if head.startswith(sign):
            raise _refused(name, kind, fix)
    if b"\x00" in head[:HEAD]:
        raise _refused(name, "no text", "another file, or save it as CSV")


def _refused(name: str, kind: str, fix: str) -> ConfigurationError:
    return ConfigurationError(f"{name}: expected CSV, JSON or Parquet, was {kind}; fix: {fix}")
