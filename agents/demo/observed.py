"""Collects the records that a demo reads from the topics while it runs; unreadable ones are reported and skipped."""

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
    """The records that a demo has read from the topics so far.

    Attributes:
        predictions: number of predictions.
        latest: newest prediction of each symbol.
        outcomes: outcomes (records of what became of predictions), in the order in which they were read.
        refused: number of refused ticks by reason.
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
        """Number of ticks that were predicted or refused."""
        return self.predictions + self.refused.total()

    async def until(self, answered: int) -> None:
        """Wait until at least `answered` ticks were predicted or refused."""
        while self.answered < answered:
            self._news.clear()
            await self._news.wait()

    def take_predictions(self, block: Sequence[Received], now: float) -> None:
        """Add predictions, and stop the measurement of how long each one's tick has waited.

        Args:
            block: records of the topic `predictions`.
            now: time at which the records were read, by the event loop's clock, seconds.
        """
        for prediction in filter(None, map(_prediction, block)):
            self.latest[prediction.symbol] = prediction
            self._stopwatch.stop(prediction.id, now)
            self.predictions += 1
        self._news.set()

    def take_outcomes(self, block: Sequence[Received], now: float) -> None:
        """Add records of the topic `outcomes`, which say what became of predictions; `now` is not used."""
        self.outcomes += filter(None, map(_outcome, block))

    def take_dead_letters(self, block: Sequence[Received], now: float) -> None:
        """Count refused ticks from records of the topic `dead-letters`; `now` is not used."""
        self.refused.update(letter.reason for letter in map(_dead_letter, block) if letter is not None)
        self._news.set()
