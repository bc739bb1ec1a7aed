"""What the paper account trades, earns, writes and refuses, and its sums over symbols."""

from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

from schemas.accounts import AccountMarked
from schemas.codec import encode
from schemas.dead_letters import DeadLetter
from schemas.errors import StateError
from schemas.predictions import Prediction
from streams.account.node import AccountNode
from streams.account.parameters import AccountParameters
from streams.account.total import total
from streams.engine.partition import Partition
from streams.scoring.prohibitive import PROHIBITIVE_BPS

HORIZON = 100
MINUTE = 60_000_000_000


class Account:
    """Gives predictions to the account node, and returns the records that follow."""

    def __init__(self, **parameters: Any) -> None:
        self.node = AccountNode(AccountParameters(**{"drawdown_step_bps": 1e6} | parameters))
        self.book = self.node.open("X")
        self.records: list[AccountMarked] = []
        self.seen = 0

    def at(
        self, ts: int, mid: float, asked: float = 0.0, side: Any = "up", confidence: float = 0.6, cost: float = 2.0
    ) -> list[AccountMarked]:
        prediction = Prediction(
            f"ticks:0:{self.seen}", "X", ts, HORIZON, mid, "imbalance", side, 0.5, confidence, "calm-range", asked,
            0.0, cost, "v1", True, "", (),
        )  # fmt: skip
        self.seen += 1
        found = list(self.node.step(self.book, prediction, prediction.id))
        assert all(isinstance(each, AccountMarked) for each in found)
        records: list[Any] = found
        self.records += records
        return records


def test_the_first_record_shows_an_account_of_nothing() -> None:
    (record,) = Account().at(1, 100.0)
    assert (record.id, record.position, record.traded, record.fill, record.net_bps, record.trades) == (
        "ticks:0:0", 0.0, 0.0, 0.0, 0.0, 0,
    )  # fmt: skip


def test_a_position_is_opened_held_for_its_horizon_and_left() -> None:
    account = Account()
    (opened,) = account.at(1, 100.0, 0.5)
    assert (opened.position, opened.traded, opened.fill) == (0.5, 0.5, 100.01)
    assert (opened.trade_cost_bps, opened.net_bps, opened.drawdown_bps) == (0.5, -0.5, 0.5)
    assert not account.at(50, 101.0), "what is asked meanwhile does not matter while it is of the same side"
    assert not account.at(100, 102.0, 0.9)
    (closed,) = account.at(101, 102.0)
    assert closed.position == 0.0
    assert closed.traded == pytest.approx(-0.51)
    assert closed.fill == pytest.approx(102.0 * 0.9999)
    assert closed.gross_bps == pytest.approx(100.0)
    assert closed.cost_bps == pytest.approx(0.5 + 0.51)
    assert closed.net_bps == closed.gross_bps - closed.cost_bps
    assert (closed.trades, closed.wins) == (1, 1)
    assert closed.turnover == pytest.approx(1.01)


def test_at_the_end_of_the_horizon_it_becomes_what_is_asked_then_and_is_held_on() -> None:
    account = Account()
    account.at(1, 100.0, 0.5)
    (grown,) = account.at(101, 100.0, 0.75)
    assert (grown.position, grown.traded, grown.trades) == (0.75, 0.25, 0)
    assert not account.at(200, 100.0, 0.2)
    (shrunk,) = account.at(201, 100.0, 0.25)
    assert (shrunk.position, shrunk.trades) == (0.25, 0)


def test_small_changes_are_not_traded_but_leaving_is() -> None:
    account = Account(least_change=0.1)
    account.at(1, 100.0)
    assert not account.at(2, 100.0, 0.09)
    assert account.at(3, 100.0, 0.5)
    assert not account.at(103, 100.0, 0.55)
    assert not account.at(202, 100.0), "held on for another horizon"
    assert account.at(203, 100.0, 0.05)[0].position == 0.0


def test_the_other_side_reverses_at_once_and_each_trip_pays_its_part() -> None:
    account = Account()
    account.at(1, 100.0, 0.5)
    (reversed_,) = account.at(2, 101.0, -0.25, "down")
    assert (reversed_.position, reversed_.trades, reversed_.wins) == (-0.25, 1, 1)
    assert reversed_.traded == pytest.approx(-0.755)
    assert reversed_.cost_bps == pytest.approx(0.5 + 0.755)
    (back,) = account.at(3, 101.0, 0.5)
    assert (back.trades, back.wins) == (2, 1), "the second trip lost its costs"


@pytest.mark.parametrize(("confidence", "closes"), [(0.54, False), (0.56, True)])
def test_who_is_sure_of_the_other_side_closes_without_asking_for_a_position(confidence: float, closes: bool) -> None:
    account = Account()
    account.at(1, 100.0, -0.5, "down")
    assert bool(account.at(2, 100.0, 0.0, "up", confidence)) is closes
    assert (account.book.units == 0.0) is closes


def test_an_unknown_cost_is_not_paid() -> None:
    account = Account()
    account.at(1, 100.0, 1.0)
    (closed,) = account.at(101, 100.0, cost=PROHIBITIVE_BPS)
    assert closed.trade_cost_bps == 1.0


def test_marks_come_once_a_minute_and_at_new_depths() -> None:
    account = Account(drawdown_step_bps=10.0)
    account.at(1, 100.0, 1.0)
    assert not account.at(2, 99.95)
    (deeper,) = account.at(3, 99.8)
    assert (deeper.traded, deeper.fill) == (0.0, 0.0)
    assert deeper.drawdown_bps == pytest.approx(21.0)
    assert not account.at(4, 99.75)
    account.at(101, 99.75)
    assert not account.at(100 + MINUTE, 1.0)
    assert account.at(101 + MINUTE, 1.0)[0].net_bps == account.records[-2].net_bps


def test_peaks_between_records_count() -> None:
    account = Account()
    account.at(1, 100.0, 1.0)
    account.at(2, 110.0)
    (closed,) = account.at(101, 100.0)
    assert closed.peak_bps == pytest.approx(999.0)
    assert closed.drawdown_bps == pytest.approx(1001.0)


def test_a_clock_that_is_set_back_holds_nothing_up() -> None:
    account = Account()
    account.at(10**18, 100.0, 1.0)
    assert account.at(1, 100.0)[0].position == 0.0
    assert account.at(2 + MINUTE, 100.0)


def test_other_parameters_are_an_error_of_state() -> None:
    account, other = Account(), AccountNode(AccountParameters(least_change=0.5))
    account.at(1, 100.0, 1.0)
    with pytest.raises(StateError, match=r"expected a snapshot of the account node computed with .*; fix: restore"):
        other.load(account.node.dump(account.book))
    with pytest.raises(StateError, match="expected a snapshot of the account node"):
        other.load(b"damaged")
    again = account.node.load(account.node.dump(account.book))
    assert account.node.dump(again) == account.node.dump(account.book)


GOOD = Prediction(
    "ticks:0:0", "X", 1, 5, 100.0, "imbalance", "up", 0.6, 0.6, "calm-range", 0.5, 0.1, 2.0, "v1", True, "", ()
)


@pytest.mark.parametrize(
    "bad",
    [
        {"mid": 0.0},
        {"mid": 1e300},
        {"mid": float("nan")},
        {"position_size": float("inf")},
        {"position_size": -2e6},
        {"cost_bps": -0.1},
        {"ts_event": 0},
        {"horizon_ns": 0},
        {"id": "ticks:0:x"},
    ],
    ids=str,
)
def test_what_no_market_node_writes_becomes_a_dead_letter(bad: dict[str, Any]) -> None:
    """The result is the same for bytes from a topic and for a record of the same process."""
    letters = []
    for way in ("apply", "receive"):
        partition = Partition(AccountNode(), 0)
        record = replace(GOOD, **bad)
        given = (0, b"X", encode(record)) if way == "apply" else (0, record)
        (letter,) = getattr(partition, way)(*given)
        assert isinstance(letter, DeadLetter)
        letters.append(letter)
    assert letters[0] == letters[1]
    assert (letters[0].node, letters[0].key, letters[0].value) == ("account", b"X", encode(replace(GOOD, **bad)))


def test_a_clock_that_breaks_earns_nothing() -> None:
    """A position is closed at the last price before the break, with its cost; the price after it counts for nobody."""
    account = Account()
    account.at(1, 100.0, 0.5)
    account.at(50, 101.0)
    later = replace(GOOD, id="ticks:0:9", ts_event=20, mid=300.0, position_size=0.0, generation=1)
    (mark,) = account.node.step(account.book, later, later.id)
    assert isinstance(mark, AccountMarked)
    assert (mark.position, mark.trades, mark.wins, mark.mid) == (0.0, 1, 1, 300.0)
    assert mark.gross_bps == pytest.approx(50.0)
    assert mark.net_bps == pytest.approx(50.0 - 0.5 - 0.505)
    again = replace(GOOD, id="ticks:0:10", ts_event=21, mid=300.0, position_size=0.5, generation=1)
    (opened,) = account.node.step(account.book, again, again.id)
    assert isinstance(opened, AccountMarked)
    assert (opened.position, opened.traded) == (0.5, 0.5)


def test_sums_over_symbols_hang_on_no_order_of_reading() -> None:
    rng = np.random.default_rng(4)
    symbols = np.repeat(["A", "B", "C"], 50)
    ts = np.concatenate([np.sort(rng.integers(0, 60, 50)) for _ in range(3)])
    columns = [rng.normal(size=150) for _ in range(4)]
    whole = total(symbols, ts, *columns)
    mixed = np.argsort(rng.random(150) + np.tile(np.arange(50), 3) * 2, kind="stable")
    again = total(symbols[mixed], ts[mixed], *(column[mixed] for column in columns))
    assert whole.symbols == 3
    assert np.array_equal(whole.net_bps, again.net_bps)
    for at, now in enumerate(whole.ts_event):
        last = [np.flatnonzero((symbols == name) & (ts <= now)) for name in "ABC"]
        assert whole.gross_bps[at] == pytest.approx(sum(columns[0][rows[-1]] for rows in last if len(rows)))
        assert whole.exposure[at] == pytest.approx(sum(abs(columns[3][rows[-1]]) for rows in last if len(rows)))
    assert np.allclose(whole.drawdown_bps, np.maximum.accumulate(np.maximum(whole.net_bps, 0)) - whole.net_bps)
