"""What a file leaves open is reported: unusable symbols, missing time zones, ignored columns, odd cells."""

import json
from io import BufferedReader, BytesIO

import pytest

from schemas.errors import ConfigurationError
from schemas.ticks import Trade
from streams.engine.feed import RawTick
from streams.sources.columns import Columns
from streams.sources.files import TickFile
from streams.sources.times import ASKED_ZONE
from tests.support.example_streams import NOON
from tests.support.strangers_files import refused, said_by


def products(*names: str, rows: int = 12) -> str:
    lines = [f"{NOON + at * 10**6},{names[at % len(names)]},{100 + at},1" for at in range(rows)]
    return "\n".join(["ts_event,symbol,price,size", *lines])


def test_invalid_symbols_stop_a_file_with_a_proposal_for_their_names() -> None:
    told = refused(products("FDAX SEP24", "沪深300", "GOOD"))
    assert told.endswith("was 'FDAX SEP24', '沪深300'; fix: --rename 'FDAX SEP24=FDAX_SEP24,沪深300=NAME'")
    how = said_by("--rename 'FDAX SEP24=FDAX_SEP24,沪深300=CSI300'")
    text = products("FDAX SEP24", "沪深300", "GOOD")
    feed = list(TickFile("own.csv", how, stream=BufferedReader(BytesIO(text.encode()))))
    assert [tick.symbol for tick in feed[:3] if isinstance(tick, Trade)] == ["FDAX_SEP24", "CSI300", "GOOD"]


def test_an_odd_symbol_among_good_ones_stops_nothing() -> None:
    text = products("A", "B", rows=40) + f"\n{NOON + 10**9},C D,100,1"
    (*_, last) = TickFile("own.csv", stream=BufferedReader(BytesIO(text.encode())))
    assert isinstance(last, Trade)
    assert last.symbol == "C D"


@pytest.mark.parametrize("option", ["--symbol 'FDAX SEP24'", "--rename 'X=FDAX SEP24'"])
def test_an_invalid_symbol_on_the_command_line_is_reported_before_a_file_is_read(option: str) -> None:
    with pytest.raises(ConfigurationError, match=r"expected a symbol, .* was 'FDAX SEP24'; fix: .* FDAX_SEP24"):
        said_by(option)


@pytest.mark.parametrize(
    ("times", "asked"),
    [
        (("09.08.2024 12:00:00", "09.08.2024 12:00:01"), True),
        (("2024-08-09T12:00:00+02:00", "2024-08-09T12:00:01+02:00"), False),
        (("2024-08-09T12:00:00Z", "2024-08-09T12:00:01Z"), False),
        (("1723204800", "1723204801"), False),
    ],
)
def test_the_time_zone_is_asked_for_where_times_have_none(times: tuple[str, ...], asked: bool) -> None:
    rows = [f"{time};X;{100 + at}" for at, time in enumerate(times * 3)]
    assert (ASKED_ZONE in refused("\n".join(["Zeit;Produkt;Kurs", *rows]))) == asked
    text = "\n".join(["ts_event;price", *(f"{time};{100 + at}" for at, time in enumerate(sorted(times * 3)))])
    file = TickFile("own.csv", Columns(symbol="X"), stream=BufferedReader(BytesIO(text.encode())))
    assert [*file]
    assert [ASKED_ZONE in said for said in file.understood] == [asked]


def test_what_lies_deep_in_objects_is_named_with_its_paths() -> None:
    own = {
        "typ": "Q",
        "instr": {"isin": "DE1"},
        "exch_us": NOON // 1000,
        "top": {"b": {"p": 1.5, "q": 3}},
        "exec": None,
    }
    deal = own | {"typ": "T", "top": None, "exec": {"px": 1.55}}
    lines = "\n".join(json.dumps({"msg": each}) for each in (own, deal, own, deal))
    for how in ({}, {"rows": "msg"}, {"rows": "msg", "names": {"ts_event": "exch_us"}}):
        told = refused(lines, **how)
        assert "--map FIELD=COLUMN" in told
        assert told.endswith("numbers are in 'top.b.p', 'top.b.q', 'exec.px'; words are in 'typ', 'instr.isin'"), told


def test_columns_that_are_not_read_are_named() -> None:
    text = "\n".join(
        ["ts_event;bid;ask;Handel;Notiz", *(f"{NOON + at};1.5;1.6;{1.55 if at % 2 else ''};-" for at in range(8))]
    )
    file = TickFile("own.csv", Columns(symbol="X"), stream=BufferedReader(BytesIO(text.encode())))
    assert [*file]
    (said,) = file.understood
    assert said.endswith("not read: Handel, Notiz")


def test_a_cell_without_a_number_is_reported_with_its_column() -> None:
    rows = [f"{NOON + at};1.5;{'' if at == 3 else '1.6'}" for at in range(8)]
    columns = Columns(symbol="X", names={"bid": "Geld", "ask": "Brief"})
    text = "\n".join(["ts_event;Geld;Brief", *rows])
    feed = TickFile("own.csv", columns, stream=BufferedReader(BytesIO(text.encode())))
    (told,) = [each.problem for each in feed if isinstance(each, RawTick)]
    assert told == "own.csv, row 5: expected a number for ask in column 'Brief', was ''"
