"""The option `--home`: the folder of the system that a command works on, with its local broker, logs and token."""

from typing import Any

import click

from agents.config.settings import Settings

GIVEN = "tickloop.home"
"""Key of the folder in the `meta` of a command's context."""


def _keep(context: click.Context, _: click.Parameter, folder: str | None) -> None:
    if folder is not None:
        context.meta[GIVEN] = folder


HOME = click.Option(
    ["--home"],
    metavar="FOLDER",
    expose_value=False,
    callback=_keep,
    help="Folder of the system: its local broker, logs and token; TICKLOOP_HOME is the same  [default: .tickloop]",
)
"""The option, listed last before `--help`."""


def with_home(command: click.Command) -> click.Command:
    """Add the option `--home` to a command, or to every command of a group, and return the command or group.

    A command that already has the option is left as it is.
    """
    if isinstance(command, click.Group):
        for each in command.commands.values():
            with_home(each)
    elif HOME not in command.params:
        command.params.append(HOME)
    return command


def settings_of_command(**flags: Any) -> Settings:
    """Load the settings for the command that is being run, with the folder given by `--home`.

    Args:
        flags: values of the command's other options, by name of the setting; None: the option was not given.

    Raises:
        ConfigurationError: a setting is invalid or misspelt; the message names it.
    """
    context = click.get_current_context(silent=True)
    return Settings.load(home=context.meta.get(GIVEN) if context is not None else None, **flags)
