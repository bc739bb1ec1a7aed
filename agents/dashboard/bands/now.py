"""The third section of the page: the state of every symbol, as its row in the table and its history over time.

The newest record of a symbol is the one written last, and may not be the one with the latest event time: event time
can go back or jump ahead.
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
"""A symbol without a prediction for this long counts as quiet, seconds."""

MOST = 2_000
"""Most symbols kept, at some 50 kB each. A further one takes the place of the symbol that has had no prediction for
longest, if that is at least `FORGOTTEN_S` seconds; else it is ignored."""

FORGOTTEN_S = 60.0

COLUMNS = ("symbol", "mid", "skill", "low", "high", "n_eff", "net_bps", "regime", "version", "state", "position")
"""Names of the values in a row of the table, in order."""


class SymbolCourse(Struct):
    """What the page knows about one symbol.

    Attributes:
        name: name of the symbol.
        partition: number of the partition that the symbol's predictions are on.
        series: predictions of the symbol over time, thinned.
        beliefs: weight of each expert (forecaster that the prediction is mixed from) over time.
        believed: the newest outcome, from which the latest weights in `beliefs` come; None before the
            first.
        prediction: the newest prediction that was looked at; None before the first.
        mark: the newest valuation of the symbol's paper account; None before the first.
        window: the newest accuracy report of the live version; None before the first.
        live: newest record of the live version on the topic `model-versions`; None if the topic names
            no live version.
        breached: whether the newest accuracy report gives a reason to retrain.
        seen_s: when the newest prediction was looked at, wall time in seconds since 1970; 0 before the first.
        row: row of the table as last computed.
        changed: value of `Symbols.change` at which `row` took its present content.
        taken: counter that grows with records that change what the symbol's charts show.
        generation: number of the symbol's event-time clock; a new number means that older times are not comparable.
        predicted, marked, windowed: newest record of each kind, by which repeated records are recognised.
        pace: how fast the symbol's event time passes.
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
        """Event time of the symbol's newest prediction, ns since 1970; 0 before the first."""
        return self.prediction.ts_event if self.prediction is not None else 0

    def timed(self, ts_event: int, generation: int) -> None:
        """Drop points of the symbol's charts that a record with this event time makes invalid.

        These are points later than `ts_event`, or all points if they are of another `generation`.

        Args:
            ts_event: event time of the record, ns since 1970.
            generation: number of the event-time clock that the record belongs to.
        """
        if generation != self.generation:
            self.generation = generation
            self.series.begin_anew()
            self.beliefs.begin_anew()
        elif ts_event < self.series.latest:
            self.series.rewind(ts_event)
            self.beliefs.rewind(ts_event)


class Symbols:
    """State of all symbols, with the rows of the table and a count of their changes.

    Args:
        most: largest number of symbols kept.

    Attributes:
        regimes: names of regimes (kinds of market), which points of charts refer to by index.
        change: number of the last change to any row.
        sampled: number of predictions that were looked at.
        aside: number of these that led to no position, because neither up nor down could be excluded.
        crowded: number of records ignored because there was no room for their symbol.
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
        """Names of symbols, that with the oldest last prediction first."""
        self._gone: deque[tuple[int, str]] = deque(maxlen=most)

    def __len__(self) -> int:
        return len(self._states)

    def __iter__(self) -> Iterator[SymbolCourse]:
        return iter(self._states.values())

    def get(self, name: str) -> SymbolCourse | None:
        """State of a symbol; None if no record of it was taken, or if it was dropped to make room for another
        symbol.
        """
        return self._states.get(name)

    def newest_ns(self, now: float) -> int:
        """Event time of the market, ns since 1970; 0 before the first prediction.

        It is the latest event time among symbols that had a prediction within the last 10 seconds. If there are none,
        it is the event time of the symbol that was predicted last.

        Args:
            now: wall clock, seconds since 1970.
        """
        lively = (each.ts_event for each in self._states.values() if now - each.seen_s <= QUIET_S)
        last = next(reversed(self._by_silence), "")
        return max(lively, default=self._states[last].ts_event if last else 0)

    def speed(self, now: float) -> float | None:
        """Seconds of event time that pass in one second of wall time, as the median over symbols.

        None if no symbol had enough predictions in the ten seconds before `now` (wall clock, seconds since 1970).
        """
        found = [speed for each in self._states.values() if (speed := each.pace.speed(now)) is not None]
        return median(found) if found else None

    def predicted(
        self, prediction: PredictionFields, partition: int, offset: int, now: float, written_ms: int | None = None
    ) -> None:
        """Take a prediction; one that was written again after a crash is ignored.

        Args:
            prediction: the prediction.
            partition, offset: its place on the topic of predictions.
            now: wall clock, seconds since 1970.
            written_ms: when it was written, ms since 1970; None: `now` is used instead.
        """
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
        """Take from an outcome the weights of the forecasters that predictions are mixed from.

        Returns False, and takes nothing, if there is no room for the symbol.

        Args:
            outcome: what the price did after a prediction, with the forecasters' weights when the record was made.
            partition: number of the partition that the record was read from.
            now: wall clock, seconds since 1970.
        """
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
        """Take a valuation of a symbol's paper account; one that was written again after a crash is ignored.

        Args:
            mark: the valuation.
            partition: number of the partition that the record was read from.
            now: wall clock, seconds since 1970.
        """
        state = self._state(mark.symbol, partition, now)
        if state is not None and state.marked.is_new(mark.id):
            state.mark = mark

    def windowed(self, window: AccuracyWindow, partition: int, now: float) -> None:
        """Take an accuracy report of the live version; reports of other versions and repeated ones are ignored.

        Args:
            window: the report.
            partition: number of the partition that the record was read from.
            now: wall clock, seconds since 1970.
        """
        state = self._state(window.symbol, partition, now) if window.live else None
        if state is not None and state.windowed.is_new(window.id):
            state.window, state.breached = window, window.breach is not None

    def versioned(self, version: ModelVersion, partition: int, now: float) -> None:
        """Take a status record of a model version, which may set or clear the live version of its symbol.

        Args:
            version: the record.
            partition: number of the partition that the record was read from.
            now: wall clock, seconds since 1970.
        """
        state = self._state(version.symbol, partition, now)
        if state is None:
            return
        state.taken += 1
        if version.status == "champion":
            state.live = version
        elif state.live is not None and state.live.version == version.version:
            state.live = None

    def _state(self, symbol: str, partition: int, now: float) -> SymbolCourse | None:
        """State of a symbol, created if it is new; None if there is no room for it."""
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
        """Recompute the table row of every symbol, and give each row whose content changed a new change number.

        Args:
            now: wall clock, seconds since 1970.
        """
        for state in self._states.values():
            row = row_of(state, now)
            if row != state.row:
                self.change += 1
                state.row, state.changed = row, self.change

    def rows_since(self, change: int) -> list[tuple[Any, ...]]:
        """Table rows that changed after change number `change` of the table; all rows if `change` is 0."""
        return [state.row for state in self._states.values() if state.changed > change]

    def gone_since(self, change: int) -> list[str]:
        """Names of symbols that were dropped after change number `change` of the table, and are still absent."""
        return [name for at, name in self._gone if at > change and name not in self._states]

    def remembers(self, change: int) -> bool:
        """Whether the list of dropped symbols still reaches back to change number `change`.

        If not, `gone_since` would miss some, and a browser has to be sent the whole table.
        """
        return len(self._gone) < self._most or self._gone[0][0] <= change


def row_of(state: SymbolCourse, now: float) -> tuple[Any, ...]:
    """Table row of a symbol: a value for each of `COLUMNS`, in the same order; None stands for a value not known.

    Values are rounded as shown, so that the row only changes when the display does.

    Args:
        state: the symbol's state.
        now: wall clock, seconds since 1970.
    """
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
    """The value rounded to seven significant digits, as many as a cell of the table shows."""
    return float(f"{value:.7g}")
