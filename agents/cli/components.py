"""`tickloop components`: checks that strategies, features and other parts of plug-ins behave as they must."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence

import click
import msgspec
from rich.console import Console

from agents.config.plugins import import_each
from agents.config.settings import config_table, named_in_errors
from schemas.errors import ConfigurationError, TickloopError
from streams.components.kinds import Registered, components
from streams.components.promises import PromiseFinding, check, fingerprint, outcome
from streams.parameters import Parameters, load_parameters

IMPORTED = "is_imported"
SAME_EVERYWHERE = "is_the_same_in_every_process"

FINGERPRINTS = "from agents.cli.components import print_fingerprints; print_fingerprints({before})"
"""Program of a process that prints the answers of every part, fresh or after events of another symbol."""

OTHER_SYMBOL = 9
"""Seed of its events."""


@click.group("components")
def command() -> None:
    """Check the parts of your plug-ins: strategies, features, detectors, calibrators, sizing rules, costs, models."""


@command.command("check")
@click.argument("names", nargs=-1, metavar="[NAME...]")
@click.option("--all", "everything", is_flag=True, help="Also the parts that come with tickloop.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list.")
def check_command(names: tuple[str, ...], everything: bool, as_json: bool) -> None:
    """Check that each part of your plug-ins behaves as it must, or, with NAMEs, only the parts of these names.

    Plug-ins are the modules that the configuration lists under [plugins] as `modules`. Each part is fed with made-up
    values in the ranges that `tickloop features list` shows.

    \b
    is_imported                   its module can be imported
    goes_on_after_a_restart       after its state was stored and loaded, the answers are the same
    does_not_look_ahead           earlier answers do not change when later events are changed
    answers_finite_numbers        no error, NaN or infinity, and nothing out of bounds
    stays_small                   the size of its state is bounded
    mirrors_as_it_says            of a model with `symmetric = True`: a mirrored market gives the mirrored probability
    is_the_same_in_every_process  answers do not depend on the hash seed, or on symbols seen before; else results
                                  would depend on --jobs, and on which worker has which partition

    A broken part does not keep the others from being checked. The exit code is 1 when a check fails.
    """
    findings = imported()
    parameters = _parameters().market
    chosen = [each for each in components(parameters) if everything or each.own]
    if names:
        known = [each.name for each in components(parameters)]
        if unknown := [name for name in names if name not in known]:
            raise ConfigurationError(f"expected parts among {', '.join(known)}, was {', '.join(unknown)}")
        chosen = [each for each in components(parameters) if each.name in names]
    if not chosen and not findings:
        raise ConfigurationError(
            "expected parts of plug-ins, there is none; fix: [plugins] modules = ['my_module'] in tickloop.toml, or "
            "--all"
        )
    for each in chosen:
        findings += check(each)
    findings += same_everywhere(chosen)
    if as_json:
        click.echo(msgspec.json.encode(findings))
    else:
        _show(findings)
    if broken := [finding for finding in findings if finding.detail]:
        raise TickloopError(f"{len(broken)} of {len(findings)} checks failed: {broken[0].part}: {broken[0].detail}")


def _parameters() -> Parameters:
    """Return the parameters of the configuration; plug-in modules that cannot be imported are left out."""
    table = config_table()
    with named_in_errors(os.environ, table):
        return load_parameters(table)


def imported(environment: Mapping[str, str] = os.environ) -> list[PromiseFinding]:
    """Import every plug-in module of the configuration, and return a finding (the result of this check) for each.

    The finding of a module that cannot be imported contains the error.
    """
    return [PromiseFinding(f"module {name}", IMPORTED, said) for name, said in import_each(environment).items()]


def same_everywhere(chosen: Sequence[Registered]) -> list[PromiseFinding]:
    """Check that parts answer alike in three processes: a fresh one, one with another hash seed, and a used one.

    The used process has processed events of another symbol before.

    Args:
        chosen: parts to check; none: the result is empty.

    Raises:
        TickloopError: one of the processes failed.
    """
    if not chosen:
        return []
    fresh, hashed, after = (_fingerprints(seed, before) for seed, before in ((0, 0), (4242, 0), (0, OTHER_SYMBOL)))
    found = []
    for each in chosen:
        name = str(each)
        said = ""
        if name in fresh:
            if fresh[name] != hashed.get(name):
                said = (
                    "other answers with another seed of the hashes; fix: iterate over nothing whose order is a hash's"
                )
            elif fresh[name] != after.get(name):
                said = (
                    "other answers in a process that saw another symbol before, so results would depend on --jobs; "
                    "fix: what it remembers belongs into its state, not into the module or the class"
                )
        found.append(PromiseFinding(name, SAME_EVERYWHERE, said))
    return found


def print_fingerprints(before: int) -> None:
    """Print a digest of the answers of each part of the plug-ins, one line each; a part that fails is left out.

    Run in a separate process by `same_everywhere`.

    Args:
        before: seed of events of another symbol that each part processes first; 0: none.
    """
    import_each(os.environ)
    for each in components(_parameters().market):
        found = _fingerprint(each, before)
        if " " not in found:
            print(f"{each} {found}")


def _fingerprint(each: Registered, before: int) -> str:
    return outcome(lambda component: fingerprint(component, before), each)


def _fingerprints(seed: int, before: int) -> dict[str, str]:
    done = subprocess.run(
        [sys.executable, "-P", "-c", FINGERPRINTS.format(before=before)],
        env=os.environ | {"PYTHONHASHSEED": str(seed)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise TickloopError(f"expected a process to check the parts in, it ended: {done.stderr[-600:]}; fix: see there")
    return {line.rpartition(" ")[0]: line.rpartition(" ")[2] for line in done.stdout.splitlines()}


def _show(findings: Sequence[PromiseFinding]) -> None:
    console = Console(highlight=False, soft_wrap=True)
    of: dict[str, list[PromiseFinding]] = {}
    for finding in findings:
        of.setdefault(finding.part, []).append(finding)
    for part, mine in of.items():
        broken = [finding for finding in mine if finding.detail]
        console.print(f"{part}: {'broken' if broken else 'keeps every promise'}", style="red" if broken else "green")
        for finding in broken:
            console.print(f"  {finding.check}: {finding.detail}", markup=False)
