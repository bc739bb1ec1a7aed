"""Writes the table of all parameters and their bounds into docs/configuration.md, from the parameters' types.

Run `python -m agents.config.parameter_reference write`, or `check` to see whether the page is up to date.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

from msgspec import Meta, Struct

from schemas import committed
from streams.account.parameters import AccountParameters
from streams.engine.configured import bare
from streams.experiments.declaration import Declaration
from streams.experiments.parameters import ExperimentParameters
from streams.market.parameters import MarketParameters
from streams.monitoring.parameters import MonitorParameters
from streams.retraining.parameters import RetrainParameters

PAGE = Path(__file__).parents[2] / "docs" / "configuration.md"
BEGIN = "<!-- written by `python -m agents.config.parameter_reference write` from here -->"
END = "<!-- to here -->"

TABLES: dict[str, type[Struct]] = {
    "market": MarketParameters,
    "account": AccountParameters,
    "monitor": MonitorParameters,
    "retraining": RetrainParameters,
    "experiments.NAME": Declaration,
}

SAID_ELSEWHERE = (Declaration,)
"""Tables that also occur within another table; they are listed once, by their own name."""

NAMES = {
    "market.features.recorded": "features",
    "market.features.order_flow_window": '1 to 10,000 quotes, or a duration such as `"2s"`',
    "market.features.trade_window": '1 to 10,000 trades, or a duration such as `"2s"`',
    "market.features.volatility.realised_window": '1 to 10,000 quotes, or a duration such as `"2s"`',
    "market.features.references.of": "symbols, at most 8",
    "market.features.own": "families of plug-ins, a table each",
    "market.regime.detector": "a detector: `ewma`, `hmm` or one of a plug-in",
    "market.regime.own": "detectors of plug-ins, a table each",
    "market.strategies.enabled": "strategies, each once",
    "market.strategies.own": "strategies of plug-ins, a table each",
    "market.model.features": "signed features, each once",
    "market.model.prior": "features",
    "market.models.NAME.model": "a class of River, for example `forest.ARFClassifier`",
    "market.models.NAME.scaler": "a transformer of River, or nothing",
    "market.models.NAME.parameters": "arguments of the class",
    "market.models.NAME.of": "a model of a plug-in",
    "market.models.NAME.features": "features, each once",
    "market.mixture.prior": "experts: strategies, `signed_logistic` and tables of `models`",
    "market.confidence.calibrator": "a calibrator: `temperature`, `bins` or one of a plug-in",
    "market.confidence.own": "calibrators of plug-ins, a table each",
    "market.costs.enabled": "costs, each once",
    "market.costs.own": "costs of plug-ins, a table each",
    "market.sizing.enabled": "rules, each once",
    "market.sizing.own": "rules of plug-ins, a table each",
    "market.sizing.regime_caps": "regimes",
    "experiments.NAME.symbols": "symbols",
    "experiments.NAME.test.guardrails": "metrics, as `primary`",
    "experiments.NAME.arm": "tables of `market`, but for `validation` and `admission`",
}
"""What fields hold whose values are names of a registry."""

CHECKS: dict[type[Struct], tuple[str, ...]] = {
    MarketParameters: ("At most 256 features are computed, and the state of a symbol must fit into a record.",),
    Declaration: (
        '`scope = "pooled"` needs two `symbols` at least.',
        '`apply = "automatic"` needs a `primary` other than `drawdown`.',
    ),
    ExperimentParameters: (
        "`longest` is at least `batch` times the batches that are needed: `minimum_batches`, and with planned looks "
        "enough for each of them.",
        "`worth` is above `margin`.",
        "`primary` is not among the `guardrails`, and is not `sharpe`.",
        '`bound` is 0 with `primary = "drawdown"`.',
        '`clock_ns` is 0 with `plan = "group_sequential"` and above 0 with `scope = "pooled"`, which has neither '
        "`drawdown` nor `bound`.",
    ),
    RetrainParameters: ("`trial.test.challengers` is at least `candidates`; where less is given, it is that.",),
}
"""Rules between several fields, by the type that checks them."""


def text() -> str:
    """Return the generated part of docs/configuration.md, as Markdown."""
    lines = ["| parameter | takes |", "|---|---|"]
    for name, kind in TABLES.items():
        lines += [f"| `{path}` | {taken} |" for path, taken in rows(kind, name)]
    lines += ["", "Beyond each by itself:", ""]
    lines += [f"* `{_table_of(kind)}`: {each}" for kind, said in CHECKS.items() for each in said]
    return "\n".join(lines)


def rows(kind: type[Struct], under: str) -> Iterator[tuple[str, str]]:
    """Yield the path and the accepted values of every parameter in a table, including its sub-tables.

    Args:
        kind: struct whose fields are the parameters.
        under: path of the table, which begins each parameter's path.

    >>> dict(rows(AccountParameters, under="account"))["account.closing_confidence"]
    '0.5 to 1'
    """
    for name, hint in get_type_hints(kind, include_extras=True).items():
        if name not in kind.__struct_fields__:
            continue
        path, plain = f"{under}.{name}", bare(hint)
        if plain in SAID_ELSEWHERE:
            yield path, "as `experiments.NAME`"
        elif isinstance(plain, type) and issubclass(plain, Struct):
            yield from rows(plain, path)
        elif kinds := _kinds(plain):
            yield path, f"tables, each with a `kind` of {', '.join(f'`{tag}`' for tag in kinds)}"
            for tag, each in kinds.items():
                yield from ((own, f"{said} (`{tag}`)") for own, said in rows(each, f"{path}.NAME"))
        else:
            yield path, taken(hint, NAMES.get(path, ""))


def _kinds(plain: Any) -> dict[str, type[Struct]]:
    """Structs by their tag, where a field is a dictionary of tables of several kinds; else nothing."""
    values = get_args(plain)[1:] if get_origin(plain) is dict else ()
    members = get_args(values[0]) if values else ()
    if not all(isinstance(each, type) and issubclass(each, Struct) for each in members):
        return {}
    return {str(each.__struct_config__.tag): each for each in members}


def taken(hint: Any, names: str = "") -> str:
    """Return the values that a field accepts, in words.

    Args:
        hint: type of the field.
        names: for a field that takes names of components (such as strategies), words for these names; empty: the
            type says enough.

    Raises:
        TypeError: this module has no words for a type of this kind.

    >>> taken(Annotated[float, Meta(gt=0.0, le=1.0)]), taken(bool), taken(Literal["a", "b"])
    ('above 0, up to 1', '`true` or `false`', 'one of `a`, `b`')
    """
    plain, origin = bare(hint), get_origin(bare(hint))
    if plain is bool:
        return "`true` or `false`"
    if origin is Literal and not names:
        return f"one of {', '.join(f'`{each}`' if each else 'nothing' for each in get_args(plain))}"
    if plain in (int, float):
        return bounds(hint)
    if origin is dict:
        key, value = get_args(plain)
        keys = names or taken(key)
        if bare(value) in (int, float):
            return f"{keys}, each {bounds(value)}"
        return keys
    if names:
        return names
    if origin is tuple:
        sizes = next(((each.min_length, each.max_length) for each in _metas(hint)), (None, None))
        return f"{sizes[0] or 0} to {sizes[1]} numbers, each {bounds(get_args(plain)[0])}"
    raise TypeError(f"expected a kind of field that this page can tell, was {hint!r}; fix: tell it here, or in NAMES")


def bounds(hint: Any) -> str:
    """Return the bounds of a number, taken from the `Meta` annotations of its type, in words such as `0 to 1`."""
    metas = list(_metas(hint))
    ge = next((each.ge for each in metas if each.ge is not None), None)
    gt = next((each.gt for each in metas if each.gt is not None), None)
    le = next((each.le for each in metas if each.le is not None), None)
    lt = next((each.lt for each in metas if each.lt is not None), None)
    if ge is not None and le is not None:
        return f"{_number(ge)} to {_number(le)}"
    low = f"{_number(ge)} or more" if ge is not None else f"above {_number(gt)}"
    return f"{low}, {f'up to {_number(le)}' if le is not None else f'below {_number(lt)}'}"


def _table_of(kind: type[Struct]) -> str:
    found = {each: name for name, each in TABLES.items()}
    return found.get(kind, "experiments.NAME.test")


def _metas(hint: Any) -> Iterator[Meta]:
    while get_origin(hint) is Annotated:
        yield from (each for each in get_args(hint)[1:] if isinstance(each, Meta))
        hint = get_args(hint)[0]


def _number(value: float | None) -> str:
    """Return a bound as text: large whole numbers with thousands separators, 2**62 as a power.

    >>> _number(2**62), _number(1_000_000_000), _number(0.5)
    ('2^62', '1,000,000,000', '0.5')
    """
    assert value is not None, "a number of a configuration has two ends, which a test holds"
    if value == 2**62:
        return "2^62"
    return f"{value:,.0f}" if value == int(value) else f"{value:g}"


def wanted() -> committed.Files:
    """Return the path of docs/configuration.md, and its content with the generated part brought up to date."""
    before, rest = PAGE.read_text(encoding="utf-8").split(BEGIN)
    _, after = rest.split(END)
    return {PAGE: f"{before}{BEGIN}\n\n{text()}\n\n{END}{after}"}


def main(arguments: list[str]) -> int:
    """Run `write` or `check`, the only argument; return the exit code: 1 if `check` finds the page outdated, else 0."""
    return committed.main(arguments, "agents.config.parameter_reference", "docs/configuration.md", wanted)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
