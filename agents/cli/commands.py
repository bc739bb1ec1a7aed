"""The commands of `tickloop`; a command is also found by its former name.

If the user types another program's word for a command, the error names the matching command of
`tickloop`.
"""

import sys
from importlib import import_module
from typing import Any

import click

from agents.cli.home import with_home
from streams.engine.configured import nearest

COMMANDS = {
    "up": "start everything: broker, topics, workers",
    "dashboard": "one live page: is it running, is it good, what does it think, what is decided, what changed",
    "worker": "run one worker of the loop",
    "retrainer": "run the process that retrains and passes alerts on",
    "broker": "start, stop or look at the local Apache Kafka",
    "topics": "compare the broker's topics with the registry, or create them",
    "publish": "send ticks from a file to Kafka",
    "formats": "list the formats of files that are known by name, or show one",
    "consume": "read predictions, outcomes or any other topic, each record once",
    "backtest": "the loop over files of ticks, as fast as it goes: tables, figures, a tear sheet",
    "replay": "history into Kafka again, in a run of its own, from files or from a tick log",
    "verify": "compare what the workers wrote with a replay of the tick log, byte for byte",
    "arm": "run variants in shadow, make one live, roll back",
    "experiment": "A/B tests on the live stream: plan, start, watch, report",
    "models": "versions of the models: list, compare, promote, roll back, pin, and why one is live",
    "audit": "how a symbol's predictions came about, from the topics alone",
    "skill": "how good the predictions on files are, beside baselines, with intervals",
    "keys": "the keys that commands are signed with: make, change, retire",
    "features": "list the features and who uses them, or check that they keep their promises",
    "components": "check that the parts of your plug-ins keep every promise",
    "demo": "a synthetic or real market through the whole loop, with a summary",
    "compile": "the hot modules into machine code: the same results, faster",
    "doctor": "check this machine and the running system",
}

MEANT = {"health": "doctor", "status": "doctor", "check": "doctor", "start": "up", "run": "up", "train": "models"}
"""What else such commands are called elsewhere."""

FORMER = {"caretaker": "retrainer"}
"""Commands under the names that they had before: scripts and units that were written then go on working."""

WITHOUT_HOME = ("formats", "backtest", "skill", "features", "components", "demo", "compile")
"""Commands on files, or on what they make themselves; every other one takes `--home`."""

INTERRUPTED = 130


class Commands(click.Group):
    """Click group that imports the module of a command only when the command is used, so that `--help` is fast."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        name = FORMER.get(name, name)
        if name not in COMMANDS:
            return None
        command: click.Command = import_module(f"agents.cli.{name}").command
        return command if name in WITHOUT_HOME else with_home(command)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that was asked for; an unknown name ends the program with a suggestion of a known one."""
        if args and args[0] not in COMMANDS | FORMER and not args[0].startswith("-"):
            meant = MEANT.get(args[0]) or nearest(args[0], COMMANDS)
            ctx.fail(f"No such command {args[0]!r}." + (f" Did you mean {meant}?" if meant else ""))
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; Ctrl-C ends the program with exit code 130, not with click's 1, which means failure."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            sys.exit(INTERRUPTED)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))
