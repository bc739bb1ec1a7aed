"""Files that differ from a known one in one respect are read rightly, or refused with the option that is needed."""

import zipfile
from collections.abc import Sequence
from io import BufferedReader, BytesIO
from pathlib import Path
from typing import Any

import cramjam
import pandas as pd
import pyarrow
import pytest
from click.testing import CliRunner
from pyarrow import feather, parquet

from agents.cli import cli
from agents.cli.column_options import columns as said_columns
from schemas.errors import ConfigurationError
from schemas.ticks import Quote, Trade
from streams.engine.feed import Feed, RawTick
from streams.sources.columns import Columns
from streams.sources.files import TickFile
from streams.sources.frames import frame_ticks

NOON = 1_723_161_600 * 10**9
STEP = 10**8
TRADES, QUOTES = "ts_event,symbol,price,size,side", "ts_event,symbol,bid,bid_size,ask,ask_size"


def read(text: str | bytes, **how: Any) -> list[Feed]:
    raw = text.encode() if isinstance(text, str) else text
    return list(TickFile("own", Columns(**how), stream=BufferedReader(BytesIO(raw))))


def table(header: str, rows: Sequence[str]) -> str:
    return "\n".join([header, *rows]) + "\n"


def trades(*sides: str, header: str = TRADES, price: str = "1.5", size: str = "1", count: int = 20) -> str:
    words = sides or ("buy",)
    return table(header, [f"{NOON + at * STEP},X,{price},{size},{words[at % len(words)]}" for at in range(count)])


def sides_of(ticks: Sequence[Feed]) -> list[str]:
    assert len(ticks) == 20
    return [tick.side for tick in ticks if isinstance(tick, Trade)][:2]


@pytest.mark.parametrize(
    ("column", "words"),
    [
        ("side", ("1", "2")),
        ("side", ("1.0", "2.0")),
        ("buyer_is_maker", ("false", "true")),
        ("isBuyerMaker", ("N", "Y")),
        ("seller_is_maker", ("True", "False")),
        ("is_buyer_taker", ("true", "false")),
        ("is_buy", ("1", "0")),
        ("maker_side", ("sell", "buy")),
    ],
)
def test_the_side_of_a_trade_is_known_by_the_name_of_its_column_and_its_words(
    column: str, words: tuple[str, str]
) -> None:
    ticks = read(trades(*words, header=f"ts_event,symbol,price,size,{column}"), names={"side": column})
    assert sides_of(ticks) == ["buy", "sell"]


@pytest.mark.parametrize(
    ("words", "option"),
    [
        (("0", "1"), "--sides buy=1,sell=0"),
        (("L", "S"), "--sides buy=WORD"),
        (("B", "A"), "--sides buy=B,sell=A"),
        (("buy", "sell", "cross"), "none=WORD"),
    ],
)
def test_words_of_which_some_are_known_are_not_taken_by_half(words: tuple[str, ...], option: str) -> None:
    with pytest.raises(ConfigurationError, match=option):
        read(trades(*words))


def test_unknown_words_are_reported_for_few_rows_too() -> None:
    with pytest.raises(ConfigurationError, match="--sides buy=B,sell=A"):
        read(trades("b", "a", count=5))


@pytest.mark.parametrize(("symbol", "encoding"), [("M\u00dcNCHEN", "cp1252"), ("\u8d35\u5dde\u8305\u53f0", "gb18030")])
def test_symbols_in_another_encoding_are_reported_and_read(symbol: str, encoding: str) -> None:
    text = table(QUOTES, [f"{NOON + at},{symbol},1,3,2,4" for at in range(5)]).encode(encoding)
    with pytest.raises(ConfigurationError, match=f"--encoding .*{encoding}"):
        read(text)
    assert [tick.symbol for tick in read(text, encoding=encoding, renamed={symbol: "NEW"})] == ["NEW"] * 5


def test_a_word_may_be_given_that_means_no_side() -> None:
    how = said_columns(sides=["buy=buy,sell=sell,none=cross"])
    ticks = list(TickFile("own", how, stream=BufferedReader(BytesIO(trades("buy", "sell", "cross").encode()))))
    assert [tick.side for tick in ticks[:3] if isinstance(tick, Trade)] == ["buy", "sell", ""]


@pytest.mark.parametrize(
    ("column", "words"),
    [
        ("type", ("open", "done", "match")),
        ("msg_type", ("A", "X", "E")),
        ("event_type", ("order_created", "order_deleted")),
        ("update_type", ("SET", "DELETE")),
        ("action", ("0", "1", "2")),
        ("status", ("NEW", "FILLED")),
    ],
)
def test_rows_of_orders_are_not_read_as_trades(column: str, words: tuple[str, ...]) -> None:
    text = trades(*words, header=f"ts_event,symbol,price,size,{column}")
    with pytest.raises(ConfigurationError, match=rf"orders or levels of a book; fix: --where {column}="):
        read(text)
    assert len(read(text, checked=False)) == 20
    with pytest.raises(ConfigurationError, match="--where"):
        list(
            frame_ticks(pd.DataFrame([row.split(",") for row in text.split()[1:]], columns=text.split()[0].split(",")))
        )


def test_levels_that_are_gone_are_no_trades() -> None:
    rows = [
        f"{NOON + at * STEP},X,{1.5 + at / 100},{0 if at % 4 == 3 else 2},{'buy' if at % 2 else 'sell'}"
        for at in range(20)
    ]
    with pytest.raises(ConfigurationError, match="5 of the first 20 have a size of 0"):
        read(table(TRADES, rows))
    assert len(read(trades("buy", size="0"))) == 20  # a feed without sizes


@pytest.mark.parametrize(
    ("quote", "trade"), [("Quotes", "Trades"), ("BID_ASK", "TRADES"), ("QTE", "TRD"), ("QuoteTick", "TradeTick")]
)
def test_rows_of_quotes_and_trades_are_told_apart_by_many_words(quote: str, trade: str) -> None:
    ticks = read(of_kinds(quote, trade))
    assert [type(tick) for tick in ticks] == [Quote, Trade] * 10


def of_kinds(quote: str, trade: str) -> str:
    rows = [
        f"{NOON + at * STEP},X,{trade},,,1.5,1" if at % 2 else f"{NOON + at * STEP},X,{quote},1,2,," for at in range(20)
    ]
    return table("ts_event,symbol,kind,bid,ask,price,size", rows)


def test_unknown_kinds_of_rows_are_reported() -> None:
    text = of_kinds("Kurs", "Umsatz")
    with pytest.raises(ConfigurationError, match="was 'Kurs', 'Umsatz'; fix: --kinds quote=WORD,trade=WORD"):
        read(text)
    how = said_columns(kinds=["quote=Kurs,trade=UMSATZ"])
    ticks = list(TickFile("own", how, stream=BufferedReader(BytesIO(text.encode()))))
    assert [type(tick) for tick in ticks] == [Quote, Trade] * 10
    with pytest.raises(ConfigurationError, match="--kinds"):
        Columns(kinds={"Kurs": "bar"})


def test_a_point_is_no_decimal_mark_where_a_comma_is() -> None:
    text = table("ts_event;symbol;price;size", [f"{NOON + at};X;61.900;1,5" for at in range(20)])
    with pytest.raises(ConfigurationError, match=r"--decimal , --thousands \."):
        read(text, decimal=",")
    (first, *_) = read(text, decimal=",", thousands=".")
    assert isinstance(first, Trade)
    assert (first.price, first.size) == (61_900.0, 1.5)


def test_marks_between_thousands_are_where_thousands_are() -> None:
    ticks = read(table("ts_event;symbol;price;size", [f"{NOON};X;61,900.5;1,5"]), thousands=",")
    assert isinstance(ticks[0], RawTick)  # 1,5 is not 15


@pytest.mark.parametrize(
    ("number", "option"),
    [
        ("61\u2019900.5", "--decimal '.' --thousands \"'\""),
        ("61\u202f900,5", "--decimal ',' --thousands ' '"),
        ("1,61,900.5", "--decimal '.' --thousands ','"),
        ("$61900.5", "--map price=COLUMN"),
        ("(2.5)", "--map price=COLUMN"),
    ],
)
def test_numbers_in_other_notations_are_reported(number: str, option: str) -> None:
    with pytest.raises(ConfigurationError, match=option.replace("(", r"\(")):
        read(table("ts_event;symbol;price;size", [f"{NOON + at};X;{number};1" for at in range(5)]))


@pytest.mark.parametrize("size", ["0,5", "1,000"])
def test_sizes_alone_may_be_written_in_another_way(size: str) -> None:
    with pytest.raises(ConfigurationError, match="--decimal ,"):
        read(table("ts_event;symbol;price;size", [f"{NOON + at};X;1.5;{size if at % 3 else 900}" for at in range(9)]))


@pytest.mark.parametrize("size", ["", " ", None, "null"])
def test_what_a_feed_does_not_say_of_a_size_is_zero(size: str | None) -> None:
    if size == "null":
        ticks = read(
            "".join(f'{{"ts_event":{NOON + at},"symbol":"X","bid":1,"bid_size":null,"ask":2}}\n' for at in range(5))
        )
    elif size is None:
        frame = pd.DataFrame(
            {"ts_event": [NOON + at for at in range(5)], "symbol": "X", "bid": 1.0, "bid_size": None, "ask": 2.0}
        )
        ticks = list(frame_ticks(frame))
    else:
        ticks = read(table(QUOTES, [f"{NOON + at},X,1,{size if at % 2 else 3},2,3" for at in range(5)]))
    assert len(ticks) == 5
    assert [tick.bid_size for tick in ticks if isinstance(tick, Quote)][1] == 0.0


@pytest.mark.parametrize(
    "names",
    [
        ("bid_depth", "ask_depth"),
        ("BidLots", "AskLots"),
        ("b_qty", "a_qty"),
        ("bids[0].amount", "asks[0].amount"),
        ("bid_size_1", "ask_size_1"),
        ("bid_shares", "ask_shares"),
    ],
)
def test_sizes_are_found_under_more_names(names: tuple[str, str]) -> None:
    with pytest.raises(ConfigurationError, match="expected the sizes of quotes"):
        read(table(f"ts_event,symbol,bid,{names[0]},ask,{names[1]}", [f"{NOON},X,1,3,2,4"]))


@pytest.mark.parametrize("name", ["lots", "shares", "contracts", "units", "Vol.", "last_vol", "q", "number"])
def test_sizes_of_trades_are_found_under_more_names(name: str) -> None:
    with pytest.raises(ConfigurationError, match="expected the sizes of trades"):
        read(table(f"ts_event,symbol,price,{name}", [f"{NOON},X,1,3"]))


def test_whole_seconds_may_have_fractions_later() -> None:
    seconds = NOON // 10**9
    times = [seconds + at if at < 150 else seconds + at + 0.5 for at in range(200)]
    text = "".join(f'{{"t":{at},"symbol":"X","bid":1,"ask":2}}\n' for at in times)
    last = read(text, names={"ts_event": "t"})[-1]
    assert last.ts_event == NOON + 199 * 10**9 + 5 * 10**8
    frame = pd.DataFrame({"ts_event": pd.Series(times, dtype=object), "symbol": "X", "bid": 1.0, "ask": 2.0})
    assert [*frame_ticks(frame)][-1].ts_event == last.ts_event


def test_objects_of_another_kind_may_come_late() -> None:
    quotes = [f'{{"ts_event":{NOON + at},"symbol":"X","bid":1,"ask":2}}\n' for at in range(150)]
    later = [f'{{"ts_event":{NOON + at},"symbol":"X","price":1.5,"size":2}}\n' for at in range(150, 200)]
    ticks = read("".join(quotes + later))
    assert [type(tick) for tick in ticks] == [Quote] * 150 + [Trade] * 50


def test_a_name_that_occurs_twice_in_an_object_is_reported() -> None:
    text = "".join(f'{{"ts_event":{NOON + at},"symbol":"X","bid":1,"ask":2,"bid":77}}\n' for at in range(5))
    with pytest.raises(ConfigurationError, match="was 'bid' twice"):
        read(text)
    assert len(read(text, checked=False)) == 5


def test_arrays_ask_for_the_names_of_their_values() -> None:
    with pytest.raises(ConfigurationError, match="--columns"):
        read("".join(f'[{NOON + at},"X",1,2]\n' for at in range(5)))


@pytest.mark.parametrize("by", ["date", "local", "said utc"])
def test_clocks_on_a_wall_are_those_of_the_zone(by: str, tmp_path: Path) -> None:
    begin = pd.Timestamp("2024-08-08 09:30")
    times = [begin + pd.Timedelta(days=at) if by == "date" else begin + pd.Timedelta(seconds=at) for at in range(5)]
    column = pyarrow.array(times, pyarrow.timestamp("us"))
    sheet = pyarrow.table(
        {"ts_event": column.cast(pyarrow.date32()) if by == "date" else column, "bid": [1.0] * 5, "ask": [2.0] * 5}
    )
    zone = "UTC" if by == "said utc" else "America/New_York"
    parquet.write_table(sheet, tmp_path / "x.parquet")
    feather.write_feather(sheet, tmp_path / "x.feather")
    expected = pd.Timestamp("2024-08-08" if by == "date" else "2024-08-08 09:30", tz=zone).value
    how = Columns(symbol="X", zone=zone)
    for name in ("x.parquet", "x.feather"):
        assert next(iter(TickFile(tmp_path / name, how))).ts_event == expected
    if by != "date":
        assert next(frame_ticks(sheet.to_pandas(), how)).ts_event == expected


def test_two_columns_of_parquet_with_one_name_are_reported(tmp_path: Path) -> None:
    sheet = pyarrow.table([[NOON], ["X"], [1.0], [2.0], [77.0]], names=["ts_event", "symbol", "bid", "ask", "bid"])
    parquet.write_table(sheet, tmp_path / "x.parquet")
    with pytest.raises(ConfigurationError, match="expected one column 'bid', was 2"):
        list(TickFile(tmp_path / "x.parquet", Columns(names={"bid": "#3"})))


def test_rows_are_chosen_by_one_column() -> None:
    with pytest.raises(ConfigurationError, match="expected one column 'type'"):
        read(table("ts_event,symbol,price,size,type,type", [f"{NOON},X,1,1,T,Q"]), where={"type": "T"})


@pytest.mark.parametrize("order", ["mdy", "auto"])
def test_dates_with_points_may_have_the_month_first(order: str) -> None:
    rows = [f"08.{9 + at:02}.2024 12:00:00,X,1,2" for at in range(9)]
    first = read(table("ts_event,symbol,bid,ask", rows), dates=order)[0]
    assert first.ts_event == pd.Timestamp("2024-08-09 12:00").value


@pytest.mark.parametrize("end", [",", ",,,", ", "])
@pytest.mark.parametrize("header_too", [False, True])
def test_delimiters_at_the_ends_of_rows_are_ignored(end: str, header_too: bool) -> None:
    ticks = read(table(QUOTES + end * header_too, [f"{NOON + at},X,1,3,2,4{end}" for at in range(5)]))
    assert ticks == [Quote("X", NOON + at, 1.0, 3.0, 2.0, 4.0) for at in range(5)]
    assert read(table(QUOTES + ",", [f"{NOON + at},X,1,3,2,4" for at in range(5)])) == ticks


@pytest.mark.parametrize("row", ["{at},X,1,5,3,2,0,4", "{at},X", "{at},X,1,3,2,4,9"])
def test_rows_that_have_not_as_many_cells_as_names_stop_the_file(row: str) -> None:
    with pytest.raises(ConfigurationError, match="expected 6 cells in a row"):
        read(table(QUOTES, [row.format(at=NOON + at) for at in range(5)]))


def test_a_tab_may_stand_behind_a_column_without_a_name() -> None:
    rows = [f"2024-08-08 12:0{at}:00\t1\t2" for at in range(5)]
    ticks = read("\n \n" + table("\tbid\task", rows), symbol="X", names={"ts_event": ""})
    assert ticks[0] == Quote("X", pd.Timestamp("2024-08-08 12:00").value, 1.0, 0.0, 2.0, 0.0)


def test_blanks_around_cells_are_none_of_a_symbol() -> None:
    ticks = read(table(QUOTES, [f"{NOON + at} , X{' ' * at}, 1 , 3 , 2, 4" for at in range(5)]))
    assert [tick.symbol for tick in ticks] == ["X"] * 5


def late(order: Sequence[int]) -> str:
    return table(QUOTES, [f"{NOON + at * STEP},X,1,3,2,4" for at in order])


@pytest.mark.parametrize("order", [[at * 17 % 40 for at in range(40)], [*range(39, 1, -1), 0, 1]])
def test_unsorted_ticks_are_reported(order: list[int], tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="older than one before them; fix: --sort"):
        read(late(order))
    assert [tick.ts_event for tick in read(late(order), sort=True)] == [NOON + at * STEP for at in range(40)]


def test_sorting_mends_the_order_that_is_reported(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text(late(range(39, -1, -1)))
    told = ["backtest", str(tmp_path / "x.csv"), "--out", str(tmp_path / "run"), "--jobs", "1"]
    with pytest.raises(ConfigurationError, match="--sort"):
        CliRunner().invoke(cli, told, catch_exceptions=False)
    assert CliRunner().invoke(cli, [*told, "--sort"], catch_exceptions=False).exit_code == 0


def test_a_backtest_of_which_most_ticks_were_refused_is_no_success(tmp_path: Path) -> None:
    rows = [f"{NOON + at * STEP},X,1,3,{2 if at < 150 else 0.5},4" for at in range(400)]
    (tmp_path / "x.csv").write_text(table(QUOTES, rows))
    told = ["backtest", str(tmp_path / "x.csv"), "--out", str(tmp_path / "run"), "--jobs", "1"]
    with pytest.raises(ConfigurationError, match="250 of 400 were refused, 250 as crossed_quote"):
        CliRunner().invoke(cli, told, catch_exceptions=False)


def archive(path: Path, **members: str) -> str:
    with zipfile.ZipFile(path, "w") as into:
        for name, text in members.items():
            into.writestr(f"{name}.csv", text)
    return str(path)


def market(price: float, begin: int = 0) -> str:
    return table("time,price,qty", [f"{NOON // 10**6 + begin + at},{price},1" for at in range(20)])


def test_two_markets_in_one_archive_are_reported(tmp_path: Path) -> None:
    both = archive(tmp_path / "x.zip", btc=market(61_900.0), eth=market(2_600.0))
    how: dict[str, Any] = {"names": {"ts_event": "time", "size": "qty"}}
    with pytest.raises(ConfigurationError, match=r"--symbol btc.csv=SYMBOL --symbol eth.csv=SYMBOL"):
        list(TickFile(both, Columns(symbol="X", **how)))
    each = Columns(symbols={"btc.csv": "BTC", "eth.csv": "ETH"}, **how)
    assert [tick.symbol for tick in TickFile(both, each)] == ["BTC"] * 20 + ["ETH"] * 20
    whole = Columns(symbols={"x.zip": "X"}, **how, checked=False)
    assert {tick.symbol for tick in TickFile(both, whole)} == {"X"}


def test_parts_of_one_market_follow_each_other_as_people_count(tmp_path: Path) -> None:
    parts = archive(tmp_path / "x.zip", **{f"part-{at}": market(1.5, at * 20) for at in (1, 2, 10)})
    ticks = list(TickFile(parts, Columns(symbol="X", names={"ts_event": "time", "size": "qty"})))
    assert [tick.ts_event for tick in ticks] == sorted(tick.ts_event for tick in ticks if tick.ts_event)


def test_lz4_is_unpacked() -> None:
    assert read(bytes(cramjam.lz4.compress(late(range(20)).encode()))) == read(late(range(20)))


@pytest.mark.parametrize(
    ("begin", "what"),
    [
        (b"\x80\x04\x95", "a pickle"),
        (b"Obj\x01\x04\x14avro", "Avro"),
        (b"\xff\xff\xff\xff\x90\x01", "a stream of Arrow"),
    ],
)
def test_files_of_unreadable_kinds_are_named(begin: bytes, what: str) -> None:
    with pytest.raises(ConfigurationError, match=what):
        read(begin + b"x" * 100)
