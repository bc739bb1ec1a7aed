"""`tickloop retrainer`: runs the process that trains models and delivers alerts."""

import asyncio
import signal

import click

from agents.broker import bootstrap
from agents.cli.home import settings_of_command
from agents.cli.parameters_in_use import parameters_in_use
from agents.config.settings import Settings
from agents.retrainer.process import run_retrainer
from agents.runtime.worker import configure_logging


@click.command("retrainer")
@click.option("--verbose", is_flag=True, help="Also log what aiokafka says.")
def command(verbose: bool) -> None:
    """Train models whenever a retrain is due, and deliver alerts, until stopped; `tickloop up` keeps one running.

    One such process is enough. It stores nothing itself, since the topics say what is to be done and what was done.
    So it may be killed at any time and started again on any machine. Trainings run one after the other, each in a
    process of its own.
    """
    settings = settings_of_command()
    configure_logging(verbose)
    parameters = parameters_in_use()
    asyncio.run(_until_stopped(settings, bootstrap(settings), parameters))


async def _until_stopped(settings: Settings, address: str, parameters: object) -> None:
    running = asyncio.create_task(run_retrainer(settings, address, parameters))  # type: ignore[arg-type]
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, running.cancel)
    try:
        await running
    except asyncio.CancelledError:
        return
