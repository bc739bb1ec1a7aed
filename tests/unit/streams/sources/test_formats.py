"""Files of venues and vendors, in the formats that they document, become exactly the expected ticks."""

import re
import zipfile
from io import BufferedReader, BytesIO
from pathlib import Path
from typing import Any

import msgspec
import pandas as pd
import pyarrow
import pytest
from click.testing import CliRunner
from pyarrow import feather, parquet

from agents.cli import formats as formats_command
from agents.cli.formats import as_markdown
from agents.cli.input_preview import explain
from schemas.errors import ConfigurationError
from schemas.ticks import Quote, Trade
from streams.engine.feed import Feed, RawTick
from streams.sources.columns import Columns
from streams.sources.files import TickFile
from streams.sources.formats import Format, decoded, formats, named
from streams.sources.formats.recognition import as_toml, of_table
from streams.sources.frames import frame_ticks
from tests.support.example_streams import MS, NOON, NOON_MS, NOON_US, at
from tests.support.example_tables import EXAMPLES, REFUSED
from tests.support.places import ROOT


def file_of(name: str, text: str, **how: Any) -> TickFile:
    return TickFile(name, Columns(**how), stream=BufferedReader(BytesIO(text.encode())))


def read(name: str, text: str, **how: Any) -> list[Feed]:
    return list(file_of(name, text, **how))


ELSEWHERE = {
    "bars", "bars_json", "freqtrade_feather", "nautilus_catalog", "nautilus_trades", "nautilus_bars", "nautilus_deltas"
}  # fmt: skip
"""Formats that have tests of their own, below or among those of order books."""


def test_every_format_has_an_example() -> None:
    assert {*EXAMPLES, *REFUSED, *ELSEWHERE} == {*formats()}


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_file_is_known_and_becomes_exactly_its_ticks(name: str) -> None:
    called, text, expected = EXAMPLES[name]
    file = file_of(called, text)
    assert list(file) == expected
    assert [f"(format {name})" in sentence for sentence in file.understood] == [True]
    assert read(called, text, format=name) == expected


@pytest.mark.parametrize("name", REFUSED)
def test_a_format_that_is_not_read_says_so_with_a_fix(name: str) -> None:
    called, text = REFUSED[name]
    with pytest.raises(ConfigurationError, match=rf"\(format {name}\): expected .*; fix: "):
        read(called, text)


def test_files_of_futures_have_a_header_and_times_may_be_in_us() -> None:
    header = "id,price,qty,quote_qty,time,is_buyer_maker\n"
    expected = [Trade("X", NOON, 1.5, 2.0, "buy")]
    for time in (NOON_MS, NOON_US):
        assert read("X-trades-2025-01-01.csv", f"{header}7,1.5,2,3,{time},false\n") == expected
    assert read("X-trades-2021-01-01.csv", f"7,1.5,2,3,{NOON_MS},false\n") == expected
    assert read("X-aggTrades-2021-01-01.csv", f"7,1.5,2,3,3,{NOON_MS},false\n") == expected
    coins = "id,price,qty,base_qty,time,is_buyer_maker\n"
    assert read("X-trades-2025-01-01.csv", f"{coins}7,1.5,2,3,{NOON_MS},false\n") == expected
    header = "agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker\n"
    assert read("X-aggTrades-2025-01-01.csv", f"{header}7,1.5,2,3,3,{NOON_MS},false\n") == expected


def test_prices_of_databento_with_a_decimal_point_are_read_unscaled() -> None:
    called, text, _ = EXAMPLES["databento_trades"]
    assert read(called, text.replace("190250000000", "190.250000000")) == EXAMPLES["databento_trades"][2]


def test_capitals_of_columns_do_not_matter() -> None:
    for name in ("bybit_trades", "tardis_quotes", "polygon_trades", "databento_mbo"):
        called, text, expected = EXAMPLES[name]
        header, _, rows = text.partition("\n")
        assert read(called, f"{header.upper()}\n{rows}") == expected, name


def test_a_recording_of_several_streams_is_read() -> None:
    names = ("binance_stream_agg_trade", "binance_stream_book_ticker", "binance_stream_trade")
    lines = "".join(EXAMPLES[name][1] for name in names)
    other = '{"result":null,"id":1}\n'
    file = file_of("capture.jsonl", lines + REFUSED["binance_stream_depth"][1] + other)
    feed = list(file)
    assert feed[:3] == [tick for name in names for tick in EXAMPLES[name][2]]
    assert [type(item) for item in feed[3:]] == [RawTick]
    assert len(file.understood) == 3


def test_candles_of_freqtrade_are_read_from_feather(tmp_path: Path) -> None:
    frame = pd.DataFrame({"date": pd.to_datetime([NOON, NOON + 300_000 * MS], utc=True), "open": 1.0, "high": 2.0})
    frame = frame.assign(low=1.0, close=[1.5, 1.6], volume=40.0)
    path = tmp_path / "BTC_USDT-5m.feather"
    feather.write_feather(pyarrow.Table.from_pandas(frame), path)
    file = TickFile(path)
    assert list(file) == [
        Trade("BTC_USDT", NOON + 300_000 * MS, 1.5, 40.0),
        Trade("BTC_USDT", NOON + 600_000 * MS, 1.6, 40.0),
    ]
    assert "freqtrade_feather" in file.understood[0]


def test_frames_are_known_as_files_are() -> None:
    for name in ("databento_trades", "tardis_book_l2"):
        _called, text, expected = EXAMPLES[name]
        assert list(frame_ticks(pd.read_csv(BytesIO(text.encode())))) == expected
    frame = pd.read_csv(BytesIO(BARS.encode()), parse_dates=["Date"])
    assert list(frame_ticks(frame, Columns(symbol="X", bars="open"))) == OPENED


def test_trades_of_databento_are_read_from_parquet(tmp_path: Path) -> None:
    table: dict[str, list[Any]] = {
        "ts_recv": [NOON],
        "ts_event": [NOON],
        "rtype": [0],
        "publisher_id": [1],
        "instrument_id": [7],
    }
    table |= {"action": ["T"], "side": ["A"], "depth": [0], "price": [190_250_000_000], "size": [2]}
    table |= {"sequence": [5], "symbol": ["X"]}
    parquet.write_table(pyarrow.table(table), tmp_path / "a.parquet")
    assert list(TickFile(tmp_path / "a.parquet")) == [Trade("X", NOON, 190.25, 2.0, "sell", 5)]
    parquet.write_table(pyarrow.table(table | {"price": [190.25]}), tmp_path / "b.parquet")
    assert list(TickFile(tmp_path / "b.parquet")) == [Trade("X", NOON, 190.25, 2.0, "sell", 5)]


def test_the_files_of_an_archive_say_symbol_and_day_each_for_itself(tmp_path: Path) -> None:
    path = tmp_path / "spy.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("20131007_spy_Trade_Tick.csv", "34200123,1675300,200,P,0,0\n")
        archive.writestr("20131008_ibm_Trade_Tick.csv", "34200123,1845300,100,P,0,0\n")
    assert list(TickFile(path)) == [
        Trade("SPY", at("2013-10-07 13:30:00.123"), 167.53, 200.0),
        Trade("IBM", at("2013-10-08 13:30:00.123"), 184.53, 100.0),
    ]


BARS = "Date,Open,High,Low,Close,Volume\n2024-08-09,1,2,1,1.5,40\n2024-08-10,1,2,1,1.6,41\n"
OPENED = [Trade("X", at("2024-08-10"), 1.5, 40.0), Trade("X", at("2024-08-11"), 1.6, 41.0)]
CLOSED = [Trade("X", at("2024-08-09"), 1.5, 40.0), Trade("X", at("2024-08-10"), 1.6, 41.0)]


def test_bars_of_unknown_kind_are_refused_until_their_times_are_explained() -> None:
    with pytest.raises(ConfigurationError, match="--bars open if a bar begins then, --bars close"):
        read("x.csv", BARS, symbol="X")
    assert read("x.csv", BARS, symbol="X", bars="open") == OPENED
    assert read("x.csv", BARS, symbol="X", bars="close") == CLOSED
    assert read("x.csv", BARS.replace("Date", ""), symbol="X", bars="open") == OPENED
    mapped = {"ts_event": "Date", "price": "Close", "size": "Volume"}
    file = file_of("x.csv", BARS, symbol="X", names=mapped)
    assert list(file) == CLOSED
    assert "its close is of the future; fix: --bars open" in file.understood[0]
    assert read("x.csv", BARS, symbol="X", names=mapped, bars="open") == OPENED
    assert read("x.csv", BARS, symbol="X", names=mapped, bars="open", length="2d")[0].ts_event == at("2024-08-11")


def test_a_file_that_may_be_of_two_kinds_is_not_guessed() -> None:
    with pytest.raises(ConfigurationError, match="or --format kraken_trades"):
        read("EURUSD.csv", f"{NOON_MS // 1000},1.0910,1.0911\n{NOON_MS // 1000 + 1},1.0910,1.0911\n")
    own = f"ts_event,symbol,bid,ask,bidVolume,askVolume\n{NOON},X,1.5,1.6,3,4\n"
    assert read("x.csv", own) == [Quote("X", NOON, 1.5, 3.0, 1.6, 4.0)]
    both = f"ts_event,symbol,price,size,open,high,low,close,volume\n{NOON},X,1.5,2,1,2,1,1.5,40\n"
    assert read("x.csv", both) == [Trade("X", NOON, 1.5, 2.0)]


def test_whole_numbers_may_count_from_midnight() -> None:
    """With a date given, small numbers count from its midnight, and large ones from 1970."""
    how = {"header": ("ts_event", "price", "size"), "symbol": "X", "date": "2024-08-09"}
    assert read("x.csv", "43200000,1.5,2\n", time_unit="ms", **how) == [Trade("X", NOON, 1.5, 2.0)]
    assert read("x.csv", f"{NOON_MS},1.5,2\n", time_unit="ms", **how) == [Trade("X", NOON, 1.5, 2.0)]


def test_the_length_of_a_single_bar_has_to_be_given() -> None:
    one = "\n".join(BARS.splitlines()[:2])
    with pytest.raises(ConfigurationError, match="--bar-length 60s"):
        read("x.csv", one, symbol="X", bars="open")
    assert read("x.csv", one, symbol="X", bars="open", length="1d") == OPENED[:1]


def test_what_is_said_wins() -> None:
    called, text, expected = EXAMPLES["tardis_trades"]
    assert read(called, text, format="none", names={"ts_event": "timestamp", "size": "amount"}) == expected
    assert read(called, text, symbol="Y") == [msgspec.structs.replace(expected[0], symbol="Y")]
    assert read(called, text, sides={"sell": "buy"}) == [msgspec.structs.replace(expected[0], side="buy")]
    assert read(called, text, format="tardis_trades", names={"size": "price"}) == [
        msgspec.structs.replace(expected[0], size=1.5)
    ]
    called, text, expected = EXAMPLES["taq_quotes"]
    assert read(called, text, zone="UTC") == [msgspec.structs.replace(expected[0], ts_event=at("9:30:00.041571072"))]
    called, text, expected = EXAMPLES["lobster_messages"]
    assert read(called, text, price_scale=1.0) == [
        msgspec.structs.replace(tick, price=price) for tick, price in zip(expected, (5853200.0, 5853100.0), strict=True)
    ]
    with pytest.raises(ConfigurationError, match="expected a column for"):
        read(*EXAMPLES["tardis_trades"][:2], format="none")
    with pytest.raises(ConfigurationError, match="of format bitmex_quotes, was "):
        read(*EXAMPLES["tardis_trades"][:2], format="bitmex_quotes")
    with pytest.raises(ConfigurationError, match="of format deribit_trades, was "):
        read(*EXAMPLES["deribit_quotes"][:2], format="deribit_trades")


def test_a_header_out_of_a_pipe_waits_for_a_row() -> None:
    _called, text, expected = EXAMPLES["bitmex_trades"]

    class Slow(BytesIO):
        def read1(self, size: int | None = -1, /) -> bytes:
            return self.readline()

    stream: Any = Slow(text.encode())
    stream.peek = lambda size=0: text.encode()[:20]
    assert list(TickFile("-", stream=stream)) == expected


def test_no_two_formats_claim_one_header() -> None:
    for name, format_ in formats().items():
        if format_.json or not format_.columns:
            continue
        others = [
            other.name
            for other in formats().values()
            if other.name != name and not other.json and other.columns and other.rank == format_.rank
            and {*other.columns} <= {*format_.columns} and not {*other.lacks} & {*format_.columns}
            and not (other.looks or format_.looks or other.file.count("liquidations"))
        ]  # fmt: skip
        assert not others, name


def test_two_formats_that_fit_are_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    from streams.sources.formats import recognition

    twin = msgspec.structs.replace(named("bitmex_quotes"), name="twin")
    monkeypatch.setattr(recognition, "formats", lambda: {"bitmex_quotes": named("bitmex_quotes"), "twin": twin})
    with pytest.raises(ConfigurationError, match=r"expected one format, .*fix: --format bitmex_quotes or twin"):
        read(*EXAMPLES["bitmex_quotes"][:2])


def test_a_format_in_a_file_of_the_user_is_used(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text(as_toml(named("tardis_trades")).replace('"amount"', '"lots"'))
    called, text, expected = EXAMPLES["tardis_trades"]
    assert read(called, text.replace("amount", "lots"), format=str(path)) == expected


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("x", "own"),
        ('title="a"', "missing required field"),
        ('title="a"\norigin="b"\nmeans="trades"\nexample="c"', "expected columns or cells"),
        ('title="a"\norigin="b"\nmeans="trades"\nexample="c"\ncolumns=["a"]\ncolour=1', "unknown field `colour`"),
        (
            'title="a"\norigin="b"\nmeans="trades"\nexample="c"\ncolumns=["a"]\nfile="("',
            "expected a regular expression",
        ),
        ('title="a"\norigin="b"\nmeans="bars"\nexample="c"\ncolumns=["a"]', "expected bars, what the time"),
        ('title="a"\norigin="b"\nmeans="trades"\nexample="c"\ncolumns=["a"]\nnames={x="a"}', "expected fields among"),
        ('title="a"\norigin="b"\nmeans="trades"\nexample="c"\ncolumns=["a"]\nzone="Mars"', "expected a time zone"),
    ],
)
def test_the_error_about_an_invalid_format_says_why(text: str, sentence: str) -> None:
    with pytest.raises(ConfigurationError, match=sentence):
        decoded("own", text.encode())


def test_an_unknown_name_lists_near_ones() -> None:
    with pytest.raises(ConfigurationError, match="--format binance_agg_trades"):
        named("binance_aggtrades")
    with pytest.raises(ConfigurationError, match="tickloop formats"):
        named("qqqqqq")


def test_every_format_is_documented() -> None:
    documented = (ROOT / "docs" / "formats.md").read_text()
    assert as_markdown([*formats().values()]) in documented, "write it: tickloop formats --markdown"


@pytest.mark.parametrize("format_", [*formats().values()], ids=lambda format_: format_.name)
def test_a_format_says_where_it_is_documented(format_: Format) -> None:
    assert re.match(r"https://[\w.-]+", format_.origin)
    assert decoded(format_.name, as_toml(format_).encode()) == format_


def test_the_command_lists_and_shows_formats() -> None:
    runner = CliRunner()
    listed = runner.invoke(formats_command.command)
    assert all(name in listed.output for name in formats())
    assert as_toml(named("okx_trades")) == runner.invoke(formats_command.command, ["okx_trades"]).output
    found = msgspec.json.decode(runner.invoke(formats_command.command, ["--json"]).output)
    assert [each["name"] for each in found] == [*formats()]


def test_the_explanation_shows_what_becomes_of_each_row(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "mbo.csv"
    path.write_text(EXAMPLES["databento_mbo"][1])
    explain([str(path)], Columns())
    said = capsys.readouterr().out
    assert "Databento orders (format databento_mbo), quotes and trades" in said
    assert "-> the best level does not change, or is not known yet" in said
    for tick in EXAMPLES["databento_mbo"][2]:
        assert f"-> {tick}" in said
    explain([str(path)], Columns(where={"action": "T"}))
    said = capsys.readouterr().out
    assert "left out: another row was asked for" in said
    assert f"-> {EXAMPLES['databento_mbo'][2][1]}" in said
    path.write_text(EXAMPLES["bybit_stream_book"][1])
    explain([str(path)], Columns())
    assert "-> levels of a book" in capsys.readouterr().out


def test_a_plain_file_is_no_format_and_says_nothing() -> None:
    text = f"ts_event,symbol,price,size,side\n{NOON},X,1.5,2,buy\n"
    file = file_of("x.csv", text)
    assert list(file) == [Trade("X", NOON, 1.5, 2.0, "buy")]
    assert file.understood == []
    assert of_table("x.csv", Columns(), ["ts_event", "symbol"], []).format is None
