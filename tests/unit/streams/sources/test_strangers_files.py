"""For an unknown file one sentence has all options that read it, and two markets never become one symbol."""

import json
import re
import shlex
import zipfile
from io import BufferedReader, BytesIO
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow
import pytest
from pyarrow import feather, parquet

from agents.backtest import prequential as evaluation
from agents.cli import main
from agents.cli.horizon import horizons_of, nearest, say_what_cannot_move, with_horizon
from schemas.errors import ConfigurationError
from schemas.ticks import Quote, Trade
from streams.engine.feed import RawTick
from streams.parameters import Parameters
from streams.sources.columns import Columns
from streams.sources.files import TickFile
from streams.sources.frames import frame_ticks
from streams.sources.proposal import proposed
from streams.sources.times import ASKED_ZONE
from tests.support.example_streams import NOON, NOON_MS
from tests.support.places import ROOT
from tests.support.strangers_files import bars, file_of, read, refused, said_by, trades

GUIDE = (ROOT / "docs" / "formats.md").read_text()
OPTIONS = (
    "--map ts_event=Datum+Uhrzeit,symbol=Produkt,price=Kurs,size=Menge,side=Richtung --sides buy=K,sell=V --decimal ,"
)


def test_one_sentence_has_everything_that_a_foreign_header_needs() -> None:
    asked = f"; the times say no zone: {ASKED_ZONE}"
    assert refused(trades()).endswith(f", was Datum, Uhrzeit, Produkt, Kurs, Menge, Richtung; fix: {OPTIONS}{asked}")
    feed = list(TickFile("own.csv", said_by(OPTIONS), stream=BufferedReader(BytesIO(trades(300).encode()))))
    assert all(isinstance(tick, Trade) and tick.side in ("buy", "sell") for tick in feed)
    assert {tick.symbol for tick in feed} == {"FDAX", "FESX"}


def test_an_encoding_is_named_together_with_the_rest() -> None:
    german = trades(200).replace("Kurs", "Kurs in €")
    told = refused(german.encode("cp1252"))
    assert "expected text in UTF-8, was another encoding; fix: --encoding cp1252 (it reads 'Datum;" in told
    assert "--map 'ts_event=Datum+Uhrzeit,symbol=Produkt,price=Kurs in €,size=Menge,side=Richtung'" in told
    columns = said_by(OPTIONS.replace("price=Kurs", "'price=Kurs in €'"))
    for coded in ("cp1252", "utf-8"):
        how: dict[str, Any] = {field: getattr(columns, field) for field in columns.__struct_fields__} | {
            "encoding": coded
        }
        assert sum(isinstance(tick, Trade) for tick in read(german.encode(coded), **how)) == 200
    with pytest.raises(ConfigurationError, match="expected an encoding of texts, was 'cp12'"):
        Columns(encoding="cp12")


JAPANESE = bars("日付,始値,高値,安値,終値,出来高").encode("cp932")


def test_bars_are_known_by_how_their_columns_lie_whatever_they_are_called() -> None:
    told = refused(bars("fecha,apertura,máximo,mínimo,cierre,volumen"))
    assert "; fix: --map ts_event=fecha,price=cierre,size=volumen --bars open --symbol NAME; these are bars (" in told
    assert "--bars close instead if the time of a row is the end of its bar" in told
    assert "--encoding cp932 (it reads '日付,始値,高値,安値,終値,出来高')" in refused(JAPANESE)
    names = {"ts_event": "日付", "price": "終値", "size": "出来高"}
    opened = read(JAPANESE, encoding="cp932", names=names, symbol="X", bars="open")
    assert opened[0].ts_event == NOON - 12 * 3_600 * 10**9 + 60 * 10**9
    file = file_of(JAPANESE, encoding="cp932", names=names, symbol="X")
    list(file)
    assert "始値, 高値, 安値, 終値 are the open, high, low and close of 60 s: a table of bars" in file.understood[0]
    assert "table of bars" not in file_of(trades(300), names=said_by(OPTIONS).names, decimal=",").understood


def test_bars_of_parquet_are_noticed_as_well(tmp_path: Path) -> None:
    frame = pd.read_csv(BytesIO(JAPANESE), encoding="cp932", parse_dates=["日付"])
    frame.to_parquet(tmp_path / "own.parquet")
    columns = Columns(names={"ts_event": "日付", "price": "終値", "size": "出来高"}, symbol="X")
    file = TickFile(tmp_path / "own.parquet", columns)
    list(file)
    assert "are the open, high, low and close of 60 s" in file.understood[0]


def test_a_mapping_of_the_columns_of_bars_is_answered_with_the_one_that_reads_them() -> None:
    with pytest.raises(ConfigurationError) as problem:
        said_by("--map time=Zeit,open=Erster,high=Hoch,low=Tief,close=Schluss,volume=Umsatz --bars open")
    assert "; fix: --map ts_event=Zeit,price=Schluss,size=Umsatz, since a bar becomes a trade at its close" in str(
        problem.value
    )


def test_what_is_missing_is_named_before_all_else_and_what_is_there_too() -> None:
    text = "a,b,c,d\n" + "".join(f"{NOON_MS + row * 100},{100 + row % 3},{row % 5},x{row % 2}\n" for row in range(50))
    told = refused(text)
    assert "expected a column for the time (ts_event), a price (price, or bid and ask), symbol, was a, b, c, d" in told
    assert told.endswith("times are in 'a'; numbers are in 'b', 'c'; words are in 'd'")
    assert "price (no 'prise', perhaps 'Price')" in refused("ts,Price\n1,2\n", names={"price": "prise"}, symbol="X")


def test_a_file_without_a_header_is_answered_with_names_for_its_columns() -> None:
    rows = "".join(f"09.08.2024;12:00:{row:02};FDAX;18500,{row % 10};3;{'KV'[row % 2]}\n" for row in range(30))
    options = "--columns DATE,TIME,symbol,price,size,side --map ts_event=DATE+TIME --decimal ,"
    assert refused(rows).endswith(f"for example {options}")
    header = ("DATE", "TIME", "symbol", "price", "size", "side")
    how: dict[str, Any] = {"names": {"ts_event": "DATE+TIME"}, "sides": {"K": "buy", "V": "sell"}, "decimal": ","}
    assert read(rows, header=header, **how)[0] == Trade("FDAX", NOON, 18_500.0, 3.0, "buy")


def two(header: str = "when,what,px,lots", rows: int = 120, after: bool = False, far: float = 40.0) -> str:
    """A file of two products.

    Args:
        header: first line of the file.
        rows: number of trades.
        after: whether all trades of one product come before those of the other, instead of in turn.
        far: difference of their prices.
    """
    first = [row < rows / 2 if after else row % 2 == 0 for row in range(rows)]
    cells = (
        f"{NOON_MS + row * 100},{'one' if is_first else 'other'},{12 + (0 if is_first else far) + row % 3 / 100},1"
        for row, is_first in enumerate(first)
    )
    return "\n".join([header, *cells, ""])


NAMES = {"ts_event": "when", "price": "px", "size": "lots"}
OF_TWO = (
    r"expected rows of one market for the symbol X, column 'what' has 'one' at 12, 'other' at 52.*--map symbol=what"
)


@pytest.mark.parametrize("after", [False, True])
def test_two_markets_do_not_become_one_symbol(after: bool, tmp_path: Path) -> None:
    text = two(after=after, rows=20_000 if after else 120)
    frame = pd.read_csv(BytesIO(text.encode()))
    frame.to_parquet(tmp_path / "own.parquet")
    feather.write_feather(pyarrow.Table.from_pandas(frame), tmp_path / "own.feather")
    (tmp_path / "own.csv").write_text(text)
    for name in ("own.csv", "own.parquet", "own.feather"):
        with pytest.raises(ConfigurationError, match=OF_TWO):
            list(TickFile(tmp_path / name, Columns(names=NAMES, symbol="X")))
        with pytest.raises(ConfigurationError, match="for the symbol Y"):
            list(TickFile(tmp_path / name, Columns(names=NAMES, symbols={name: "Y"})))
        for how in ({"checked": False}, {"where": {"what": "one"}}):
            assert list(TickFile(tmp_path / name, Columns(names=NAMES, symbol="X", **how)))
        both = list(TickFile(tmp_path / name, Columns(names=NAMES | {"symbol": "what"})))
        assert {tick.symbol for tick in both} == {"one", "other"}


def test_two_markets_of_json_and_of_frames_do_not_become_one_symbol() -> None:
    frame = pd.read_csv(BytesIO(two().encode()))
    with pytest.raises(ConfigurationError, match=OF_TWO):
        list(frame_ticks(frame, Columns(names=NAMES, symbol="X")))
    flat = "\n".join(json.dumps(row) for row in frame.to_dict("records"))
    with pytest.raises(ConfigurationError, match=OF_TWO):
        read(flat, names=NAMES, symbol="X")
    deep = "\n".join(json.dumps({"e": {"d": row}}) for row in frame.to_dict("records"))
    with pytest.raises(ConfigurationError, match=r"--map symbol=e\.d\.what"):
        read(deep, names={field: f"e.d.{name}" for field, name in NAMES.items()}, symbol="X")


def test_a_column_symbol_that_is_overruled_is_looked_at_too() -> None:
    text = two("ts_event,symbol,price,size")
    assert "--map symbol=symbol" in refused(text, symbol="X")
    assert {tick.symbol for tick in read(text)} == {"one", "other"}


def test_files_of_two_markets_in_one_archive_do_not_become_one_symbol(tmp_path: Path) -> None:
    path = tmp_path / "own.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, price in (("btc-1.csv", 61_800), ("btc-2.csv", 61_500), ("eth-1.csv", 2_600)):
            rows = "".join(f"{NOON_MS + row},{price + row / 100},1\n" for row in range(20))
            archive.writestr(name, "ts_event,price,size\n" + rows)
    with pytest.raises(ConfigurationError, match=r"btc-2\.csv ends at 61,500\.2 and .*eth-1\.csv begins at 2,600"):
        list(TickFile(path, Columns(symbol="X")))
    assert len(list(TickFile(path, Columns(symbol="X", checked=False)))) == 60


@pytest.mark.parametrize("far", [0.0, 0.1])
def test_words_beside_one_price_are_no_markets(far: float) -> None:
    """The words may be venues, conditions or sides: their prices are close together, so there is one market."""
    assert len(read(two(far=far), names=NAMES, symbol="X")) == 120


def test_bars_of_a_year_are_of_one_market_though_each_month_has_its_prices() -> None:
    text = "day,month,close\n" + "".join(
        f"2024-{month:02}-{day:02},M{month},{100 * 1.02 ** (28 * month + day):.2f}\n"
        for month in range(1, 5)
        for day in range(1, 29)
    )
    assert len(read(text, names={"ts_event": "day", "price": "close"}, symbol="X")) == 112


def test_a_column_that_may_name_products_is_the_symbol_or_is_asked_about() -> None:
    assert refused(two()).endswith("; fix: --map ts_event=when,symbol=what,price=px,size=lots")
    near = two(far=0.0)
    assert refused(near).endswith(
        "; fix: --map ts_event=when,price=px,size=lots; and --map symbol=what if 'what' (one, other) names the "
        "products; --symbol NAME if all rows are of one product"
    )
    assert refused(two("ts_event,what,price,size")).endswith("; fix: --map symbol=what")
    of_bars = bars("date,open,high,low,close,volume").splitlines()
    named = "\n".join([f"{of_bars[0]},desk", *(f"{row},{'AB'[at % 2]}" for at, row in enumerate(of_bars[1:]))])
    assert refused(named).endswith(
        "; and --map symbol=desk if 'desk' (A, B) names the products; --symbol NAME if all rows are of one product"
    )


def test_kinds_of_rows_and_sides_are_proposed_as_they_are_seen() -> None:
    numbered = [[NOON_MS + at, 101 + 104 * (at % 2), (5, 900)[at % 2] + at / 1000, at % 5 + 1] for at in range(30)]
    told = str(proposed(["t", "instr", "price", "volume"], numbered))
    assert told == "--map ts_event=t,symbol=instr,size=volume"
    header = ["t", "evt", "px", "bs"]
    rows = [[NOON_MS + at, ("trade", "heartbeat")[at % 3 == 0], 100 + at % 2, "BS"[at % 2]] for at in range(30)]
    assert str(proposed(header, rows)) == "--map ts_event=t,price=px,side=bs --where evt=trade --symbol NAME"
    mixed = [[NOON_MS + at, "QT"[at % 2], 99.0, 101.0, 100.0] for at in range(30)]
    told = str(proposed(["t", "typ", "bid", "ask", "last"], mixed))
    assert told == "--map ts_event=t,kind=typ,price=last --symbol NAME"
    backwards = [[NOON_MS - at * 1000, 100 + at % 7, 1] for at in range(30)]
    assert str(proposed(["t", "price", "size"], backwards)) == "--map ts_event=t --symbol NAME --sort"
    american = [[f"08/0{at % 9 + 1}/2024", 100 + at % 7, 1] for at in range(9)]
    assert "also --dates dmy or --dates mdy (" in str(proposed(["day", "price", "size"], american))


TAB_HEADER = "<DATE>\t<TIME>\t<BID>\t<ASK>\t<LAST>\t<VOLUME>\t<FLAGS>\n"


def test_a_side_that_has_not_changed_is_what_it_was() -> None:
    rows = (("", "1.6", "4"), ("1.5", "", "2"), ("", "", "24"), ("1.4", "", "2"), ("", "1.7", "4"))
    text = TAB_HEADER + "".join(
        f"2024.08.09\t12:00:00.00{at}\t{bid}\t{ask}\t\t\t{flags}\n" for at, (bid, ask, flags) in enumerate(rows)
    )
    file = file_of(text, "EURUSD_202408090000_202408092359.csv")
    first, *feed = list(file)
    assert isinstance(first, RawTick)
    assert first.problem.endswith("row 2: a row has what has changed, and there was no bid of 'EURUSD' before")
    assert [(tick.bid, tick.ask) for tick in feed if isinstance(tick, Quote)] == [(1.5, 1.6), (1.4, 1.6), (1.4, 1.7)]
    assert file.left_out.endswith("1 rows left out: neither a bid nor an ask")
    assert "left out: neither a bid nor an ask" in [told for _, told in file.explained()]


def test_each_symbol_of_tick_history_has_its_own_other_side(tmp_path: Path) -> None:
    header = "#RIC,Domain,Date-Time,GMT Offset,Type,Price,Volume,Bid Price,Bid Size,Ask Price,Ask Size"
    cells = ("X,Quote,,,1.5,3,1.6,4", "Y,Quote,,,7,1,8,2", "X,Quote,,,,,1.7,5", "Y,Trade,7.5,1,,,,", "Y,Quote,,,,6,,")
    rows = [each.partition(",")[::2] for each in cells]
    text = "\n".join([header, *(f"{ric},M,2024-08-09T12:00:00Z,+1,{rest}" for ric, rest in rows), ""])
    expected = [
        Quote("X", NOON, 1.5, 3.0, 1.6, 4.0), Quote("Y", NOON, 7.0, 1.0, 8.0, 2.0),
        Quote("X", NOON, 1.5, 3.0, 1.7, 5.0),
        Trade("Y", NOON, 7.5, 1.0), Quote("Y", NOON, 7.0, 6.0, 8.0, 2.0),
    ]  # fmt: skip
    assert read(text) == expected
    frame = pd.read_csv(BytesIO(text.encode()))
    assert list(frame_ticks(frame)) == expected
    parquet.write_table(pyarrow.Table.from_pandas(frame), tmp_path / "own.parquet")
    assert list(TickFile(tmp_path / "own.parquet")) == expected


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def ended(arguments: str, capsys: pytest.CaptureFixture[str]) -> tuple[int | str | None, str]:
    with pytest.raises(SystemExit) as end:
        main(shlex.split(arguments))
    said = capsys.readouterr()
    return end.value.code, said.out + said.err


@pytest.mark.parametrize("command", ["backtest", "skill", "publish", "replay", "backtest --explain"])
def test_a_name_that_is_wrong_is_answered_with_near_ones(
    command: str, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evaluation, "pool", None)
    for name in ("btcusdt-20240808.csv.gz", "unlike.txt"):
        (folder / name).write_text("")
    for wrong in ("btcusdt-20240808.csv", "btcusdt-20240880.csv.gz", "BTCUSDT-20240808.parquet"):
        code, said = ended(f"{command} {wrong}", capsys)
        assert (code, said.rpartition("; fix: ")[2]) == (2, "btcusdt-20240808.csv.gz\n"), said
    assert "there is no folder 'data'" in ended(f"{command} data/btcusdt.csv", capsys)[1]


def test_bars_further_apart_than_the_horizon_are_reported_before_anything_is_computed(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "own.csv").write_text(bars("date,open,high,low,close,volume"))
    columns = Columns(symbol="X", bars="open")
    assert nearest(["own.csv"], columns) == {"X": 60 * 10**9}
    say_what_cannot_move(["own.csv"], columns, [Parameters()])
    said = capsys.readouterr().err
    assert "X: ticks are at least 60s apart and the horizon is 0.5s, so no outcome can move; fix: --horizon 60s" in said
    assert "horizon_ns = 60_000_000_000" in said
    say_what_cannot_move(["own.csv", "-"], columns, [with_horizon(Parameters(), "60s")])
    assert not capsys.readouterr().err
    code, said = ended("backtest own.csv --symbol X --bars open --jobs 1", capsys)
    assert code == 0
    assert "the horizon is 0.5s" in said
    assert "no skill: none of 199 outcomes moved within the horizon of 0.5s" in said
    code, said = ended("backtest own.csv --symbol X --bars open --jobs 1 --horizon 1m --out ahead", capsys)
    assert code == 0
    assert "horizon" not in said
    assert "horizon_ns = 60000000000" in (folder / "ahead" / "run.toml").read_text()


def test_ticks_of_one_symbol_may_stand_in_several_files(folder: Path) -> None:
    for name, at in (("a.csv", 0), ("b.csv", 1)):
        rows = "".join(f"{NOON_MS + 60_000 * row + at},1.5,1\n" for row in range(9))
        (folder / name).write_text("ts_event,price,size\n" + rows)
    assert nearest(["a.csv", "b.csv"], Columns(symbol="X")) == {"X": 10**6}


def test_a_command_that_computes_nothing_knows_the_horizons(folder: Path) -> None:
    path = folder / "own.toml"
    path.write_text(
        '[plugins]\nmodules=["nowhere"]\n[market]\nhorizon_ns=7\n[market.strategies]\nenabled=["fade"]\n'
        "[symbols.X.market]\nhorizon_ns=9\n"
    )
    found = horizons_of({"TICKLOOP_CONFIG": str(path)})
    assert [found.for_symbol(symbol).horizon_ns for symbol in ("X", "Y")] == [9, 7]


def test_many_refused_ticks_are_reported_with_the_reason(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = two("ts_event,symbol,price,size").replace("other", "Öl")
    (folder / "own.csv").write_text(text)
    code, said = ended("backtest own.csv --jobs 1", capsys)
    assert code == 2
    assert "was 'Öl'; fix: --rename 'Öl=Ol'" in said
    code, said = ended("backtest own.csv --jobs 1 --anyway", capsys)
    assert code == 0
    assert "60 of 120 refused: 60 as bad_symbol; why, row by row: run/dead-letters.jsonl" in said


def test_what_the_guide_says_of_a_file_is_what_comes(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "trades.csv").write_text(trades())
    (block,) = re.findall(r"## An example\n.*?^```\n(.*?)^```", GUIDE, re.DOTALL | re.MULTILINE)
    shown = [part.splitlines() for part in re.split(r"^\$ ", block, flags=re.MULTILINE) if part]
    options, compared = "", 0
    for command, *lines in shown:
        words = command.partition("#")[0].strip()
        if words.startswith("OPTIONS="):
            options = shlex.split(words)[0].partition("=")[2]
            continue
        arguments = words.removeprefix("tickloop ").replace("$OPTIONS", options)
        if arguments.startswith("publish"):
            arguments += " --explain"  # there is no broker here
        elif arguments.startswith("backtest"):
            arguments += " --jobs 1"
        code, said = ended(arguments, capsys)
        assert code == (2 if not options else 0), said
        for line in lines:
            assert line == "..." or line in [each.rstrip() for each in said.splitlines()], (line, said)
            compared += 1
    assert options == f"{OPTIONS} --zone Europe/Berlin"
    assert compared > 8
