"""`tickloop worker`: runs one worker, the process that computes predictions and outcomes from ticks."""

import asyncio

import click

from agents.broker import bootstrap
from agents.broker.cluster import describe
from agents.cli.home import settings_of_command
from agents.cli.parameters_in_use import parameters_in_use
from agents.commands.keyring import signing
from agents.config.parameters_kept import explained, folder, keep
from agents.config.plugins import plugins_seen_from
from agents.identity.computing import configured_identity
from agents.runtime.app import create_app
from agents.runtime.crash import explain_with
from agents.runtime.worker import configure_logging, run_worker
from streams.topology import nodes


@click.command("worker")
@click.option("--slot", type=click.IntRange(1), metavar="N", help="Place in the group: a successor takes over at once.")
@click.option("--verbose", is_flag=True, help="Also log what Faust and aiokafka say.")
def command(slot: int | None, verbose: bool) -> None:
    """Run one worker until it is stopped; `tickloop up` runs several and restarts those that die.

    Workers compute predictions and outcomes from the ticks. Start as many as there are cores, on any number of
    machines: workers with the same prefix divide the partitions among themselves. Give each worker a number of its
    own with --slot; then the successor of a killed worker takes over at once instead of after a session time-out.
    Topics must exist: `tickloop topics apply`.
    """
    settings = settings_of_command()
    configure_logging(verbose)
    address = bootstrap(settings)
    cluster = asyncio.run(describe(address)).id
    parameters = parameters_in_use()
    keep(parameters, settings.home_path, plugins_seen_from(folder(settings.home_path)))
    explain_with(lambda error: explained(error, settings.home_path, parameters))
    instance = f"{settings.group}-{slot}" if slot is not None else None
    app = create_app(settings, address, nodes(parameters, signing(settings)), instance, configured_identity())
    if settings.metrics_port:
        from agents.telemetry.watch import WorkerWatch

        WorkerWatch(app, settings, address, slot, cluster).start()
    run_worker(app, verbose)
