"""Ports of a running `tickloop up`: none that is taken, each change said, and written down for other commands."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import psutil
from msgspec import Struct
from msgspec.structs import replace

from agents.broker.ports import any_free, is_free
from agents.broker.reserved_ports import release, reserve, reserved_by
from agents.config.settings import Settings
from agents.telemetry.health import Verdict
from agents.telemetry.health_queries import ask_worker, holder
from schemas.errors import EnvironmentProblem

FILE = "up.json"
"""In `home`."""

APART = 10
"""Ports from one try for the workers to the next: each has the last digit that it would have had."""

TRIES = 50
HIGHEST = 64_000


class Up(Struct, frozen=True):
    """A `tickloop up` as it runs.

    Attributes:
        pid: of its process.
        began: when that was started, seconds since 1970: a process id is used again.
        group: of its workers.
        workers: how many.
        metrics_port: setting of that name, as it came out.
        dashboard_port: the same; 0: no dashboard runs.
    """

    pid: int
    began: float
    group: str
    workers: int
    metrics_port: int
    dashboard_port: int


def write(settings: Settings, *, dashboard: bool) -> None:
    """Record this process as the `tickloop up` of these settings, for other commands of the home."""
    page = settings.dashboard_port if dashboard else 0
    up = Up(os.getpid(), psutil.Process().create_time(), settings.group, settings.workers, settings.metrics_port, page)
    path = settings.home_path / FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    written = path.with_suffix(".json.new")
    written.write_bytes(msgspec.json.encode(up))
    written.replace(path)


def read(home: Path) -> Up | None:
    """The `tickloop up` of a home, None when none runs."""
    try:
        up = msgspec.json.decode((home / FILE).read_bytes(), type=Up)
        return up if psutil.Process(up.pid).create_time() == up.began else None
    except (OSError, msgspec.DecodeError, psutil.NoSuchProcess):
        return None


def beside(settings: Settings) -> Settings:
    """Settings with the ports and the number of workers that the `tickloop up` of this home runs with, if one does."""
    up = read(settings.home_path)
    if up is None or up.group != settings.group:
        return settings
    page = up.dashboard_port or settings.dashboard_port
    return replace(settings, workers=up.workers, metrics_port=up.metrics_port, dashboard_port=page)


async def port_of_page(settings: Settings, demanded: int | None, say: Callable[[str], None]) -> int:
    """Port of the dashboard: the one of the settings, or the next that is free, which is said.

    Args:
        settings: of the system.
        demanded: no other one will do.
        say: gets the sentence.

    Raises:
        EnvironmentProblem: the one that is demanded is taken.
    """
    host, wanted = settings.dashboard_host, demanded or settings.dashboard_port
    if is_free(wanted, host) and reserve(wanted):
        return wanted
    by = await _holder(host, wanted)
    others = (port for port in range(wanted + 1, wanted + TRIES) if port < 2**16 and is_free(port, host))
    found = next((port for port in others if reserve(port)), 0)
    if demanded is not None:
        release(found)
        raise EnvironmentProblem(
            f"expected port {wanted} of {host} to be free for the dashboard, it is taken by {by}; "
            f"fix: `--port {found}`, which is free, or no --port"
        )
    found = found or any_free()
    say(f"port {wanted} is taken by {by}: the dashboard goes to {found} (`--port` or TICKLOOP_DASHBOARD_PORT choose)")
    return found


async def ports_of_workers(settings: Settings, say: Callable[[str], None]) -> int:
    """The setting `metrics_port`, or another one if a port that follows from it is taken, which is said.

    A worker of this very system that was left behind is no reason: it ends when the one in its slot begins.

    Args:
        settings: of the system.
        say: gets the sentence.
    """
    wanted, host = settings.metrics_port, settings.metrics_host
    if not wanted:
        return wanted
    if not (taken := await _taken_by_others(settings, _ports(wanted, settings.workers))):
        return wanted
    apart = -(-(settings.workers + 1) // APART) * APART
    bases = range(wanted + apart, min(wanted + TRIES * apart, HIGHEST), apart)
    free = (base for base in bases if all(is_free(port, host) for port in _ports(base, settings.workers)))
    found = next((base for base in free if not _not_promised(_ports(base, settings.workers))), 0)
    by = "; ".join([f"{port} by {await _holder(host, port)}" for port in taken])
    if not found:
        say(f"ports are taken ({by}): metrics and health of their workers cannot be served; fix: TICKLOOP_METRICS_PORT")
        return wanted
    ports = _ports(found, settings.workers)
    say(
        f"ports are taken ({by}): metrics and health of the workers are on {ports[0]} to {ports[-1]} "
        "(TICKLOOP_METRICS_PORT chooses)"
    )
    return found


def _ports(base: int, workers: int) -> range:
    return range(base + 1, base + workers + 1)


async def _taken_by_others(settings: Settings, ports: Sequence[int]) -> list[int]:
    """Ports that other programs use or have reserved; if there are none, this process reserves all of them."""
    taken = [port for port in ports if not is_free(port, settings.metrics_host)]
    taken = [
        port for port in taken if not isinstance(await ask_worker(settings, port - settings.metrics_port), Verdict)
    ]
    return taken or _not_promised(ports)


def _not_promised(ports: Sequence[int]) -> list[int]:
    """Ports that another process has been promised; then none of them is promised to this one."""
    others = [port for port in ports if not reserve(port)]
    for port in ports if others else ():
        release(port)
    return others


async def _holder(host: str, port: int) -> str:
    return reserved_by(port) if is_free(port, host) else await holder(f"{host}:{port}")
