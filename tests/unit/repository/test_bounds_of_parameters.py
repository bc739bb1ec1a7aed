"""Every number in the configuration has bounds, and the documents name the bounds of the settings."""

import re
from collections.abc import Iterator
from importlib import import_module
from math import inf, isfinite, nan
from pathlib import Path
from pkgutil import walk_packages
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import msgspec
import pytest
from msgspec import Meta, Struct

import streams
from agents.config import parameter_reference
from agents.config.settings import Settings
from schemas.errors import ConfigurationError
from streams.experiments.declaration import Declaration
from streams.parameters import Parameters, load_parameters
from tests.support.places import ROOT

DOCUMENT = (ROOT / "docs" / "configuration.md").read_text()


def structs_of_parameters() -> list[type[Struct]]:
    """All structs of `streams` whose fields can be set in the configuration."""
    for module in walk_packages(streams.__path__, "streams."):
        import_module(module.name)
    found: set[type[Struct]] = set()
    waiting: list[type[Struct]] = [Struct]
    while waiting:
        for each in waiting.pop().__subclasses__():
            waiting.append(each)
            if each.__module__.startswith("streams.") and each.__struct_config__.forbid_unknown_fields:
                found.add(each)
    return sorted(found, key=lambda each: (each.__module__, each.__name__))


def numbers(kind: Any, known: tuple[Any, ...] = ()) -> Iterator[tuple[type, float | None, float | None]]:
    """The number types within an annotation, each with its lower and upper bound (None: none)."""
    if get_origin(kind) is Annotated:
        base, *given = get_args(kind)
        yield from numbers(base, (*known, *given))
    elif kind in (int, float):
        metas = [each for each in known if isinstance(each, Meta)]
        low = next(
            (each.ge if each.ge is not None else each.gt for each in metas if (each.ge, each.gt) != (None, None)), None
        )
        high = next(
            (each.le if each.le is not None else each.lt for each in metas if (each.le, each.lt) != (None, None)), None
        )
        yield kind, low, high
    else:
        for each in get_args(kind):
            yield from numbers(each)


STRUCTS = structs_of_parameters()
CONFIGURED: list[type[Struct]] = [*STRUCTS, Settings]
FIELDS = [
    pytest.param(kind, id=f"{struct.__name__}.{name}")
    for struct in CONFIGURED
    for name, kind in get_type_hints(struct, include_extras=True).items()
    if any(numbers(kind))
]


def test_the_walk_finds_the_parameters() -> None:
    assert len(FIELDS) > 100
    reached = {type(each) for each in vars_of(Parameters())}
    assert reached <= {*STRUCTS, Parameters}


def vars_of(struct: Struct) -> Iterator[Struct]:
    yield struct
    for name in struct.__struct_fields__:
        if isinstance(value := getattr(struct, name), Struct):
            yield from vars_of(value)


@pytest.mark.parametrize("kind", FIELDS)
def test_every_number_has_bounds_and_none_takes_nan_or_infinity(kind: Any) -> None:
    for number, low, high in numbers(kind):
        assert None not in (low, high), "give it a Meta with both ends; streams/engine/bounds.py has the common ones"
        assert all(isfinite(end) for end in (low, high) if end is not None)
        assert number is not int or (high or 0) <= 2**62
    if kind is float or get_args(kind)[:1] == (float,):
        for odd in (nan, inf, -inf):
            with pytest.raises(msgspec.ValidationError):
                msgspec.convert(odd, kind)


@pytest.mark.parametrize("number", ["nan", "inf", "-inf"])
def test_what_is_no_number_is_found_in_tables_that_only_a_component_knows(number: str) -> None:
    table = msgspec.toml.decode(f"[market.strategies.own.fade]\nslopes = [1.0, {number}]")
    with pytest.raises(ConfigurationError, match=r"market.strategies.own.fade.slopes\[1\]: expected a finite number"):
        load_parameters(table)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CHECKPOINT_S", "0"),
        ("CHECKPOINT_S", "nan"),
        ("PARTITIONS", "0"),
        ("PARTITIONS", "-1"),
        ("WORKERS", "1000000"),
        ("SESSION_TIMEOUT_S", "0"),
        ("SESSION_TIMEOUT_S", "inf"),
        ("METRICS_PORT", "-1"),
        ("METRICS_PORT", "65536"),
        ("DASHBOARD_PORT", "0"),
        ("LATENCY_LIMIT_MS", "-1"),
        ("PREFIX", "a:b"),
        ("PREFIX", "x" * 101),
    ],
)
def test_a_setting_beyond_its_bounds_is_a_sentence_with_its_name(name: str, value: str) -> None:
    with pytest.raises(ConfigurationError, match=rf"settings: Expected .*{name.lower()}.*fix: docs/configuration.md"):
        Settings.load({f"TICKLOOP_{name}": value, "TICKLOOP_CONFIG": ""})


def test_every_bound_of_a_setting_is_documented() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| `TICKLOOP_\w+` \|[^|]*\| ?([^|]*?) ?\|", DOCUMENT, re.MULTILINE))
    hints = get_type_hints(Settings, include_extras=True)
    for name in Settings.__struct_fields__:
        bounds = [f"{low:g} to {high:.0f}" for _, low, high in numbers(hints[name]) if low is not None]
        assert [rows[name]] == (bounds or [rows[name] if name in ("prefix", "deployment") else ""]), name
    assert "100 of `A-Za-z0-9._-`" in rows["prefix"]


def test_the_page_has_the_bounds_of_every_parameter(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert parameter_reference.main(["check"]) == 0, "fix: make contract"
    assert parameter_reference.main(["other"]) == 2
    documented = dict(re.findall(r"^\| `([\w.]+)` \| (.*) \|$", parameter_reference.text(), re.MULTILINE))
    reached = {
        name
        for kind in STRUCTS
        for name in kind.__struct_fields__
        if kind in {type(each) for each in vars_of(Parameters())} | {type(each) for each in vars_of(Declaration())}
    }
    assert {part for path in documented for part in path.split(".")} >= reached
    assert documented["market.costs.fee_bps"] == "0 to 10,000"
    page = tmp_path / "configuration.md"
    page.write_text(DOCUMENT.replace("| `market.costs.fee_bps` | 0 to 10,000 |", "| `market.costs.fee_bps` | 0 to 1 |"))
    monkeypatch.setattr(parameter_reference, "PAGE", page)
    assert parameter_reference.main(["check"]) == 1
    assert parameter_reference.main(["write"]) == 0
    assert page.read_text() == DOCUMENT


def test_every_check_beyond_a_field_is_documented() -> None:
    checked = {kind for kind in STRUCTS if "__post_init__" in vars(kind) and ".sources." not in kind.__module__}
    assert checked
    assert checked <= set(parameter_reference.CHECKS)


@pytest.mark.parametrize(
    "table",
    [
        {"test": {"scope": "pooled", "clock_ns": 1}, "symbols": ["X"]},
        {"apply": "automatic", "test": {"primary": "drawdown"}},
        {"test": {"longest": 100, "batch": 100}},
        {"test": {"margin": 1.0, "worth": 1.0}},
        {"test": {"primary": "returns", "guardrails": {"returns": 1.0}}},
        {"test": {"primary": "sharpe"}},
        {"test": {"primary": "drawdown", "bound": 1.0}},
        {"test": {"plan": "group_sequential", "clock_ns": 1, "longest": 1_000_000}},
        {"test": {"scope": "pooled"}, "symbols": ["X", "Y"]},
        {"test": {"scope": "pooled", "clock_ns": 1, "bound": 1.0}, "symbols": ["X", "Y"]},
    ],
)
def test_documented_rules_for_experiments_beyond_a_field_are_checked(table: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match="experiment: expected"):
        load_parameters({"experiments": {"bold": table}})
