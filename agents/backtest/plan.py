"""The plan of a backtest: its input and parameters.

The plan is stored as text in the folder of the backtest, and so tells whether the folder belongs to a given plan.
"""

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
    """A file that a backtest reads, with the size and digest that it had when the plan was made.

    Attributes:
        name: path as the user gave it.
        bytes: size in bytes.
        sha256: SHA-256 of the content, hexadecimal.
    """

    name: str
    bytes: int
    sha256: str


class BacktestPlan(Struct, frozen=True):
    """Everything that one backtest needs: its input, parameters and output folder.

    Attributes:
        name: title of the backtest, for people.
        folder: path of the folder for its results.
        config: path of the TOML file of the parameters, empty if none. Each process loads the user's plug-ins from it.
        inputs: files of ticks, merged by event time.
        columns: how the rows of the files become ticks.
        parameters: parameters of all computations.
        partitions: number of partitions over which the symbols are spread, as in a Kafka topic.
        digests: whether to compute digests of the records that a live system would have published.
        identity: digests of the code, plug-ins and libraries that compute the backtest.
        format_file: the user's own file format description, with its digest; None if a built-in format or none is used.
        plugins: the table `plugins` of the parameter file, which `text` includes; empty if there is none.
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
        """The plan as TOML text, which can be used as a parameter file too.

        With the same code, plans whose texts are equal (apart from the table `plugins`) give equal results.
        """
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
    r"""Whether two plans, given as TOML texts, describe the same backtest. Their tables `plugins` are not compared.

    Changes of plug-ins are found elsewhere, by comparing digests of their code.

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
    """The user's file that describes the input format, with size and digest; None if `columns` names none.

    Raises:
        ConfigurationError: `columns` names a file that does not exist.
    """
    return inspected((columns.format,))[0] if columns.format.endswith(TOML) else None


def inspected(names: tuple[str, ...]) -> tuple[Input, ...]:
    """Read the files `names` whole, and return for each its name, size and SHA-256.

    Raises:
        ConfigurationError: a file is missing, or cannot be read a second time (a pipe, for example).
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
