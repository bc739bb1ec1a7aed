"""Limits expensive look-ups in the topics: one runs at a time, within a time limit; results are kept for seconds."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Any

from aiokafka.errors import KafkaError

from agents.dashboard.serve.guard import Denied
from agents.process.background import said
from schemas.errors import EnvironmentProblem, Refused

LONGEST_S = 10.0
KEPT_S = 5.0
MOST_KEPT = 64
MOST_WAITING = 4
"""Most look-ups that wait while another one runs; a person who clicks around causes no more."""


class CachedAnswers:
    """Runs expensive look-ups one after the other, and keeps each result for 5 seconds.

    If too many look-ups wait already, a further one is rejected.

    Args:
        longest_s: time limit of a look-up, seconds, including the time for which it waits for others.
    """

    def __init__(self, longest_s: float = LONGEST_S) -> None:
        self._longest_s = longest_s
        self._one = asyncio.Lock()
        self._waiting = 0
        self._kept: dict[Hashable, tuple[float, Any]] = {}

    async def answer(self, key: Hashable, look: Callable[[], Awaitable[Any]]) -> Any:
        """Result of a look-up, from the cache if it is at most 5 seconds old.

        The result is a `Denied` with a reason if too many look-ups wait, if this one takes too long, if the broker
        fails, or if the record found is invalid.

        Args:
            key: identifies the look-up in the cache.
            look: performs the look-up.
        """
        if (found := self._held(key)) is not None:
            return found
        if self._waiting > MOST_WAITING:
            return Denied(429, f"{self._waiting} look-ups wait already; try again in a few seconds")
        self._waiting += 1
        try:
            async with asyncio.timeout(self._longest_s), self._one:
                found = self._held(key) or await look()
        except TimeoutError:
            return Denied(503, f"expected the topics to be read within {self._longest_s:.0f} s, they were not")
        except (EnvironmentProblem, KafkaError, OSError) as error:
            return Denied(503, f"expected the broker to answer, got {said(error)}")
        except Refused as refused:
            return Denied(404, f"what lies there makes no sense: {said(refused)}")
        finally:
            self._waiting -= 1
        self._keep(key, found)
        return found

    def _held(self, key: Hashable) -> Any:
        at, found = self._kept.get(key, (0.0, None))
        return found if asyncio.get_running_loop().time() - at < KEPT_S else None

    def _keep(self, key: Hashable, found: Any) -> None:
        self._kept.pop(key, None)
        self._kept[key] = asyncio.get_running_loop().time(), found
        if len(self._kept) > MOST_KEPT:
            del self._kept[next(iter(self._kept))]
