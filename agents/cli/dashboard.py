"""`tickloop dashboard`: serves a live web page about the running system."""

import asyncio
import os
import signal

import click

from agents.cli.home import settings_of_command
from agents.config.settings import Settings, config_table
from agents.dashboard.serve.guard import Guard, token_of, told
from agents.dashboard.serve.server import serving
from agents.dashboard.state.model_kinds import kinds_of_configuration


@click.command("dashboard")
@click.option("--host", help="Address to listen on  [default: 127.0.0.1]")
@click.option("--port", type=click.IntRange(1, 65535), help="Port  [default: 8642]")
def command(host: str | None, port: int | None) -> None:
    """Serve a live web page about the running system until Ctrl-C; everything on it is read from the topics.

    Viewing needs no token. Actions (promote, roll back, stop, pin, retrain) need the token in
    TICKLOOP_DASHBOARD_TOKEN. If that is not set, the first start creates a token and stores it in the home folder
    (--home). Only this machine can reach the page, unless --host names another address; then put a proxy with TLS in
    front of the dashboard.
    """
    settings = settings_of_command(dashboard_host=host, dashboard_port=port)
    asyncio.run(_until_stopped(settings))


async def _until_stopped(settings: Settings) -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    said = told(settings, settings.dashboard_port)
    token, _ = token_of(settings)
    guard = Guard(token, settings.dashboard_host, settings.dashboard_names)
    async with serving(settings, guard, kinds_of_configuration(config_table(os.environ))) as server:
        click.echo(said)
        await server.until(stopped)
