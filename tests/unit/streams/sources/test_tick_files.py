"""Ticks from files: every format gives the same ticks, and no row is lost or silently changed."""

import gzip
import os
from collections.abc import Callable
from io import BufferedReader, BytesIO
from itertools import islice
from pathlib import Path

import pyarrow
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from schemas.codec import decoder, encode
from schemas.errors import ConfigurationError, Refused
from schemas.ticks import Directive, Quote, Tick, Trade
from streams.engine.feed import Feed, RawTick
from streams.sources.columns import FIELDS, Columns
from streams.sources.files import TickFile, merged
from streams.sources.lines import BLOCK_BYTES
from streams.sources.synthetic import synthetic_market

decode = decoder(Tick)
NOON = 1_723_161_600_000_000_000
HEADER = "ts_event,symbol,kind,bid,bid_size,ask,ask_size,price,size,side\n"
TICKS = list(synthetic_market(seed=3, ticks=300))


def of(text: str | bytes, columns: Columns | None = None, strict: bool = False) -> list[Feed]:
    raw = text.encode() if isinstance(text, str) else text
    return list(TickFile("given", columns, strict=strict, stream=BufferedReader(BytesIO(raw))))


def as_csv(ticks: list[Quote | Trade], delimiter: str = ",") -> str:
    rows = [delimiter.join(FIELDS)]
    for tick in ticks:
        kind = "quote" if isinstance(tick, Quote) else "trade"
        rows.append(delimiter.join(str(getattr(tick, field, "")) if field != "kind" else kind for field in FIELDS))
    return "\n".join(rows) + "\n"


def as_json_lines(ticks: list[Quote | Trade]) -> bytes:
    return b"".join(encode(tick) + b"\n" for tick in ticks)


def as_parquet(ticks: list[Quote | Trade]) -> bytes:
    rows = [
        {field: getattr(tick, field, None) for field in FIELDS} | {"kind": tick.__struct_config__.tag} for tick in ticks
    ]
    sink = BytesIO()
    parquet.write_table(pyarrow.Table.from_pylist(rows), sink)
    return sink.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(as_csv(TICKS).encode(), id="csv"),
        pytest.param(as_csv(TICKS, "\t").encode(), id="tabs"),
        pytest.param(as_csv(TICKS, ";").encode(), id="semicolons"),
        pytest.param(gzip.compress(as_csv(TICKS).encode()), id="csv.gz"),
        pytest.param(b"\xef\xbb\xbf" + as_csv(TICKS).replace("\n", "\r\n").encode(), id="from a spreadsheet"),
        pytest.param(as_json_lines(TICKS), id="json lines"),
        pytest.param(gzip.compress(as_json_lines(TICKS)), id="json lines, gzip"),
        pytest.param(as_parquet(TICKS), id="parquet"),
    ],
)
def test_every_format_gives_the_same_ticks(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "whatever the name"
    path.write_bytes(content)
    file = TickFile(path)
    assert list(file) == TICKS
    assert file.share() == 1.0


def test_csv_larger_than_a_block_keeps_every_row() -> None:
    many = list(synthetic_market(seed=4, ticks=8_000))
    text = as_csv(many)
    assert len(text) > BLOCK_BYTES
    assert of(text) == many


def test_quoted_cells_are_read_and_blank_lines_skipped() -> None:
    text = 'ts_event,symbol,"bid","ask"\n\n1723161600000000000,"BRK,A",1.5,2.5\n\n'
    assert of(text) == [Quote("BRK,A", NOON, 1.5, 0.0, 2.5, 0.0)]


def test_a_stray_quotation_mark_costs_one_row_only() -> None:
    good = f"{NOON},X,quote,1.5,1,2.5,1,,,\n"
    first, second = of(HEADER + f'{NOON},"X,quote,1.5,1,2.5,1,,,\n' + good)
    assert isinstance(first, RawTick)
    assert second == Quote("X", NOON, 1.5, 1.0, 2.5, 1.0)


@pytest.mark.parametrize(
    ("columns", "header", "stamp"),
    [
        (Columns(), "ts_event", f"{NOON}"),
        (Columns(), "ts_event", "2024-08-09T00:00:00Z"),
        (Columns(), "ts_event", "2024-08-09 02:00:00.000000000+02:00"),
        (Columns(time_unit="us"), "ts_event", f"{NOON // 10**3}"),
        (Columns(time_unit="ms"), "ts_event", f"{NOON // 10**6}"),
        (Columns(time_unit="s"), "ts_event", f"{NOON // 10**9}.000000000"),
        (Columns(names={"ts_event": "T"}), "T", f"{NOON}"),
    ],
)
def test_times_are_read_in_every_unit_and_under_every_name(columns: Columns, header: str, stamp: str) -> None:
    assert of(f"{header},symbol,price,size\n{stamp},X,1.5,2\n", columns) == [Trade("X", NOON, 1.5, 2.0)]


def test_columns_can_be_renamed_and_replaced_by_constants() -> None:
    columns = Columns(names={"bid": "b1", "ask": "a1"}, symbol="EURUSD", kind="quote", time_unit="ms")
    expected = [Quote("EURUSD", NOON, 1.5, 0.0, 2.5, 0.0)]
    assert of(f"ts_event,b1,a1,symbol\n{NOON // 10**6},1.5,2.5,ignored\n", columns) == expected
    line = f'{{"ts_event":{NOON // 10**6},"b1":1.5,"a1":2.5,"bid_size":0,"ask_size":0,"venue":"x"}}'
    assert of(line, columns) == expected


def test_arrow_time_stamps_are_exact_whatever_unit_is_given(tmp_path: Path) -> None:
    for unit in ("s", "ms", "us", "ns"):
        stamps = pyarrow.array([NOON], pyarrow.timestamp("ns", "UTC")).cast(pyarrow.timestamp(unit, "UTC"))
        table = pyarrow.table({"ts_event": stamps, "symbol": ["X"], "price": [1.5], "size": [2]})
        parquet.write_table(table, tmp_path / unit)
        assert list(TickFile(tmp_path / unit, Columns(time_unit="ms"))) == [Trade("X", NOON, 1.5, 2.0)]


@pytest.mark.parametrize(
    ("row", "value"),
    [
        (f"{NOON},X,quote,abc,1,2.5,1,,,", f'"ts_event":{NOON},"bid":"abc","bid_size":1.0,"ask":2.5,"ask_size":1.0'),
        (f"{NOON},X,quote,nan,1,2.5,1,,,", f'"ts_event":{NOON},"bid":"nan","bid_size":1.0,"ask":2.5,"ask_size":1.0'),
        (f"{NOON},X,quote,,1,2.5,1,,,", f'"ts_event":{NOON},"bid_size":1.0,"ask":2.5,"ask_size":1.0'),
        ("noon,X,quote,1,1,2.5,1,,,", '"ts_event":"noon","bid":1.0,"bid_size":1.0,"ask":2.5,"ask_size":1.0'),
    ],
)
def test_a_bad_row_is_sent_as_what_it_has(row: str, value: str) -> None:
    (bad,) = of(HEADER + row)
    assert isinstance(bad, RawTick)
    assert bad.symbol == "X"
    assert bad.value.decode() == f'{{"kind":"quote","symbol":"X",{value}}}'
    assert bad.problem.startswith("given, row 2: ")
    with pytest.raises(Refused):
        decode(bad.value)


@pytest.mark.parametrize("row", [f"{NOON},X,candle,1,1,2,1,,,", f"{NOON},X", f"{NOON},X,quote,1,1,2,1,,,,,", "?"])
def test_no_bad_row_is_dropped_or_mended(row: str) -> None:
    first, bad, last = of(f"{HEADER}{NOON},X,quote,1,1,2,1,,,\n{row}\n{NOON},X,quote,1,1,2,1,,,\n")
    assert first == last == Quote("X", NOON, 1.0, 1.0, 2.0, 1.0)
    assert isinstance(bad, RawTick)
    with pytest.raises(Refused):
        decode(bad.value)
    with pytest.raises(Refused, match="row 3"):
        of(f"{HEADER}{NOON},X,quote,1,1,2,1,,,\n{row}\n", strict=True)


def test_lines_that_are_no_ticks_are_sent_as_they_are() -> None:
    lines = [b'{"kind":"quote"', b"\xff\xfe", b'{"kind":"candle"}', b"[1]", b'{"ts_event":1e400}']
    bad = of(as_json_lines(TICKS[:1]) + b"\n".join(lines))[1:]
    assert [item.value for item in bad if isinstance(item, RawTick)] == lines


def test_directives_of_a_recorded_log_pass() -> None:
    directive = Directive("d1", "X", NOON, "stop_arm", "live", "a test")
    assert of(encode(directive)) == [directive]


def test_bytes_that_are_no_text_are_refused_downstream_and_not_here() -> None:
    (tick,) = of(HEADER.encode() + f"{NOON},".encode() + b"X\xff,quote,1,1,2,1,,,\n")
    assert tick.symbol == "X\N{REPLACEMENT CHARACTER}"


@pytest.mark.parametrize(
    ("text", "columns", "sentence"),
    [
        ("time,symbol,price,size\n", Columns(), "expected a column for the time .ts_event., was time, symbol"),
        ("ts_event,price,size\n", Columns(), "column for symbol"),
        ("ts_event,symbol,x\n", Columns(), "column for a price .price, or bid and ask."),
        ("ts_event,symbol,bid\n", Columns(), "column for ask"),
        ("ts_event,symbol,bid,ask\n", Columns(names={"bid": "b"}), "column for bid"),
        (f"ts_event,symbol,price,size\n{NOON // 10**6},X,1,1\n", Columns(time_unit="ns"), "--time-unit ms"),
        (f"ts_event,symbol,price,size\n{NOON},X,1,1\n", Columns(time_unit="us"), "--time-unit ns"),
    ],
)
def test_the_error_about_an_unusable_file_says_what_is_missing(text: str, columns: Columns, sentence: str) -> None:
    with pytest.raises(ConfigurationError, match=sentence):
        of(text, columns)


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="No such file"):
        list(TickFile(tmp_path / "none"))


@pytest.mark.parametrize("make", [lambda: Columns(names={"bids": "b"}), lambda: Columns(kind="candle")])
def test_columns_refuse_what_they_do_not_know(make: Callable[[], Columns]) -> None:
    with pytest.raises(ConfigurationError, match="expected"):
        make()


def test_an_empty_file_has_no_ticks() -> None:
    assert of("") == of("\n\n") == of(HEADER) == []


def test_a_pipe_gives_its_ticks_as_they_come() -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as stream, os.fdopen(writing, "wb", buffering=0) as pipe:
        blocks = TickFile("a pipe", stream=stream).blocks()
        for tick in TICKS[:3]:
            pipe.write(encode(tick) + b"\n")
            assert next(blocks) == [tick]  # would hang here if the reader waited for a full block


def test_merging_is_by_event_time_and_stable() -> None:
    def trades(symbol: str, *times: int) -> list[Feed]:
        return [Trade(symbol, ts_event, 1.0, 1.0) for ts_event in times]

    bad = RawTick("A", b"?")
    first, second = trades("A", 1, 3, 2, 5), trades("B", 1, 2, 3, 4)
    first.insert(2, bad)
    seen = list(merged([first, second]))
    assert [(item.symbol, item.ts_event) for item in seen] == [
        ("A", 1),
        ("B", 1),
        ("B", 2),
        ("A", 3),
        ("A", None),  # without a time: right behind its predecessor
        ("A", 2),  # out of order in its file: stays there
        ("B", 3),
        ("B", 4),
        ("A", 5),
    ]


def test_merging_reads_no_further_than_it_must() -> None:
    endless = (Trade("X", ts_event, 1.0, 1.0) for ts_event in iter(int, 1))
    assert len(list(islice(merged([endless, endless]), 10))) == 10


numbers = st.floats(min_value=1e-9, max_value=1e12)


@given(numbers, numbers, numbers, numbers, st.integers(NOON, 2**63 - 1))
def test_numbers_are_exact(bid: float, bid_size: float, ask: float, ask_size: float, ts_event: int) -> None:
    quote = Quote("X", ts_event, bid, bid_size, ask, ask_size)
    text = f"ts_event,symbol,bid,bid_size,ask,ask_size\n{ts_event},X,{bid},{bid_size},{ask},{ask_size}"
    assert of(text, Columns(time_unit="ns", checked=False)) == [quote]
