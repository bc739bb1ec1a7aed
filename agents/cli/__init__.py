"""The command line `tickloop`; each command is a module of this package, imported only when it is used."""

import logging
import sys
from pathlib import Path
from types import TracebackType
from typing import Any

import click

from agents.cli.commands import Commands
from agents.process.log_files import keep_own_log_small
from agents.process.machine_errors import of_the_machine
from agents.process.printable import printable, use_in_logs
from schemas.errors import ConfigurationError, EnvironmentProblem, StateError, TickloopError
from streams.engine import compiled

EXIT_CODES = {ConfigurationError: 2, EnvironmentProblem: 3, StateError: 4, TickloopError: 1}


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(
    package_name="tickloop", prog_name="tickloop", message=f"%(prog)s, version %(version)s, {compiled.described()}"
)
def cli() -> None:
    """Predict from market ticks on Kafka, score each prediction, and train the models from the results.

    Each accepted tick gets exactly one prediction, even if processes crash.

    First steps: `tickloop demo` shows how the system works; `tickloop up` runs it; `tickloop publish FILE` sends
    ticks; `tickloop consume predictions` reads what comes out.

    Exit codes: 0 done, 1 failed, 2 wrong usage or configuration, 3 something is missing on this machine or does
    not answer, 4 stored state contradicts the topic that it was computed from, 130 interrupted.
    """


def expect_a_folder() -> None:
    """Check that the current folder exists; it may have been deleted since the shell entered it.

    Raises:
        EnvironmentProblem: the current folder was deleted.
    """
    try:
        Path.cwd()
    except FileNotFoundError:
        raise EnvironmentProblem(
            "expected a current folder, it has been deleted; fix: cd into one that is there"
        ) from None


def sentence_first(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Report an unexpected exception on standard error: one sentence first, then the traceback.

    Installed as `sys.excepthook`. For Ctrl-C only the traceback is printed.
    """
    if not issubclass(kind, KeyboardInterrupt):
        said = printable(f"{kind.__name__}: {error}")
        click.secho(f"tickloop: an error that nobody expected: {said:.1000}; it came from here:", fg="red", err=True)
    sys.__excepthook__(kind, error, trace)


def main(arguments: list[str] | None = None) -> Any:
    """Run the command line; an expected error becomes one sentence on standard error and an exit code other than 0.

    Args:
        arguments: words after `tickloop`; None: those of this process.
    """
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
