"""Reads the parameters of an arm that differ from its symbol's, from a file and from options, and lists them.

An arm is one of the variants of the pipeline that run side by side on a symbol.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
from msgspec import UNSET, to_builtins

from schemas.errors import ConfigurationError
from streams.market.parameters import MarketParameters

Tables = dict[str, dict[str, Any]]

MARKET = "market"


def overrides_of(file: str | None, fields: tuple[str, ...]) -> Tables:
    """Read the parameters of an arm, by table and name, from a TOML file and from options; an option takes precedence.

    Args:
        file: path of the file; its tables are `[sizing]` and so on, or `[market.sizing]` as in `tickloop.toml`. None:
            there is no file.
        fields: options, each `TABLE.FIELD=VALUE`.

    >>> overrides_of(None, ("sizing.kelly_fraction=0.001", "market.confidence.calibrator=bins"))
    {'sizing': {'kelly_fraction': 0.001}, 'confidence': {'calibrator': 'bins'}}

    Raises:
        ConfigurationError: the file is not TOML, or the file or an option names something that is no parameter.
    """
    whole: dict[str, Any] = {}
    if file is not None:
        try:
            whole = _of_market(msgspec.toml.decode(Path(file).read_bytes()), file)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise ConfigurationError(f"{file}: expected TOML: {error}") from error
    for field in fields:
        path, equals, text = field.partition("=")
        *tables, name = path.split(".")
        if tables[:1] == [MARKET]:
            del tables[0]
        if not equals or not tables:
            raise ConfigurationError(f"--set: expected TABLE.FIELD=VALUE, was {field!r}")
        inner = whole
        for each in tables:
            inner = inner.setdefault(each, {})
            if not isinstance(inner, dict):
                raise ConfigurationError(f"--set: expected {each} once, was a value and a table of {field!r}")
        inner[name] = _value(text)
    if wrong := [name for name, value in whole.items() if not isinstance(value, dict)]:
        raise ConfigurationError(f"overrides: expected tables, was {wrong[0]} = {whole[wrong[0]]!r}")
    return whole


def differences(market: MarketParameters, overrides: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """A line for each parameter of an arm that differs from the symbol's, with both values.

    The symbol's value stands in brackets after "else". A parameter of equal value, such as
    `max_position` in the example, has no line.

    >>> differences(MarketParameters(), {"sizing": {"kelly_fraction": 0.001, "max_position": 1.0}})
    ['sizing.kelly_fraction = 0.001 (else 0.0001)']

    Args:
        market: parameters of the symbol.
        overrides: parameters of the arm, by table and name.
    """
    return list(_differences("", to_builtins(market), overrides))


def _differences(path: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    for name, value in after.items():
        own, where = before.get(name, UNSET), f"{path}{name}"
        if isinstance(value, Mapping):
            yield from _differences(f"{where}.", own if isinstance(own, Mapping) else {}, value)
        elif own is UNSET:
            yield f"{where} = {_written(value)} (else absent)"
        elif _written(own) != _written(value) and own != value:
            yield f"{where} = {_written(value)} (else {_written(own)})"


def _of_market(table: dict[str, Any], file: str) -> dict[str, Any]:
    """Tables of a file without the prefix `market`, if it has it."""
    if MARKET not in table:
        return table
    own = table[MARKET]
    others = [name for name in table if name != MARKET]
    if others or not isinstance(own, dict):
        raise ConfigurationError(
            f"{file}: expected tables with the prefix `market.` or without it, was both; fix: take "
            f"[{others[0] if others else MARKET}] out"
        )
    return own


def _written(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _value(text: str) -> Any:
    """The value that stands after `--set NAME=`: JSON if it can be read as JSON, else the text itself.

    >>> _value("0.5"), _value('["kelly"]'), _value("bins")
    (0.5, ['kelly'], 'bins')
    """
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text
