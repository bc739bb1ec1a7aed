"""The fourth section of the page: which experiments run, and how strong is their evidence?

An experiment tests one model version (the challenger) against the live one (the champion) on the same ticks.
"""

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
"""Most progress records kept of one experiment on one symbol; beyond it every second one of the older half is
dropped."""

MOST_COURSES = 400
"""Most experiments (counted for each symbol) that are kept: those with the newest progress records."""

MOST_DECISIONS = 100
"""Most decisions kept of one experiment on one symbol: the last ones."""

MOST_EARLY = 100
"""Most experiments of which decisions are kept before a progress record was read; that record follows within
seconds."""

MOST_HEADLINES = 60

MOST_LIVES = 4_000
"""Most versions whose history is kept: those that changed last."""

Key = tuple[str, str]
"""Experiment and symbol."""


class ExperimentRow(Struct, frozen=True):
    """Full view of one experiment on one symbol, in words for people.

    Attributes:
        experiment, symbol: names.
        challenger, champion: names of the version under test and of the live version that it is tested against.
        key: `experiment|symbol`, by which the page asks for its charts.
        status: status in words.
        running: whether the experiment is still undecided.
        verdict: sentence on how the experiment stands or how it ended.
        facts: figures, each with name, value and note.
        guardrails: secondary metrics that can stop a win, in the order of the plan; empty if it has none.
        decisions: rows of time, decision and reason, as text.
        plan: digest of the plan that was registered.
        shadow: name under which the challenger runs in shadow (its predictions are scored but not
            published); the page's actions to promote or stop it need this name. Empty if it does not
            run in shadow.
        live: whether the challenger is the live version now; the page then offers to roll it back.
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
    """One row of the list of experiments, as text ready to show.

    The challenger is the model version under test, the champion the live one.

    Attributes:
        key: `experiment|symbol`, by which the page asks for the full view.
        experiment, symbol, status: names, and the status in words.
        running: whether the experiment is still undecided.
        effect: challenger's score less the champion's on the primary metric, with its unit.
        interval: confidence interval of the effect.
        log_e_better: evidence that the challenger is better, an e-value. Despite the name, the text
            shows the e-value and not its logarithm.
        log_e_worse: evidence that the challenger is worse, shown in the same way.
        threshold: e-value that `log_e_better` must reach for the challenger to win.
        scored: number of predictions scored for both versions.
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
    """The list of experiments on the page.

    Attributes:
        rows: undecided experiments first, at most 60.
        all: number of experiments known, including those not listed.
    """

    rows: tuple[Headline, ...]
    all: int


class Courses:
    """History of every experiment on every symbol, bounded in size.

    Iteration gives items of the form ((experiment, symbol), history). The item with the newest progress record
    comes first.

    Attributes:
        change: counter that grows whenever anything shown about experiments may have changed.
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
        """History of the experiment `key` = (experiment, symbol); None if it is not known."""
        return self._courses.get(key)

    def moved(self, record: ExperimentMoved) -> None:
        """Take a progress record of an experiment.

        A record that was written again after a crash is ignored. A new plan under the same name starts a new history.
        """
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
        """Take a status record of a model version; update the experiments that test this version."""
        name = version.symbol, version.version
        self._lives[name] = followed(self._lives.pop(name, None), version)
        if len(self._lives) > MOST_LIVES:
            del self._lives[next(iter(self._lives))]
        for course in self._courses.values():
            if version.version in challengers_of(course.latest) and version.symbol in symbols_of(course.latest):
                follow(course, self._lives)
                self.change += 1

    def decided(self, record: ExperimentDecided) -> None:
        """Take a decision of an experiment; a decision taken twice counts once.

        A decision that is read before the first progress record of its experiment is kept until that record arrives.
        """
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
    """List of experiments for the page, at most 60: undecided ones first; within each group sorted by name and
    symbol.
    """
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
    """Full view of one experiment on one symbol, made from its history."""
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
