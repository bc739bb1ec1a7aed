"""Users' own files are read rightly, or refused with the option that reads them; they are never misread."""

import bz2
import gzip
import lzma
import zipfile
from collections.abc import Callable
from io import BufferedReader, BytesIO
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow
import pytest
from pyarrow import feather, parquet

from schemas.errors import ConfigurationError
from schemas.ticks import Quote, Trade
from streams.engine.feed import Feed, RawTick
from streams.sources.columns import Columns
from streams.sources.files import TickFile
from streams.sources.several_files import expect_one_market

AT = 1_723_161_600
NOON = AT * 10**9
QUOTES = "ts_event,symbol,bid,bid_size,ask,ask_size\n" + "".join(
    f"{NOON + at * 10**8},X,{100 + at / 100:.2f},{3 + at % 2},{100.02 + at / 100:.2f},5\n" for at in range(30)
)
BACKWARDS = "\n".join([QUOTES.splitlines()[0], *reversed(QUOTES.splitlines()[1:])])


def read(text: str | bytes, **how: Any) -> list[Feed]:
    raw = text.encode() if isinstance(text, str) else text
    return list(TickFile("own", Columns(**how), stream=BufferedReader(BytesIO(raw))))


EXPECTED = read(QUOTES)


def test_the_example_holds_the_expected_ticks() -> None:
    assert EXPECTED[0] == Quote("X", NOON, 100.0, 3.0, 100.02, 5.0)
    assert len(EXPECTED) == 30


def zipped(content: bytes) -> bytes:
    sink = BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/", b"")
        archive.writestr("a/ticks.csv", content)
        archive.writestr("__MACOSX/a/._ticks.csv", b"\x00")
    return sink.getvalue()


def zstd(content: bytes) -> bytes:
    return bytes(pyarrow.compress(content, codec="zstd", asbytes=True))


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress, zstd, zipped])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_archives_and_encodings(pack: Callable[[bytes], bytes], encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "ticks"
    path.write_bytes(pack(QUOTES.encode(encoding)))
    if encoding in ("utf-16-be", "utf-32", "utf-16-le") and pack is zipped:
        path.write_bytes(pack(QUOTES.encode("utf-16")))
    assert list(TickFile(path)) == EXPECTED


def test_members_of_an_archive_are_read_one_after_the_other(tmp_path: Path) -> None:
    path = tmp_path / "days.zip"
    header, *rows = QUOTES.splitlines(keepends=True)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("2.csv", header + "".join(rows[20:]))
        archive.writestr("1.csv", header + "".join(rows[:20]))
    assert list(TickFile(path)) == EXPECTED


def test_feather_and_parquet_with_seconds_as_floats(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {"ts_event": [AT + at / 10 for at in range(30)], "symbol": 7, "price": 1.5, "size": 2, "side": -1}
    )
    frame.to_parquet(tmp_path / "a.parquet")
    feather.write_feather(pyarrow.Table.from_pandas(frame), tmp_path / "a.feather", chunksize=7)
    expected = [Trade("7", NOON + at * 10**8, 1.5, 2.0, "sell") for at in range(30)]
    assert list(TickFile(tmp_path / "a.parquet")) == list(TickFile(tmp_path / "a.feather")) == expected


def test_times_in_two_columns_of_parquet(tmp_path: Path) -> None:
    parquet.write_table(
        pyarrow.table({"DATE": ["2024-08-09"], "TIME_M": ["0:00:00.041571072"], "BID": [1.5], "ASK": [2.5]}),
        tmp_path / "taq",
    )
    columns = Columns(names={"ts_event": "DATE+TIME_M", "bid": "BID", "ask": "ASK"}, symbol="ZZ")
    assert list(TickFile(tmp_path / "taq", columns)) == [Quote("ZZ", NOON + 41_571_072, 1.5, 0.0, 2.5, 0.0)]


@pytest.mark.parametrize(
    ("text", "how", "expected"),
    [
        pytest.param(
            "DATE,TIME_M,BID,BIDSIZ,ASK,ASKSIZ\n2024-08-09,0:00:00.041571072,57.6,1,57.7,2\n",
            {"names": {"ts_event": "DATE+TIME_M", "bid": "BID", "bid_size": "BIDSIZ", "ask": "ASK", "ask_size": "#6"},
             "symbol": "ZZ"},
            Quote("ZZ", NOON + 41_571_072, 57.6, 1.0, 57.7, 2.0),
            id="a date and a time of day",
        ),
        pytest.param(
            f"{AT},77.11,1.5\n", {"header": ("ts_event", "price", "size"), "symbol": "ZZ"},
            Trade("ZZ", NOON, 77.11, 1.5), id="no header",
        ),
        pytest.param("t,p\n" + f"{AT},1.5\n", {"names": {"ts_event": "t", "price": "p"}, "symbol": "X"},
            Trade("X", NOON, 1.5, 0.0), id="no size",
        ),
        pytest.param(
            ",Open,Close,Volume\n2024-08-09 00:00:00,1,1.07,10\n",
            {"names": {"ts_event": "", "price": "Close", "size": "Volume"}, "symbol": "EURUSD"},
            Trade("EURUSD", NOON, 1.07, 10.0), id="an index without a name",
        ),
        pytest.param(
            f"t;bid;bid;ask\n{AT};9;1,5;2,5\n",
            {"names": {"ts_event": "#1", "bid": "#3"}, "decimal": ",", "symbol": "X"},
            Quote("X", NOON, 1.5, 0.0, 2.5, 0.0), id="positions and a decimal comma",
        ),
        pytest.param(
            f'ts_event,symbol,price,size\n{AT},X,"61,900.5",1\n', {"thousands": ","},
            Trade("X", NOON, 61_900.5, 1.0), id="thousands",
        ),
        pytest.param(
            f"ts_event,symbol,price,size,\n{AT},X,1.5,2,\n", {}, Trade("X", NOON, 1.5, 2.0), id="commas behind all"
        ),
        pytest.param(
            f"ts_event,symbol,price,size\n{AT},X,1.5,2,\n", {}, Trade("X", NOON, 1.5, 2.0), id="a comma behind each row"
        ),
        pytest.param(
            f"ts_event,symbol,price,size,m\n{AT},X,1.5,2,true\n", {"names": {"side": "m"}},
            Trade("X", NOON, 1.5, 2.0, "sell"), id="the buyer was the maker",
        ),
        pytest.param(
            f"ts_event,symbol,price,size,side\n{AT},X,1.5,2,true\n", {"sides": {"true": "sell", "false": "buy"}},
            Trade("X", NOON, 1.5, 2.0, "sell"), id="words that are said",
        ),
        pytest.param(
            f"ts_event,symbol,price,size,side\n{AT},X,1.5,2,BUY\n", {}, Trade("X", NOON, 1.5, 2.0, "buy"), id="capitals"
        ),
        pytest.param(
            f"time,Type,Price,Volume,Bid,Ask\n{AT},Trade,1.5,2,,\n",
            {"names": {"ts_event": "time", "kind": "Type", "price": "Price", "size": "#4", "bid": "Bid", "ask": "#6"},
             "symbol": "X"},
            Trade("X", NOON, 1.5, 2.0), id="kinds with capitals",
        ),
        pytest.param(
            f"ts_event,symbol,action,price,size,side\n{NOON},X,A,9,1,B\n{NOON},X,T,190250000000,2,A\n",
            {"where": {"action": "T"}, "price_scale": 1e-9, "sides": {"A": "sell", "B": "buy"}},
            Trade("X", NOON, 190.25, 2.0, "sell"), id="trades among orders, prices as whole numbers",
        ),
        pytest.param(
            '{"T":1723161600000,"s":"X","b":"25.35","B":"1","a":"25.36","A":"2","u":7}',
            {"names": {"ts_event": "T", "bid": "b", "bid_size": "B", "ask": "a", "ask_size": "A", "seq": "u"},
             "symbol": "X"},
            Quote("X", NOON, 25.35, 1.0, 25.36, 2.0, 7), id="numbers as strings",
        ),
        pytest.param(
            '{"channel":"t","data":[{"timestamp":"2024-08-09T00:00:00Z","symbol":"X","price":1.5,"size":2,"side":"Sell"}]}',
            {"rows": "data", "names": {"ts_event": "timestamp"}}, Trade("X", NOON, 1.5, 2.0, "sell"), id="rows within",
        ),
        pytest.param(
            '{"e":{"time":"2024-08-09T00:00:00Z","px":["1.5","2"]}}',
            {"names": {"ts_event": "e.time", "price": "e.px.0", "size": "e.px.1"}, "symbol": "X"},
            Trade("X", NOON, 1.5, 2.0), id="paths",
        ),
        pytest.param(
            '[{"ts_event":1723161600,"symbol":"X","price":1.5,"size":2}]', {}, Trade("X", NOON, 1.5, 2.0), id="an array"
        ),
        pytest.param(
            "[[1723161600000, 1.0, 1.5, 2]]",
            {"header": ("ts_event", "open", "price", "size"), "symbol": "X"},
            Trade("X", NOON, 1.5, 2.0), id="an array of rows",
        ),
        pytest.param(
            f'{{"markPrice":1.5,"price":9,"ts_event":{NOON},"symbol":"X","size":2}}', {"names": {"price": "markPrice"}},
            Trade("X", NOON, 1.5, 2.0), id="a mapped name wins",
        ),
        pytest.param(
            '{"ts_event":"2024-08-09T00:00:00Z","symbol":"X","bid":1.5,"ask":2.5}', {},
            Quote("X", NOON, 1.5, 0.0, 2.5, 0.0), id="JSON without kind and sizes, times as text",
        ),
    ],
)  # fmt: skip
def test_what_is_read(text: str, how: dict[str, Any], expected: Quote | Trade) -> None:
    assert read(text, **how) == [expected]


def test_one_mapping_serves_quotes_and_trades() -> None:
    names = {"ts_event": "t", "bid": "bid_price", "ask": "ask_price", "size": "amount"}
    names |= {"bid_size": "bid_amount", "ask_size": "ask_amount"}
    quotes = f"t,bid_price,bid_amount,ask_price,ask_amount\n{AT},1.5,1,2.5,2\n"
    assert read(quotes, names=names, symbol="X") == [Quote("X", NOON, 1.5, 1.0, 2.5, 2.0)]
    assert read(f"t,price,amount\n{AT},1.5,2\n", names=names, symbol="X") == [Trade("X", NOON, 1.5, 2.0)]


def test_files_have_symbols_of_their_own(tmp_path: Path) -> None:
    columns = Columns(symbols={"eth.csv": "ETHUSDT"}, symbol="BTCUSDT")
    for name, symbol in (("eth.csv", "ETHUSDT"), ("btc.csv", "BTCUSDT")):
        (tmp_path / name).write_text(f"ts_event,price,size\n{AT},1.5,2\n")
        assert list(TickFile(tmp_path / name, columns)) == [Trade(symbol, NOON, 1.5, 2.0)]


def test_files_of_two_markets_are_not_taken_for_one(tmp_path: Path) -> None:
    for name, price in (("eth.csv", 2_600), ("btc.csv", 61_000)):
        (tmp_path / name).write_text(f"ts_event,price,size\n{AT},{price},2\n")
    both = [str(tmp_path / name) for name in ("eth.csv", "btc.csv")]
    with pytest.raises(ConfigurationError, match=r"--symbol eth\.csv=SYMBOL --symbol btc\.csv=SYMBOL"):
        expect_one_market(both, Columns(symbol="BTCUSDT"))
    expect_one_market(both, Columns(symbol="BTCUSDT", symbols={"eth.csv": "ETHUSDT"}))
    expect_one_market(both, Columns(symbol="BTCUSDT", checked=False))
    expect_one_market([*both[:1], *both[:1], "-"], Columns(symbol="ETHUSDT"))


def rows(*cells: str, header: str = "ts_event,symbol,price,size,side") -> str:
    return f"{header}\n" + "\n".join(cells) + "\n"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        pytest.param(BACKWARDS, "--sort", id="backwards"),
        pytest.param(f"{AT},77.11,1.0\n{AT + 1},77.12,1.0\n", "--columns", id="no header"),
        pytest.param(rows("1,X,1,1,buy", header="ts_event,symbol,price,price,size"), "--map price=#N", id="twice"),
        pytest.param(rows(*[f"{AT},X,1.5,1,buy"] * 30), "all of the first 30 ticks are of one time", id="one time"),
        pytest.param(
            rows(*(f"{AT + at},X,2,1,1,1" for at in range(5)), header="ts_event,symbol,bid,bid_size,ask,ask_size"),
            "bids below asks", id="bid above ask",
        ),
        pytest.param(rows(*(f"{AT + at},X,190250000000,1,buy" for at in range(5))), "--price-scale 1e-9", id="scale"),
        pytest.param(
            rows(*(f"{AT + at},X,{1.5 if at % 2 else 99_000},1,buy" for at in range(9))), "of one market", id="two"
        ),
        pytest.param(rows(*(f"{AT + at},X,1.5,0,bid" for at in range(5))), "levels of an order book", id="a book"),
        pytest.param(rows(*(f"{AT + at},X,1.5,1,long" for at in range(5))), "--sides buy=WORD", id="unknown sides"),
        pytest.param(rows(*(f"{AT + at},X,1.5,1,true" for at in range(5))), "--sides buy=WORD", id="whose truth"),
        pytest.param(
            rows(*(f"{AT + at},X,1.5,1,{'AC'[at % 2]}" for at in range(5)), header="ts_event,symbol,price,size,action"),
            "--where action=T", id="orders",
        ),
        pytest.param(
            rows(f"{AT},X,1,2,3,4", header="ts_event,symbol,bid,bid_amount,ask,askQty"),
            "--map bid_size=bid_amount,ask_size=askQty", id="sizes elsewhere",
        ),
        pytest.param(rows(f"{AT},X,1,2", header="ts_event,symbol,price,last_qty"), "--map size=last_qty", id="a size"),
        pytest.param(
            rows(*(f"{AT + at},X,{4.5 - at},1,buy" for at in range(9))), "expected prices above 0", id="below zero"
        ),
        pytest.param(
            rows(*(f'{AT + at},X,"61.900,5",1,buy' for at in range(5))), "--decimal ',' --thousands '.'", id="both"
        ),
        pytest.param(
            rows(*(f"{AT + at};X;1,5;1;buy" for at in range(5)), header="ts_event;symbol;price;size;side"),
            "--decimal ,", id="comma",
        ),
        pytest.param(rows(*(f"34200.{at},X,1.5,1,buy" for at in range(5))), "--date", id="since midnight"),
        pytest.param('{"channel":"x","data":[{"price":1.5}]}', "--rows data", id="rows within"),
        pytest.param('[{"ts_event":1', "expected one JSON array, was damaged", id="half an array"),
    ],
)  # fmt: skip
def test_what_cannot_be_told_stops_with_the_option_that_tells_it(text: str, sentence: str) -> None:
    with pytest.raises(ConfigurationError, match=sentence.replace("(", ".").replace(")", ".")):
        read(text)


def test_a_file_that_was_refused_is_read_on_request() -> None:
    assert read(BACKWARDS, sort=True) == EXPECTED
    assert read(BACKWARDS, checked=False) == EXPECTED[::-1]
    assert len(read(rows(*[f"{AT},X,1.5,1,buy"] * 30), checked=False)) == 30
    assert read(rows(*(f"{AT + at},X,1.5,1,long" for at in range(5))), names={"side": "-"})[0] == Trade(
        "X", NOON, 1.5, 1.0
    )


def test_one_odd_row_stops_nothing() -> None:
    good = [f"{AT + at},X,1.5,1,buy" for at in range(40)]
    odd = ["?", f"{AT},X,1e12,1,buy", f"{AT},X,nan,1,buy", f"{AT + 9},X,1.5,1,long", "1e5000,X,1,1,buy", '"']
    feed = read(rows(*good[:20], *odd, *good[20:]))
    assert len(feed) == 46
    assert sum(isinstance(item, RawTick) for item in feed) == 4


@pytest.mark.parametrize(
    "make",
    [lambda: Columns(decimal=";"), lambda: Columns(decimal=",", thousands=","), lambda: Columns(date="9.8.2024"),
     lambda: Columns(zone="Mars"), lambda: Columns(price_scale=0.3), lambda: Columns(sides={"x": "up"})],
)  # fmt: skip
def test_impossible_options_are_refused_with_a_fix(make: Callable[[], Columns]) -> None:
    with pytest.raises(ConfigurationError, match=r"fix: |YYYY-MM-DD"):
        make()
