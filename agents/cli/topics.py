"""`tickloop topics`: compares the cluster's topics with the registry, creates and resets them."""

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
    """Compare the broker's topics with the registry, create them, or start computing anew.

    Number of partitions, replicas and prefix are settings: TICKLOOP_PARTITIONS, TICKLOOP_REPLICATION,
    TICKLOOP_PREFIX.
    """


@command.command("plan")
@JSON
@click.pass_context
def plan_command(context: click.Context, as_json: bool) -> None:
    """Show what differs and change nothing; exit code 1 when something does."""
    settings = settings_of_command()
    differences = asyncio.run(topics.plan(bootstrap(settings), wanted_topics(settings)))
    show(differences, as_json, "Differs", "All topics are as the registry says")
    context.exit(1 if differences else 0)


@command.command("apply")
@JSON
def apply_command(as_json: bool) -> None:
    """Create missing topics and mend drifted configurations; safe to repeat."""
    settings = settings_of_command()
    differences = asyncio.run(topics.apply(bootstrap(settings), wanted_topics(settings)))
    show(differences, as_json, "Mended", "Nothing to do: all topics are as the registry says")


@command.command("reset")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--without-directives", is_flag=True, help="Go on though directives are no longer among the ticks.")
def reset_command(yes: bool, without_directives: bool) -> None:
    """Delete everything that was computed from the ticks; the ticks stay and workers begin again at the first one.

    For a change of parameters, or when the log was cut before its snapshots end. Stop `tickloop up` and workers first.

    Versions that were started or made live by directives which retention has deleted cannot come back: where there are
    some, nothing is done and they are named, unless you go on without them.
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
    """Refuse to delete topics while a `tickloop up` of this home runs, whose workers use them.

    Raises:
        ConfigurationError: one runs; says how to stop it.
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
    """Print differences as a table under `title` or as JSON, `nothing` when there are none."""
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
