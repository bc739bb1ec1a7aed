"""What consumers of the loop have read so far; what is no record of its topic is said and passed over."""

import asyncio
from collections import Counter
from collections.abc import Sequence

from agents.clients.readable_records import ReadableRecords
from agents.clients.reader import Received
from agents.demo.stopwatch import Stopwatch
from schemas.outcomes import OutcomeMatured
from schemas.predictions import Prediction
from schemas.topics import DEAD_LETTERS, OUTCOMES, PREDICTIONS

_prediction, _outcome, _dead_letter = (
    ReadableRecords(PREDICTIONS),
    ReadableRecords(OUTCOMES),
    ReadableRecords(DEAD_LETTERS),
)


class Observed:
    """Counts, and what was said last about every symbol.

    Attributes:
        predictions: how many.
        latest: newest prediction of each symbol.
        outcomes: all of them, in the order of reading.
        refused: how many ticks for each reason.
    """

    def __init__(self, stopwatch: Stopwatch) -> None:
        self.predictions = 0
        self.latest: dict[str, Prediction] = {}
        self.outcomes: list[OutcomeMatured] = []
        self.refused: Counter[str] = Counter()
        self._stopwatch = stopwatch
        self._news = asyncio.Event()

    @property
    def answered(self) -> int:
        """Ticks that were predicted or refused."""
        return self.predictions + self.refused.total()

    async def until(self, answered: int) -> None:
        """Return when so many ticks were predicted or refused."""
        while self.answered < answered:
            self._news.clear()
            await self._news.wait()

    def take_predictions(self, block: Sequence[Received], now: float) -> None:
        """Take predictions that a reader got at a time of the event loop's clock."""
        for prediction in filter(None, map(_prediction, block)):
            self.latest[prediction.symbol] = prediction
            self._stopwatch.stop(prediction.id, now)
            self.predictions += 1
        self._news.set()

    def take_outcomes(self, block: Sequence[Received], now: float) -> None:
        """Take outcomes that a reader got."""
        self.outcomes += filter(None, map(_outcome, block))

    def take_dead_letters(self, block: Sequence[Received], now: float) -> None:
        """Take dead letters that a reader got."""
        self.refused.update(letter.reason for letter in map(_dead_letter, block) if letter is not None)
        self._news.set()
