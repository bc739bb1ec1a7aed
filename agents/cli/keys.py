"""`tickloop keys`: creates, changes and retires the keys that commands are signed with."""

import asyncio
import secrets
from collections.abc import Mapping

import click
import msgspec
from msgspec.structs import replace
from rich.console import Console
from rich.table import Table

from agents.broker import bootstrap
from agents.cli.absent_broker import say_when_the_broker_is_away
from agents.cli.home import settings_of_command
from agents.commands.keyring import ONLY, Ring, load, named, path_of, save
from agents.operations.log_ends import log_ends
from schemas.errors import ConfigurationError
from streams.engine.signing import Key

KEY = click.argument("key_id", metavar="KEY")

PLAIN = "plain"
"""Id of the key for signatures of earlier releases."""

UNSIGNED = "unsigned"
"""Id of the entry for unsigned records that were written before there was a key."""

RESTART = "fix: restart the workers and the retrainer one after the other, then go on"


class KeyShown(msgspec.Struct):
    """A signing key without its secret; `tickloop keys list --json` prints it.

    Attributes:
        id: id of the key.
        state: which of the key's signatures are accepted, in words.
        until: for each partition of each topic, the first offset at which the key's signatures are refused;
            None: the key is not retired.
    """

    id: str
    state: str
    until: Mapping[str, tuple[int, ...]] | None


@click.group("keys")
def command() -> None:
    """Manage the keys that sign commands and other records which change what is computed.

    The keys are stored in the file that TICKLOOP_DIRECTIVE_KEYS names. A key is replaced in three steps; after each,
    restart the workers one after the other. `new` adds a key whose signatures are accepted from then on. `use` makes
    it the key that signs. `retire` refuses whatever the old key signs from then on, while its earlier signatures stay
    valid.

    \b
    Examples:
      tickloop keys new 2026b
      tickloop keys use 2026b
      tickloop keys retire 2026a
    """


@command.command("new")
@KEY
@click.option("--adopt", is_flag=True, help="Make the file of a deployment that ran without a key; stop it first.")
def new_command(key_id: str, adopt: bool) -> None:
    """Add a key of 256 random bits; the first key creates the file.

    The first key signs at once. If TICKLOOP_DIRECTIVE_KEY is set when the file is created, its secret is stored in
    the file too, and goes on signing until `tickloop keys use`. What was signed with that secret before, also under
    earlier releases, stays valid. With --adopt, the unsigned records that are on the topics at present stay valid.
    """
    settings = settings_of_command()
    path = path_of(settings)
    fresh = Key(key_id, secrets.token_hex(32))
    if path.exists():
        if adopt:
            raise ConfigurationError(f"--adopt: expected no file of keys yet, found {path}")
        ring = load(path)
        save(path, replace(ring, keys=(fresh, *ring.keys)))
        click.echo(f"{key_id} is taken from now on, {ring.signs} signs; {RESTART}: tickloop keys use {key_id}")
        return
    name = named(settings)
    ends: dict[str, tuple[int, ...]] = {}
    if adopt or settings.directive_key:
        say_when_the_broker_is_away()
        ends = asyncio.run(log_ends(settings, bootstrap(settings)))
    before = (Key(UNSIGNED, "", ends, plain=True),) if adopt else ()
    if not settings.directive_key:
        save(path, Ring(name, key_id, (fresh, *before)))
        click.echo(f"{path}: {key_id} signs for deployment {name or settings.prefix}")
        return
    old = (Key(ONLY, settings.directive_key), Key(PLAIN, settings.directive_key, ends, plain=True))
    save(path, Ring(name, ONLY, (fresh, *old, *before)))
    click.echo(
        f"{path}: holds the secret of TICKLOOP_DIRECTIVE_KEY as {ONLY}, which signs, and {key_id}, which is taken; "
        f"unset TICKLOOP_DIRECTIVE_KEY; {RESTART}: tickloop keys use {key_id}"
    )


@command.command("use")
@KEY
def use_command(key_id: str) -> None:
    """Sign with the key KEY from now on.

    All workers must accept the key already. They do once they have been restarted after `tickloop keys new`.
    """
    path = path_of(settings_of_command())
    ring = load(path)
    ring.key(key_id)
    save(path, replace(ring, signs=key_id))
    click.echo(f"{key_id} signs, {ring.signs} is still taken; {RESTART}: tickloop keys retire {ring.signs}")


@command.command("retire")
@KEY
def retire_command(key_id: str) -> None:
    """Retire the key KEY: records that it signs are refused if they are written to the topics from now on.

    Records on the topics that the key has signed stay valid, so the topics can still be replayed and verified.
    Running workers and the retrainer accept the key until they are restarted. If a key has leaked, stop all workers
    and the retrainer first, then retire the key, then start them again.
    """
    settings = settings_of_command()
    path = path_of(settings)
    ring = load(path)
    old = ring.key(key_id)
    if key_id == ring.signs:
        raise ConfigurationError(f"expected another key to sign than {key_id}; fix: tickloop keys use ANOTHER first")
    if old.until is not None:
        raise ConfigurationError(f"expected a key that is not retired, {key_id} is since {_ends(old)}")
    say_when_the_broker_is_away()
    until = asyncio.run(log_ends(settings, bootstrap(settings)))
    save(path, replace(ring, keys=tuple(replace(key, until=until) if key is old else key for key in ring.keys)))
    click.echo(
        f"{key_id} is taken for what lies there already, and for nothing from here on, as soon as the workers and the "
        "retrainer are restarted; those that ran meanwhile may have taken more: a key that has leaked is retired while "
        "they are stopped"
    )


@command.command("drop")
@KEY
def drop_command(key_id: str) -> None:
    """Delete a retired key, so that nothing that it signed is accepted any more.

    Use it once the records that the key signed are gone: after topics were deleted and created anew, or when
    retention has passed.
    """
    path = path_of(settings_of_command())
    ring = load(path)
    old = ring.key(key_id)
    if old.until is None:
        raise ConfigurationError(f"expected a key that is retired, {key_id} is not; fix: tickloop keys retire {key_id}")
    save(path, replace(ring, keys=tuple(key for key in ring.keys if key is not old)))
    click.echo(f"{key_id} is forgotten, as soon as the workers and the retrainer are restarted")


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array.")
def list_command(as_json: bool) -> None:
    """Show the keys, but not their secrets."""
    ring = load(path_of(settings_of_command()))
    shown = [KeyShown(key.id, _state(ring, key), key.until) for key in ring.keys]
    if as_json:
        click.echo(msgspec.json.encode(shown))
        return
    table = Table(box=None, header_style="bold")
    for title in ("key", "state", "taken before offset"):
        table.add_column(title, overflow="fold")
    for key, each in zip(ring.keys, shown, strict=True):
        table.add_row(each.id, each.state, _ends(key) if key.until is not None else "")
    Console(highlight=False).print(table)


def _state(ring: Ring, key: Key) -> str:
    if key.id == ring.signs:
        return "signs"
    if key.until is None:
        return "is taken"
    if key.plain:
        return "of earlier releases" if key.secret else "before there was a key"
    return "retired"


def _ends(key: Key) -> str:
    return "; ".join(f"{topic} {', '.join(map(str, ends))}" for topic, ends in (key.until or {}).items())
