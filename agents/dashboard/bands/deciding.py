"""The fourth band: what is being tried, and how sure are we?"""

from collections.abc import Iterator

from msgspec import Struct

from agents.audit.winners import Became, followed
from agents.dashboard.state.order import RecordOrder
from agents.experiments.facts import Fact, GuardrailRow, effect, facts, guardrails
from agents.experiments.status import (
    RUNNING,
    UNITS,
    Course,
    applied,
    challengers_of,
    ended,
    evidence,
    follow,
    interval,
    shown,
    status,
    symbols_of,
    verdict,
)
from agents.pages.wording import moment
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
    facts: tuple[Fact, ...]
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
        effect: of the primary score; `low` to `high` is its `interval`.
        log_e_better, log_e_worse, threshold: as e-values.
        scored: pairs.
    """

    key: str
    experiment: str
    symbol: str
    status: str
    running: bool
    effect: str
    interval: str
    log_e_better: str
    log_e_worse: str
    threshold: str
    scored: str


class Headlines(Struct, frozen=True):
    """Listed experiments, undecided ones first, and the number of all."""

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
            if version.version in challengers_of(course.latest) and version.symbol in symbols_of(course.latest):
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
        effect(latest, UNITS.get(latest.primary, "")),
        interval(latest.low, latest.high),
        evidence(latest.log_e_better),
        evidence(latest.log_e_worse),
        evidence(latest.threshold),
        f"{latest.scored:,}",
    )


def standing(course: Course) -> ExperimentRow:
    """An experiment for people."""
    latest = course.latest
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
        facts(course),
        guardrails(latest),
        told,
        latest.plan,
        shadow,
        became is not None and became.live,
    )


def _words(name: str) -> str:
    return name.replace("_", " ")
