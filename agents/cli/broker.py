"""`tickloop broker`: starts, stops and inspects the local Apache Kafka."""

import click
import msgspec
from rich.console import Console
from rich.table import Table

from agents.broker import process
from agents.broker.cluster import cluster_id_at
from agents.broker.launch import reset, start
from agents.broker.neighbours import no_broker
from agents.cli.home import settings_of_command
from agents.operations import addresses
from schemas.errors import ConfigurationError, EnvironmentProblem


@click.group("broker")
def command() -> None:
    """Start, stop or look at the local Apache Kafka.

    It is a single node that only this machine can reach. Its data survives stops and crashes; `reset` deletes it. If
    TICKLOOP_BOOTSTRAP names another cluster, that one is used instead.
    """


@command.command("start")
@click.option("--port", type=click.IntRange(1, 65535), help="Port for clients  [default: 9092, or any free one]")
def start_command(port: int | None) -> None:
    """Start the broker and wait until it answers.

    The first time it downloads Kafka, 45 MB, into your cache folder; later it needs no network.
    """
    settings = settings_of_command()
    if settings.bootstrap:
        raise ConfigurationError(
            f"expected to start a local broker, but TICKLOOP_BOOTSTRAP points to {settings.bootstrap}; fix: unset it"
        )
    broker, started = start(settings.home_path, port, say=lambda sentence: click.secho(sentence, fg="yellow", err=True))
    what = f"{'Apache Kafka' if broker.kind == 'kafka' else 'Mock cluster'} {broker.version}"
    click.echo(f"{what} {'answers' if started else 'is running already'} at {broker.address} (pid {broker.pid})")


@command.command("stop")
def stop_command() -> None:
    """Stop the broker; its data stays."""
    path = settings_of_command().home_path
    broker = process.stop(path)
    click.echo("No broker was running" if broker is None else f"Stopped the broker at {broker.address}")
    if (up := addresses.read(path)) is not None:
        click.echo(f"`tickloop up` runs here (pid {up.pid}) and starts it again: stop that one", err=True)


@command.command("status")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def status_command(as_json: bool) -> None:
    """Show whether the local broker runs, with address, memory and disk use; the exit code is 3 if it does not."""
    path = settings_of_command().home_path
    broker = process.running(path)
    alive = broker.process if broker is not None else None
    if broker is None or alive is None:
        if as_json:
            click.echo('{"running":false}')
        raise no_broker(path)
    facts = {
        "running": True,
        **msgspec.to_builtins(broker),
        "answers": cluster_id_at(broker.address) is not None,
        "resident_bytes": alive.memory_info().rss,
        "data_bytes": process.disk_bytes(path),
        "log": str(process.log_file(path)),
    }
    if as_json:
        click.echo(msgspec.json.encode(facts))
        return
    table = Table(show_header=False, box=None)
    for name, value in facts.items():
        table.add_row(name, f"{value / 1e6:.0f} MB" if name.endswith("_bytes") else str(value))
    Console().print(table)


@command.command("reset")
@click.option("--yes", is_flag=True, help="Do not ask.")
def reset_command(yes: bool) -> None:
    """Stop the broker and delete all its topics and data."""
    path = settings_of_command().home_path
    if (up := addresses.read(path)) is not None:
        raise EnvironmentProblem(
            f"expected no `tickloop up` of {path} when its data is deleted, one runs (pid {up.pid}); "
            f"fix: stop it first, by Ctrl-C in its terminal or `kill {up.pid}`"
        )
    if not yes:
        click.confirm(f"Delete everything in {process.broker_folder(path)}?", abort=True)
    reset(path)
    click.echo(f"Deleted {process.broker_folder(path)}")


@command.command("logs")
@click.option("-n", "--lines", type=click.IntRange(1), default=50, show_default=True, help="How many lines.")
def logs_command(lines: int) -> None:
    """Print the end of the broker's log."""
    path = settings_of_command().home_path
    click.echo(process.log_tail(path, lines))
