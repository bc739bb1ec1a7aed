"""The first section of the page: is the system running, and does it keep up with its ticks?"""

from collections.abc import Callable
from datetime import UTC, datetime

from msgspec import Struct

from agents.dashboard.bands.alerts import RULE, OpenAlerts
from agents.dashboard.bands.backlog import Backlog, backlog
from agents.dashboard.bands.lights import BEHIND, CHECKPOINT, LATENCY, ORDER, REFUSED, SILENCE, Colour, Lights
from agents.dashboard.state.latency import SPAN_S, Latency
from agents.dashboard.state.pace import HISTORY_S
from agents.dashboard.state.pace import SPAN_S as PACE_SPAN_S
from agents.dashboard.state.rates import Rates
from agents.pages.wording import moment
from schemas.alerts import Alert
from schemas.topics import DEAD_LETTERS, PREDICTIONS, TICKS

QUIET_S = 10.0

ANSWERED_S = 20.0
"""Longest time between answers of the broker, seconds. It is asked every second and has 4 s to answer each time, so
after a longer time nobody asks any more."""


PASSED_OVER = "amber: something was read that makes no sense; red: a part of this page cannot be shown"


class AliveTile(Struct, frozen=True):
    """One figure at the top of the page with its traffic light.

    Attributes:
        name: key of the tile, by which the page finds its element.
        label: heading that people read.
        value: the figure with its unit, ready to show; "-" without one.
        note: what a reader must know about the figure, such as its sample size or the interval it covers.
        colour: colour of the traffic light.
        since: UTC time of the wall clock at which the light took this colour, as text.
        rule: sentence that says when the light is amber or red; empty for a tile without limits.
    """

    name: str
    label: str
    value: str
    note: str
    colour: Colour
    since: str = ""
    rule: str = ""


class BrokerLink(Struct, frozen=True):
    """State of the dashboard's own connection to the Kafka broker.

    Attributes:
        answered_s: when the broker last answered, seconds since 1970; 0 if it never has.
        problem: what went wrong at the last request; empty if it succeeded.
        members: number of workers in the consumer group; -1 if not known.
        group: state of the consumer group in Kafka's own word, such as `Stable`; empty if not known.
        named: name of the replay run whose topics are shown; empty for the live topics.
    """

    answered_s: float = 0.0
    problem: str = ""
    members: int = -1
    group: str = ""
    named: str = ""


class FollowerState(Struct, frozen=True):
    """State of the Kafka consumer that reads the topics for the page.

    Attributes:
        stalled: sentence on how the consumer is stuck; empty while it makes progress.
        begun_again: number of times that the consumer was restarted because it was stuck.
        passed: number of records skipped because they could not be understood.
        by_topic: skipped records as pairs of topic and number, most frequent topic first.
        newest: topic, partition and offset of the last skipped record and what was wrong with it, as text;
            empty if none was skipped.
        troubles: parts of the page that could not be updated, as pairs of name and error.
    """

    stalled: str = ""
    begun_again: int = 0
    passed: int = 0
    by_topic: tuple[tuple[str, int], ...] = ()
    newest: str = ""
    troubles: tuple[tuple[str, str], ...] = ()


WELL = FollowerState()


class Alive(Struct, frozen=True):
    """Content of the first section of the page: whether the system runs and keeps up.

    Attributes:
        mode: `starting`, `no_data`, `live`, `quiet`, `replaying`, `recovering`, `broker_gone` or `stalled`.
        sentence: the mode and its cause, for people.
        colour: worst colour of the mode and the tiles; open alerts and skipped records do not count.
        tiles: figures in the order in which they are shown.
        lags: number of ticks that no checkpoint covers yet, one for each partition, in order of partitions.
    """

    mode: str
    sentence: str
    colour: Colour
    tiles: tuple[AliveTile, ...]
    lags: tuple[int, ...]


class Clock(Struct, frozen=True):
    """The market's event time, compared with the wall clock.

    Attributes:
        newest_ns: latest event time of the market, ns since 1970; 0 before the first prediction.
        speed: seconds of event time that passed in one second of wall time, over the last ten seconds.
            None if too little was written to tell.
    """

    newest_ns: int = 0
    speed: float | None = None

    def is_history(self, now: float) -> bool:
        """Whether event time lies more than ten minutes behind `now` (wall clock, seconds since 1970).

        Event time that old means that past ticks are being replayed. False before the first prediction.
        """
        return self.newest_ns > 0 and now - self.newest_ns / 1e9 > HISTORY_S


def alive(
    rates: Rates,
    latency: Latency,
    clock: Clock,
    link: BrokerLink,
    lights: Lights,
    alerts: OpenAlerts,
    now: float,
    itself: FollowerState = WELL,
    seen: Callable[[Alert], bool] = lambda _: False,
) -> Alive:
    """Compute the first section of the page as of `now`.

    Args:
        rates: end offsets and checkpoints of the last minute.
        latency: recent times from a tick to its prediction.
        clock: event time of the market.
        link: state of the connection to the broker.
        lights: when each light took its colour; updated by this call.
        alerts: alerts that nothing has resolved yet.
        now: wall clock, seconds since 1970.
        itself: state of the consumer that reads for the page.
        seen: tells whether a person has acknowledged an alert; such alerts do not colour the light.
    """
    ticks, predictions = rates.per_second(TICKS.name), rates.per_second(PREDICTIONS.name)
    waiting = backlog(rates, history=clock.is_history(now))
    tiles = (
        _ticks(rates, ticks),
        _predictions(rates, ticks, predictions, lights, now),
        _latency(latency, waiting, now),
        _lag(rates, ticks, waiting),
        _checkpoint(rates, waiting, now),
        _letters(rates),
        _time(clock, now),
    )
    mode, sentence, colour = _mode(rates, waiting, clock, link, now, itself)
    dated = tuple(_dated(tile, lights, now) for tile in (*tiles, _alerts(alerts, now, seen), *_page(itself)))
    # Alerts are about models, and skipped records about the page: neither says whether the workers keep up.
    worst = max((colour, *(tile.colour for tile in tiles)), key=ORDER.index)
    since = _wall(lights.since("mode", mode, now), now)
    latest = rates.latest
    lags = tuple(latest.lags[each] for each in sorted(latest.lags)) if latest is not None else ()
    return Alive(mode, f"{sentence} Since {since}.", worst, dated, lags)


def _mode(
    rates: Rates, waiting: Backlog, clock: Clock, link: BrokerLink, now: float, itself: FollowerState
) -> tuple[str, str, Colour]:
    if link.problem and link.answered_s:
        old = f"what is shown is {now - link.answered_s:,.0f} s old"
        return "broker_gone", f"The broker does not answer ({link.problem}); {old}.", "act"
    if itself.stalled:
        return "stalled", f"This page's follower stands still ({itself.stalled}): what is shown is old.", "act"
    if link.answered_s and now - link.answered_s > ANSWERED_S:
        said = f"nobody has asked the broker for {now - link.answered_s:,.0f} s"
        return "stalled", f"This page's follower stands still ({said}): what is shown is old.", "act"
    if link.problem or rates.latest is None:
        said = link.problem or "asking the broker"
        return "starting", f"Starting: {said}.", "attention" if link.problem else "idle"
    if rates.count(TICKS.name) == 0:
        return "no_data", "No tick has arrived yet: `tickloop publish FILE` sends some.", "idle"
    age = rates.checkpoint_age(now)
    if link.members == 0:
        return "recovering", "No worker runs: ticks wait on their topic, nothing is lost.", "act"
    stands = age is not None and age > CHECKPOINT.attention and not (waiting.worked_off and waiting.turns)
    if (rates.lag and "Rebalance" in link.group) or stands:
        return (
            "recovering",
            f"Recovering: {rates.lag:,} ticks wait while workers take over their partitions.",
            "attention",
        )
    return _flow(rates, waiting, clock, link, now)


def _flow(rates: Rates, waiting: Backlog, clock: Clock, link: BrokerLink, now: float) -> tuple[str, str, Colour]:
    """Mode, sentence and colour while nothing is wrong. A replay of old ticks is never called live."""
    run = f" of the run {link.named}" if link.named else ""
    history = clock.is_history(now) or bool(link.named)
    if rates.grown(TICKS.name, QUIET_S) == 0 and not waiting.worked_off:
        if history:
            upto = f" up to {moment(clock.newest_ns)} UTC" if clock.newest_ns else ""
            return "quiet", f"Quiet: history{run} was played{upto}; no tick in the last 10 s.", "idle"
        rest = f"{rates.lag:,} wait for a checkpoint" if rates.lag else "everything that came is answered"
        return "quiet", f"Quiet: no tick in the last 10 s; {rest}.", "idle"
    if not clock.newest_ns:
        return "starting", "Starting: ticks come, no prediction was read yet.", "idle"
    if history:
        said = "how fast event time runs is not known yet"
        if clock.speed is not None:
            said = f"over the last {PACE_SPAN_S:.0f} s event time ran {speed(clock.speed)} as fast as the clock"
        queue = f"; {waiting.says}" if waiting.worked_off else ""
        return "replaying", f"Replaying history{run}: {said}{queue}.", "good"
    return "live", f"Live: {waiting.says}." if waiting.worked_off and waiting.turns else "Live.", "good"


def speed(times: float) -> str:
    """A ratio as text followed by "times"; the larger the ratio, the fewer decimals.

    >>> speed(0.517), speed(1.0), speed(4_006.4)
    ('0.52 times', '1.0 times', '4,006 times')
    """
    return f"{times:,.{0 if times >= 100.0 else 1 if times >= 1.0 else 2}f} times"


def _ticks(rates: Rates, ticks: float) -> AliveTile:
    count = rates.count(TICKS.name)
    return AliveTile("ticks", "Ticks", f"{ticks:,.0f} /s", f"{count:,} on the topic", "good" if ticks else "idle")


def _predictions(rates: Rates, ticks: float, predictions: float, lights: Lights, now: float) -> AliveTile:
    silent = ticks > 0.0 and predictions == 0.0
    began = lights.since("silence", str(silent), now)
    colour = SILENCE.colour(now - began if silent else 0.0) if ticks or predictions else "idle"
    count = rates.count(PREDICTIONS.name)
    return AliveTile(
        "predictions",
        "Predictions",
        f"{predictions:,.0f} /s",
        f"{count:,} on the topic, repeats included",
        colour,
        rule=SILENCE.says,
    )


def _latency(latency: Latency, waiting: Backlog, now: float) -> AliveTile:
    found = latency.quantiles(now)
    if found is None:
        note = f"no prediction in the last {SPAN_S:.0f} s"
        return AliveTile("latency", "Tick to prediction", "-", note, "idle", rule=LATENCY.says)
    note = f"p50; p99 {found.p99_ms:,.0f} ms; n = {found.n:,} of the last {SPAN_S:.0f} s"
    if found.history:
        note += "; ticks of history, which wait in their queue"
    colour = "good" if found.history else _no_fault(LATENCY.colour(found.p99_ms), waiting)
    return AliveTile("latency", "Tick to prediction", f"{found.p50_ms:,.0f} ms", note, colour, rule=LATENCY.says)


def _no_fault(colour: Colour, waiting: Backlog) -> Colour:
    """Soften the colour of a figure that is high only because ticks wait in a queue that is being worked off."""
    if not waiting.worked_off:
        return colour
    return "good" if waiting.history else min(colour, "attention", key=ORDER.index)


def _lag(rates: Rates, ticks: float, waiting: Backlog) -> AliveTile:
    latest = rates.latest
    if latest is None:
        return AliveTile("lag", "Lag", "-", "not known yet", "idle", rule=BEHIND.says)
    behind = rates.lag / max(ticks, 1.0)
    worst = max(latest.lags, key=latest.lags.__getitem__, default=None)
    where = f"most on partition {worst}: {latest.lags[worst]:,}" if worst is not None and rates.lag else "none waits"
    what = waiting.says if waiting.worked_off and waiting.turns else "ticks without a checkpoint"
    note = f"{what}; {where}"
    # Without new ticks there is no rate to measure the lag by; the age of the checkpoint says more then.
    colour = _no_fault(BEHIND.colour(behind) if ticks else "good" if not rates.lag else "attention", waiting)
    return AliveTile("lag", "Lag", f"{rates.lag:,}", note, colour, rule=BEHIND.says)


def _checkpoint(rates: Rates, waiting: Backlog, now: float) -> AliveTile:
    age = rates.checkpoint_age(now)
    if rates.latest is None or age is None:
        return AliveTile("checkpoint", "Checkpoint age", "-", "nothing waits for one", "idle", rule=CHECKPOINT.says)
    note = "of the partition that has waited longest"
    colour = CHECKPOINT.colour(age)
    if waiting.turns and colour != "good":
        note += ": its turn comes after the queues of others"
        colour = _no_fault(colour, waiting)
    return AliveTile("checkpoint", "Checkpoint age", f"{age:.1f} s", note, colour, rule=CHECKPOINT.says)


def _letters(rates: Rates) -> AliveTile:
    count, lately, came = rates.count(DEAD_LETTERS.name), rates.grown(DEAD_LETTERS.name), rates.grown(TICKS.name)
    colour = REFUSED.colour(lately / came if came else 0.0) if count else "idle"
    return AliveTile(
        "letters", "Dead letters", f"{count:,}", f"{lately:,} in the last minute", colour, rule=REFUSED.says
    )


def _time(clock: Clock, now: float) -> AliveTile:
    if not clock.newest_ns:
        return AliveTile("time", "Event time", "-", "no prediction yet", "idle")
    behind = now - clock.newest_ns / 1e9
    colour: Colour = "attention" if behind < -2.0 else "good"
    said = "ahead of the clock: check the producer's" if behind < -2.0 else f"{_span(behind)} behind the clock"
    return AliveTile(
        "time", "Event time, UTC", moment(clock.newest_ns)[11:], f"{moment(clock.newest_ns)[:10]}; {said}", colour
    )


def _page(itself: FollowerState) -> tuple[AliveTile, ...]:
    """A tile about skipped records and parts of the page that cannot be updated; empty if there are none."""
    if itself.troubles:
        name, why = itself.troubles[0]
        note = f"the part {name} is not brought up to date: {why}"
        return (AliveTile("page", "This page", "has trouble", note, "act", rule=PASSED_OVER),)
    if not itself.passed and not itself.begun_again:
        return ()
    said = [f"its follower stood still and was begun anew {itself.begun_again:,} times"] if itself.begun_again else []
    if itself.passed:
        topics = ", ".join(f"{topic} {count:,}" for topic, count in itself.by_topic)
        said.append(f"records that make no sense: {topics}; the last, {itself.newest}")
    return (AliveTile("page", "Passed over", f"{itself.passed:,}", "; ".join(said), "attention", rule=PASSED_OVER),)


def _alerts(alerts: OpenAlerts, now: float, seen: Callable[[Alert], bool]) -> AliveTile:
    if not alerts.taken:
        return AliveTile("alerts", "Open alerts", "-", "no alert has been told yet", "idle", rule=RULE)
    every = alerts.open(now)
    found = [alert for alert in every if not seen(alert)]
    aside = f"{len(every) - len(found):,} acknowledged" if len(every) > len(found) else ""
    if not found:
        told = f"{alerts.taken:,} were told" + (f"; {aside}" if aside else "")
        return AliveTile("alerts", "Open alerts", "0", told, "good", rule=RULE)
    worst = found[0]
    errors = sum(alert.severity == "error" for alert in found)
    named = f"{worst.kind.replace('_', ' ')} {worst.symbol}".rstrip()
    note = f"worst: {named}; errors: {errors:,}, warnings: {len(found) - errors:,}" + (f"; {aside}" if aside else "")
    return AliveTile("alerts", "Open alerts", f"{len(found):,}", note, "act" if errors else "attention", rule=RULE)


def _span(seconds: float) -> str:
    """A length of time as short text in the unit that suits it.

    >>> [_span(each) for each in (0.4, 75.0, 7_300.0, 300_000.0)]
    ['0.4 s', '75 s', '2.0 h', '3 d']
    """
    for unit, size, least, form in (("d", 86_400, 172_800, ",.0f"), ("h", 3_600, 3_600, ".1f"), ("s", 1, 10, ".0f")):
        if seconds >= least:
            return f"{seconds / size:{form}} {unit}"
    return f"{max(0.0, seconds):.1f} s"


def _dated(tile: AliveTile, lights: Lights, now: float) -> AliveTile:
    since = lights.since(tile.name, tile.colour, now)
    return AliveTile(tile.name, tile.label, tile.value, tile.note, tile.colour, _wall(since, now), tile.rule)


def _wall(seconds: float, now: float) -> str:
    """A wall-clock time as text in UTC, with the date only if it is not today's.

    >>> _wall(1_800_000_000.0, 1_800_000_060.0), _wall(1_799_900_000.0, 1_800_000_060.0)
    ('08:00:00 UTC', '2027-01-14 04:13:20 UTC')
    """
    then, today = datetime.fromtimestamp(seconds, UTC), datetime.fromtimestamp(now, UTC)
    return f"{then:%H:%M:%S} UTC" if then.date() == today.date() else f"{then:%Y-%m-%d %H:%M:%S} UTC"
