"""The page as named parts of JSON, each encoded once when it changes, for all open pages together."""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec
from msgspec import Struct, field

from agents.dashboard.bands.deciding import headlines, standing
from agents.dashboard.bands.figures import panel, thinned
from agents.dashboard.bands.good import Good, good
from agents.dashboard.bands.now import COLUMNS, SymbolCourse
from agents.dashboard.bands.versions import back_to
from agents.dashboard.follow.topics_state import Board
from agents.dashboard.follow.watch import TopicWatch
from agents.dashboard.state.series import Thinning
from agents.experiments.charts import confidence, dependence, evidence_path, watch
from agents.experiments.status import UNITS, Course
from agents.pages.expert_names import expert_words
from agents.process.background import first_error, said

GOOD_EVERY_S = 3.0
PART_OF_A_CORE = 0.04
"""Largest fraction of a core for the section on skill: the longer it takes to compute, the less often it is
computed."""

SPARK = 40
LONGEST = 160
"""Longest text on why a part of the page cannot be updated, characters."""

Made = TypeVar("Made")

log = logging.getLogger(__name__)

encode = msgspec.json.Encoder().encode


class Part(Struct):
    """One part of the page as it is sent to browsers.

    Attributes:
        payload: JSON.
        version: counter that grows when the payload changes; 0 before the first payload.
    """

    payload: bytes = b""
    version: int = 0

    def put(self, payload: bytes) -> None:
        """Replace the payload; the version only grows if the payload differs."""
        if payload != self.payload:
            self.payload, self.version = payload, self.version + 1


class PageView:
    """Keeps the parts of the page up to date while at least one page is open.

    Args:
        watched: state built up from the topics.
        clock: gives the wall time, seconds since 1970.

    Attributes:
        parts: by name; a browser is sent each part whose version it does not have yet.
    """

    def __init__(self, watched: TopicWatch, clock: Callable[[], float] = time.time) -> None:
        self.watched = watched
        self.parts: dict[str, Part] = {
            name: Part() for name in ("alive", "good", "deciding", "changes", "letters", "alerts")
        }
        self._clock = clock
        self._good_due = 0.0
        self._good_of = -1
        self._computing: asyncio.Task[None] | None = None
        self._made: dict[str, tuple[tuple[str, str], bytes]] = {}
        self._seen: dict[str, Any] = {}

    @property
    def board(self) -> Board:
        """State built up from the records of all topics."""
        return self.watched.board

    def refresh(self) -> None:
        """Update every part whose data changed.

        The section on skill takes long to compute: it is updated in a thread and appears at a later call. A part
        that raises an error keeps its last content, and the first section of the page reports the error.
        """
        board, now = self.board, self._clock()
        board.symbols.refresh(now)
        self._when("deciding", board.courses.change, lambda: encode(headlines(board.courses)))
        predicting = board.predicting()
        self._when(
            "changes",
            (board.timeline.change, board.versions.change, board.faults.change, predicting),
            lambda: encode(
                {
                    "changes": board.timeline.view(),
                    "versions": board.versions.view(predicting, board.faults.by_version()),
                }
            ),
        )
        self._when("letters", board.letters.change, lambda: encode(board.letters.view()))
        # Which alerts are open depends on the time, too, so that they are encoded at every update.
        if (alerts := self._guarded("alerts", lambda: encode(self.watched.alerts()))) is not None:
            self.parts["alerts"].put(alerts)
        self.parts["alive"].put(encode(self.watched.alive()))
        if self._good_of != board.outcomes.taken and now >= self._good_due and self._computing is None:
            self._computing = asyncio.create_task(self._compute())
        if self._computing is not None and self._computing.done():
            computed, self._computing = self._computing, None
            computed.result()

    def _when(self, name: str, mark: Any, made: Callable[[], bytes]) -> None:
        if self._seen.get(name) != (self.watched.generation, mark):
            self._seen[name] = (self.watched.generation, mark)
            if (payload := self._guarded(name, made)) is not None:
                self.parts[name].put(payload)

    def _guarded(self, name: str, made: Callable[[], Made]) -> Made | None:
        """Run the function that makes a part; if it raises an error, log it, remember it for the page, and return
        None.
        """
        try:
            found = made()
        except Exception as error:
            if name not in self.watched.troubles:
                log.error("the part %s of the page cannot be brought up to date", name, exc_info=error)
            self.watched.troubles[name] = said(first_error(error), LONGEST)
            return None
        self.watched.troubles.pop(name, None)
        return found

    async def _compute(self) -> None:
        board = self.board
        self._good_of = board.outcomes.taken
        outcomes = board.outcomes.snapshot()
        marks = [state.mark for state in board.symbols if state.mark is not None]
        sampled, aside = board.symbols.sampled, board.symbols.aside
        kinds = dict(board.kinds.known)
        made = await asyncio.to_thread(
            self._guarded, "good", lambda: _timed(lambda: good(outcomes, marks, sampled, aside, kinds))
        )
        took = 0.0
        if made is not None:
            payload, took = made
            self.parts["good"].put(payload)
        self._good_due = self._clock() + max(GOOD_EVERY_S, took / PART_OF_A_CORE)

    def rows(self, since: int) -> dict[str, Any] | None:
        """Changes to the table of symbols since change number `since`; None if there are none.

        The result has the changed rows and the names of dropped symbols. Its field `reset` is true if the page has to
        replace the whole table: if `since` is 0, or if some symbols dropped since then are no longer remembered.
        """
        symbols = self.board.symbols
        reset = since == 0 or not symbols.remembers(since)
        rows, gone = symbols.rows_since(0 if reset else since), symbols.gone_since(since)
        if not rows and not gone:
            return None
        return {"reset": reset, "columns": COLUMNS, "rows": rows, "gone": gone, "crowded": symbols.crowded}

    def sparks(self, names: list[str]) -> dict[str, list[int]]:
        """Small price chart of each symbol: mid prices scaled to 0 to 99. Symbols that are not known are left out."""
        found = {}
        for name in names:
            state = self.board.symbols.get(name)
            if state is not None:
                found[name] = scaled(state.series.mids(SPARK))
        return found

    def evidence(self, key: str) -> bytes:
        """JSON with the full view of one experiment and its charts; `null` if the experiment is not known.

        Args:
            key: `experiment|symbol`.
        """
        experiment, _, symbol = key.rpartition("|")
        course = self.board.courses.get((experiment, symbol))
        if course is None:
            return b"null"
        since = ",".join(each.latest.id for each in course.became.values())
        mark = course.latest.id, f"{course.latest.status} {len(course.decisions)} {since}"
        held = self._made.get(key)
        if held is None or held[0] != mark:
            if len(self._made) > 64:
                self._made.clear()
            payload = self._guarded(
                "evidence",
                lambda: encode({"key": key, "standing": standing(course), "figures": experiment_figures(course)}),
            )
            held = self._made[key] = mark, b"null" if payload is None else payload
        return held[1]


def experiment_figures(course: Course) -> list[Any]:
    """Charts of one experiment: evidence, confidence sequence, and dependence between batches of outcomes.

    A winner has one more chart, on how it has done since it became live.
    """
    moves = thinned(course.moves)
    unit = UNITS.get(course.latest.primary, "")
    made = [
        panel("evidence", evidence_path(moves)),
        panel("confidence", confidence(moves, unit)),
        panel("dependence", dependence(moves)),
    ]
    if course.latest.watched or course.latest.status == "winner":
        made.append(panel("watch", watch(moves)))
    return made


class ReadUpTo(Struct):
    """How many rows of a growing table one browser has been sent.

    Attributes:
        epoch: value of `Thinning.epoch` when rows were last sent; once it has changed, all rows have to be sent again.
        sent: number of rows that the browser has.
    """

    epoch: int = -1
    sent: int = 0

    def rows(self, of: Thinning, anew: bool) -> tuple[bool, list[tuple[Any, ...]]]:
        """Rows that the browser has not been sent yet, and whether it must first drop the rows that it has.

        The result is (whether to drop, rows). These rows count as sent from then on. Times in their first column
        are converted from ns to milliseconds.

        Args:
            of: the table.
            anew: whether to send all rows in any case.
        """
        reset = anew or self.epoch != of.epoch
        found = of.rows(0 if reset else self.sent)
        self.epoch, self.sent = of.epoch, len(of)
        return reset, [(row[0] / 1e6, *row[1:]) for row in found]


class SentPart(Struct):
    """What one browser has been sent of the charts of a symbol.

    Attributes:
        symbol: name of the symbol that the browser shows; empty before the first.
        latest: value of `SymbolCourse.taken` when the charts were last sent.
        points: progress in the symbol's predictions.
        beliefs: progress in the weights of the symbol's experts.
    """

    symbol: str = ""
    latest: int = -1
    points: ReadUpTo = field(default_factory=ReadUpTo)
    beliefs: ReadUpTo = field(default_factory=ReadUpTo)


def course_of(state: SymbolCourse, board: Board, has: SentPart) -> dict[str, Any] | None:
    """Points of a symbol's charts that a browser lacks, with the newest figures; None if nothing is new.

    Args:
        state: the symbol's state.
        board: state of the page.
        has: what the browser has been sent; brought up to date by this call.
    """
    anew = has.symbol != state.name
    believed = state.believed
    latest = state.taken
    if not anew and latest == has.latest:
        return None
    has.symbol, has.latest = state.name, latest
    reset, points = has.points.rows(state.series, anew)
    again, beliefs = has.beliefs.rows(state.beliefs, anew)
    of, mark, window = state.prediction, state.mark, state.window
    return {
        "symbol": state.name,
        "partition": state.partition,
        "reset": reset,
        "points": points,
        "regimes": board.symbols.regimes.known,
        "beliefs": {
            "reset": again,
            "names": state.beliefs.names,
            "words": [_expert(name, state, board) for name in state.beliefs.names],
            "points": beliefs,
            "latest": (believed.ts_event / 1e6, believed.weights) if believed is not None else None,
        },
        "prediction": of,
        "leads": "" if of is None else expert_words(of.strategy, board.kinds.known),
        "back_to": back_to(board.versions.of(state.name)),
        "pinned": state.live is not None and state.live.pinned,
        "mark": mark,
        "window": None
        if window is None
        else {
            "skill": window.skill,
            "low": window.skill_low,
            "high": window.skill_high,
            "n": window.n,
            "n_eff": window.n_eff,
            "best": window.best_baseline,
        },
    }


def _expert(name: str, state: SymbolCourse, board: Board) -> str:
    """Name of an expert in words, with what has become of it if it is a model that failed."""
    of = state.prediction
    said = "" if of is None else board.faults.of_model(state.name, of.model_version, name)
    words = expert_words(name, board.kinds.known)
    return f"{words}: {said}" if said else words


def scaled(values: list[float]) -> list[int]:
    """The values scaled to whole numbers, the least to 0 and the largest to 99; all become 50 if they are equal.

    >>> scaled([10.0, 20.0, 15.0]), scaled([7.0, 7.0])
    ([0, 99, 50], [50, 50])
    """
    if not values:
        return []
    least, most = min(values), max(values)
    if most <= least:
        return [50] * len(values)
    return [round(99 * (each - least) / (most - least)) for each in values]


def _timed(made: Callable[[], Good]) -> tuple[bytes, float]:
    began = time.thread_time()
    payload = encode(made())
    return payload, time.thread_time() - began
