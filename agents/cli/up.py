"""`tickloop up`: runs the whole system on this machine."""

import asyncio
import signal
from pathlib import Path

import click
from rich.console import Console

from agents.broker import process
from agents.broker.exclusive import alone
from agents.cli.home import settings_of_command
from agents.cli.parameters_in_use import parameters_in_use
from agents.operations import addresses
from agents.operations.system import System
from streams.topology import nodes

LOCK = "up.lock"
"""Lock file in `home`, held while `tickloop up` runs."""


@click.command("up")
@click.option("--workers", type=click.IntRange(1), help="Worker processes  [default: 2]")
@click.option("--dashboard/--no-dashboard", default=True, show_default=True, help="Serve the live page, too.")
@click.option("--port", type=click.IntRange(1, 65535), help="Port of the page  [default: 8642, or the next free one]")
@click.option("--keep-broker", is_flag=True, help="Leave the local broker running at the end.")
def command(workers: int | None, dashboard: bool, port: int | None, keep_broker: bool) -> None:
    """Start broker, topics, workers, a retrainer and the dashboard, and keep them running until Ctrl-C.

    Ctrl-C is its normal end (exit code 0). A local Apache Kafka is used unless TICKLOOP_BOOTSTRAP names a cluster. A
    process that dies is started again; nothing is lost or doubled. Only one `tickloop up` can run for a home folder
    (--home) at a time. With different home folders, several may run at once; each avoids the ports that the others
    use. In another terminal:

    \b
      tickloop publish ticks.csv.gz
      tickloop consume predictions
    """
    settings = settings_of_command(workers=workers)
    nodes(parameters_in_use())
    system = System(settings, Console(stderr=True), dashboard=dashboard, port=port)
    # Two of them would start workers in the same slots, which would throw each other out for ever.
    with alone(settings.home_path / LOCK, "`tickloop up`", _way_on(settings.home_path)):
        try:
            asyncio.run(_until_stopped(system))
        finally:
            if system.started_broker and not keep_broker:
                process.stop(settings.home_path)


def _way_on(home: Path) -> str:
    """Return what to do if a `tickloop up` of this home folder runs already, as text for an error."""
    up = addresses.read(home)
    page = f" (its page: port {up.dashboard_port})" if up is not None and up.dashboard_port else ""
    return (
        f"use that one{page}; Ctrl-C in its terminal or `kill {{pid}}` stops it; `--home FOLDER` starts another system"
    )


async def _until_stopped(system: System) -> None:
    running = asyncio.create_task(system.run())
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, running.cancel)
    try:
        await running
    except asyncio.CancelledError:
        system.say("stopped")
