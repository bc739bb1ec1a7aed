"""The client program in the README, run as it is printed, beside workers that were started as the README says."""

import asyncio
import io
import re
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path

import pytest

from agents.broker.process import RunningBroker
from agents.config.settings import Settings
from streams.parameters import Parameters
from streams.topology import nodes
from tests.support.live_loop import LiveLoop
from tests.support.places import ROOT

pytestmark = pytest.mark.broker

README = (ROOT / "README.md").read_text()


async def test_a_tick_is_published_and_its_own_answer_read(
    fresh_broker: Callable[[str], RunningBroker], tmp_path: Path
) -> None:
    client, *_ = re.findall(r"^```python\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
    broker = await asyncio.to_thread(fresh_broker, "readme")
    client = client.replace("127.0.0.1:9092", broker.address)

    async def printed(program: str) -> str:
        text = io.StringIO()
        with redirect_stdout(text):
            await asyncio.wait_for(asyncio.to_thread(exec, compile(program, "README.md", "exec"), {}), 90)
        return text.getvalue()

    async with LiveLoop(nodes(Parameters()), Settings.load({}), broker.address, tmp_path / "workers.log") as loop:
        hasty = client.replace("patience=30", "patience=1")
        assert hasty != client
        with pytest.raises(TimeoutError):  # no worker runs yet
            await printed(hasty)
        loop.start(1)
        later = client.replace("1723161255088169167", "1723161256088169167").replace("patience=30", "patience=60")
        up = later.replace('"bid_size": 2.507', '"bid_size": 1.21').replace('"ask_size": 1.21', '"ask_size": 2.507')
        direction, probability = (await printed(later)).split()
        assert direction == "up", "more is bid for than offered"
        assert 0.5 < float(probability) < 1.0
        again = up.replace("1723161256088169167", "1723161257088169167")
        assert (await printed(again)).split()[0] == "down", "its own answer, not one of those before it"
        assert (await printed(again.replace("61800.3", "61800.1"))) == "refused crossed_quote\n"
