"""Layouts and folders that were found in public files, in small made-up files of the same form."""

import json
from collections.abc import Iterable
from io import BufferedReader, BytesIO
from pathlib import Path
from typing import Any

import pytest

from schemas.errors import ConfigurationError
from schemas.ticks import Quote, Trade
from streams.engine.feed import Feed, RawTick
from streams.sources.columns import Columns
from streams.sources.files import TickFile
from streams.sources.formats import decoded
from streams.sources.lines import LONGEST_LINE
from tests.support.example_streams import MS, NOON, NOON_MS

SECONDS = NOON_MS // 1000


def read(text: str, name: str = "x.json", **how: Any) -> list[Feed]:
    return list(TickFile(name, Columns(**how), stream=BufferedReader(BytesIO(text.encode()))))


def refused(text: str, name: str = "x.json", **how: Any) -> str:
    with pytest.raises(ConfigurationError) as problem:
        read(text, name, **how)
    return str(problem.value)


def ticks_of(feed: Iterable[Feed]) -> list[Feed]:
    return [tick for tick in feed if not isinstance(tick, RawTick)]


def test_an_array_in_one_line_is_read_however_long_it_is() -> None:
    rows = [[NOON_MS + at, str(at), None, "buy", 1.5, 2.0, 3.0] for at in range(LONGEST_LINE // 50)]
    text = json.dumps(rows)
    assert len(text) > LONGEST_LINE
    feed = read(text, "X_ETH-trades.json")
    assert feed[0] == Trade("X_ETH", NOON, 1.5, 2.0, "buy")
    assert len(feed) == len(rows)


def test_an_answer_that_goes_over_many_lines_is_one_object() -> None:
    row = {"sip_timestamp": NOON, "bid_price": 1.5, "bid_size": 3, "ask_price": 1.6, "ask_size": 4}
    text = json.dumps({"status": "OK", "results": [row, row]}, indent=2)
    names = {"ts_event": "sip_timestamp", "bid": "bid_price", "ask": "ask_price"}
    assert refused(text).endswith(
        "; fix: --rows results --map ts_event=sip_timestamp,bid=bid_price,ask=ask_price --symbol NAME"
    )
    expected = Quote("X", NOON, 1.5, 3.0, 1.6, 4.0)
    assert read(text, rows="results", symbol="X", names=names) == [expected, expected]


def test_arrays_a_line_are_rows_of_one_file() -> None:
    lines = f"[{NOON_MS},1.5,2]\n[{NOON_MS + 1},1.6,3]\n"
    expected = [Trade("X", NOON, 1.5, 2.0), Trade("X", NOON + MS, 1.6, 3.0)]
    assert read(lines, header=("ts_event", "price", "size"), symbol="X") == expected


AGG = (
    f'{{"stream":"x@aggTrade","data":{{"e":"aggTrade","E":1,"s":"X","a":5,"p":"1.5","q":"2","f":1,"l":2,'
    f'"T":{NOON_MS},"m":true,"M":true}}}}'
)
TOP = (
    f'{{"stream":"x@bookTicker","data":{{"e":"bookTicker","u":9,"s":"X","b":"1","B":"3","a":"2","A":"4",'
    f'"T":{NOON_MS},"E":1}}}}'
)
DEPTH = f'{{"stream":"x@depth","data":{{"e":"depthUpdate","s":"X","U":1,"u":2,"b":[],"a":[["2","{"0" * 5_000}"]]}}}}'


@pytest.mark.parametrize("stamp", ["1723204800.5: ", "1723204800500000000 ", "1723204800.5:"])
def test_a_recording_has_the_time_in_front_of_each_message(stamp: str) -> None:
    feed = read(f"wss://x <-> 1723204800.4\n{stamp}{TOP}\n{stamp}{AGG}\n", "x.ws")
    assert isinstance(feed[0], RawTick)
    assert feed[1:] == [Quote("X", NOON, 1.0, 3.0, 2.0, 4.0, 9), Trade("X", NOON, 1.5, 2.0, "sell")]


def test_a_message_without_a_time_has_that_at_which_it_came() -> None:
    line = '{"S":"X","bid":1.5,"ask":1.6}'
    feed = read(f"1723204800.25: {line}\n", "x.ws", symbol="X", names={"ts_event": "received"})
    assert feed == [Quote("X", 1_723_204_800_250_000_000, 1.5, 0.0, 1.6, 0.0)]


def test_kinds_of_messages_that_come_late_are_read_too() -> None:
    top = Quote("X", NOON, 1.0, 3.0, 2.0, 4.0, 9)
    feed = read("\n".join([TOP] * 500 + [AGG, DEPTH]), checked=False)
    assert feed == [top] * 500 + [Trade("X", NOON, 1.5, 2.0, "sell")]
    assert read("\n".join([TOP] * 5_000 + [AGG]), checked=False)[-1] == Trade("X", NOON, 1.5, 2.0, "sell")


def test_a_recording_may_begin_with_whole_books() -> None:
    feed = read("\n".join([DEPTH] * 300 + [AGG]))
    assert feed == [Trade("X", NOON, 1.5, 2.0, "sell")]
    assert "levels of a book" in refused("\n".join([DEPTH] * 300))


@pytest.mark.parametrize(
    ("header", "options"),
    [
        ("timestamp,bid,ask", "--map ts_event=timestamp --symbol NAME"),
        ("TIMESTAMP,BID,ASK", "--map ts_event=TIMESTAMP,bid=BID,ask=ASK --symbol NAME"),
        ("Date and Time,Price,Volume", "--map 'ts_event=Date and Time,price=Price,size=Volume' --symbol NAME"),
        ("pair,time,qty,price,direction", "--map ts_event=time,symbol=pair,size=qty,side=direction"),
        ("ts_event,price,size", "--symbol NAME"),
    ],
)
def test_a_header_that_is_not_known_is_answered_with_the_options_that_read_it(header: str, options: str) -> None:
    cells = {"bid": "1", "ask": "2", "price": "1.5", "direction": "buy"}
    row = ",".join(cells.get(name.lower(), f"{SECONDS}") for name in header.split(","))
    assert refused(f"{header}\n{row}\n", "x.csv").endswith(f"; fix: {options}")


def test_options_are_not_proposed_for_levels_of_a_book() -> None:
    text = f"symbol,timestamp,first_update_id,side,update_type,price,qty\nX,{NOON_MS},1,b,snap,1.5,2\n"
    assert "--map FIELD=COLUMN" in refused(text, "x.csv")


def test_paths_are_proposed_for_fields_deep_within_objects() -> None:
    item = {"Item": {"Ok": {"time_exchange": "2024-08-09T12:00:00Z", "instrument": "X", "kind": {"Trade": {
        "price": 1.5, "amount": 2.0, "side": "Buy"}}}}}  # fmt: skip
    told = refused(json.dumps([item]))
    names = dict(pair.split("=") for pair in told.rpartition("--map ")[2].split(","))
    assert read(json.dumps([item]), names=names) == [Trade("X", NOON, 1.5, 2.0, "buy")]


def test_symbols_and_sides_of_json_that_are_numbers_become_text() -> None:
    line = f'{{"ts_event":{NOON},"symbol":600519,"price":1.5,"size":2,"side":-1}}\n'
    assert read(line) == [Trade("600519", NOON, 1.5, 2.0, "sell")]


BARS = "open,high,low,close"


def test_bars_from_new_to_old_are_told_to_be_so() -> None:
    text = f"date,{BARS}\n" + "".join(f"2024-08-{day:02},1,3,1,2\n" for day in (9, 8, 7, 6))
    assert refused(text, "x.csv", bars="open", symbol="X").endswith("runs backwards; fix: --sort")


def test_bars_need_no_volume() -> None:
    text = f"timestamp,{BARS}\n{SECONDS},1,3,1,2\n{SECONDS + 60},1,3,1,2.5\n"
    expected = [Trade("X", NOON + 60_000 * MS, 2.0, 0.0), Trade("X", NOON + 120_000 * MS, 2.5, 0.0)]
    assert read(text, "x.csv", bars="open", symbol="X") == expected
    assert "--bars open" in refused(text, "x.csv")
    assert refused(text, "x.csv").endswith("and --symbol NAME")
    rows = [{"timestamp": SECONDS + at, "open": 1, "high": 3, "low": 1, "close": 2} for at in (0, 60)]
    assert read(json.dumps(rows), bars="close", symbol="X")[0] == Trade("X", NOON, 2.0, 0.0)
    assert "--bars open" in refused(json.dumps(rows))
    empty = f"timestamp,{BARS},volume\n{SECONDS},1,3,1,2,\n"
    assert read(empty, "x.csv", bars="close", symbol="X") == [Trade("X", NOON, 2.0, 0.0)]


QUOTE_BAR = "0,1.1,1.3,1.0,1.2,0,1.2,1.4,1.1,1.3,0\n"


def test_the_folder_tells_the_zone_and_else_it_must_be_said() -> None:
    name = "20240809_eurusd_tick_quote.csv"
    text = "43200000,1.5,1.6\n"
    assert read(text, f"Data/forex/oanda/tick/{name}")[0].ts_event == NOON
    assert read(text, f"Data/forex/fxcm/tick/{name}")[0].ts_event == NOON + 5 * 3_600_000 * MS
    assert refused(text, name).endswith("; fix: --zone UTC for oanda, --zone Etc/GMT+5 for fxcm")
    assert read(text, name, zone="UTC")[0].ts_event == NOON


def test_whole_prices_of_two_markets_are_told_apart_by_the_folder_alone() -> None:
    name = "20240809_x_minute_trade.csv"
    text = "0,28000,28010,27990,28005,3\n60000,28000,28010,27990,28006,3\n"
    assert read(text, f"index/ose/minute/x/{name}")[0] == Trade("X", NOON - (21 * 3600 - 60) * 1000 * MS, 28005.0, 3.0)
    assert read(text, f"equity/usa/minute/x/{name}")[0] == Trade("X", NOON - (8 * 3600 - 60) * 1000 * MS, 2.8005, 3.0)
    assert "fix: --format lean_bars or lean_equity_bars" in refused(text, name)


def test_a_format_with_an_asked_zone_names_the_folders() -> None:
    text = b'title="a"\norigin="b"\nmeans="trades"\nexample="c"\ncolumns=["a"]\nzone="asked"'
    with pytest.raises(ConfigurationError, match="expected zones, by which a folder tells"):
        decoded("own", text)


def test_objects_of_an_own_kind_are_read_from_a_file_of_any_name(tmp_path: Path) -> None:
    path = tmp_path / "capture"
    path.write_text(f"1723204800.5: {AGG}\n")
    assert ticks_of(TickFile(path)) == [Trade("X", NOON, 1.5, 2.0, "sell")]
