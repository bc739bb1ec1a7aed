"""Finds the kind (`river`, `trees`, `onnx` or `own`) of each further model in parameters or in a version.

Further models are those beside the signed logistic regression. A version holds the parameters, and
often the learned numbers, that a variant of the pipeline starts with.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from schemas.models import ModelState
from streams.market.parameters import MarketParameters


def kinds_of_parameters(every: Iterable[MarketParameters]) -> dict[str, str]:
    """Kind, by name, of each model that a table `[market.models]` of the given parameters declares.

    >>> kinds_of_parameters([MarketParameters()])
    {}
    """
    return {name: str(model.__struct_config__.tag) for each in every for name, model in each.models.items()}


def kinds_of_version(overrides: Mapping[str, Mapping[str, Any]], state: ModelState | None = None) -> dict[str, str]:
    """Kind, by name, of each further model that the overrides of a version declare or that its state holds.

    Args:
        overrides: parameters of the version that differ from the symbol's, by table.
        state: state of the models that the version started from; None if it is not known.

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
