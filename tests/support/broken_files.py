"""A dozen tick files that commands cannot use, or only in part, each with what is wrong with it."""

import gzip
from io import BytesIO
from pathlib import Path

import pyarrow
from pyarrow import parquet

NOON = 1_723_161_600_000_000_000
HEADER = "ts_event,symbol,kind,bid,bid_size,ask,ask_size,price,size,side"
ROWS = [f"{NOON + number * 1_000_000},X,quote,{100 + number % 3},1,{101 + number % 3},1,,," for number in range(300)]
GOOD = "\n".join([HEADER, *ROWS, ""]).encode()


def _packed(damaged: bool = False) -> bytes:
    packed = bytearray(gzip.compress(GOOD, mtime=0))
    packed[-6] ^= 0xFF if damaged else 0
    return bytes(packed)


def _parquet(table: pyarrow.Table) -> bytes:
    written = BytesIO()
    parquet.write_table(table, written)
    return written.getvalue()


def _ticks() -> bytes:
    columns = {
        "ts_event": [NOON + number for number in range(300)],
        **dict.fromkeys(("bid", "bid_size", "ask_size"), [100.0] * 300),
        "ask": [101.0] * 300,
    }
    return _parquet(pyarrow.table({"symbol": ["X"] * 300, "kind": ["quote"] * 300, **columns}))


BROKEN: dict[str, tuple[bytes, str]] = {
    "empty.csv": (b"", "expected ticks, found none"),
    "empty.csv.gz": (gzip.compress(b""), "expected ticks, found none"),
    "header.csv": (HEADER.encode() + b"\n", "expected ticks, found none"),
    "no-header.csv": ("\n".join(ROWS).encode(), "expected the names of the columns"),
    "zeros.csv": (bytes(5_000), "was no text; fix: "),
    "half-utf16.csv": (GOOD.decode().encode("utf-16")[:40], "expected a column for"),
    "cut.csv.gz": (_packed()[:-300], "expected a whole file, ends too early"),
    "damaged.csv.gz": (_packed(damaged=True), "is damaged (CRC check failed"),
    "text.jsonl": (
        b"hello\nworld\n",
        "expected a column for the time (ts_event), a price (price, or bid and ask), symbol, was hello",
    ),
    "deep.jsonl": (b"[" * 100_000 + b"\n", "expected one JSON array, was damaged"),
    "half.parquet": (b"PAR1" + bytes(100) + b"PAR1", "is damaged ("),
    "cut.parquet": (_ticks()[:-100], "is damaged ("),
    "other.parquet": (
        _parquet(pyarrow.table({"a": [1, 2]})),
        "expected a column for the time (ts_event), a price (price, or bid and ask), symbol, was a; ",
    ),
    "numbers.parquet": (
        _parquet(pyarrow.table({name: pyarrow.array([], pyarrow.float64()) for name in HEADER.split(",")})),
        "expected text in column 'kind'",
    ),
    "sheet.xlsx": (b"PK\x03\x04" + bytes(300), "is damaged (File is not a zip file)"),
    "table.feather": (b"ARROW1\0\0" + bytes(100), "is damaged (Not an Arrow file)"),
    "ticks.csv.xz": (b"\xfd7zXZ\0" + bytes(50), "is damaged (Corrupt input data)"),
    "accents.csv": (GOOD.replace(b",X,", ",Éxé,".encode()), "fix: --rename"),
    "ticks.csv.zst": (b"\x28\xb5\x2f\xfd" + bytes(50), "is damaged ("),
}
"""Content of each file by its name, with the sentence that every command prints about it."""

REFUSED: dict[str, tuple[bytes, str]] = {
    "negative.csv": (GOOD.replace(b",quote,", b",quote,-"), "300 as bad_price"),
}
"""The same for files of well-formed ticks that the market node refuses, all of them."""


def write(folder: Path) -> None:
    """Write all broken files to a folder, and a folder and a dangling link that are named like tick files."""
    for name, (content, _) in (BROKEN | REFUSED).items():
        (folder / name).write_bytes(content)
    (folder / "folder.csv").mkdir()
    (folder / "nowhere.csv").symlink_to("absent.csv")
