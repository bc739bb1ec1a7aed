"""Keeps the parameters that workers of a home ran with as files, so that a change can be shown field by field."""

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
    """Parameters as the tables of a parameter file."""
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
    """Folder in which the parameters of a home are kept."""
    return home / FOLDER


def keep(parameters: Parameters, home: Path, plugins: Mapping[str, Any] | None = None) -> None:
    """Write parameters into the home, equal ones into the same file; a failure is only logged.

    Args:
        parameters: of a worker.
        home: of the worker.
        plugins: table `[plugins]` as a file in that folder needs it to load the user's components.
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
    """The text of an error; if state of other parameters caused it, with what differs, where the home has those."""
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
    """The tables that a digest may cover: of all symbols, and of each symbol with parameters of its own."""
    first, _, own = table.partition(".")
    if first == "experiments":
        return {first: {own: whole[first].get(own, {})}}
    return {name: whole[name] for name in (("market", "symbols") if first in ("market", "symbols") else (first,))}


def digests(parameters: Parameters) -> Iterator[tuple[str, str]]:
    """Digests of parameters, as states carry them, each with the table that it is of."""
    yield "market", parameters.market.digest()
    for name, own in parameters.symbols.items():
        yield f"symbols.{name}.market", own.digest()
    yield "account", parameters.account.digest()
    yield "monitor", parameters.monitor.digest()
    yield "retraining", parameters.retraining.trial.test.digest()
    for name, declared in parameters.experiments.items():
        yield f"experiments.{name}", declared.test.digest()
        yield f"experiments.{name}", digest_of(declared)
