"""Kinds of further models by name: of those that parameters declare, and of those that a version declares or brings."""

from collections.abc import Iterable, Mapping
from typing import Any

from schemas.models import ModelState
from streams.market.parameters import MarketParameters


def kinds_of_parameters(every: Iterable[MarketParameters]) -> dict[str, str]:
    """Kind of each model that the tables `[market.models]` of some parameters declare, by name.

    >>> kinds_of_parameters([MarketParameters()])
    {}
    """
    return {name: str(model.__struct_config__.tag) for each in every for name, model in each.models.items()}


def kinds_of_version(overrides: Mapping[str, Mapping[str, Any]], state: ModelState | None = None) -> dict[str, str]:
    """Kind of each further model that a version declares or brings, by name.

    Args:
        overrides: parameters in which the version differs from the configuration, by table.
        state: numbers that it started from; None: they are not known.

    >>> kinds_of_version({"models": {"forest": {"kind": "river", "model": "forest.ARFClassifier"}}})
    {'forest': 'river'}
    """
    declared = overrides.get("models", {})
    found = {
        name: str(table["kind"]) for name, table in declared.items() if isinstance(table, Mapping) and "kind" in table
    }
    if state is not None and state.expert:
        found[state.expert.name] = str(state.expert.model.__struct_config__.tag)
    return found
