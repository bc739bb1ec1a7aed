"""What processes write does not fill the disk, and nothing but the oldest of it is lost."""

import asyncio
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from agents.broker import process
from agents.log_files import aside, rotate, tail
from agents.operations import supervisor
from agents.operations.supervisor import Slot, Supervisor

WRITER = """
import sys
for begin in range(0, 500, 100):
    print("".join(f"line {number:8}\\n" for number in range(begin, begin + 100)), end="", flush=True)
    sys.stdin.readline()
"""


def numbers(file: Path) -> list[int]:
    return [int(line.split()[1]) for line in file.read_text().splitlines()]


def test_a_file_is_put_aside_while_it_is_written_and_no_line_is_lost(tmp_path: Path) -> None:
    file = tmp_path / "worker-1.log"
    with file.open("ab") as output:
        writer = subprocess.Popen([sys.executable, "-c", WRITER], stdin=subprocess.PIPE, stdout=output)
    assert writer.stdin is not None
    for _ in range(4):
        while file.stat().st_size < 1_400:
            assert writer.poll() is None
        assert not rotate(file, most_bytes=1_400)
        assert rotate(file, most_bytes=1_399, kept=3)
        writer.stdin.write(b"on\n")
        writer.stdin.flush()
    writer.stdin.close()
    writer.wait()
    names = [file.name, *(aside(file, number).name for number in (1, 2, 3))]
    assert sorted(path.name for path in tmp_path.iterdir()) == names
    # One byte more than may be was written: the first line that is kept lacks its first letter.
    assert [numbers(aside(file, each)) for each in (3, 2, 1)] == [
        list(range(begin, begin + 100)) for begin in (100, 200, 300)
    ]
    assert numbers(file) == list(range(400, 500)), "no hole where the earlier lines were"


def test_of_a_file_that_has_grown_out_of_all_bounds_the_end_is_kept(tmp_path: Path) -> None:
    file = tmp_path / "worker-1.log"
    file.write_bytes(b"".join(b"%9d\n" % number for number in range(5_000)))
    assert rotate(file, most_bytes=1_000)
    assert aside(file, 1).read_bytes().splitlines() == [b"%9d" % number for number in range(4_900, 5_000)]
    assert file.stat().st_size == 0
    assert not rotate(tmp_path / "none.log")


def test_last_words_are_read_from_the_end(tmp_path: Path) -> None:
    file = tmp_path / "worker-1.log"
    with file.open("wb") as output:
        os.truncate(output.fileno(), 3_000_000_000)
        output.seek(0, os.SEEK_END)
        output.write(b"\nfirst\nlast\n")
    assert tail(file, 2) == ["first", "last"]
    assert tail(tmp_path / "none.log", 2) == []


async def test_the_supervisor_keeps_the_logs_of_its_processes_and_of_the_broker_small(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop, enough, rotated = asyncio.get_running_loop(), asyncio.Event(), Counter[Path]()

    def counted(file: Path) -> bool:
        rotated[file] += rotate(file, most_bytes=5_000, kept=2)
        if rotated[file] == 3:
            loop.call_soon_threadsafe(enough.set)
        return True

    monkeypatch.setattr(supervisor, "ROTATE_EVERY_S", 0.01)
    monkeypatch.setattr(supervisor, "rotate", counted)
    of_broker, of_worker = process.log_file(tmp_path), tmp_path / "worker-1.log"
    of_broker.parent.mkdir()
    of_broker.write_bytes(b"x" * 6_000)
    spewing = "while True: print('x' * 1_000, flush=True)"
    running = Supervisor(0, tmp_path, {}, lambda _: None)
    running.slots = [Slot("worker-1", [sys.executable, "-c", spewing], dict(os.environ), of_worker)]
    task = asyncio.create_task(running.run())
    async with asyncio.timeout(30):
        await enough.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert [aside(of_worker, number).exists() for number in (1, 2, 3)] == [True, True, False]
    assert (of_broker.stat().st_size, aside(of_broker, 1).stat().st_size) == (0, 5_000)
