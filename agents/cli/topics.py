"""`tickloop topics`: compares the cluster's topics with those that the system needs; creates and empties topics."""

import asyncio

import click
import msgspec
from rich.console import Console
from rich.table import Table

from agents.broker import bootstrap
from agents.cli.home import settings_of_command
from agents.config.settings import Settings
from agents.operations import addresses, topics
from agents.operations.lost_directives import find_lost_directives, lost_directives_sentence
from agents.operations.recompute import computed_topics, recompute
from agents.operations.system import wanted_topics
from agents.operations.topics import Difference
from agents.process.waiting import waiting_for
from schemas.errors import ConfigurationError

JSON = click.option("--json", "as_json", is_flag=True, help="Print a JSON array of differences.")


@click.group("topics")
def command() -> None:
    """Compare the cluster's topics with those that the system needs, create them, or have everything computed again.

    The number of partitions, replicas and the prefix are settings: TICKLOOP_PARTITIONS, TICKLOOP_REPLICATION,
    TICKLOOP_PREFIX.
    """


@command.command("plan")
@JSON
@click.pass_context
def plan_command(context: click.Context, as_json: bool) -> None:
    """Show which topics are missing or differ from what the system needs, and change nothing.

    The exit code is 1 if there is such a topic.
    """
    settings = settings_of_command()
    differences = asyncio.run(topics.plan(bootstrap(settings), wanted_topics(settings)))
    show(differences, as_json, "Differs", "All topics are as the registry says")
    context.exit(1 if differences else 0)


@command.command("apply")
@JSON
def apply_command(as_json: bool) -> None:
    """Create missing topics and correct configurations that differ; safe to repeat."""
    settings = settings_of_command()
    differences = asyncio.run(topics.apply(bootstrap(settings), wanted_topics(settings)))
    show(differences, as_json, "Mended", "Nothing to do: all topics are as the registry says")


@command.command("reset")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--without-directives", is_flag=True, help="Go on though directives are no longer among the ticks.")
def reset_command(yes: bool, without_directives: bool) -> None:
    """Delete everything that was computed from the ticks; the ticks stay, and workers begin again at the first one.

    It is needed after a change of parameters, or if the stored state was computed from other ticks than the topic
    `ticks` holds now. Stop `tickloop up` and all workers first.

    A version cannot come back if the record that started it, or made it live, was deleted with old ticks. If there
    are such versions, the command names them and deletes nothing, unless you give --without-directives.
    """
    settings = settings_of_command()
    expect_no_up(settings)
    address = bootstrap(settings)
    if not without_directives and (found := asyncio.run(find_lost_directives(settings, address))):
        raise ConfigurationError(lost_directives_sentence(found))
    if not yes:
        doomed = ", ".join(spec.name for spec in computed_topics(settings))
        of = "" if settings.bootstrap else f", of {settings.home_path}"
        click.confirm(f"Delete {doomed} at {address}{of}?", abort=True)
    with waiting_for("workers that were killed to be out of the group, and topics to be deleted", _say):
        names = asyncio.run(recompute(settings, address))
    click.echo(f"Empty again: {', '.join(names)}")


def expect_no_up(settings: Settings) -> None:
    """Refuse to delete topics while a `tickloop up` of the same home folder runs, since its workers use the topics.

    Raises:
        ConfigurationError: one runs; the message says how to stop it.
    """
    up = addresses.read(settings.home_path)
    if up is not None and up.group == settings.group:
        start = "" if settings.bootstrap else ", then `tickloop broker start`"
        raise ConfigurationError(
            f"expected no `tickloop up` of {settings.home_path}, one runs (pid {up.pid}); fix: Ctrl-C in its terminal "
            f"or `kill {up.pid}`{start}, then the same command again"
        )


def _say(sentence: str) -> None:
    click.echo(sentence, err=True)


def show(differences: list[Difference], as_json: bool, title: str, nothing: str) -> None:
    """Print the differences between the cluster's topics and those that the system needs.

    Args:
        differences: differences to print.
        as_json: whether to print a JSON array instead of a table.
        title: heading of the table.
        nothing: sentence to print instead of a table if there are no differences.
    """
    if as_json:
        click.echo(msgspec.json.encode(differences))
        return
    if not differences:
        click.echo(nothing)
        return
    table = Table("topic", "difference", "expected", "found", box=None, title=title, title_justify="left")
    for difference in differences:
        kind = difference.setting or difference.kind
        table.add_row(difference.topic, kind, difference.expected, difference.found or "-")
    Console().print(table)
