"""What is known of every symbol: a row of the table, and its course."""

from collections.abc import Iterator, Sequence
from math import isfinite, nan
from typing import Any

from msgspec import Struct, field

from agents.dashboard.lean import LeanMark, LeanOutcome, LeanPrediction
from agents.dashboard.series import Beliefs, Names, Series, point
from agents.pages import palette
from schemas.versions import ModelVersion
from schemas.windows import AccuracyWindow

QUIET_S = 10.0
"""After so long without a prediction a symbol that had some counts as quiet."""

COLUMNS = ("symbol", "mid", "skill", "low", "high", "n_eff", "net_bps", "regime", "version", "state", "position")
"""Of a row, in order."""


class SymbolState(Struct):
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
    """

    name: str
    partition: int
    series: Series = field(default_factory=Series)
    beliefs: Beliefs = field(default_factory=Beliefs)
    believed: LeanOutcome | None = None
    prediction: LeanPrediction | None = None
    mark: LeanMark | None = None
    window: AccuracyWindow | None = None
    live: ModelVersion | None = None
    breached: bool = False
    seen_s: float = 0.0
    row: tuple[Any, ...] = ()
    changed: int = 0

    @property
    def ts_event(self) -> int:
        """Event time of its newest prediction, ns; 0 without one."""
        return self.prediction.ts_event if self.prediction is not None else 0


class Symbols:
    """All of them, and which rows changed since when.

    Attributes:
        regimes: names that points refer to.
        change: number of the last change of a row.
        sampled, aside: predictions looked at, and how many of these stood aside.
    """

    def __init__(self) -> None:
        self.regimes = Names(tuple(palette.REGIMES))
        self.change = 0
        self.sampled = 0
        self.aside = 0
        self._states: dict[str, SymbolState] = {}

    def __len__(self) -> int:
        return len(self._states)

    def __iter__(self) -> Iterator[SymbolState]:
        return iter(self._states.values())

    def get(self, name: str) -> SymbolState | None:
        """State of a symbol that anything was seen of."""
        return self._states.get(name)

    def predicted(self, prediction: LeanPrediction, partition: int, offset: int, now: float) -> None:
        """Take a prediction; one that is not newer than the newest is a repeat."""
        state = self._state(prediction.symbol, partition)
        if state.prediction is not None and prediction.ts_event <= state.prediction.ts_event:
            return
        state.prediction, state.partition, state.seen_s = prediction, partition, now
        self.sampled += 1
        self.aside += prediction.stand_aside
        if state.series.wants(prediction.ts_event):
            mark = state.mark
            net, gross = (mark.net_bps, mark.gross_bps) if mark is not None else (nan, nan)
            state.series.add(point(prediction, self.regimes, net, gross, offset))

    def matured(self, outcome: LeanOutcome, partition: int) -> None:
        """Take what was believed when an outcome matured."""
        if outcome.weights:
            state = self._state(outcome.symbol, partition)
            state.believed = outcome
            state.beliefs.take(outcome.ts_event, outcome.weights)

    def marked(self, mark: LeanMark, partition: int) -> None:
        """Take a mark of a paper account."""
        state = self._state(mark.symbol, partition)
        if state.mark is None or mark.ts_event >= state.mark.ts_event:
            state.mark = mark

    def windowed(self, window: AccuracyWindow, partition: int) -> None:
        """Take an accuracy window; those of shadows are not shown here."""
        state = self._state(window.symbol, partition)
        if window.live and (state.window is None or window.ts_event >= state.window.ts_event):
            state.window, state.breached = window, window.breach is not None

    def versioned(self, version: ModelVersion, partition: int) -> None:
        """Take what became of a version."""
        state = self._state(version.symbol, partition)
        if version.status == "champion":
            state.live = version
        elif state.live is not None and state.live.version == version.version:
            state.live = None

    def _state(self, symbol: str, partition: int) -> SymbolState:
        state = self._states.get(symbol)
        if state is None:
            state = self._states[symbol] = SymbolState(symbol, partition)
        return state

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


def row_of(state: SymbolState, now: float) -> tuple[Any, ...]:
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


def _state(state: SymbolState, now: float) -> str:
    if now - state.seen_s > QUIET_S:
        return "quiet"
    if state.breached:
        return "breach"
    if state.live is not None and state.live.pinned:
        return "pinned"
    return "live"


def _rounded(value: float, digits: int) -> float | None:
    return round(value, digits) if isfinite(value) else None


def _significant(value: float) -> float:
    """To six digits, as many as a table has room for."""
    return float(f"{value:.7g}")
