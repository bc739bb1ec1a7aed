"""Limits expensive look-ups: one at a time, each with a time-out, and cached for seconds."""

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
"""Look-ups beside the one that goes on: as many as somebody who clicks about may have."""


class CachedAnswers:
    """Looks something up for whoever asks, and denies what would cost too much.

    Args:
        longest_s: after which a look-up is given up, the time that it waited for others included.
    """

    def __init__(self, longest_s: float = LONGEST_S) -> None:
        self._longest_s = longest_s
        self._one = asyncio.Lock()
        self._waiting = 0
        self._kept: dict[Hashable, tuple[float, Any]] = {}

    async def answer(self, key: Hashable, look: Callable[[], Awaitable[Any]]) -> Any:
        """What `look` finds, or what was found a moment ago; `Denied` where it is not to be had now.

        Args:
            key: of the answer.
            look: looks it up, None for nothing; may raise what `agents.dashboard.serve.lookup` does.
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
