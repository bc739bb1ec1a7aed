"""The first band: each state of the loop has its own words, and a light is red only where a person should act."""

import msgspec
import pytest

from agents.dashboard.alerts import OpenAlerts
from agents.dashboard.alive import Alive, Clock, Link, alive
from agents.dashboard.latency import Latency
from agents.dashboard.lights import Lights
from agents.dashboard.rates import Ends, Rates

NOW = 1_800_000_000.0


def rates(*moments: tuple[float, int, int, int, int]) -> Rates:
    """Of (seconds before now, ticks, predictions, dead letters, committed)."""
    found = Rates()
    for before, ticks, predictions, letters, committed in moments:
        counts = {"ticks": ticks, "predictions": predictions, "dead-letters": letters}
        found.take(Ends(NOW - before, counts, {0: ticks - committed}, {0: committed}))
    return found


def band(found: Rates, link: Link, newest_s: float = NOW - 1.0, speed: float | None = None) -> Alive:
    clock = Clock(round(newest_s * 1e9), speed)
    return alive(found, Latency(), clock, link, Lights(), OpenAlerts(), NOW)


STEADY = ((20.0, 8_000, 8_000, 0, 8_000), (1.0, 27_000, 27_000, 0, 26_500), (0.0, 28_000, 28_000, 0, 27_500))
ENDED = (
    (20.0, 8_000, 8_000, 0, 8_000),
    (9.0, 8_000, 8_000, 0, 8_000),
    (7.0, 9_000, 9_000, 0, 9_000),
    (0.0, 9_000, 9_000, 0, 9_000),
)
"""History whose last tick came seven seconds ago."""

HERE = Link(NOW, "", 2, "Stable")


@pytest.mark.parametrize(
    ("found", "link", "newest", "mode"),
    [
        (rates(), Link(), NOW, "starting"),
        (rates(), Link(problem="no broker"), NOW, "starting"),
        (rates((0.0, 0, 0, 0, 0)), HERE, 0.0, "no_data"),
        (rates(*STEADY), HERE, NOW, "live"),
        (rates(*STEADY), HERE, NOW - 90_000.0, "replaying"),
        (rates(*STEADY), msgspec.structs.replace(HERE, named="monday"), NOW, "replaying"),
        (rates(*STEADY), HERE, 0.0, "starting"),
        (rates(*ENDED), HERE, NOW - 90_000.0, "replaying"),
        (rates((30.0, 9, 9, 0, 9), (15.0, 9, 9, 0, 9), (0.0, 9, 9, 0, 9)), HERE, NOW, "quiet"),
        (rates(*STEADY), Link(NOW, "", 0, "Empty"), NOW, "recovering"),
        (rates((20.0, 100, 100, 0, 100), (10.0, 900, 100, 0, 100), (0.0, 1_700, 100, 0, 100)), HERE, NOW, "recovering"),
        (rates(*STEADY), Link(NOW - 30.0, "no answer"), NOW, "broker_gone"),
    ],
)
def test_modes(found: Rates, link: Link, newest: float, mode: str) -> None:
    assert band(found, link, newest).mode == mode


@pytest.mark.parametrize(("speed", "said"), [(None, "not known yet"), (0.5, "0.50 times"), (4_006.4, "4,006 times")])
def test_history_says_how_fast_it_is_played_and_that_it_was(speed: float | None, said: str) -> None:
    playing = band(rates(*STEADY), HERE, NOW - 90_000.0, speed)
    assert said in playing.sentence
    over = band(rates((30.0, 9, 9, 0, 9), (15.0, 9, 9, 0, 9), (0.0, 9, 9, 0, 9)), HERE, NOW - 90_000.0, speed)
    assert over.mode == "quiet"
    assert over.sentence.startswith(
        "Quiet: history was played up to 2027-01-14 07:00:00 UTC; no tick in the last 10 s."
    )


def test_a_rate_is_known_though_the_broker_answers_seldom() -> None:
    seldom = rates((14.0, 0, 0, 0, 0), (7.0, 7_000, 7_000, 0, 0), (0.0, 14_000, 14_000, 0, 0))
    assert seldom.per_second("ticks") == 1_000.0


def test_a_broker_that_is_gone_says_how_old_the_figures_are() -> None:
    found = band(rates(*STEADY), Link(NOW - 30.0, "no answer"))
    assert "30 s old" in found.sentence
    assert found.colour == "act"


def test_ticks_without_predictions_turn_red_after_a_while() -> None:
    lights, silent = Lights(), rates((5.0, 0, 0, 0, 0), (0.0, 5_000, 0, 0, 0))
    colours = []
    for later in (0.0, 6.0, 16.0):
        found = alive(silent, Latency(), Clock(), HERE, lights, OpenAlerts(), NOW + later)
        colours.append(next(tile.colour for tile in found.tiles if tile.name == "predictions"))
    assert colours == ["good", "attention", "act"]


def test_dead_letters_are_judged_by_their_part_of_the_ticks() -> None:
    def colour(letters: int) -> str:
        found = band(rates((50.0, 0, 0, 0, 0), (0.0, 10_000, 10_000, letters, 10_000)), HERE)
        return next(tile.colour for tile in found.tiles if tile.name == "letters")

    assert [colour(letters) for letters in (0, 5, 50, 5_000)] == ["idle", "good", "attention", "act"]


def test_since_stays_while_the_colour_does() -> None:
    lights = Lights()
    first = alive(rates(*STEADY), Latency(), Clock(), HERE, lights, OpenAlerts(), NOW)
    later = alive(rates(*STEADY), Latency(), Clock(), HERE, lights, OpenAlerts(), NOW + 5.0)
    assert [tile.since for tile in first.tiles] == [tile.since for tile in later.tiles]
