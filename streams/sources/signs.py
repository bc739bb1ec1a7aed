"""What a file is, by its first bytes: kinds that are not read are named, with the way out."""

from schemas.errors import ConfigurationError

GZIP = b"\x1f\x8b"
PARQUET = b"PAR1"
HEAD = 8

FOREIGN: dict[bytes, tuple[str, str]] = {
    b"PK\x03\x04": ("a zip archive (or a spreadsheet)", "unzip it, or save it as CSV"),
    b"\xfd7zXZ\x00": ("compressed by xz", "xz -d"),
    b"BZh": ("compressed by bzip2", "bzip2 -d"),
    b"\x28\xb5\x2f\xfd": ("compressed by zstd", "zstd -d"),
    b"7z\xbc\xaf": ("a 7-Zip archive", "unpack it"),
    b"ARROW1": ("Feather (Arrow)", "write it as Parquet"),
    b"FEA1": ("Feather", "write it as Parquet"),
    b"\x89HDF": ("HDF5", "write it as Parquet"),
    b"SQLite": ("a SQLite database", "write a table of it as CSV"),
    b"\xd0\xcf\x11\xe0": ("a spreadsheet", "save it as CSV"),
    b"\x93NUMPY": ("a NumPy array", "write it as Parquet"),
    b"\xff\xfe": ("UTF-16", "save it as UTF-8: iconv -f UTF-16 -t UTF-8"),
    b"\xfe\xff": ("UTF-16", "save it as UTF-8: iconv -f UTF-16 -t UTF-8"),
    GZIP: ("gzip within gzip", "unpack it once"),
    PARQUET: ("Parquet in a pipe or within gzip", "save it as a file of its own"),
}


def expect_text(name: str, head: bytes) -> None:
    """Refuse what is no text in UTF-8, by the first bytes of what was unpacked.

    >>> expect_text("ticks.xz", b"\\xfd7zXZ\\x00...")
    Traceback (most recent call last):
    ...
    schemas.errors.ConfigurationError: ticks.xz: expected CSV, JSON lines or Parquet, was compressed by xz; fix: xz -d

    Raises:
        ConfigurationError: with what it is and what to do.
    """
    for sign, (kind, fix) in FOREIGN.items():
        if head.startswith(sign):
            raise _refused(name, kind, fix)
    if b"\x00" in head[:HEAD]:
        raise _refused(name, "UTF-16 without a mark, or no text", "save it as UTF-8")


def _refused(name: str, kind: str, fix: str) -> ConfigurationError:
    return ConfigurationError(f"{name}: expected CSV, JSON lines or Parquet, was {kind}; fix: {fix}")
