"""Log files of processes are bounded, and only their oldest lines are dropped."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from agents.broker import process
from agents.operations import supervisor
from agents.operations.supervisor import Slot, Supervisor
from agents.process.log_files import OWN_LOG, aside, reopen, rotate, tail
from tests.support.places import ROOT

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


WRITES_AND_REOPENS = """
import os, threading
from agents.process import log_files

log_files.keep_own_log_small(every_s=0.0005, most_bytes=10_000, kept=200)

def write(name, number):
    for line in range(20_000):
        os.write(number, f"{name} {line:8}\\n".encode())

threads = [threading.Thread(target=write, args=each) for each in (("out", 1), ("err", 2))]
for each in threads:
    each.start()
for each in threads:
    each.join()
"""


def test_a_process_that_changes_files_itself_loses_no_line(tmp_path: Path) -> None:
    file = tmp_path / "worker-1.log"
    with file.open("ab") as output:
        subprocess.run(
            [sys.executable, "-c", WRITES_AND_REOPENS],
            stdout=output,
            stderr=output,
            env={**os.environ, OWN_LOG: str(file)},
            cwd=ROOT,
            check=True,
        )
    youngest_last = [*reversed([each for number in range(1, 201) if (each := aside(file, number)).exists()]), file]
    assert len(youngest_last) > 3, "it never changed files: the test showed nothing"
    lines = [line for each in youngest_last for line in each.read_text().splitlines()]
    for name in ("out", "err"):
        assert [int(line.split()[1]) for line in lines if line.startswith(name)] == list(range(20_000))
    assert len(lines) == 40_000


def test_a_process_whose_output_goes_elsewhere_leaves_the_file_alone(tmp_path: Path) -> None:
    file = tmp_path / "worker-1.log"
    file.write_bytes(b"x" * 100)
    assert not reopen(file, most_bytes=10)
    assert not reopen(tmp_path / "none.log", most_bytes=10)
    assert [each.name for each in tmp_path.iterdir()] == ["worker-1.log"]


def test_where_there_was_no_room_for_a_new_file_it_is_tried_again(tmp_path: Path) -> None:
    program = f"""
import os
from pathlib import Path
from agents.process.log_files import aside, reopen
file = Path({str(tmp_path / "w.log")!r})
os.write(1, b"before\\n")
def full(*_):
    raise OSError(28, "no space left")
real, os.open = os.open, full
try:
    reopen(file, most_bytes=1)
except OSError:
    os.write(1, b"meanwhile\\n")
os.open = real
assert reopen(file, most_bytes=1)
os.write(1, b"after\\n")
"""
    with (tmp_path / "w.log").open("ab") as output:
        subprocess.run([sys.executable, "-c", program], stdout=output, cwd=ROOT, check=True, timeout=60)
    assert aside(tmp_path / "w.log", 1).read_text() == "before\nmeanwhile\n"
    assert (tmp_path / "w.log").read_text() == "after\n"


async def test_the_supervisor_keeps_the_logs_of_its_processes_and_of_the_broker_small(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop, enough = asyncio.get_running_loop(), asyncio.Event()

    def counted(file: Path) -> bool:
        rotate(file, most_bytes=5_000, kept=2)
        if aside(of_worker, 2).exists() and aside(file, 1).exists():
            loop.call_soon_threadsafe(enough.set)
        return True

    monkeypatch.setattr(supervisor, "ROTATE_EVERY_S", 0.01)
    monkeypatch.setattr(supervisor, "rotate", counted)
    of_broker, of_worker = process.log_file(tmp_path), tmp_path / "worker-1.log"
    of_broker.parent.mkdir()
    of_broker.write_bytes(b"x" * 6_000)
    spewing = (
        "from agents.process import log_files; log_files.keep_own_log_small(every_s=0.01, most_bytes=5_000, kept=2)\n"
        "while True: print('x' * 1_000, flush=True)"
    )
    running = Supervisor(0, tmp_path, {}, lambda _: None)
    running.slots = [Slot("worker-1", [sys.executable, "-c", spewing], dict(os.environ), of_worker)]
    task = asyncio.create_task(running.run())
    async with asyncio.timeout(30):
        await enough.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    # The first may be between its name and the next where the worker was stopped; the second was there, and stays.
    assert [aside(of_worker, number).exists() for number in (2, 3)] == [True, False]
    assert (of_broker.stat().st_size, aside(of_broker, 1).stat().st_size) == (0, 5_000)
