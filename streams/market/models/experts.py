"""Models as experts by their parameters, and the parameters that a stored model implies."""

from collections.abc import Mapping
from typing import Any

from schemas.errors import ModelRefused
from schemas.models import ExpertState, OnnxState, OwnState, RiverState, TreesState
from streams.market.models.parameters import (
    ExpertParameters,
    OnnxParameters,
    OwnModelParameters,
    RiverParameters,
    TreesParameters,
)
from streams.market.models.protocol import Model


def built(name: str, parameters: ExpertParameters, table: str = "market.models") -> Model:
    """The model that one table of `[market.models]` declares.

    Libraries that a kind needs are imported here, so that a process without such a model does without them.

    Args:
        name: of the table.
        parameters: of the model.
        table: in which the table stands, for errors.

    Raises:
        ConfigurationError: nothing can be built of them.
    """
    if isinstance(parameters, RiverParameters):
        from streams.market.models.river_model import RiverModel

        return RiverModel(parameters, f"{table}.{name}")
    if isinstance(parameters, TreesParameters):
        from streams.market.models.trees import TreesModel

        return TreesModel(parameters)
    if isinstance(parameters, OnnxParameters):
        from streams.market.models.onnx_model import OnnxModel

        return OnnxModel(parameters)
    if isinstance(parameters, OwnModelParameters):
        from streams.market.models.own import OwnModel

        return OwnModel(parameters)
    raise TypeError(f"expected parameters of a kind of model, was {parameters!r}")


def implied(state: ExpertState) -> Mapping[str, Any]:
    """Parameters of a model that comes without a table of its own, as such a table.

    >>> implied(TreesState(("a",), (), (), (), (), (), ()))
    {'kind': 'trees', 'features': ['a']}

    Raises:
        ModelRefused: a model of this kind cannot be built from its state alone.
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
