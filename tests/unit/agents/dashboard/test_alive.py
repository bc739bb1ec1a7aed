"""The top row of the page has words of its own for each state of the loop, and red only where a person should act."""

import msgspec
import pytest

from agents.dashboard.bands.alerts import OpenAlerts
from agents.dashboard.bands.alive import Alive, BrokerLink, Clock, alive
from agents.dashboard.bands.lights import Lights
from agents.dashboard.state.latency import Latency, PredictionTimes
from agents.dashboard.state.rates import Ends, Rates

NOW = 1_800_000_000.0


def rates(*moments: tuple[float, int, int, int, int]) -> Rates:
    """Rates from samples of: seconds before now, and counts of ticks, predictions, dead letters and committed ticks."""
    found = Rates()
    for before, ticks, predictions, letters, committed in moments:
        counts = {"ticks": ticks, "predictions": predictions, "dead-letters": letters}
        found.take(Ends(NOW - before, counts, {0: ticks - committed}, {0: committed}))
    return found


def band(found: Rates, link: BrokerLink, newest_s: float = NOW - 1.0, speed: float | None = None) -> Alive:
    clock = Clock(round(newest_s * 1e9), speed)
    return alive(found, Latency(), clock, link, Lights(), OpenAlerts(), NOW)


STEADY = ((20.0, 8_000, 8_000, 0, 8_000), (1.0, 27_000, 27_000, 0, 26_500), (0.0, 28_000, 28_000, 0, 27_500))
ENDED = (
    (20.0, 8_000, 8_000, 0, 8_000),
    (9.0, 8_000, 8_000, 0, 8_000),
    (7.0, 9_000, 9_000, 0, 9_000),
    (0.0, 9_000, 9_000, 0, 9_000),
)
"""Samples of a replay whose last tick came seven seconds ago."""

WORKED_OFF = ((30.0, 9_000, 1_000, 0, 1_000), (9.0, 9_000, 8_000, 0, 8_000), (0.0, 9_000, 8_500, 0, 8_500))
"""Samples in which no more ticks come, but predictions still do."""

HERE = BrokerLink(NOW, "", 2, "Stable")


@pytest.mark.parametrize(
    ("found", "link", "newest", "mode"),
    [
        (rates(), BrokerLink(), NOW, "starting"),
        (rates(), BrokerLink(problem="no broker"), NOW, "starting"),
        (rates((0.0, 0, 0, 0, 0)), HERE, 0.0, "no_data"),
        (rates(*STEADY), HERE, NOW, "live"),
        (rates(*STEADY), HERE, NOW - 90_000.0, "replaying"),
        (rates(*STEADY), msgspec.structs.replace(HERE, named="monday"), NOW, "replaying"),
        (rates(*STEADY), HERE, 0.0, "starting"),
        (rates(*WORKED_OFF), HERE, NOW - 90_000.0, "replaying"),
        (rates(*ENDED), HERE, NOW - 90_000.0, "replaying"),
        (rates((30.0, 9, 9, 0, 9), (15.0, 9, 9, 0, 9), (0.0, 9, 9, 0, 9)), HERE, NOW, "quiet"),
        (rates(*STEADY), BrokerLink(NOW, "", 0, "Empty"), NOW, "recovering"),
        (rates((20.0, 100, 100, 0, 100), (10.0, 900, 100, 0, 100), (0.0, 1_700, 100, 0, 100)), HERE, NOW, "recovering"),
        (rates(*STEADY), BrokerLink(NOW - 30.0, "no answer"), NOW, "broker_gone"),
    ],
)
def test_modes(found: Rates, link: BrokerLink, newest: float, mode: str) -> None:
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
    found = band(rates(*STEADY), BrokerLink(NOW - 30.0, "no answer"))
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


def of_a_file(waiting: int, before: int, predicted: int, standing_s: float, age_s: float, sending: int = 0) -> Alive:
    """State of the top row while a file is replayed at full speed; its events are `age_s` seconds old.

    Args:
        waiting: ticks that wait on the partition that is being computed. On another partition a thousand wait.
        before: ticks that waited on the first partition ten seconds ago.
        predicted: predictions per second.
        standing_s: age of the checkpoint of the other partition, s.
        age_s: age of the newest events, s.
        sending: ticks per second that still arrive.
    """
    found, latency = Rates(), Latency()
    end = 1_000_000
    for ago in range(60, -1, -1):
        lag = waiting + (before - waiting) * ago // 10
        sent = end - sending * ago
        moved = 1 if ago < standing_s else 0
        counts = {"ticks": sent, "predictions": end - predicted * ago, "dead-letters": 0}
        found.take(Ends(NOW - ago, counts, {0: lag, 1: 1_000}, {0: sent - lag, 1: moved}))
    newest = NOW - age_s
    clock = Clock(round(newest * 1e9))
    sent_ms = round((NOW - 40.0) * 1e3)
    latency.take({7: PredictionTimes(sent_ms + 40_000, round((newest - 40.0) * 1e9))}, {7: sent_ms}, NOW)
    return alive(found, latency, clock, HERE, Lights(), OpenAlerts(), NOW)


def colours(found: Alive) -> dict[str, str]:
    return {tile.name: tile.colour for tile in found.tiles if tile.name in ("latency", "lag", "checkpoint")}


@pytest.mark.parametrize("sending", [0, 17_000, 500], ids=["sent", "being sent", "the last of it is being sent"])
def test_a_file_that_was_sent_at_full_speed_shows_no_red_light(sending: int) -> None:
    grows = max(0, sending - 3_000) * 10
    history = of_a_file(270_000, 300_000 - grows, 3_000, 40.0, 90_000.0, sending)
    assert colours(history) == {"latency": "good", "lag": "good", "checkpoint": "good"}
    assert (history.mode, history.colour) == ("replaying", "good")
    assert "271,000 ticks wait and are worked off, about 90 s of work" in history.sentence
    tiles = {tile.name: tile.note for tile in history.tiles}
    assert "ticks of history, which wait in their queue" in tiles["latency"]
    assert "its turn comes after the queues of others" in tiles["checkpoint"]


def test_live_ticks_that_waited_are_worked_off_without_a_red_light() -> None:
    found = of_a_file(270_000, 300_000, 3_000, 40.0, 1.0)
    assert set(colours(found).values()) == {"attention"}
    assert (found.mode, found.colour) == ("live", "attention")
    assert "about 90 s of work" in found.sentence


@pytest.mark.parametrize("age_s", [1.0, 90_000.0], ids=["live", "history"])
def test_a_queue_that_stands_is_red_whatever_it_holds(age_s: float) -> None:
    found = of_a_file(270_000, 270_000, 0, 40.0, age_s, sending=500)
    assert colours(found)["lag"] == "act"
    assert colours(found)["checkpoint"] == "act"
    assert (found.mode, found.colour) == ("recovering", "act")


def test_a_queue_of_live_ticks_that_outgrows_the_work_is_red() -> None:
    found = of_a_file(270_000, 250_000, 3_000, 1.0, 1.0, sending=5_000)
    assert (colours(found)["lag"], colours(found)["latency"]) == ("act", "act")


def test_a_partition_that_stands_alone_is_red_though_others_are_answered() -> None:
    found = of_a_file(2_000, 2_000, 3_000, 40.0, 1.0, sending=3_000)
    assert (found.mode, colours(found)["checkpoint"]) == ("recovering", "act")


def test_quiet_does_not_say_that_all_is_answered_while_something_waits() -> None:
    waits = band(rates((30.0, 900, 900, 0, 900), (15.0, 909, 909, 0, 901), (0.0, 909, 909, 0, 905)), HERE)
    assert waits.mode == "quiet"
    assert "4 wait for a checkpoint" in waits.sentence


def test_checkpoints_that_come_in_rounds_beside_a_queue_are_no_recovery() -> None:
    """No checkpoint came in the last 12 s while ticks wait, but predictions keep coming: the loop is busy."""
    found = Rates()
    for ago in range(60, -1, -1):
        counts = {"ticks": 90_000, "predictions": 90_000 - 1_500 * ago, "dead-letters": 0}
        lag = 90_000 - 1_500 * (60 - (ago if ago > 12 else 12))
        found.take(Ends(NOW - ago, counts, {0: lag}, {0: 90_000 - lag}))
    busy = alive(found, Latency(), Clock(round((NOW - 90_000.0) * 1e9)), HERE, Lights(), OpenAlerts(), NOW)
    assert (busy.mode, busy.colour) == ("replaying", "good")
