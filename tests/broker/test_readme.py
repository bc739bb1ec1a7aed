"""The README's client, run as it is printed, beside workers that were started as the README says."""

import asyncio
import io
import re
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path

import pytest
from live_loop import LiveLoop

from agents.broker.process import Running
from agents.settings import Settings
from streams.loop import nodes
from streams.parameters import Parameters

pytestmark = pytest.mark.broker

README = (Path(__file__).resolve().parents[2] / "README.md").read_text()


async def test_a_tick_is_published_and_its_prediction_read(
    fresh_broker: Callable[[str], Running], tmp_path: Path
) -> None:
    client, *_ = re.findall(r"^```python\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
    broker = await asyncio.to_thread(fresh_broker, "readme")
    printed = io.StringIO()
    async with LiveLoop(nodes(Parameters()), Settings.load({}), broker.address, tmp_path / "workers.log") as loop:
        loop.start(1)
        program = compile(client.replace("127.0.0.1:9092", broker.address), "README.md", "exec")
        with redirect_stdout(printed):
            await asyncio.wait_for(asyncio.to_thread(exec, program, {}), 60)
    symbol, direction, probability = printed.getvalue().split()
    assert (symbol, direction) == ("BTCUSDT", "up"), "more is bid for than offered"
    assert 0.5 < float(probability) < 1.0
