"""The plan of a backtest, and its text, by which a folder recognises the backtest that it belongs to."""

from collections.abc import Mapping
from hashlib import file_digest
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from agents.identity.computing import LOOP, Identity
from schemas.errors import ConfigurationError
from streams.parameters import Parameters
from streams.sources.absent_files import fix_of
from streams.sources.columns import Columns

FORMAT = 1
"""Version of the folder's layout; a backtest with another one is not resumed."""


PLUGINS = "plugins"
"""Table of a parameter file that names modules of the user."""

TOML = ".toml"
"""Ending of `--format` values that are files of the user."""

COMPUTE = (*LOOP, "streams.engine.backtest", "agents.backtest.share", "agents.backtest.parts")
"""Modules that decide what goes into a folder, with all that they import."""


class Input(Struct, frozen=True):
    """A file of ticks as it was found.

    Attributes:
        name: path as given.
        bytes: size.
        sha256: of its content, hex.
    """

    name: str
    bytes: int
    sha256: str


class BacktestPlan(Struct, frozen=True):
    """One backtest.

    Attributes:
        name: for people.
        folder: where it goes.
        config: TOML file of the parameters, or empty; processes read it again for its plugins.
        inputs: files of ticks, merged by event time.
        columns: how their rows become ticks.
        parameters: of all nodes.
        partitions: of every topic.
        digests: whether to compute digests of what the topics would hold.
        identity: digests of the code, plug-ins and libraries that compute it.
        format_file: content of the file format, where that is a file of the user.
        plugins: table of that name, as it has to stand in the folder.
    """

    name: str
    folder: str
    config: str
    inputs: tuple[Input, ...]
    columns: Columns
    parameters: Parameters
    partitions: int
    digests: bool
    identity: Identity
    format_file: Input | None = None
    plugins: Mapping[str, Any] = {}

    def text(self) -> str:
        """The plan as TOML, which is a parameter file too; plans with equal texts give equal results."""
        parameters = self.parameters
        table: dict[str, Any] = {
            "run": {
                "format": FORMAT,
                "partitions": self.partitions,
                "digests": self.digests,
                "parameters": parameters.market.digest(),
                "columns": msgspec.to_builtins(self.columns),
                "input": msgspec.to_builtins(self.inputs),
            },
            "market": _plain(parameters.market),
            "symbols": {name: {"market": _plain(own)} for name, own in sorted(parameters.symbols.items())},
            "account": _plain(parameters.account),
            "monitor": _plain(parameters.monitor),
            "retraining": _plain(parameters.retraining),
            "experiments": {name: _plain(each) for name, each in sorted(parameters.experiments.items())},
        }
        if self.format_file is not None:
            table["run"]["format_file"] = msgspec.to_builtins(self.format_file)
        if self.plugins:
            table[PLUGINS] = dict(self.plugins)
        return msgspec.toml.encode(table).decode()


def is_same(before: str, now: str) -> bool:
    r"""Whether two texts are of one plan; the table of plug-ins is ignored, since their identity is compared elsewhere.

    >>> is_same("[market]\nx = 1\n", "[market]\nx = 1\n[plugins]\nmodules = ['mine']\n"), is_same("a = 1", "a = 2")
    (True, False)
    """
    try:
        tables = [dict(msgspec.toml.decode(text)) for text in (before, now)]
    except msgspec.DecodeError:
        return before == now
    for table in tables:
        table.pop(PLUGINS, None)
    return tables[0] == tables[1]


def format_file(columns: Columns) -> Input | None:
    """The file of the format with its digest, where it is one of the user; else None.

    Raises:
        ConfigurationError: the file is missing.
    """
    return inspected((columns.format,))[0] if columns.format.endswith(TOML) else None


def inspected(names: tuple[str, ...]) -> tuple[Input, ...]:
    """The files as they are now.

    Raises:
        ConfigurationError: one is missing, or cannot be read twice, as a pipe.
    """
    found = []
    for name in names:
        path = Path(name)
        if not path.is_file():
            raise ConfigurationError(f"{name}: expected a file that can be read again, found none{fix_of(name)}")
        with path.open("rb") as stream:
            found.append(Input(name, path.stat().st_size, file_digest(stream, "sha256").hexdigest()))
    return tuple(found)


def _plain(parameters: Struct) -> Any:
    return msgspec.json.decode(msgspec.json.encode(parameters))
