"""Stores the parameters that workers ran with, so that an error can later list which parameters have changed.

Each set of parameters is one TOML file. It lies in the subfolder `parameters` of the folder that the setting
`home` names.
"""

import logging
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec

from agents.config.changed import changes
from schemas.errors import ConfigurationError
from streams.engine.node import OtherParameters
from streams.experiments.pooling_node import digest_of
from streams.parameters import Parameters, load_parameters

FOLDER = "parameters"

log = logging.getLogger(__name__)


def tables(parameters: Parameters) -> dict[str, Any]:
    """Return parameters as nested dictionaries of plain values, arranged as in a parameter file."""
    plain = msgspec.json.decode(msgspec.json.encode(parameters))
    return {
        "market": plain["market"],
        "symbols": {name: {"market": own} for name, own in sorted(plain["symbols"].items())},
        "account": plain["account"],
        "monitor": plain["monitor"],
        "retraining": plain["retraining"],
        "experiments": dict(sorted(plain["experiments"].items())),
    }


def folder(home: Path) -> Path:
    """Return the folder in which the parameters of workers are stored, inside the home folder of the system."""
    return home / FOLDER


def keep(parameters: Parameters, home: Path, plugins: Mapping[str, Any] | None = None) -> None:
    """Store parameters in the home folder, unless a file there has the same content; a failure is only logged.

    Args:
        parameters: parameters of a worker.
        home: home folder of the system that the worker belongs to.
        plugins: content of the table `[plugins]`, stored with the parameters. Its entry `folder` must be a
            path relative to the folder in which the parameters are stored. None: no plug-ins.
    """
    text = msgspec.toml.encode(tables(parameters) | ({"plugins": plugins} if plugins else {}))
    path = folder(home) / f"{sha256(text).hexdigest()[:16]}.toml"
    if path.exists():
        return
    new = path.with_suffix(".new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        new.write_bytes(text)
        new.replace(path)
    except OSError as error:
        log.warning("%s is not written: %s; a change of parameters will not be told field by field", path, error)


def explained(error: BaseException, home: Path, now: Parameters) -> str:
    """Return the text of an error; if it was raised because parameters have changed, the text also names the changes.

    Such an error says that stored state was computed with other parameters than the present ones. The changes are
    found if a file in the home folder still has the parameters of that state; if none has, the text says so.

    Args:
        error: the error that was caught.
        home: home folder of the system.
        now: present parameters.
    """
    if not isinstance(error, OtherParameters):
        return str(error)
    for path in sorted(folder(home).glob("*.toml")):
        try:
            then = load_parameters(msgspec.toml.decode(path.read_bytes()))
        except (ConfigurationError, msgspec.DecodeError, UnicodeDecodeError, OSError):  # of another version, or damaged
            continue
        table = next((name for name, digest in digests(then) if digest == error.was), "")
        if not table:
            continue
        differing = changes(_part(tables(then), table), _part(tables(now), table))
        return f"{error}; changed since: {differing or 'nothing that is a parameter'}; {path} has the earlier ones"
    return f"{error}; which differ, nothing in {folder(home)} says"


def _part(whole: dict[str, Any], table: str) -> dict[str, Any]:
    """Return the tables of `whole` that a digest of the table named `table` may cover.

    For market parameters these are the tables of all symbols, and of each symbol with parameters of its own.
    """
    first, _, own = table.partition(".")
    if first == "experiments":
        return {first: {own: whole[first].get(own, {})}}
    return {name: whole[name] for name in (("market", "symbols") if first in ("market", "symbols") else (first,))}


def digests(parameters: Parameters) -> Iterator[tuple[str, str]]:
    """Yield the name of each table of parameters, such as `symbols.BTCUSDT.market`, with the digest of the table.

    State that a worker stores carries the digest of the parameters that it was computed with.
    """
    yield "market", parameters.market.digest()
    for name, own in parameters.symbols.items():
        yield f"symbols.{name}.market", own.digest()
    yield "account", parameters.account.digest()
    yield "monitor", parameters.monitor.digest()
    yield "retraining", parameters.retraining.trial.test.digest()
    for name, declared in parameters.experiments.items():
        yield f"experiments.{name}", declared.test.digest()
        yield f"experiments.{name}", digest_of(declared)
