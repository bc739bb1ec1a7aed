"""Reads NumPy arrays with named fields from files, block by block; pickled arrays are refused, as they may run code."""

from collections.abc import Iterator
from io import BufferedReader
from tokenize import TokenError

import numpy as np
from numpy.typing import NDArray

from schemas.errors import ConfigurationError
from streams.sources.cells import shortened

ROWS = 1 << 14
MOST_BYTES_OF_A_ROW = 1 << 12

EVENTS = {
    1: "depth",
    2: "trade",
    3: "clear",
    4: "snapshot",
    5: "bbo",
    10: "add",
    11: "cancel",
    12: "modify",
    13: "fill",
}
UNREADABLE = (ValueError, TypeError, KeyError, SyntaxError, MemoryError, RecursionError, TokenError)
"""Exceptions that NumPy raises for a damaged header, which it parses as a Python literal."""

EXCHANGE, BUY, SELL = 1 << 31, 1 << 29, 1 << 28
"""Bits of the events of hftbacktest: whether an event happened at the exchange, and its side."""


def as_csv(name: str, stream: BufferedReader) -> Iterator[bytes]:
    """Convert an array of rows with named fields to blocks of CSV with a header; numbers keep their exact values.

    In arrays of hftbacktest, a library for backtests, a row says whether it is an event at the exchange, or the arrival
    of an event at a client. Only rows of the first kind are kept, with action and side as words.

    Args:
        name: name of the file, for errors.
        stream: content of a `.npy` file.

    Raises:
        ConfigurationError: the array has no named fields, or is pickled.
        EOFError: the file ends too early.
    """
    try:
        version = np.lib.format.read_magic(stream)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, dtype = read(stream)
    except UNREADABLE as error:
        raise ConfigurationError(
            f"{name}: expected an array of NumPy, was: {shortened(str(error), 120)}; fix: write it as Parquet"
        ) from error
    fields = list(dtype.names or ())
    plain = all(dtype[each].kind in "biufSU" for each in fields)
    if not fields or not plain or len(shape) != 1 or dtype.itemsize > MOST_BYTES_OF_A_ROW:
        raise ConfigurationError(
            f"{name}: expected an array of rows with named fields that are numbers or text, was {shape} of "
            f"{shortened(str(dtype), 120)}; fix: write it as Parquet"
        )
    of_events = {"ev", "exch_ts", "px", "qty"} <= {*fields}
    first = True
    for rows in _blocks(stream, dtype, shape[0]):
        names, columns = _events(rows) if of_events else (fields, [_texts(rows[each]) for each in fields])
        lines = [",".join(cells) for cells in zip(*columns, strict=True)]
        header = [",".join(names)] if first else []
        first = False
        yield "".join(f"{line}\n" for line in (*header, *lines)).encode()


def _blocks(stream: BufferedReader, dtype: np.dtype, count: int) -> Iterator[NDArray[np.void]]:
    left = count
    while left:
        wanted = min(left, ROWS) * dtype.itemsize
        got = b""
        while len(got) < wanted and (more := stream.read(wanted - len(got))):
            got += more
        if len(got) < wanted:
            raise EOFError
        yield np.frombuffer(got, dtype)
        left -= wanted // dtype.itemsize


def _texts(column: NDArray[np.generic]) -> list[str]:
    values = column.tolist()
    if column.dtype.kind == "S":
        return [value.decode("utf-8", "replace") for value in values]
    return [value if isinstance(value, str) else repr(value) for value in values]


def _events(rows: NDArray[np.void]) -> tuple[list[str], list[list[str]]]:
    flags = rows["ev"].astype(np.uint64)
    rows, flags = rows[(flags & EXCHANGE) != 0], flags[(flags & EXCHANGE) != 0]
    words = [EVENTS.get(int(flag) & 0xFF, "other") for flag in flags]
    sides = ["buy" if int(flag) & BUY else "sell" if int(flag) & SELL else "" for flag in flags]
    return ["exch_ts", "action", "side", "px", "qty"], [
        _texts(rows["exch_ts"]), words, sides, _texts(rows["px"]), _texts(rows["qty"])
    ]  # fmt: skip
