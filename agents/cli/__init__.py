"""The command `tickloop`: one module a command, imported when it is asked for."""

import logging
import sys
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import Any

import click

from agents.cli.home import with_home
from agents.process.log_files import keep_own_log_small
from agents.process.machine_errors import of_the_machine
from agents.process.printable import printable, use_in_logs
from schemas.errors import ConfigurationError, EnvironmentProblem, StateError, TickloopError
from streams.engine import compiled
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

EXIT_CODES = {ConfigurationError: 2, EnvironmentProblem: 3, StateError: 4, TickloopError: 1}

INTERRUPTED = 130


class Commands(click.Group):
    """Imports the module of a command when the command is used: `tickloop --help` stays fast."""

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
        """The command that was asked for, or a sentence with the one that was meant."""
        if args and args[0] not in COMMANDS | FORMER and not args[0].startswith("-"):
            meant = MEANT.get(args[0]) or nearest(args[0], COMMANDS)
            ctx.fail(f"No such command {args[0]!r}." + (f" Did you mean {meant}?" if meant else ""))
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Click would say 1 for Ctrl-C, which means failed."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            sys.exit(INTERRUPTED)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(
    package_name="tickloop", prog_name="tickloop", message=f"%(prog)s, version %(version)s, {compiled.described()}"
)
def cli() -> None:
    """Market ticks to predictions to outcomes and back to the models, exactly once, on Kafka.

    First steps: `tickloop demo` shows the loop; `tickloop up` runs it; `tickloop publish FILE` sends ticks;
    `tickloop consume predictions` reads what comes out.

    Exit codes: 0 done, 1 failed, 2 wrong usage or configuration, 3 something is missing on this machine or does not
    answer, 4 stored state contradicts its log, 130 interrupted.
    """


def expect_a_folder() -> None:
    """Whoever deletes the folder that a shell stands in leaves its commands without one.

    Raises:
        EnvironmentProblem: the current folder is gone.
    """
    try:
        Path.cwd()
    except FileNotFoundError:
        raise EnvironmentProblem(
            "expected a current folder, it has been deleted; fix: cd into one that is there"
        ) from None


def sentence_first(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """What the process says of an error that nobody expected: a sentence, then where it came from, for who mends it."""
    if not issubclass(kind, KeyboardInterrupt):
        said = printable(f"{kind.__name__}: {error}")
        click.secho(f"tickloop: an error that nobody expected: {said:.1000}; it came from here:", fg="red", err=True)
    sys.__excepthook__(kind, error, trace)


def main(arguments: list[str] | None = None) -> Any:
    """Run the command line: an expected error is one sentence on standard error and a stable exit code."""
    # What the Kafka client logs about an error is said again in our own sentence; workers set up logging themselves.
    logging.getLogger("aiokafka").addHandler(logging.NullHandler())
    use_in_logs()
    keep_own_log_small()
    sys.excepthook = sentence_first
    try:
        expect_a_folder()
        return cli.main(args=arguments, prog_name="tickloop")
    except (TickloopError, OSError) as problem:
        error = of_the_machine(problem) if isinstance(problem, OSError) else problem
        said = "\n".join(map(printable, str(error).split("\n")))
        click.secho(f"tickloop: {said}", fg="red", err=True)
        sys.exit(next(code for kind, code in EXIT_CODES.items() if isinstance(error, kind)))
