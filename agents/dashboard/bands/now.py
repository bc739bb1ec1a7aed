"""State of every symbol on the page: its row in the table, and its course over time.

The newest record of a symbol is the one that was written last, whatever its event time: that may be set back, and may
jump ahead.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from math import isfinite, nan
from statistics import median
from typing import Any

from msgspec import Struct, field

from agents.dashboard.state.order import RecordOrder
from agents.dashboard.state.pace import HISTORY_S, EventPace
from agents.dashboard.state.series import Beliefs, Names, Series, point
from agents.dashboard.state.shown_fields import MarkFields, OutcomeFields, PredictionFields
from agents.pages import palette
from schemas.versions import ModelVersion
from schemas.windows import AccuracyWindow

QUIET_S = 10.0
"""After so long without a prediction a symbol that had some counts as quiet."""

MOST = 2_000
"""Symbols that are kept, with courses of some 50 kB each. A further one takes the place of the one that has been silent
for longest, if that is as long as `FORGOTTEN_S`; else there is no room for it."""

FORGOTTEN_S = 60.0

COLUMNS = ("symbol", "mid", "skill", "low", "high", "n_eff", "net_bps", "regime", "version", "state", "position")
"""Of a row, in order."""


class SymbolCourse(Struct):
    """One symbol.

    Attributes:
        name: of it.
        partition: on which its predictions lie.
        series: its course.
        beliefs: of its live arm in each strategy.
        believed: the newest outcome that said so.
        prediction: the newest that was looked at.
        mark: of its paper account.
        window: the newest accuracy window of the version that is live.
        live: version that is live, if anything was ever asked of the symbol.
        breached: whether its newest window has a breach.
        seen_s: when the newest prediction was looked at, seconds of the clock.
        row: as it was last told.
        changed: number of the change that made that row.
        taken: records of it that changed what is shown of it.
        generation: of its clock.
        predicted, marked, windowed: the newest record of each kind.
        pace: of its event time.
    """

    name: str
    partition: int
    series: Series = field(default_factory=Series)
    beliefs: Beliefs = field(default_factory=Beliefs)
    believed: OutcomeFields | None = None
    prediction: PredictionFields | None = None
    mark: MarkFields | None = None
    window: AccuracyWindow | None = None
    live: ModelVersion | None = None
    breached: bool = False
    seen_s: float = 0.0
    row: tuple[Any, ...] = ()
    changed: int = 0
    taken: int = 0
    generation: int = 0
    predicted: RecordOrder = field(default_factory=RecordOrder)
    marked: RecordOrder = field(default_factory=RecordOrder)
    windowed: RecordOrder = field(default_factory=RecordOrder)
    pace: EventPace = field(default_factory=EventPace)

    @property
    def ts_event(self) -> int:
        """Event time of its newest prediction, ns; 0 without one."""
        return self.prediction.ts_event if self.prediction is not None else 0

    def timed(self, ts_event: int, generation: int) -> None:
        """Bring the course to the time of a new record: nothing in it may lie beyond that, or be of another clock."""
        if generation != self.generation:
            self.generation = generation
            self.series.begin_anew()
            self.beliefs.begin_anew()
        elif ts_event < self.series.latest:
            self.series.rewind(ts_event)
            self.beliefs.rewind(ts_event)


class Symbols:
    """State of all symbols, and which of their rows changed since when.

    Attributes:
        regimes: names that points refer to.
        change: number of the last change of a row.
        sampled, aside: predictions looked at, and how many of these stood aside.
        crowded: records of symbols for which there was no room.
    """

    def __init__(self, most: int = MOST) -> None:
        self.regimes = Names(tuple(palette.REGIMES))
        self.change = 0
        self.sampled = 0
        self.aside = 0
        self.crowded = 0
        self._most = most
        self._states: dict[str, SymbolCourse] = {}
        self._by_silence: dict[str, None] = {}
        """Names, the one whose last prediction lies farthest back first."""
        self._gone: deque[tuple[int, str]] = deque(maxlen=most)

    def __len__(self) -> int:
        return len(self._states)

    def __iter__(self) -> Iterator[SymbolCourse]:
        return iter(self._states.values())

    def get(self, name: str) -> SymbolCourse | None:
        """State of a symbol that anything was seen of."""
        return self._states.get(name)

    def newest_ns(self, now: float) -> int:
        """Event time of the market: the latest of the symbols that are not quiet, else of the last that was seen."""
        lively = (each.ts_event for each in self._states.values() if now - each.seen_s <= QUIET_S)
        last = next(reversed(self._by_silence), "")
        return max(lively, default=self._states[last].ts_event if last else 0)

    def speed(self, now: float) -> float | None:
        """Seconds of event time a second of the clock: the median of the symbols; none while that is not known."""
        found = [speed for each in self._states.values() if (speed := each.pace.speed(now)) is not None]
        return median(found) if found else None

    def predicted(
        self, prediction: PredictionFields, partition: int, offset: int, now: float, written_ms: int | None = None
    ) -> None:
        """Take a prediction, unless it is one that was written again; when it was written, ms since 1970, or now."""
        state = self._state(prediction.symbol, partition, now)
        if state is None or not state.predicted.is_new(prediction.id):
            return
        state.timed(prediction.ts_event, prediction.generation)
        state.prediction, state.partition, state.seen_s = prediction, partition, now
        state.pace.take(round(now * 1e3) if written_ms is None else written_ms, prediction.ts_event)
        state.taken += 1
        self._by_silence.pop(state.name)
        self._by_silence[state.name] = None
        self.sampled += 1
        self.aside += prediction.stand_aside
        if state.series.wants(prediction.ts_event):
            mark = state.mark
            net, gross = (mark.net_bps, mark.gross_bps) if mark is not None else (nan, nan)
            state.series.add(point(prediction, self.regimes, net, gross, offset))

    def matured(self, outcome: OutcomeFields, partition: int, now: float) -> bool:
        """Take what was believed when an outcome matured; whether there is room for its symbol."""
        state = self._state(outcome.symbol, partition, now)
        if state is None:
            return False
        if outcome.weights:
            state.believed = outcome
            state.taken += 1
            if outcome.generation == state.generation:
                state.beliefs.take(outcome.ts_event, outcome.weights)
        return True

    def marked(self, mark: MarkFields, partition: int, now: float) -> None:
        """Take a mark of a paper account."""
        state = self._state(mark.symbol, partition, now)
        if state is not None and state.marked.is_new(mark.id):
            state.mark = mark

    def windowed(self, window: AccuracyWindow, partition: int, now: float) -> None:
        """Take an accuracy window; windows of arms in shadow are not shown here."""
        state = self._state(window.symbol, partition, now) if window.live else None
        if state is not None and state.windowed.is_new(window.id):
            state.window, state.breached = window, window.breach is not None

    def versioned(self, version: ModelVersion, partition: int, now: float) -> None:
        """Take what became of a version."""
        state = self._state(version.symbol, partition, now)
        if state is None:
            return
        state.taken += 1
        if version.status == "champion":
            state.live = version
        elif state.live is not None and state.live.version == version.version:
            state.live = None

    def _state(self, symbol: str, partition: int, now: float) -> SymbolCourse | None:
        """State of a symbol, a new one if need be; none where there is no room for it."""
        state = self._states.get(symbol)
        if state is not None:
            return state
        if len(self._states) >= self._most and not self._make_room(now):
            self.crowded += 1
            return None
        state = self._states[symbol] = SymbolCourse(symbol, partition)
        self._by_silence[symbol] = None
        return state

    def _make_room(self, now: float) -> bool:
        silent = next(iter(self._by_silence))
        if now - self._states[silent].seen_s < FORGOTTEN_S:
            return False
        del self._states[silent], self._by_silence[silent]
        self.change += 1
        self._gone.append((self.change, silent))
        return True

    def refresh(self, now: float) -> None:
        """Tell all rows anew and number those that changed."""
        for state in self._states.values():
            row = row_of(state, now)
            if row != state.row:
                self.change += 1
                state.row, state.changed = row, self.change

    def rows_since(self, change: int) -> list[tuple[Any, ...]]:
        """Rows that changed after a change."""
        return [state.row for state in self._states.values() if state.changed > change]

    def gone_since(self, change: int) -> list[str]:
        """Symbols that went after a change and did not come back."""
        return [name for at, name in self._gone if at > change and name not in self._states]

    def remembers(self, change: int) -> bool:
        """Whether every symbol that went after a change is known yet."""
        return len(self._gone) < self._most or self._gone[0][0] <= change


def row_of(state: SymbolCourse, now: float) -> tuple[Any, ...]:
    """A row of the table, rounded to what it shows, so that it changes only when that does."""
    of, window, mark = state.prediction, state.window, state.mark
    known = window is not None and window.n_eff > 0 and bool(window.figures)
    skill: Sequence[float | int | None] = (None, None, None, 0)
    if known and window is not None:
        skill = (*(_rounded(each, 4) for each in (window.skill, window.skill_low, window.skill_high)), window.n_eff)
    return (
        state.name,
        None if of is None else _significant(of.mid),
        *skill,
        None if mark is None else round(mark.net_bps, 1),
        "" if of is None else of.regime,
        "" if of is None else of.model_version,
        _state(state, now),
        None if of is None else round(of.position_size, 3),
    )


def _state(state: SymbolCourse, now: float) -> str:
    if now - state.seen_s > QUIET_S:
        return "quiet"
    if state.breached:
        return "breach"
    if state.live is not None and state.live.pinned:
        return "pinned"
    return "history" if now - state.ts_event / 1e9 > HISTORY_S else "live"


def _rounded(value: float, digits: int) -> float | None:
    return round(value, digits) if isfinite(value) else None


def _significant(value: float) -> float:
    """To six digits, as many as a table has room for."""
    return float(f"{value:.7g}")
