"""The fourth band: what is being tried, and how sure are we?"""

from collections.abc import Iterator

from msgspec import Struct

from agents.audit.winners import Became, followed
from agents.dashboard.state.order import RecordOrder
from agents.experiments.status import (
    DAY_NS,
    RUNNING,
    UNITS,
    Course,
    applied,
    decision,
    ended,
    evidence,
    follow,
    held,
    interval,
    needed_worse,
    outlook,
    shown,
    status,
    symbols_of,
    verdict,
)
from agents.pages.wording import lasting, moment, number
from schemas.experiments import ExperimentDecided, ExperimentMoved
from schemas.versions import ModelVersion
from streams.experiments.pooling_node import EVERYONE

MOST_MOVES = 1_000
"""Of one experiment on one symbol; then every second of the older half goes."""

MOST_COURSES = 400
"""Experiments on symbols that are kept: the ones that moved last."""

MOST_DECISIONS = 100
"""Of one experiment on one symbol: the last ones."""

MOST_EARLY = 100
"""Experiments of which a decision was read before anything else; they are read within seconds of each other."""

MOST_HEADLINES = 60

MOST_LIVES = 4_000
"""Versions of which it is known what became of them: those that changed last."""

Key = tuple[str, str]
"""Experiment, symbol."""


class GuardrailRow(Struct, frozen=True):
    """A row: what must not become worse."""

    metric: str
    estimate: str
    interval: str
    limit: str
    evidence: str
    kept: bool


class ExperimentRow(Struct, frozen=True):
    """An experiment on a symbol, for people.

    Attributes:
        experiment, symbol, challenger, champion: names.
        key: of the figures that belong to it.
        status: in words.
        running: whether it is not decided yet.
        verdict: a sentence.
        facts: name, value and note.
        guardrails: in order; none was registered if empty.
        decisions: when, what, why.
        plan: digest of what was registered.
        shadow: name of the arm in which the challenger runs in shadow: it can be promoted and stopped; or empty.
        live: whether the challenger is live: it can be rolled back.
    """

    experiment: str
    symbol: str
    key: str
    challenger: str
    champion: str
    status: str
    running: bool
    verdict: str
    facts: tuple[tuple[str, str, str], ...]
    guardrails: tuple[GuardrailRow, ...]
    decisions: tuple[tuple[str, str, str], ...]
    plan: str
    shadow: str
    live: bool


class Headline(Struct, frozen=True):
    """A row of the list of experiments.

    Attributes:
        key: of what belongs to it.
        experiment, symbol, status: in words.
        effect, interval: of the primary score.
        better, worse, needed: e-values, and the boundary.
        pairs: scored.
    """

    key: str
    experiment: str
    symbol: str
    status: str
    running: bool
    effect: str
    interval: str
    better: str
    worse: str
    needed: str
    pairs: str


class Headlines(Struct, frozen=True):
    """Those that are listed, undecided ones first, and how many there are."""

    rows: tuple[Headline, ...]
    all: int


class Courses:
    """Every experiment that moved, the last of them first.

    Attributes:
        change: grows with every record.
    """

    def __init__(self) -> None:
        self.change = 0
        self._courses: dict[Key, Course] = {}
        self._early: dict[Key, list[ExperimentDecided]] = {}
        self._newest: dict[Key, RecordOrder] = {}
        self._lives: dict[tuple[str, str], Became] = {}

    def __iter__(self) -> Iterator[tuple[Key, Course]]:
        return iter(reversed(self._courses.items()))

    def get(self, key: Key) -> Course | None:
        """Course of an experiment on a symbol."""
        return self._courses.get(key)

    def moved(self, record: ExperimentMoved) -> None:
        """Take where an experiment stands."""
        self.change += 1
        key = record.experiment, record.symbol
        if not self._newest.setdefault(key, RecordOrder()).is_new(record.id):
            return  # written again after a crash
        course = self._courses.pop(key, None)
        if course is None:
            course = Course()
            course.decisions += self._early.pop(key, [])
        self._courses[key] = course
        if len(self._courses) > MOST_COURSES:
            oldest = next(iter(self._courses))
            del self._courses[oldest], self._newest[oldest]
        if course.moves and (record.plan != course.latest.plan or record.pairs < course.latest.pairs):
            course.moves.clear()  # the same name was registered anew
        course.moves.append(record)
        follow(course, self._lives)
        if len(course.moves) > MOST_MOVES:
            half = MOST_MOVES // 2
            course.moves[:half] = course.moves[:half:2]

    def versioned(self, version: ModelVersion) -> None:
        """Take what became of a version, which may be the challenger of an experiment."""
        name = version.symbol, version.version
        self._lives[name] = followed(self._lives.pop(name, None), version)
        if len(self._lives) > MOST_LIVES:
            del self._lives[next(iter(self._lives))]
        for course in self._courses.values():
            if version.version in course.latest.challenger and version.symbol in symbols_of(course.latest):
                follow(course, self._lives)
                self.change += 1

    def decided(self, record: ExperimentDecided) -> None:
        """Take a decision; one that overtook its experiment waits for it."""
        self.change += 1
        key = record.experiment, record.symbol
        course = self._courses.get(key)
        known = course.decisions if course is not None else self._early.setdefault(key, [])
        if all(each.id != record.id for each in known):
            known.append(record)
            del known[:-MOST_DECISIONS]
        if len(self._early) > MOST_EARLY:
            del self._early[next(iter(self._early))]


def headlines(courses: Courses) -> Headlines:
    """The list: what is running comes first."""
    ordered = sorted(courses, key=lambda item: (item[1].latest.status not in RUNNING, item[0]))
    return Headlines(tuple(_headline(course) for _, course in ordered[:MOST_HEADLINES]), len(ordered))


def _headline(course: Course) -> Headline:
    latest = course.latest
    return Headline(
        f"{latest.experiment}|{latest.symbol}",
        latest.experiment,
        shown(latest.symbol),
        status(course),
        latest.status in RUNNING,
        number(_estimate(latest, latest.effect), "+.4f", UNITS.get(latest.primary, "")),
        interval(latest.low, latest.high),
        evidence(latest.log_e_better),
        evidence(latest.log_e_worse),
        evidence(latest.threshold),
        f"{latest.scored:,}",
    )


def standing(course: Course) -> ExperimentRow:
    """An experiment for people."""
    latest, still = course.latest, outlook(course)
    unit = UNITS.get(latest.primary, "")
    boundary = evidence(latest.threshold)
    left, note = "-", "it is over" if latest.status not in RUNNING else "no rate is known yet"
    if still is not None:
        most = lasting(round(still.longest_days * DAY_NS))
        note = f"to a decision; at most {most} at {still.pairs_a_day:,.0f} pairs a day"
        if still.decided_days is not None:
            left = lasting(round(still.decided_days * DAY_NS))
        else:
            note = f"the evidence does not grow; {note}"
    last = decision(course)
    since = "not decided yet" if last is None else f"since {moment(last.ts_event)} UTC"
    dependence = (
        "no batch is full yet"
        if not latest.batches
        else "batches look independent"
        if latest.independent
        else "batches depend on each other: nothing is decided"
    )
    facts = (
        ("Status", status(course), held(latest) if latest.holding else since),
        (
            "Effect",
            number(_estimate(latest, latest.effect), "+.4f"),
            f"{unit}; 95 % confidence sequence {interval(latest.low, latest.high)}",
        ),
        ("Evidence better", evidence(latest.log_e_better), f"e-value, of {boundary} needed; p = {latest.p:.3g}"),
        ("Evidence worse", evidence(latest.log_e_worse), f"e-value, of {needed_worse(latest)} needed"),
        ("Pairs", f"{latest.scored:,}", f"of at most {latest.longest:,}, in {latest.batches:,} batches"),
        (
            "Dependence",
            number(_estimate(latest, latest.autocorrelation), "+.3f"),
            f"lag-1 autocorrelation; {dependence}",
        ),
        ("Time left", left, note),
    )
    rows = tuple(
        GuardrailRow(
            _words(each.metric),
            number(_estimate(latest, each.effect), "+.4f"),
            interval(each.low, each.high),
            number(-each.margin, "+.4g"),
            evidence(each.log_e),
            each.kept,
        )
        for each in latest.guardrails
    )
    told = tuple(
        (moment(each.ts_event), _words(each.verdict) + applied(each), each.reason) for each in course.decisions
    ) + tuple((when, f"{what} ({by})", why) for when, what, by, why in ended(course))
    became = None if latest.symbol == EVERYONE else course.became.get(latest.symbol)
    shadow = became.shadow if became is not None else ""
    return ExperimentRow(
        latest.experiment,
        shown(latest.symbol),
        f"{latest.experiment}|{latest.symbol}",
        latest.challenger,
        latest.champion,
        status(course),
        latest.status in RUNNING,
        verdict(course),
        facts,
        rows,
        told,
        latest.plan,
        shadow,
        became is not None and became.live,
    )


def _estimate(latest: ExperimentMoved, value: float) -> float | None:
    """What the batches say; before the first of them is full nothing was estimated."""
    return value if latest.batches else None


def _words(name: str) -> str:
    return name.replace("_", " ")
