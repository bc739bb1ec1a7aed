"""The commands of docs/operating.md, run as they are written and in their order, on a broker of their own."""

import os
import re
import signal
import subprocess
import sys
from contextlib import suppress
from itertools import islice
from pathlib import Path

import pytest

from agents.broker import ports, process
from schemas.ticks import Quote
from streams.sources.synthetic import synthetic_market
from tests.support.places import ROOT

pytestmark = pytest.mark.broker

GUIDE = (ROOT / "docs" / "operating.md").read_text()


def script() -> str:
    blocks = re.findall(r"^```sh\n(.*?)^```", GUIDE, re.DOTALL | re.MULTILINE)
    assert len(blocks) == 6
    return "".join(blocks)


def write_ticks(file: Path) -> None:
    quotes = [tick for tick in islice(synthetic_market(11), 3_000) if isinstance(tick, Quote)]
    lines = [f"{q.ts_event},{q.symbol},{q.bid},{q.bid_size},{q.ask},{q.ask_size}" for q in quotes]
    file.write_text("\n".join(["ts_event,symbol,bid,bid_size,ask,ask_size", *lines]) + "\n")


def test_every_command_works_as_it_is_written(tmp_path: Path) -> None:
    write_ticks(tmp_path / "ticks.csv.gz".removesuffix(".gz"))
    subprocess.run(["gzip", "ticks.csv"], cwd=tmp_path, check=True)
    port = ports.any_free()
    surroundings = {name: value for name, value in os.environ.items() if not name.startswith("TICKLOOP_")}
    environment = surroundings | {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "TICKLOOP_METRICS_PORT": str(port - 1),
        "TICKLOOP_SESSION_TIMEOUT_S": "6",
    }
    said = tmp_path / "said.txt"
    with said.open("wb") as output:
        # A session of its own: whatever of it is left at the end can be ended.
        running = subprocess.Popen(
            ["bash", "-euxc", script().replace("9461", str(port))],
            cwd=tmp_path,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        code = running.wait(240)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(running.pid, signal.SIGKILL)
        process.stop(tmp_path / ".tickloop")
    assert code == 0, said.read_text()
    assert said.read_text().count("the same to the last bit") == 2
