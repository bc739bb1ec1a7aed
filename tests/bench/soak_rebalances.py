"""Checks that workers always recover from a rebalance: `soak_rebalances.py --cycles 25 --seed 1`.

A second worker joins and leaves again and again at random times. Each time both must be ready within
`PATIENCE_S` seconds. At the end the topics must hold exactly what an undisturbed run makes of the ticks, else
the exit code is 1.
"""

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path
from random import Random

from agents.broker import process
from agents.broker.launch import start
from agents.config.settings import Settings
from streams.parameters import Parameters
from streams.sources.synthetic import SYMBOLS, synthetic_market
from streams.topology import nodes
from tests.support import live_loop
from tests.support.live_loop import LiveLoop

PATIENCE_S = 30.0
TICKS = 20_000


async def soak(home: Path, address: str, cycles: int, seed: int) -> int:
    """Run the cycles and return how many of them went well."""
    live_loop.PATIENCE_S = PATIENCE_S
    settings = Settings.load({}, bootstrap=address, prefix=f"soak-{seed}-", partitions=6, checkpoint_s=0.5)
    random = Random(seed)
    async with LiveLoop(nodes(Parameters()), settings, address, home / "worker.log") as loop:
        loop.start(1)
        await loop.until_ready(1)
        await loop.publish(synthetic_market(seed, SYMBOLS, ticks=TICKS))
        await loop.until_caught_up()
        for cycle in range(cycles):
            try:
                loop.expect_again(1)
                loop.start(2)
                await asyncio.gather(loop.until_ready(1), loop.until_ready(2))
                await asyncio.sleep(random.uniform(0.0, 1.0))
                loop.expect_again(1)
                await loop.stop(2)
                await loop.until_ready(1)
                await asyncio.sleep(random.uniform(0.0, 0.6))
            except TimeoutError as error:
                print(f"cycle {cycle + 1}: not ready after {PATIENCE_S:g} s\n{error}")
                return cycle
            print(f"\r{cycle + 1} of {cycles} rebalances there and back", end="", file=sys.stderr, flush=True)
        await loop.until_caught_up()
        verdict = await loop.verdict()
        print(f"\n{verdict}")
        return cycles if verdict.is_exact else 0


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--cycles", type=int, default=25)
    arguments.add_argument("--seed", type=int, default=1)
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        broker, _ = start(home)
        try:
            done = asyncio.run(soak(home, broker.address, given.cycles, given.seed))
        finally:
            process.stop(home)
    print(f"{done} of {given.cycles} cycles went well")
    return int(done < given.cycles)


if __name__ == "__main__":
    sys.exit(main())
