"""`--home`: which system a command is about, for every command that has to do with one."""

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
"""The last option of a command before `--help`."""


def with_home(command: click.Command) -> click.Command:
    """Give a command, or every command of a group, the option; to those that have it already, nothing."""
    if isinstance(command, click.Group):
        for each in command.commands.values():
            with_home(each)
    elif HOME not in command.params:
        command.params.append(HOME)
    return command


def settings_of_command(**flags: Any) -> Settings:
    """Settings of the command that runs, with `--home` if it was given.

    Args:
        flags: others of its options, by the names of the settings; None for those that were not given.

    Raises:
        ConfigurationError: as `Settings.load`.
    """
    context = click.get_current_context(silent=True)
    return Settings.load(home=context.meta.get(GIVEN) if context is not None else None, **flags)
