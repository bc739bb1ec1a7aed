"""The negative control of the exactness tests: a plain Faust agent fails the check that our runtime passes.

Both count the same ticks and are killed at the same points of their work.
"""

import asyncio
from itertools import islice
from pathlib import Path

import pytest

from agents.clients.pace import Pace
from agents.config.settings import Settings
from streams.sources.synthetic import synthetic_market
from tests.support.counting import COUNTS, CountingNode
from tests.support.live_loop import LiveLoop, Verdict

pytestmark = [pytest.mark.broker, pytest.mark.faults]

ROUNDS = 3
TICKS_A_ROUND = 4_000
RATE = 2_000.0
AFTER = 1_000
PATIENCE_S = 25.0
FAIR_S = 90.0
"""Time to answer all ticks of a round without a kill, s, enough on a busy machine."""


def loop_of(script: str, bootstrap: str, prefix: str, folder: Path) -> LiveLoop:
    settings = Settings.load({}, prefix=prefix, checkpoint_s=0.5, session_timeout_s=6.0)
    command = ("-m", script)
    return LiveLoop([CountingNode()], settings, bootstrap, folder / "workers.log", command)


class Treatment:
    """Publishes rounds of ticks to a worker, which it kills in the middle of a round if asked to."""

    def __init__(self, loop: LiveLoop) -> None:
        self._loop = loop
        self._market = synthetic_market(20261122, [f"SYM{number}" for number in range(16)])

    async def round(self, *, kill: bool) -> Verdict:
        loop = self._loop
        before = len(await loop.stored(COUNTS.name))
        publishing = asyncio.create_task(loop.publish(islice(self._market, TICKS_A_ROUND), Pace(rate=RATE)))
        if kill:
            await loop.until_stored(COUNTS.name, before + AFTER)
            loop.kill(1)
            loop.start(1)
        await publishing
        return await self._verdict_when_all_is_answered(PATIENCE_S if kill else FAIR_S)

    async def _verdict_when_all_is_answered(self, patience_s: float) -> Verdict:
        """Compare once every tick has an output, right or wrong, or after `patience_s` seconds."""
        clock = asyncio.get_running_loop().time
        deadline = clock() + patience_s
        verdict = await self._loop.verdict()
        while verdict.missing and clock() < deadline:
            await asyncio.sleep(0.5)
            verdict = await self._loop.verdict()
        return verdict


async def test_stock_faust_is_exact_only_until_it_is_killed(bootstrap: str, prefix: str, tmp_path: Path) -> None:
    async with loop_of("tests.support.stock_faust", bootstrap, prefix, tmp_path) as loop:
        loop.start(1)
        treatment = Treatment(loop)
        unharmed = await treatment.round(kill=False)
        assert unharmed.is_exact, f"the control is no fair one: {unharmed}"
        for _ in range(ROUNDS):
            verdict = await treatment.round(kill=True)
            print(verdict)
            if not verdict.is_exact:
                return
        pytest.fail(f"stock Faust stayed exact through {ROUNDS} kills: the check can tell nothing apart")


async def test_our_runtime_is_exact_under_the_same_treatment(bootstrap: str, prefix: str, tmp_path: Path) -> None:
    async with loop_of("tests.support.counting_worker", bootstrap, prefix, tmp_path) as loop:
        loop.start(1)
        treatment = Treatment(loop)
        for kill in (False, *[True] * ROUNDS):
            verdict = await treatment.round(kill=kill)
            print(verdict)
            assert verdict.is_exact, verdict
        assert verdict.repeats > 0, "no kill hit between an output and its checkpoint: the test showed nothing"
