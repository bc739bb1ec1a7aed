"""Real ticks in the disorders that publishers produce: twice, backwards, and with a tick of another year."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

from schemas.breaks import ClockBroken
from schemas.dead_letters import DeadLetter
from schemas.predictions import Prediction
from streams.engine.replay import replay_events
from streams.monitoring.alerts import alert_of
from streams.parameters import Parameters
from streams.topology import nodes
from tests.support.market_ticks import real_ticks

DAY = 86_400 * 1_000_000_000
YEAR = 365 * DAY
MOST = 10_000
SETTLED = 500
"""Number of ticks after a break from which on rolling features do not depend on it."""

FILES = ("btcusdt-perp-20240808", "bac-20131007")


def loop(ticks: Sequence[Any]) -> list[Any]:
    return list(replay_events(nodes(Parameters()), ticks))


def of(records: Sequence[Any], kind: type[Any]) -> list[Any]:
    return [each for each in records if type(each) is kind]


@pytest.fixture(params=FILES)
def ticks(request: pytest.FixtureRequest) -> Sequence[Any]:
    found: Sequence[Any] = real_ticks(request.param, MOST)
    return found


def test_a_file_published_again_and_again_teaches_what_passes_on_later_days_teach(ticks: Sequence[Any]) -> None:
    """The result is compared with that of the same passes a day apart each, in which no clock is set back."""
    passes = 3
    records = loop([*ticks] * passes)
    breaks = of(records, ClockBroken)
    assert [each.reason for each in breaks] == ["set_back"] * (passes - 1)
    assert {each.kind for each in map(alert_of, breaks) if each is not None} == {"clock_broken"}
    apart = [replace(tick, ts_event=tick.ts_event + day * DAY) for day in range(passes) for tick in ticks]
    undisturbed = of(loop(apart), Prediction)
    for number in range(1, passes):
        again = [each for each in of(records, Prediction) if each.generation == number][SETTLED:]
        end = (number + 1) * len(ticks)
        told = np.array([each.probability for each in again])
        expected = np.array([each.probability for each in undisturbed[end - len(again) : end]])
        apart_by = np.abs(told - expected)
        assert apart_by.mean() < 0.06, "what a break costs is some hundred ticks of learning"
        assert np.quantile(apart_by, 0.99) < 0.5
        extreme, usual = (int((np.minimum(each, 1.0 - each) < 0.01).sum()) for each in (told, expected))
        assert extreme <= 1.5 * usual + 100


def test_a_file_published_backwards_is_mostly_refused_and_stops_nothing(ticks: Sequence[Any]) -> None:
    """The file is followed by itself reversed. Each of these ticks contradicts the one before, so few are believed."""
    records = loop([*ticks, *reversed(ticks)])
    reasons = Counter(each.reason for each in of(records, DeadLetter))
    assert len(of(records, ClockBroken)) <= len(ticks) // 20
    assert sum(reasons.values()) + len(of(records, Prediction)) == 2 * len(ticks)
    assert all(0.0 < each.probability < 1.0 for each in of(records, Prediction))


@pytest.mark.parametrize("shift", [YEAR, -YEAR])
def test_a_tick_of_another_year_is_refused_and_changes_nothing(ticks: Sequence[Any], shift: int) -> None:
    at = len(ticks) // 2
    stray = replace(ticks[at], ts_event=ticks[at].ts_event + shift)
    records, undisturbed = loop([*ticks[:at], stray, *ticks[at:]]), loop(ticks)
    (letter,) = of(records, DeadLetter)
    assert letter.reason == ("ahead" if shift > 0 else "late")
    told = [replace(each, id="") for each in of(records, Prediction)]
    assert told == [replace(each, id="") for each in of(undisturbed, Prediction)]
