"""Order books in files give the same best levels as a simple reference book, and none while the book is unknown."""

import zipfile
from importlib import import_module
from io import BufferedReader, BytesIO
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pyarrow
import pytest
from pyarrow import parquet

from schemas.errors import ConfigurationError
from schemas.ticks import Quote, Trade
from streams.engine.feed import Feed, RawTick
from streams.sources import books
from streams.sources.books import BookOrder, OrderBook
from streams.sources.columns import Columns
from streams.sources.files import TickFile
from tests.support.example_streams import NOON, NOON_MS, NOON_US

TARDIS = "exchange,symbol,timestamp,local_timestamp,is_snapshot,side,price,amount"
MBO = (
    "ts_recv,ts_event,rtype,publisher_id,instrument_id,action,side,price,size,channel_id,order_id,flags,ts_in_delta,"
    "sequence,symbol"
)


def read(text: str, name: str = "x.csv", **how: Any) -> list[Feed]:
    return list(TickFile(name, Columns(**how), stream=BufferedReader(BytesIO(text.encode()))))


def best(levels: dict[float, float], sign: int) -> tuple[float, float]:
    price = sign * min(sign * price for price in levels)
    return price, levels[price]


def test_the_best_levels_are_those_of_a_book_that_is_kept_plainly() -> None:
    chance = Random(7)
    book, plain = OrderBook(), ({}, {})  # type: tuple[OrderBook, tuple[dict[float, float], dict[float, float]]]
    book.clear()
    told = last = None
    for _ in range(20_000):
        is_bid = chance.random() < 0.5
        price = chance.randrange(1, 60) / 10 + (0 if is_bid else 5)
        size = chance.choice([0.0, 0.0, 1.5, 2.0])
        book.level(is_bid, price, size)
        side = plain[0] if is_bid else plain[1]
        side.pop(price, None)
        if size:
            side[price] = size
        if chance.random() < 0.001:
            book.clear()
            plain[0].clear()
            plain[1].clear()
        told = book.changed()
        if plain[0] and plain[1]:
            expected = (*best(plain[0], -1), *best(plain[1], 1))
            assert told == (None if expected == last else expected)
            last = expected
    assert last is not None


def test_levels_of_orders_come_and_go_with_them_whatever_their_sizes_add_up_to() -> None:
    book = OrderBook()
    book.clear()
    book.add(1, BookOrder(True, 1.0, 0.3))
    book.add(2, BookOrder(True, 1.0, 0.1))
    book.add(3, BookOrder(True, 0.9, 5.0))
    book.add(4, BookOrder(False, 2.0, 1.0))
    assert book.cancel(1, 0.1)
    assert book.cancel(1, 0.2)
    assert book.cancel(2)
    assert book.changed() == (0.9, 5.0, 2.0, 1.0)
    book.add(3, BookOrder(True, 1.1, 4.0))
    assert book.changed() == (1.1, 4.0, 2.0, 1.0)
    assert not book.cancel(9)


def test_a_book_does_not_grow_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(books, "MOST_LEVELS", 10)
    book = OrderBook()
    for price in range(1, 11):
        book.level(True, float(price), 1.0)
    with pytest.raises(ConfigurationError, match="expected at most 10 levels"):
        book.level(True, 11.0, 1.0)
    side = books.Side(1)
    for _ in range(1_000):
        for price in range(1, 9):
            side.put(float(price), 1.0)
            side.put(float(price), 0.0)
    assert len(side._heap) < 200


def row(at: int, snapshot: str, side: str, price: float, size: float, symbol: str = "X", packet: int = 0) -> str:
    return f"x,{symbol},{NOON_US + at},{NOON_US + (packet or at)},{snapshot},{side},{price},{size}"


def test_a_message_is_one_change_however_many_levels_it_has() -> None:
    rows = [
        row(1, "true", "bid", 1.5, 3),
        row(1, "true", "ask", 1.6, 4),
        row(2, "false", "bid", 1.5, 0, packet=9),
        row(3, "false", "bid", 1.45, 1, packet=9),
        row(3, "false", "bid", 9.0, 1, "Y"),
        row(4, "true", "ask", 1.7, 2),
        row(4, "true", "bid", 1.2, 2),
    ]
    expected = [
        Quote("X", NOON + 1_000, 1.5, 3.0, 1.6, 4.0),
        Quote("X", NOON + 3_000, 1.45, 1.0, 1.6, 4.0),
        Quote("X", NOON + 4_000, 1.2, 2.0, 1.7, 2.0),
    ]
    assert read("\n".join([TARDIS, *rows])) == expected


def test_without_a_snapshot_the_best_level_is_not_known() -> None:
    rows = [row(1, "false", "bid", 1.5, 3), row(2, "false", "ask", 1.6, 4)]
    with pytest.raises(ConfigurationError, match="expected a snapshot of the book before its changes, found none"):
        read("\n".join([TARDIS, *rows]))


def test_books_are_read_from_parquet_as_from_csv(tmp_path: Path) -> None:
    rows = [row(1, "true", "bid", 1.5, 3), row(1, "true", "ask", 1.6, 4), row(2, "false", "bid", 1.5, 2)]
    columns = list(zip(*(each.split(",") for each in rows), strict=True))
    types = [str, str, int, int, str, str, float, float]
    table = {
        name: [kind(cell) for cell in cells]
        for name, kind, cells in zip(TARDIS.split(","), types, columns, strict=True)
    }
    parquet.write_table(pyarrow.table(table), tmp_path / "book.parquet")
    assert list(TickFile(tmp_path / "book.parquet")) == read("\n".join([TARDIS, *rows]))


def order(at: int, action: str, side: str, price: float, size: int, number: int, flags: int, venue: int = 1) -> str:
    return f"{NOON + at},{NOON + at},160,{venue},7,{action},{side},{price},{size},0,{number},{flags},0,{at},X"


def test_orders_make_a_book_and_an_unknown_order_is_reported() -> None:
    rows = [
        order(1, "A", "B", 1.4, 2, 1, 32),
        order(1, "A", "A", 1.6, 2, 2, 160),
        order(2, "M", "B", 1.5, 5, 1, 128),
        order(3, "C", "B", 1.5, 2, 1, 128),
        order(4, "C", "B", 1.5, 2, 77, 128),
        order(5, "R", "N", 0, 0, 0, 128),
        order(6, "A", "B", 1.0, 1, 5, 128),
        order(7, "A", "A", 1.1, 1, 6, 128),
    ]
    feed = read("\n".join([MBO, *rows]))
    assert [tick for tick in feed if isinstance(tick, Quote)] == [
        Quote("X", NOON + 1, 1.4, 2.0, 1.6, 2.0, 1),
        Quote("X", NOON + 2, 1.5, 5.0, 1.6, 2.0, 2),
        Quote("X", NOON + 3, 1.5, 3.0, 1.6, 2.0, 3),
        Quote("X", NOON + 7, 1.0, 1.0, 1.1, 1.0, 7),
    ]
    told = [tick.problem for tick in feed if isinstance(tick, RawTick)]
    assert len(told) == 1
    assert "expected an order of the book, was 77" in told[0]


def test_the_books_of_two_venues_are_not_mixed() -> None:
    rows = [order(1, "A", "B", 1.4, 2, 1, 160), order(2, "A", "B", 1.5, 2, 1, 160, venue=2)]
    with pytest.raises(ConfigurationError, match="expected the book of one venue for X, was of 1 and 2; fix: --where"):
        read("\n".join([MBO, *rows]))


def test_the_trades_alone_are_read_where_they_are_asked_for() -> None:
    rows = [order(1, "A", "B", 1.4, 2, 1, 128), order(2, "T", "A", 1.4, 2, 0, 128)]
    expected = [Trade("X", NOON + 2, 1.4, 2.0, "sell", 2)]
    assert read("\n".join([MBO, *rows]), where={"action": "T"}) == expected


def bybit(number: int, kind: str, bid: str, at: int) -> str:
    return (
        f'{{"topic":"orderbook.500.X","type":"{kind}","ts":1,"data":{{"s":"X","b":[["{bid}","3"]],"a":[["1.6","4"]],'
        f'"u":{number}}},"cts":{NOON_MS + at}}}'
    )


def test_a_missing_message_is_reported_and_the_book_unknown_until_the_next_snapshot() -> None:
    lines = [
        bybit(1, "snapshot", "1.1", 0),
        bybit(3, "delta", "1.2", 1),
        bybit(4, "delta", "1.3", 2),
        bybit(9, "snapshot", "1.4", 3),
        bybit(10, "delta", "1.5", 4),
    ]
    feed = read("\n".join(lines), "x.jsonl")
    assert [tick.bid for tick in feed if isinstance(tick, Quote)] == [1.1, 1.4, 1.5]
    told = [tick.problem for tick in feed if isinstance(tick, RawTick)]
    assert len(told) == 1
    assert "expected the change of the book behind 1, was 3: one is missing" in told[0]


def test_a_book_of_a_thousand_levels_is_one_message() -> None:
    levels = ",".join(f'["{1 + at / 1000}","2"]' for at in range(1_000))
    line = bybit(1, "snapshot", "1.1", 0).replace('"b":[', f'"b":[{levels},')
    assert read(line, "x.jsonl") == [Quote("X", NOON, 1.999, 2.0, 1.6, 4.0)]
    deep = '{"topic":' + "[" * 600 + "]" * 600 + "}"
    assert isinstance(read(f"{bybit(1, 'snapshot', '1.1', 0)}\n{deep}", "x.jsonl")[1], RawTick)


EVENT = np.dtype(
    [("ev", "<u8"), ("exch_ts", "<i8"), ("local_ts", "<i8"), ("px", "<f8"), ("qty", "<f8"), ("order_id", "<u8"),
     ("ival", "<i8"), ("fval", "<f8")]
)  # fmt: skip
BOTH, LOCAL, BUY, SELL = 3 << 30, 1 << 30, 1 << 29, 1 << 28


def test_events_of_hftbacktest_are_read_from_their_archive(tmp_path: Path) -> None:
    events = [(3, BUY, 0, 9.0, 0.0), (4, BUY, 0, 1.5, 3.0), (3, SELL, 0, 0.0, 0.0), (4, SELL, 0, 1.6, 4.0),
              (2, SELL, 1, 1.5, 1.0), (1, BUY, 2, 1.5, 2.0)]  # fmt: skip
    rows = [(kind | side | BOTH, NOON + at, NOON + at + 5, px, qty, 0, 0, 0.0) for kind, side, at, px, qty in events]
    rows.append((1 | BUY | LOCAL, NOON + 2, NOON + 7, 1.5, 9.0, 0, 0, 0.0))
    expected = [
        Quote("BTCUSDT", NOON, 1.5, 3.0, 1.6, 4.0),
        Trade("BTCUSDT", NOON + 1, 1.5, 1.0, "sell"),
        Quote("BTCUSDT", NOON + 2, 1.5, 2.0, 1.6, 4.0),
    ]
    np.savez_compressed(tmp_path / "btcusdt_20240809.npz", data=np.array(rows, EVENT))
    np.save(tmp_path / "btcusdt_20240809.npy", np.array(rows, EVENT))
    for name in ("btcusdt_20240809.npz", "btcusdt_20240809.npy"):
        assert list(TickFile(tmp_path / name)) == expected


def test_arrays_of_named_fields_are_tables_and_others_are_refused(tmp_path: Path) -> None:
    kind = np.dtype([("ts_event", "<i8"), ("price", "<f8"), ("size", "<f4"), ("side", "S4")])
    np.save(tmp_path / "own.npy", np.array([(NOON, 0.1, 2.5, b"buy"), (NOON + 1, 0.2, 3, b"sell")], kind))
    expected = [Trade("X", NOON, 0.1, 2.5, "buy"), Trade("X", NOON + 1, 0.2, 3.0, "sell")]
    assert list(TickFile(tmp_path / "own.npy", Columns(symbol="X"))) == expected
    cut = (tmp_path / "own.npy").read_bytes()[:-9]
    (tmp_path / "cut.npy").write_bytes(cut)
    with pytest.raises(ConfigurationError, match="ends too early"):
        list(TickFile(tmp_path / "cut.npy", Columns(symbol="X")))
    damaged = (tmp_path / "own.npy").read_bytes().replace(b"]", b"(")
    (tmp_path / "damaged.npy").write_bytes(damaged)
    with pytest.raises(ConfigurationError, match="expected an array of NumPy, was"):
        list(TickFile(tmp_path / "damaged.npy", Columns(symbol="X")))
    np.save(tmp_path / "plain.npy", np.zeros((3, 6)))
    with pytest.raises(ConfigurationError, match="expected an array of rows with named fields"):
        list(TickFile(tmp_path / "plain.npy"))
    np.save(tmp_path / "pickled.npy", np.array([{}], object), allow_pickle=True)
    with pytest.raises(ConfigurationError, match="expected an array of rows with named fields"):
        list(TickFile(tmp_path / "pickled.npy"))


def catalog(path: Path, width: int, columns: dict[str, list[Any]], amounts: set[str]) -> Path:
    arrays = {
        name: pyarrow.array([each.to_bytes(width, "little", signed=True) for each in values], pyarrow.binary(width))
        if name in amounts
        else pyarrow.array(values)
        for name, values in columns.items()
    }
    parquet.write_table(pyarrow.table(arrays).replace_schema_metadata({"instrument_id": "EUR/USD.SIM"}), path)
    return path


@pytest.mark.parametrize(("width", "one"), [(8, 10**9), (16, 10**16)])
def test_a_catalog_of_nautilus_has_fixed_points_and_its_instrument(width: int, one: int, tmp_path: Path) -> None:
    times = {"ts_event": [NOON], "ts_init": [NOON]}
    quotes = {"bid_price": [112120 * one // 10**5], "ask_price": [-one // 2], "bid_size": [one], "ask_size": [2 * one]}
    path = catalog(tmp_path / "quotes.parquet", width, quotes | times, {*quotes})
    assert list(TickFile(path, Columns(checked=False))) == [Quote("EUR/USD.SIM", NOON, 1.1212, 1.0, -0.5, 2.0)]
    trades: dict[str, list[Any]] = {"price": [one // 10], "size": [3 * one], "aggressor_side": [2], "trade_id": ["7"]}
    path = catalog(tmp_path / "trades.parquet", width, trades | times, {"price", "size"})
    assert list(TickFile(path)) == [Trade("EUR/USD.SIM", NOON, 0.1, 3.0, "sell")]
    bars: dict[str, list[Any]] = {name: [one] for name in ("open", "high", "low", "close", "volume")}
    path = catalog(tmp_path / "bars.parquet", width, bars | times, {*bars})
    with pytest.raises(ConfigurationError, match=r"--bars close if it has ended$"):
        list(TickFile(path))
    assert list(TickFile(path, Columns(bars="close"))) == [Trade("EUR/USD.SIM", NOON, 1.0, 1.0)]


@pytest.mark.parametrize("numbers", [(0, 0, 0), (150, 160, 140)], ids=["without numbers", "numbers of prices"])
def test_changes_of_a_book_in_a_catalog_of_nautilus(numbers: tuple[int, int, int], tmp_path: Path) -> None:
    bid, ask, lower = numbers
    one, half = 10**9, 5 * 10**8
    rows: list[tuple[int, int, int, int, int, int]] = [
        (4, 0, 0, 0, 0, 32),
        (1, 1, one + half, 3 * one, bid, 32),
        (1, 2, one + half + one // 10, 4 * one, ask, 32 | 128),
        (1, 1, one + 4 * one // 10, 2 * one, lower, 128),
        (2, 1, one + half, 9 * one, bid, 128),
        (3, 1, one + half, 9 * one if numbers[0] else 0, bid, 128),
    ]
    names = ("action", "side", "price", "size", "order_id", "flags")
    columns: dict[str, list[Any]] = dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))
    columns |= {"sequence": [0] * 6, "ts_event": [NOON + at for at in range(6)], "ts_init": [NOON] * 6}
    path = catalog(tmp_path / "deltas.parquet", 8, columns, {"price", "size"})
    assert list(TickFile(path)) == [
        Quote("EUR/USD.SIM", NOON + 2, 1.5, 3.0, 1.6, 4.0),
        Quote("EUR/USD.SIM", NOON + 4, 1.5, 9.0, 1.6, 4.0),
        Quote("EUR/USD.SIM", NOON + 5, 1.4, 2.0, 1.6, 4.0),
    ]


def kraken(kind: str, bids: str, asks: str, at: int) -> str:
    levels = [
        ",".join(f'{{"price":{price},"qty":{size}}}' for price, size in (each.split("x") for each in side.split()))
        for side in (bids, asks)
    ]
    return (
        f'{{"channel":"book","type":"{kind}","data":[{{"symbol":"X","bids":[{levels[0]}],"asks":[{levels[1]}],'
        f'"checksum":1,"timestamp":"2024-08-09T12:00:00.00000{at}Z"}}]}}'
    )


def test_levels_that_fell_below_the_depth_of_the_snapshot_are_not_the_best_ones_later() -> None:
    """A third ask pushes the second best below the depth of the snapshot; later changes of it are not reported."""
    lines = [
        kraken("snapshot", "1.5x3 1.4x3", "1.6x4 1.7x4", 0),
        kraken("update", "", "1.55x1", 1),
        kraken("update", "", "1.55x0 1.6x0 1.8x2 1.9x2", 2),
    ]
    assert [tick.ask for tick in read("\n".join(lines), "x.jsonl") if isinstance(tick, Quote)] == [1.6, 1.55, 1.8]


@pytest.mark.parametrize(
    "bad",
    [
        '{"symbol":"X","id":99,"side":"Buy","size":9,"timestamp":"2024-08-09T12:00:00.001Z"}',
        '{"symbol":"X","id":7,"side":"Buy","size":"many","timestamp":"2024-08-09T12:00:00.001Z"}',
        '{"symbol":"X","id":7,"side":"Both","size":1,"timestamp":"2024-08-09T12:00:00.001Z"}',
    ],
    ids=["a level that never came", "a size that is none", "a side that is none"],
)
def test_a_message_that_cannot_be_read_leaves_the_book_unknown_until_the_next_snapshot(bad: str) -> None:
    def message(action: str, *levels: str) -> str:
        return f'{{"table":"orderBookL2","action":"{action}","data":[{",".join(levels)}]}}'

    def level(number: int, side: str, price: float, ms: int) -> str:
        time = f"2024-08-09T12:00:00.00{ms}Z"
        return f'{{"symbol":"X","id":{number},"side":"{side}","size":1,"price":{price},"timestamp":"{time}"}}'

    lines = [
        message("partial", level(7, "Buy", 1.5, 0), level(8, "Sell", 1.6, 0)),
        message("update", bad),
        message("insert", level(9, "Buy", 1.55, 2)),
        message("partial", level(7, "Buy", 1.5, 3), level(8, "Sell", 1.7, 3)),
    ]
    feed = read("\n".join(lines), "x.jsonl")
    assert [type(tick) for tick in feed] == [Quote, RawTick, Quote]
    assert [tick.ask for tick in feed if isinstance(tick, Quote)] == [1.6, 1.7]


def dbn(*records: tuple[int, float, int, str]) -> bytes:
    """A file of Databento trades of an instrument without a name, made by their client."""
    client: Any = import_module("databento_dbn")
    kinds = client.SType.RAW_SYMBOL, client.SType.INSTRUMENT_ID, client.Schema.TRADES
    content = bytes(client.Metadata("GLBX.MDP3", NOON, *kinds, symbols=["X"], version=2))
    for at, price, size, side in records:
        said = client.Action.TRADE, client.Side.BID if side == "B" else client.Side.ASK
        content += bytes(
            client.TradeMsg(1, 7, NOON + at, round(price * 10**9), size, *said, 0, NOON + at + 9, 128, 0, 6)
        )
    return content


def test_dbn_is_read_by_the_client_of_its_vendor(tmp_path: Path) -> None:
    content = dbn((0, 1.5, 2, "B"), (1, 1.4, 3, "A"))
    path = tmp_path / "x.trades.dbn"
    path.write_bytes(content)
    expected = [Trade("7", NOON, 1.5, 2.0, "buy", 6), Trade("7", NOON + 1, 1.4, 3.0, "sell", 6)]
    assert list(TickFile(path)) == expected
    packed = tmp_path / "x.trades.dbn.zst"
    packed.write_bytes(pyarrow.Codec("zstd").compress(content, asbytes=True))
    assert list(TickFile(packed)) == expected
    with zipfile.ZipFile(tmp_path / "both.zip", "w") as archive:
        archive.writestr("x.trades.dbn", content)
    assert list(TickFile(tmp_path / "both.zip")) == expected
    for cut in (20, len(content) - 5):
        path.write_bytes(content[:cut])
        with pytest.raises(ConfigurationError, match="expected a whole file, ends too early"):
            list(TickFile(path))
    path.write_bytes(content[:3] + b"\x63" + content[4:])
    with pytest.raises(ConfigurationError, match="expected a whole file, is damaged"):
        list(TickFile(path))


def test_dbn_without_the_client_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "databento_dbn", None)
    path = tmp_path / "x.dbn"
    path.write_bytes(b"DBN\x02" + bytes(200))
    with pytest.raises(ConfigurationError, match=r"fix: pip install 'tickloop\[databento\]'$"):
        list(TickFile(path))
