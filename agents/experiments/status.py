"""Describes experiments for people: their state in a sentence, the time that they still take, and what to do next."""

from collections.abc import Mapping, Sequence
from math import exp, log

from msgspec import UNSET, Struct, field

from agents.audit.winners import Became, Lives, by, of_experiment, since_then, what_ended
from agents.pages.wording import lasting, moment
from schemas.errors import ConfigurationError
from schemas.experiments import ExperimentDecided, ExperimentMoved, ExperimentStatus, PooledMoved
from streams.experiments.declaration import Declaration
from streams.experiments.experiment import HARM, TOGETHER
from streams.experiments.pooled import Pooled, pooled
from streams.experiments.pooling_node import EVERYONE

DAY_NS = 86_400 * 10**9

RUNNING: tuple[ExperimentStatus, ...] = ("planned", "warmup", "running")
WATCHED: tuple[ExperimentStatus, ...] = ("canary", "promoted", "confirmed")

HELD_BACK = "held back by a pin"

MOST_TOLD = 3
"""Most symbols for which a sentence says what became of their winner."""

UNITS = {
    "returns": "standard deviations of the difference",
    "risk_adjusted": "standard deviations of an arm",
    "log_growth": "standard deviations of the difference",
    "win_rate": "wins a pair",
    "log_loss": "nats",
    "drawdown": "bps",
}
"""Unit of the score, by primary metric."""


class Course(Struct):
    """The records of one experiment on one symbol, or on several symbols that decide together.

    Attributes:
        moves: records of the experiment's state, in the order of their topic. Event time may go back where a symbol's
            clock was set back.
        decisions: verdicts of the experiment, in the order of their topic.
        held_back: whether a verdict is not carried out, since an operator has pinned the live version.
        became: what the registry of model versions says about the version under test, by symbol.
    """

    moves: list[ExperimentMoved] = field(default_factory=list)
    decisions: list[ExperimentDecided] = field(default_factory=list)
    held_back: bool = False
    became: dict[str, Became] = field(default_factory=dict)

    @property
    def latest(self) -> ExperimentMoved:
        """The newest record of the experiment's state."""
        return self.moves[-1]


Courses = dict[str, dict[str, Course]]
"""Records by experiment, then by symbol; `EVERYONE` stands for symbols that are decided on together."""


def courses_of(moves: Sequence[ExperimentMoved], decisions: Sequence[ExperimentDecided]) -> Courses:
    """Group records by experiment and symbol.

    Both sequences keep the order of their topics, not that of event time. Verdicts of an experiment without any
    record of its state are left out.

    Args:
        moves: records of the state of experiments, each once.
        decisions: verdicts of experiments, each once.
    """
    found: Courses = {}
    for moved in moves:
        found.setdefault(moved.experiment, {}).setdefault(moved.symbol, Course()).moves.append(moved)
    for decided in decisions:
        course = found.get(decided.experiment, {}).get(decided.symbol)
        if course is not None:
            course.decisions.append(decided)
    return found


def symbols_of(latest: ExperimentMoved) -> tuple[str, ...]:
    """Return the symbols that a record is about: one, or all that decide together in the record's experiment."""
    return latest.symbols if isinstance(latest, PooledMoved) else (latest.symbol,)


def challengers_of(latest: ExperimentMoved) -> tuple[str, ...]:
    """Return the versions that a record's experiment tests against the live one.

    There is only one, unless the experiment covers several symbols and tests a different version on some of them.
    """
    if isinstance(latest, PooledMoved) and latest.challengers is not UNSET:
        return latest.challengers
    return (latest.challenger,)


def follow(course: Course, lives: Lives) -> None:
    """Set `became` and `held_back` of a course from the registry of model versions.

    Args:
        course: records of one experiment; it is changed.
        lives: history of every version, by symbol and name of the version.
    """
    latest = course.latest
    course.became = of_experiment(lives, symbols_of(latest), challengers_of(latest))
    course.held_back = any(each.latest.held is True for each in course.became.values())


def afterwards(course: Course) -> str:
    """Describe how the tested version stopped being live after its experiment; empty if it is live, or never was.

    If it stopped on more than three symbols, the first three are described and the others counted.
    """
    said = {symbol: since_then(each) for symbol, each in course.became.items()}
    told = [f"{symbol}: {words}" if len(course.became) > 1 else words for symbol, words in said.items() if words]
    more = f"; and on {len(told) - MOST_TOLD} more symbols" if len(told) > MOST_TOLD else ""
    return "; ".join(told[:MOST_TOLD]) + more


def ended(course: Course) -> list[tuple[str, str, str, str]]:
    """Return a table of how the tested version stopped being live, with one row for each symbol on which it did.

    The columns are: when (UTC), what happened, by whom, why.
    """
    rows = []
    for symbol, each in course.became.items():
        if each.ended is not None:
            at = f" on {symbol}" if len(course.became) > 1 else ""
            rows.append((moment(each.ended.ts_event), what_ended(each.ended) + at, by(each.ended), each.ended.reason))
    return rows


def status(course: Course) -> str:
    """Describe the state of an experiment in a few words.

    The words also say if a pinned live version holds a verdict back, and if the winner is no longer live.
    """
    said = course.latest.status.replace("_", " ") + f" ({HELD_BACK})" * course.held_back
    since = [each.ended for each in course.became.values() if each.ended is not None]
    if len(since) == 1 and len(course.became) == 1:
        (ended,) = since
        what = "" if what_ended(ended) == said else f"{what_ended(ended)} "
        return f"{said}; {what}{by(ended)} {moment(ended.ts_event)}"
    return f"{said}; no longer live on {len(since)} of {len(course.became)} symbols" if since else said


class Outlook(Struct, frozen=True):
    """How long an experiment still takes, at the rate of scored predictions so far.

    Attributes:
        pairs_a_day: predictions that are scored for both versions in a day of event time.
        decided_days: days until a decision if the evidence goes on growing as it did; None if it does not grow.
        longest_days: days until the experiment ends, decided or not.
    """

    pairs_a_day: float
    decided_days: float | None
    longest_days: float


def outlook(course: Course) -> Outlook | None:
    """Estimate how long an experiment still takes.

    None if the experiment is over, if it decides on several symbols together, or if the rate of pairs is not known yet.
    """
    latest = course.latest
    # The first record of all begins the warm-up, in which nothing is scored; a rate is one of the clock as it runs now.
    since = next((at for at in range(len(course.moves) - 1, 0, -1) if _set_back(course.moves, at)), 0)
    first = next((each for each in course.moves[since:] if each.batches), latest)
    scored, time = latest.scored - first.scored, latest.ts_event - first.ts_event
    if latest.status not in RUNNING or latest.collects is True or scored <= 0 or time <= 0:
        return None
    rate = scored / time * DAY_NS
    most = max(latest.log_e_better, latest.log_e_worse + log(HARM))
    longest = max(0, latest.longest - latest.scored) / rate
    missing = max(0.0, latest.threshold - most) * latest.scored / most if most > 0.0 else None
    return Outlook(rate, None if missing is None else min(longest, missing / rate), longest)


def _set_back(moves: Sequence[ExperimentMoved], at: int) -> bool:
    return moves[at].ts_event < moves[at - 1].ts_event


def shown(symbol: str) -> str:
    """Return the symbol, or "all symbols" for the `*` of an experiment that decides on several symbols together."""
    return "all symbols" if symbol == EVERYONE else symbol


def verdict(course: Course) -> str:
    """Describe an experiment in one or two sentences: its verdict and what happened since, or the evidence so far."""
    latest = course.latest
    where = f"{len(latest.symbols)} symbols together" if isinstance(latest, PooledMoved) else latest.symbol
    said = f"{latest.experiment} against {latest.champion} on {where}"
    if latest.status in RUNNING:
        missing = f"; {held(latest)}" if latest.holding else ""
        return (
            f"{said}: not decided after {latest.scored:,} pairs; evidence {evidence(latest.log_e_better)} that it is "
            f"better, of {evidence(latest.threshold)} needed, {evidence(latest.log_e_worse)} that it is worse, of "
            f"{needed_worse(latest)}{missing}."
        )
    if course.held_back:
        release = f"`tickloop models pin {latest.symbol} --off` releases it"
        return f"{said}: {status(course)}. {latest.reason} Only a person changes the live version: {release}."
    since = afterwards(course)
    return f"{said}: {latest.status.replace('_', ' ')}. {latest.reason}" + (f" Since then: {since}." if since else "")


def held(latest: ExperimentMoved) -> str:
    """Return a sentence on what would keep a winner from being named if the evidence were sufficient now.

    If several symbols decide together, the result is a note that says so.

    Args:
        latest: newest record of the experiment.
    """
    return TOGETHER if latest.collects is True else f"a winner would be held back by: {latest.holding}"


def needed_worse(latest: ExperimentMoved) -> str:
    """Format the e-value at which an experiment decides that the version under test is worse than the live one."""
    return evidence(latest.threshold - log(HARM))


def evidence(log_e: float) -> str:
    """Format an e-value: what a bet of 1 against "no difference" is worth by now.

    Args:
        log_e: natural logarithm of the e-value.

    >>> evidence(log_e=2.9957), evidence(log_e=-0.5), evidence(log_e=40.0)
    ('20.0', '0.61', '2.4e+17')
    """
    value = exp(min(log_e, 700.0))
    return f"{value:.2f}" if value < 10.0 else f"{value:,.1f}" if value < 10_000.0 else f"{value:.1e}"


def interval(low: float | None, high: float | None) -> str:
    """Format an interval of a confidence sequence; "not known yet" if one of its ends is None.

    >>> interval(low=-0.02, high=0.1), interval(low=None, high=None)
    ('-0.0200 to +0.1000', 'not known yet')
    """
    return "not known yet" if low is None or high is None else f"{low:+.4f} to {high:+.4f}"


def to_do(course: Course, declaration: Declaration | None) -> str:
    """Return the command lines, one a line, by which a person carries out a verdict that is only a recommendation.

    Empty if there is no verdict, if the verdict is carried out already, or if the configuration no longer has the
    experiment.
    """
    latest, decided = course.latest, decision(course)
    if decided is None or decided.applied or declaration is None:
        return ""
    name = latest.experiment
    # What somebody did already, or what cannot be done any more, is not recommended.
    done = {symbol for symbol, each in course.became.items() if each.live or each.ended or not each.latest.arm}
    symbols = [symbol for symbol in symbols_of(latest) if symbol not in done]
    if latest.status == "winner":
        return "\n".join(f"tickloop arm promote {each} {name} --cause 'experiment {name}: winner'" for each in symbols)
    if latest.status == "rolled_back":
        if course.became and not course.became[latest.symbol].live:
            return ""
        cause = f"experiment {name}: worse than the version before"
        return f"tickloop arm rollback {latest.symbol} --cause '{cause}'"
    if latest.status in (*RUNNING, *WATCHED) or latest.gone is True:
        return ""
    if course.became and not any(each.shadow for each in course.became.values()):
        return ""
    return f"tickloop experiment stop {name}" + ("" if latest.symbol == EVERYONE else f" --symbol {latest.symbol}")


def runs_as(name: str, symbol: str, course: Course | None) -> str:
    """Return the name under which the tested version of an experiment runs beside the live version.

    It is the name of the experiment. Once the version was live and rolled back, it is the name of the version.

    Args:
        name: name of the experiment.
        symbol: the symbol.
        course: records of the experiment on the symbol; None if there are none yet.

    Raises:
        ConfigurationError: the tested version is the live one, or no longer runs.
    """
    status = "running" if course is None else course.latest.status
    became = None if course is None else course.became.get(symbol)
    if became is not None and became.shadow:
        return became.shadow
    if status in WATCHED and (became is None or became.live):
        raise ConfigurationError(
            f"experiment {name} is {status} on {symbol}: its variant is live; "
            f"fix: `tickloop arm rollback {symbol}`, then stop it"
        )
    if became is not None and not became.live:
        raise ConfigurationError(
            f"experiment {name} has been stopped on {symbol}: {became.latest.version} runs no more"
        )
    if course is not None and course.latest.gone is True:
        raise ConfigurationError(f"experiment {name} has been stopped on {symbol}: {course.latest.reason}")
    return name if course is None or status != "rolled_back" else course.latest.challenger


def waits_for(courses: Mapping[str, Course], declaration: Declaration | None) -> str:
    """Describe which symbol delays an experiment that decides on several symbols together.

    Empty for any other experiment, and once the experiment has ended.

    Args:
        courses: records of one experiment by symbol.
        declaration: declaration of the experiment; None if the configuration no longer has it: then the result is
            empty.
    """
    if declaration is None or declaration.test.scope != "pooled":
        return ""
    together = courses.get(EVERYONE)
    if together is not None and together.latest.status not in RUNNING:
        return ""
    if silent := [symbol for symbol in declaration.symbols if symbol not in courses]:
        return f"nothing is decided before each symbol has pairs; none yet: {', '.join(silent)}"
    slowest = min(declaration.symbols, key=lambda symbol: courses[symbol].latest.ts_event)
    lag = max(courses[symbol].latest.ts_event for symbol in declaration.symbols) - courses[slowest].latest.ts_event
    return f"decided as far as the slowest symbol is: {slowest}, whose last batch is {lasting(lag)} behind the newest"


def applied(decided: ExperimentDecided) -> str:
    """Return " (applied)" or " (recommended)": whether a verdict is carried out by the system, or waits for a person.

    Empty for a verdict of the watch over a winner that is live: nobody has to act then.
    """
    if decided.verdict in WATCHED:
        return ""
    return " (applied)" if decided.applied else " (recommended)"


def decision(course: Course) -> ExperimentDecided | None:
    """Return the newest verdict of an experiment; None if there is none."""
    return course.decisions[-1] if course.decisions else None


def together(courses: Mapping[str, Course], declaration: Declaration | None) -> Pooled | None:
    """Combine the evidence of an experiment that decides on each symbol separately.

    None for fewer than two symbols, and for an experiment that decides on its symbols together.

    Args:
        courses: records of one experiment by symbol.
        declaration: declaration of the experiment; None if the configuration no longer has it.
    """
    if len(courses) < 2 or EVERYONE in courses or (declaration is not None and declaration.test.scope == "pooled"):
        return None
    planned = len(declaration.symbols) if declaration is not None else 0
    records: list[ExperimentMoved] = [record for course in courses.values() for record in course.moves]
    return pooled(records, planned)
