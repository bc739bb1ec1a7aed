"""Files that are damaged, cut, or full of odd cells give ticks, refusals or one sentence, never a traceback.

The damage is seeded, so a failure can be reproduced; the name of each case says what is changed.
"""

import bz2
import gzip
import lzma
import time
import zipfile
from collections.abc import Callable
from io import BufferedReader, BytesIO
from pathlib import Path
from random import Random
from typing import Any

import cramjam
import pandas as pd
import pyarrow
import pytest
from pyarrow import feather, parquet

from schemas.codec import decoder, encode
from schemas.errors import ConfigurationError, Refused
from schemas.ticks import Quote, Tick, Trade
from streams.engine.feed import Feed, RawTick
from streams.market.tick_checks import Validation, ValidationParameters
from streams.sources.cells import LONGEST_KEY, LONGEST_SENTENCE, LONGEST_VALUE
from streams.sources.columns import FIELDS, Columns
from streams.sources.damaged_files import BrokenFile
from streams.sources.files import TickFile
from streams.sources.frames import frame_ticks
from streams.sources.lines import LONGEST_LINE, CutLine, whole_lines
from streams.sources.synthetic import synthetic_market

decode = decoder(Tick)
check = Validation(ValidationParameters()).check
NOON = 1_723_161_600_000_000_000
TICKS = list(synthetic_market(seed=5, ticks=400))
GOOD = f"{NOON},X,quote,1.5,1,2.5,1,,,\n"
HEADER = "ts_event,symbol,kind,bid,bid_size,ask,ask_size,price,size,side\n"

ODD = [
    "1e5000", "-1e5000", "1E+9999999", "1e999990", "9" * 4_299, "9" * 5_000, "0." + "9" * 5_000, "nan", "-inf", "1_0",
    "x" * 200_000, '"', '""', "\x00", "\r", "é" * 40, "\ufffd", "\uff11\uff12\uff13", "0x10", "1e-999999999", "-0",
    " ", "1,5", "null", "9999-12-31T23:59:59Z", "0000-00-00T00:00:00Z", "2024-02-30T00:00:00Z", "true",
    str(2**63), str(-(2**63) - 1),
]  # fmt: skip


def judged(feed: list[Feed]) -> int:
    """Count the ticks, each of which a reader can decode again; check that no refused row is a valid tick."""
    good = 0
    for item in feed:
        item.symbol.encode()
        if isinstance(item, RawTick):
            assert len(item.value) <= LONGEST_VALUE + 100
            assert len(item.symbol) <= LONGEST_KEY
            assert len(item.problem) <= LONGEST_SENTENCE
            assert item.ts_event is None or -(2**63) <= item.ts_event < 2**63
            with pytest.raises(Refused):
                check(decode(item.value))
        else:
            assert decode(encode(item)) == item
            good += 1
    return good


def read(path: Path, columns: Columns | None = None) -> list[Feed]:
    """Read a file to its end or to its first error, which must be a sentence."""
    feed: list[Feed] = []
    said = ""
    try:
        for block in TickFile(path, columns).blocks():
            feed += block
    except ConfigurationError as error:
        said = str(error)
    assert not said or "expected" in said
    assert "\n" not in said
    assert len(said) < 1_000
    return feed


def as_csv(delimiter: str = ",") -> bytes:
    rows = [delimiter.join(FIELDS)]
    for tick in TICKS:
        kind = {"kind": tick.__struct_config__.tag}
        rows.append(delimiter.join(str(kind.get(field, getattr(tick, field, ""))) for field in FIELDS))
    return "\n".join(rows).encode()


def as_parquet(**options: Any) -> bytes:
    rows = [{field: getattr(each, field, None) for field in FIELDS} for each in TICKS]
    rows = [row | {"kind": each.__struct_config__.tag} for row, each in zip(rows, TICKS, strict=True)]
    sink = BytesIO()
    parquet.write_table(pyarrow.Table.from_pylist(rows), sink, **options)
    return sink.getvalue()


def as_feather() -> bytes:
    sink = BytesIO()
    feather.write_feather(parquet.read_table(BytesIO(as_parquet())), sink)
    return sink.getvalue()


def zipped(**members: bytes) -> bytes:
    sink = BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return sink.getvalue()


FORMATS: dict[str, Callable[[], bytes]] = {
    "csv": as_csv,
    "semicolons": lambda: as_csv(";"),
    "csv.gz": lambda: gzip.compress(as_csv(), mtime=0),
    "jsonl": lambda: b"\n".join(map(encode, TICKS)),
    "jsonl.gz": lambda: gzip.compress(b"\n".join(map(encode, TICKS)), mtime=0),
    "parquet": as_parquet,
    "plain parquet": lambda: as_parquet(compression="none", use_dictionary=False),
    "csv.bz2": lambda: bz2.compress(as_csv()),
    "csv.xz": lambda: lzma.compress(as_csv()),
    "csv.zst": lambda: bytes(cramjam.zstd.compress(as_csv())),
    "csv.zip": lambda: zipped(**{"ticks.csv": as_csv()}),
    "utf-16": lambda: as_csv().decode().encode("utf-16"),
    "utf-16 without a mark": lambda: as_csv().decode().encode("utf-16-le"),
    "feather": as_feather,
    "array": lambda: b"[" + b",\n".join(map(encode, TICKS)) + b"]",
}


@pytest.mark.parametrize("name", FORMATS)
def test_no_damage_of_a_file_leads_to_a_traceback(name: str, tmp_path: Path) -> None:
    whole, random, path = FORMATS[name](), Random(f"damage {name}"), tmp_path / "ticks"
    path.write_bytes(whole)
    assert judged(read(path)) == len(TICKS)
    for _ in range(60):
        content = bytearray(whole)
        if random.random() < 0.4:
            del content[random.randrange(len(content)) :]
        for _ in range(random.choice((0, 1, 1, 3, 20))):
            if content:
                content[random.randrange(len(content))] ^= 1 << random.randrange(8)
        if random.random() < 0.2:
            at = random.randrange(len(content) + 1)
            content[at:at] = random.randbytes(random.choice((1, 50, 5_000)))
        path.write_bytes(content)
        judged(read(path))


@pytest.mark.parametrize("field", FIELDS)
def test_no_cell_stops_the_rows_around_it(field: str, tmp_path: Path) -> None:
    path, names = tmp_path / "ticks.csv", [*HEADER.strip().split(","), "seq"]
    cells = dict(zip(names, [*GOOD.strip().split(","), "7"], strict=True))
    for odd in ODD:
        row = ",".join(odd if name == field else cell for name, cell in cells.items())
        good = ",".join(cells.values())
        path.write_text("\n".join([",".join(names), good, row, good]), newline="")
        began = time.process_time()
        feed = read(path)
        assert time.process_time() - began < 1.0
        assert len(feed) == 3 or odd == "\r"
        assert judged(feed) >= 2
        line = {name: odd if name == field else cell for name, cell in cells.items()}
        path.write_bytes(encode(line) + b"\n" + encode(TICKS[0]))
        assert judged(read(path)) >= 1
        judged(read(path, Columns(time_unit="ms", names={"bid": "ask", "ask": "bid"})))


@pytest.mark.parametrize(
    "odd",
    [None, 7, 7.5, True, "x" * 5_000, "\ud800", 10**5_000, float("nan"), float("inf"), [1], {"a": 1}, b"\xff", object],
    ids=lambda odd: f"{type(odd).__name__} {str(odd)[:5]!a}" if not isinstance(odd, int) else type(odd).__name__,
)
@pytest.mark.parametrize("field", FIELDS)
def test_no_cell_of_a_frame_stops_the_rows_around_it(field: str, odd: object) -> None:
    good: dict[str, object] = {
        "kind": "trade", "symbol": "X", "ts_event": NOON, "bid": 1.0, "bid_size": 1.0, "ask": 2.0, "ask_size": 1.0,
        "price": 1.5, "size": 2.0, "side": "buy", "seq": 7,
    }  # fmt: skip
    frame = pd.DataFrame([good, good | {field: odd}, good], dtype=object)
    feed = list(frame_ticks(frame))
    assert len(feed) == 3
    assert judged(feed) >= 2


def test_a_broken_file_gives_what_stands_before_the_break_and_says_where(tmp_path: Path) -> None:
    whole, path, feed = gzip.compress(as_csv(), mtime=0), tmp_path / "ticks.csv.gz", list[Feed]()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BrokenFile, match=r"expected a whole file, ends too early behind row \d+, at byte"):
        feed.extend(TickFile(path))
    assert 0 < len(feed) < len(TICKS)
    assert feed == TICKS[: len(feed)]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"PK\x03\x04" + bytes(40), "is damaged .File is not a zip file"),
        (b"\xfd7zXZ\x00" + bytes(40), "is damaged"),
        (b"BZh91AY", "ends too early"),
        (b"\x28\xb5\x2f\xfd" + bytes(40), "is damaged"),
        (b"ARROW1\x00\x00" + bytes(40), "is damaged"),
        (b"7z\xbc\xaf" + bytes(40), "was a 7-Zip archive"),
        (zipped(**{"[Content_Types].xml": b"<a/>", "xl/sheet1.xml": b"<a/>"}), "was a spreadsheet"),
        (zipped(), "found none"),
        (gzip.compress(zipped(ticks=b"a")), "as a file of its own"),
        (bytes(10), "was no text"),
        (gzip.compress(gzip.compress(gzip.compress(gzip.compress(b"a")))), "packed more than three times"),
        (gzip.compress(b"PAR1"), "Parquet in a pipe or packed"),
        (b"\x1f\x8b\x00", "ends too early before its first row, at byte 3 of 3"),
        (b"x" * 3_000_000, "expected a header line"),
        (b"PAR1PAR1", "is damaged"),
    ],
    ids=lambda each: each if isinstance(each, str) else "bytes",
)
def test_what_is_not_read_is_named(content: bytes, sentence: str, tmp_path: Path) -> None:
    path = tmp_path / "ticks"
    path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=sentence):
        list(TickFile(path))


def test_old_line_ends_are_line_ends() -> None:
    text = (HEADER + GOOD * 3).replace("\n", "\r").encode()
    assert judged(list(TickFile("given", stream=BufferedReader(BytesIO(text))))) == 3


@pytest.mark.parametrize("separator", [",", ""])
def test_a_line_without_end_costs_one_row_bounded_memory_and_linear_time(separator: str, tmp_path: Path) -> None:
    path = tmp_path / "ticks.csv.gz"
    long = ("9" + separator) * (8_000_000 // (1 + len(separator)))
    path.write_bytes(gzip.compress((HEADER + GOOD + long + "\n" + GOOD).encode(), 1))
    began = time.process_time()
    first, bad, last = TickFile(path)
    assert time.process_time() - began < 3.0
    assert isinstance(bad, RawTick)
    assert first == last == Quote("X", NOON, 1.5, 1.0, 2.5, 1.0)


def test_a_long_line_in_small_pieces_is_cut() -> None:
    class Pipe:
        """Gives 1,000 bytes at a time, and never a whole line."""

        left = 5_000

        def read1(self, size: int, /) -> bytes:
            self.left -= 1
            return b"" if self.left < 0 else b"y" * min(size, 1_000) if self.left else b"\nlast"

    first, last = whole_lines(Pipe())
    assert type(first) is CutLine
    assert len(first) == LONGEST_LINE
    assert last == b"last"


@pytest.mark.parametrize(
    ("field", "values", "sentence"),
    [
        ("bid", pyarrow.array([b"12345678"], pyarrow.binary(8)), "expected numbers in column 'bid' for bid, was fixed"),
        ("side", pyarrow.array([1.5]), "expected text in column 'side'"),
        ("kind", pyarrow.array([1]), "expected text in column 'kind'"),
        ("symbol", pyarrow.array([1.5]), "expected text in column 'symbol'"),
        ("ts_event", pyarrow.array([True]), "expected times in column 'ts_event'"),
        ("ask", pyarrow.array([[1.0]]), "expected numbers in column 'ask'"),
    ],
)
def test_a_column_of_a_type_that_tells_nothing_is_named(field: str, values: Any, sentence: str, tmp_path: Path) -> None:
    fields: dict[str, Any] = {"ts_event": [NOON], "symbol": ["X"], "kind": ["quote"], "bid": [1.0], "ask": [2.0]}
    parquet.write_table(pyarrow.table(fields | {field: values}), tmp_path / "ticks")
    with pytest.raises(ConfigurationError, match=sentence):
        list(TickFile(tmp_path / "ticks"))


def test_symbols_that_are_numbers_are_read_and_missing_cells_refused(tmp_path: Path) -> None:
    stamps = pyarrow.array([NOON // 1_000, 253_402_214_400_000_000, None], pyarrow.timestamp("us"))
    names = pyarrow.array([600519, None, 1])
    table = {"ts_event": stamps, "symbol": names, "price": [1.5, 1.5, 1.5], "size": [2, 2, None]}
    parquet.write_table(pyarrow.table(table), tmp_path / "ticks")
    feed = read(tmp_path / "ticks")
    assert feed[0] == Trade("600519", NOON, 1.5, 2.0)
    assert judged(feed) == 1
    assert len(feed) == 3


def test_columns_of_one_name_in_a_feather_file_are_a_sentence(tmp_path: Path) -> None:
    columns = [pyarrow.array([NOON, NOON + 1]), pyarrow.array([1.5, 1.6]), pyarrow.array([1.5, 1.6])]
    table = pyarrow.Table.from_arrays(columns, names=["time", "", ""])
    feather.write_feather(table, str(tmp_path / "x.feather"))
    with pytest.raises(ConfigurationError, match=r"x.feather: expected .*; fix: "):
        list(TickFile(tmp_path / "x.feather"))
