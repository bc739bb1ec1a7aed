"""The error about a file that is damaged or ends too early: one sentence with the file, the row and the byte."""

import lzma
import zipfile
import zlib

from schemas.errors import ConfigurationError
from streams.sources.cells import shortened

DAMAGE = (EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, OSError)
"""Exceptions that reading and unpacking raise for damaged bytes."""


class BrokenFile(ConfigurationError):
    """Error: a file cannot be read to its end; the rows before the damage were read."""


def broken(name: str, error: Exception, row: int, at: int | None = None, size: int | None = None) -> BrokenFile:
    """The error that a file is damaged or ends too early; the caller raises it.

    Args:
        name: name of the file.
        error: error that reading raised; an EOFError means that the file ends too early.
        row: number of the last row that was read; 0 for none.
        at: byte of the file that was reached; None if not known.
        size: size of the file in bytes; None if not known.

    >>> print(broken("ticks.csv.gz", EOFError(), row=120, at=226, size=226))
    ticks.csv.gz: expected a whole file, ends too early behind row 120, at byte 226 of 226; fix: fetch or write it again
    """
    if isinstance(error, EOFError):
        what = "ends too early"
    else:
        said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        what = f"is damaged ({shortened(said.partition(chr(10))[0] or type(error).__name__, 120)})"
    row_said = f"behind row {row}" if row else "before its first row"
    place = f", at byte {at} of {size}" if at is not None and size else ""
    return BrokenFile(f"{name}: expected a whole file, {what} {row_said}{place}; fix: fetch or write it again")
