"""`tickloop publish` of ticks that are older than those on the topic, and of files that are cut off."""

import asyncio
import gzip
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from agents.cli import cli
from agents.clients.publisher import publish
from agents.clients.symbol_times import FAR_NS, RECONNECT_NS, SetBack, symbol_times
from agents.operations import topics
from agents.operations.topics import TopicSpec
from schemas.codec import encode
from schemas.errors import ConfigurationError
from schemas.ticks import Trade
from streams.engine.feed import Feed, RawTick
from streams.sources.damaged_files import BrokenFile
from streams.sources.files import TickFile
from streams.sources.synthetic import OPENING_NS

pytestmark = pytest.mark.broker

SECOND = 10**9


def written(path: Path, symbol: str, *times: int) -> str:
    path.write_bytes(b"".join(encode(Trade(symbol, each, 1.0, 1.0)) + b"\n" for each in times))
    return str(path)


def test_ticks_that_are_older_than_those_on_the_topic_are_sent_only_on_request(
    bootstrap: str, prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"BOOTSTRAP": bootstrap, "PREFIX": prefix, "PARTITIONS": "2"}.items():
        monkeypatch.setenv(f"TICKLOOP_{name}", value)
    start, topic = OPENING_NS, prefix + "ticks"
    times = [start + at * SECOND for at in range(100)]
    day = written(tmp_path / "day.jsonl", "X", *times)

    def command(*arguments: str) -> str:
        result = CliRunner().invoke(cli, arguments, catch_exceptions=True)
        if isinstance(result.exception, ConfigurationError):
            return f"{type(result.exception).__name__} {result.exception}"
        assert result.exit_code == 0, result.exception
        return result.output

    def stands() -> dict[str, int]:
        return asyncio.run(symbol_times(bootstrap, topic)).newest

    command("topics", "apply")
    command("publish", day)
    # A record with a wrong date speaks for nobody, and neither does one that is no tick.
    wrong: list[Feed] = [Trade("X", start + 900 * FAR_NS, 1.0, 1.0), RawTick("X", b"?")]
    asyncio.run(publish(wrong, bootstrap, topic))
    assert stands() == {"X": times[-1]}

    said = command("publish", day)
    for part in ("SetBack X: ", "2024-01-01T00:01:39Z", "2024-01-01T00:00:00Z", "tickloop replay FILE", "--set-back"):
        assert part in said
    both = written(tmp_path / "other.jsonl", "Y", *times)
    assert "SetBack X: " in command("publish", both, day)
    assert stands() == {"X": times[-1]}

    command("publish", both)
    command("publish", written(tmp_path / "next.jsonl", "X", times[-1] + SECOND))
    assert "days after the newest tick" in command(
        "publish", written(tmp_path / "year.jsonl", "Y", start + 26 * FAR_NS)
    )
    assert "acknowledged" in command("publish", day, "--set-back")


async def test_of_a_pipe_the_first_tick_decides_whether_it_is_too_old(bootstrap: str, prefix: str) -> None:
    environment = os.environ | {"TICKLOOP_BOOTSTRAP": bootstrap, "TICKLOOP_PREFIX": prefix, "TICKLOOP_PARTITIONS": "2"}

    def command(*arguments: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        script = "from agents.cli import main; main()"
        return subprocess.run(
            [sys.executable, "-c", script, *arguments], env=environment, input=given, capture_output=True, check=False
        )

    assert command("topics", "apply").returncode == 0
    now = OPENING_NS + 3_600 * SECOND
    await publish([Trade("X", now, 1.0, 1.0)], bootstrap, prefix + "ticks")
    again = command("publish", "-", given=encode(Trade("X", now - RECONNECT_NS, 1.0, 1.0)))
    assert again.returncode == 0, again.stderr
    early = command("publish", "-", given=encode(Trade("X", OPENING_NS, 1.0, 1.0)))
    assert early.returncode == 2
    assert b"X: expected ticks later than 2024-01-01T" in early.stderr
    assert b"0 ticks before it were sent" in early.stderr
    assert b"Traceback" not in early.stderr
    nothing = command("publish", "-", given=b"")
    assert (nothing.returncode, b"expected ticks, found none" in nothing.stderr) == (2, True)


async def test_ticks_before_the_end_of_a_cut_file_are_sent_and_counted(
    bootstrap: str, prefix: str, tmp_path: Path
) -> None:
    topic = prefix + "ticks"
    await topics.apply(bootstrap, [TopicSpec(topic, 2, 1, {})])
    rows = "".join(f"{OPENING_NS + at},X,1,{at}\n" for at in range(5_000))
    whole = gzip.compress(("ts_event,symbol,price,size\n" + rows).encode())
    path = tmp_path / "ticks.csv.gz"
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(
        BrokenFile, match=r"ends too early behind row \d+.*; [\d,]+ ticks before it were sent"
    ) as caught:
        await publish(TickFile(path), bootstrap, topic)
    row = int(str(caught.value).split("behind row ")[1].split(",")[0])
    assert f"; {row - 1:,} ticks before it were sent" in str(caught.value)  # the header is a row, too
    assert (await symbol_times(bootstrap, topic)).newest["X"] == OPENING_NS + row - 2


async def test_ticks_before_the_first_one_that_is_too_old_are_sent(bootstrap: str, prefix: str) -> None:
    topic = prefix + "ticks"
    await topics.apply(bootstrap, [TopicSpec(topic, 2, 1, {})])

    def first(tick: object) -> None:
        if isinstance(tick, Trade) and tick.symbol == "Y":
            raise SetBack("Y: back")

    feed = [Trade("X", OPENING_NS, 1.0, 1.0), Trade("X", OPENING_NS + 1, 1.0, 1.0), Trade("Y", 1, 1.0, 1.0)]
    with pytest.raises(SetBack, match="Y: back; 2 ticks before it were sent"):
        await publish(feed, bootstrap, topic, first=first)
    assert (await symbol_times(bootstrap, topic)).newest == {"X": OPENING_NS + 1}
