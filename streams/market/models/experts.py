"""Builds the models that take part as experts from their parameters, and finds parameters for a stored model."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from schemas.errors import ModelRefused
from schemas.models import ExpertState, OnnxState, OwnState, RiverState, TreesState
from streams.market.models.parameters import ExpertParameters
from streams.market.models.protocol import Model

MODULES: Mapping[str, str] = {
    "river": "river_model.RiverModel",
    "trees": "trees.TreesModel",
    "onnx": "onnx_model.OnnxModel",
    "own": "own.OwnModel",
}
"""Module and class of each kind. A module is imported when a model of its kind is built: River alone takes 0.5 s."""


def built(name: str, parameters: ExpertParameters, table: str = "market.models") -> Model:
    """Build the model that one table of `[market.models]` declares.

    Args:
        name: name of the model: the last part of the table's name.
        parameters: content of the table.
        table: first part of the table's name, for errors.

    Raises:
        ConfigurationError: no model can be built with these parameters.
    """
    module, kind = MODULES[str(parameters.__struct_config__.tag)].split(".")
    model: Model = getattr(import_module(f"streams.market.models.{module}"), kind)(parameters, f"{table}.{name}")
    return model


def implied(state: ExpertState) -> Mapping[str, Any]:
    """Content of the table of `[market.models]` that would declare a stored model.

    It is needed for a model that comes with a version and that no table declares.

    >>> implied(OnnxState(features=("a",), file=b""))
    {'kind': 'onnx', 'features': ['a']}

    Raises:
        ModelRefused: the model is one of River, whose parameters cannot be found from its state.
    """
    features = list(state.features)
    if isinstance(state, TreesState):
        return {"kind": "trees", "features": features}
    if isinstance(state, OnnxState):
        return {"kind": "onnx", "features": features}
    if isinstance(state, OwnState):
        return {"kind": "own", "of": state.of, "features": features}
    assert isinstance(state, RiverState)
    raise ModelRefused("expected a table in [market.models] for a model of River, was none")
