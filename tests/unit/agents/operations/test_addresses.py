"""A port that is in use is reported and left alone, and commands beside a `tickloop up` know the ports that it took."""

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from aiohttp import web
from click.testing import CliRunner
from msgspec import json
from msgspec.structs import replace

from agents.broker import ports
from agents.cli import cli
from agents.config.settings import Settings
from agents.operations import addresses, doctor
from agents.operations.addresses import Up, beside, port_of_page, ports_of_workers
from agents.telemetry.health import HealthCheck, Verdict
from agents.telemetry.health_queries import Stranger, holder
from schemas.errors import ConfigurationError, EnvironmentProblem

FOLLOWER = HealthCheck("follower", ok=True, value=0.0, limit=5.0, since="", says="")


@contextmanager
def listening(port: int = 0) -> Iterator[int]:
    """A program that accepts connections and sends nothing; yields its port."""
    with socket.create_server(("127.0.0.1", port)) as server:
        yield int(server.getsockname()[1])


async def serve(port: int, verdict: Verdict) -> web.AppRunner:
    async def said(_: web.Request) -> web.Response:
        return web.Response(body=json.encode(verdict))

    site = web.Application()
    site.router.add_get("/{any}", said)
    runner = web.AppRunner(site)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    return runner


def free_block() -> int:
    """A port such that the next two ports, and the two after the port ten further on, are free."""
    while True:
        base = ports.any_free()
        if base < 60_000 and all(ports.is_free(base + each) for each in (0, 1, 2, 11, 12)):
            return base


async def test_the_page_goes_to_the_next_free_port_and_says_who_has_the_first(tmp_path: Path) -> None:
    base, said = free_block(), list[str]()
    settings = Settings(home=str(tmp_path), dashboard_port=base)
    assert await port_of_page(settings, None, said.append) == base
    assert said == []
    runner = await serve(base, Verdict(True, "tickloop", "", "0.1.0", (FOLLOWER,), "/srv/other"))
    try:
        assert await port_of_page(settings, None, said.append) == base + 1
        assert said[0].startswith(f"port {base} is taken by the dashboard of /srv/other (group tickloop): ")
        with pytest.raises(
            EnvironmentProblem, match=rf"taken by the dashboard of /srv/other .*; fix: `--port {base + 1}`"
        ):
            await port_of_page(settings, base, said.append)
    finally:
        await runner.cleanup()


async def test_workers_leave_all_their_ports_together(tmp_path: Path) -> None:
    base, said = free_block(), list[str]()
    settings = Settings(home=str(tmp_path), metrics_port=base)
    assert await ports_of_workers(settings, said.append) == base
    runner = await serve(base + 2, Verdict(True, "tickloop", "worker-2", "0.1.0", (), "/srv/other"))
    try:
        assert await ports_of_workers(settings, said.append) == base + 10
        assert f"{base + 2} by worker-2 of /srv/other (group tickloop)" in said[0]
        assert f"on {base + 11} to {base + 12}" in said[0]
        ours = replace(settings, home="/srv/other")
        assert await ports_of_workers(ours, said.append) == base, "a worker of its own that was left behind"
        assert len(said) == 1
    finally:
        await runner.cleanup()


async def test_no_metrics_take_no_ports_and_anything_may_listen(tmp_path: Path) -> None:
    assert await ports_of_workers(Settings(home=str(tmp_path), metrics_port=0), pytest.fail) == 0
    with listening() as port:
        assert not ports.is_free(port)
        server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
        async with server:
            assert await holder(f"127.0.0.1:{server.sockets[0].getsockname()[1]}") == "another program"


def test_commands_beside_it_know_its_ports_for_as_long_as_it_runs(tmp_path: Path) -> None:
    settings = Settings(home=str(tmp_path))
    assert beside(settings) is settings
    addresses.write(replace(settings, workers=3, metrics_port=9_470, dashboard_port=8_643), dashboard=True)
    found = beside(settings)
    assert (found.workers, found.metrics_port, found.dashboard_port) == (3, 9_470, 8_643)
    other = replace(settings, prefix="other-")
    assert beside(other) is other
    path = tmp_path / addresses.FILE
    up = json.decode(path.read_bytes(), type=Up)
    path.write_bytes(json.encode(Up(up.pid, up.began - 60.0, up.group, 3, 9_470, 8_643)))
    assert beside(settings) is settings, "its process id is another process's by now"
    path.write_text("{")
    assert beside(settings) is settings


def test_the_data_of_a_system_that_runs_is_not_deleted(tmp_path: Path) -> None:
    addresses.write(Settings(home=str(tmp_path)), dashboard=False)
    data = tmp_path / "broker" / "data"
    data.mkdir(parents=True)
    result = CliRunner().invoke(cli, ["broker", "reset", "--yes", "--home", str(tmp_path)])
    assert isinstance(result.exception, EnvironmentProblem)
    assert f"one runs (pid {os.getpid()}); fix: stop it first" in str(result.exception)
    assert data.exists()


PROMISES = """
import sys
from agents.broker.reserved_ports import reserve
print([reserve(int(port)) for port in sys.argv[1:]], flush=True)
sys.stdin.read()
"""


def test_two_that_start_at_once_find_different_ports_free(tmp_path: Path) -> None:
    base, said = free_block(), list[str]()
    settings = Settings(home=str(tmp_path), metrics_port=base, dashboard_port=base)
    words = [sys.executable, "-c", PROMISES, str(base), str(base + 2)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdin is not None
        assert other.stdout is not None
        assert other.stdout.readline() == b"[True, True]\n"
        assert asyncio.run(ports_of_workers(settings, said.append)) == base + 10
        assert f"{base + 2} by a tickloop that is starting (pid {other.pid})" in said[0]
        assert asyncio.run(port_of_page(settings, None, said.append)) == base + 1, "given back with the other one"
        with pytest.raises(EnvironmentProblem, match=rf"taken by a tickloop that is starting \(pid {other.pid}\)"):
            asyncio.run(port_of_page(settings, base, said.append))
        other.stdin.close()
        other.wait(20)
    assert asyncio.run(ports_of_workers(settings, said.append)) == base, "a promise ends with its process"


def test_a_reset_beside_a_system_that_runs_says_how_to_stop_it_before_it_asks(tmp_path: Path) -> None:
    addresses.write(Settings(home=str(tmp_path)), dashboard=False)
    result = CliRunner().invoke(cli, ["topics", "reset", "--home", str(tmp_path)])
    assert isinstance(result.exception, ConfigurationError)
    assert f"no `tickloop up` of {tmp_path}, one runs (pid {os.getpid()}); fix: Ctrl-C" in str(result.exception)
    assert "Delete" not in result.output
    other = CliRunner().invoke(cli, ["topics", "reset", "--home", str(tmp_path)], env={"TICKLOOP_PREFIX": "lab-"})
    assert "expected a broker" in str(other.exception), "another group's"


def test_doctor_says_how_a_system_whose_ports_are_anothers_gets_others(tmp_path: Path) -> None:
    settings = Settings(home=str(tmp_path))
    assert doctor.workers(settings, {1: Stranger("worker-1 of /b")}).fix.startswith("`tickloop up`")
    addresses.write(settings, dashboard=False)
    finding = doctor.workers(settings, {1: Stranger("worker-1 of /b")})
    assert finding.fix == (
        f"`kill {os.getpid()}` stops the `tickloop up` of this home; started again it takes ports that are free"
    )
    assert "its workers do not answer yet" in doctor.workers(settings, {1: None}).fix
