"""Chooses the ports of a running `tickloop up`, and records them in a file of its home folder.

A port of the settings that is taken is replaced by a free one, and the user is told. Other commands for the same
home folder read the file to find the workers and the dashboard.
"""

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
    """A running `tickloop up`, as recorded in the file `up.json` of its home folder.

    Attributes:
        pid: id of its process.
        began: start time of its process, seconds since 1970. It distinguishes this process from a
            later one that got the same id.
        group: consumer group of its workers.
        workers: number of workers.
        metrics_port: base port of its workers: worker n serves metrics and health at this port plus
            n. If it is 0, no worker serves them.
        dashboard_port: port of its dashboard; 0 if it runs none.
    """

    pid: int
    began: float
    group: str
    workers: int
    metrics_port: int
    dashboard_port: int


def write(settings: Settings, *, dashboard: bool) -> None:
    """Record this process in the home folder as its running `tickloop up`, for other commands to find.

    Args:
        settings: settings of the system, with the ports that were chosen.
        dashboard: whether a dashboard runs.
    """
    page = settings.dashboard_port if dashboard else 0
    up = Up(os.getpid(), psutil.Process().create_time(), settings.group, settings.workers, settings.metrics_port, page)
    path = settings.home_path / FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    written = path.with_suffix(".json.new")
    written.write_bytes(msgspec.json.encode(up))
    written.replace(path)


def read(home: Path) -> Up | None:
    """The `tickloop up` that now runs for the folder `home`, from its record there; None if none runs."""
    try:
        up = msgspec.json.decode((home / FILE).read_bytes(), type=Up)
        return up if psutil.Process(up.pid).create_time() == up.began else None
    except (OSError, msgspec.DecodeError, psutil.NoSuchProcess):
        return None


def beside(settings: Settings) -> Settings:
    """The settings, with the ports and the number of workers taken from the running `tickloop up`, if there is one.

    Only a `tickloop up` for the same home folder and consumer group counts. Without one, `settings` is returned
    unchanged.
    """
    up = read(settings.home_path)
    if up is None or up.group != settings.group:
        return settings
    page = up.dashboard_port or settings.dashboard_port
    return replace(settings, workers=up.workers, metrics_port=up.metrics_port, dashboard_port=page)


async def port_of_page(settings: Settings, demanded: int | None, say: Callable[[str], None]) -> int:
    """Reserve a port for the dashboard and return it: the port of the settings if it is free, else the next free one.

    Args:
        settings: settings of the system.
        demanded: port that the user asked for, which must be free; None if the user asked for none.
        say: called with a sentence for the user if the port of the settings is taken and another one is used.

    Raises:
        EnvironmentProblem: the port `demanded` is taken.
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
    """Reserve the ports for metrics and health of the workers, and return their base port.

    Worker n uses the base port plus n. The base port is the setting `metrics_port` if all the ports
    that follow from it are free, else a higher number whose ports are free. If there is none, the
    setting is returned all the same, and the user is told that metrics cannot be served. If the
    setting is 0, the result is 0: no worker serves metrics.

    A port counts as free if a leftover worker of this same system uses it, because that worker ends
    when the new one joins the consumer group under its name.

    Args:
        settings: settings of the system.
        say: called with a sentence for the user if ports are taken.
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
    """Ports that other programs use or have reserved; if there are none, all of `ports` are reserved for this process.

    A port that a worker of this same system uses is not among them.
    """
    taken = [port for port in ports if not is_free(port, settings.metrics_host)]
    taken = [
        port for port in taken if not isinstance(await ask_worker(settings, port - settings.metrics_port), Verdict)
    ]
    return taken or _not_promised(ports)


def _not_promised(ports: Sequence[int]) -> list[int]:
    """Reserve all of `ports`, or none: returns those that other processes have reserved, empty on success."""
    others = [port for port in ports if not reserve(port)]
    for port in ports if others else ():
        release(port)
    return others


async def _holder(host: str, port: int) -> str:
    return reserved_by(port) if is_free(port, host) else await holder(f"{host}:{port}")
