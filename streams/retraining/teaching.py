"""Teaches models of `[market.models]` anew for a retrain: those that learn from every label also while they run.

A label is the known outcome of a prediction.
"""

from collections.abc import Sequence
from typing import Any

from msgspec.structs import replace

from schemas.errors import TickloopError
from schemas.limits import cut
from schemas.models import LARGEST_FILE, ExpertModel, ExpertState, OwnState, RiverState
from streams.market.expert_models import active
from streams.market.features.vector import picking
from streams.market.models.experts import built
from streams.market.models.parameters import OwnModelParameters, RiverParameters
from streams.market.parameters import MarketParameters
from streams.retraining.labels import Labelled

LONGEST_REASON = 200
"""Most characters of what a model raised that a result repeats."""

RECIPES = ("all", "since", "trees", "stored")
"""Recipes of contenders without a taught model. The recipe of a taught model is its name, which must be another one."""


class Untaught(Exception):
    """A model cannot be a contender of this retrain; the message says why.

    Args:
        name: name of the model.
        why: the reason.
    """

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"{name} is left out: {cut(why, LONGEST_REASON)}")


def teachable(market: MarketParameters) -> tuple[str, ...]:
    """Names of the models that a retrain can teach: of the kinds `river` and `own`, with a starting weight above 0.

    Models of the kinds `trees` and `onnx` do not learn from single labels.

    >>> forest = RiverParameters(model="forest.ARFClassifier")
    >>> teachable(MarketParameters(models={"forest": forest}))
    ('forest',)
    """
    return tuple(
        name for name in active(market) if isinstance(market.models[name], RiverParameters | OwnModelParameters)
    )


def taught(
    name: str, labels: Sequence[Labelled], market: MarketParameters, vector: Sequence[str], most: int
) -> ExpertModel | None:
    """Begin a model anew and teach it labels once each, the oldest first, as it would have met them while running.

    A model that runs sees every label once. A second pass would show it again what it has counted already: the
    tests by which trees split and drift detectors alarm take each label for new evidence, and the step from the
    newest label back to the oldest would look like a change of the market.

    Args:
        name: name of the model, one of `teachable`.
        labels: outcomes in which the mid moved, the oldest first.
        market: parameters of the symbol.
        vector: names of the values in `Labelled.features`, in their order.
        most: largest number of labels that the model is taught; the newest are taken.

    Returns:
        The model; None if it is of a plug-in and learns nothing.

    Raises:
        Untaught: the model raised, stopped learning or started anew because it became too large, its state is
            larger than a record may carry, or its numbers cannot be loaded again.
    """
    if name in RECIPES:
        raise Untaught(name, f"expected a name other than {', '.join(RECIPES)}; fix: call the model otherwise")
    declared: Any = market.models[name]
    if isinstance(declared, RiverParameters):
        # Whether it learns while it runs is not part of what its state was declared with.
        declared = replace(declared, learns=True)
    try:
        model = built(name, declared)
        view = picking([vector.index(feature) for feature in declared.features])
        live = model.start()
        fresh: bytes = live.stored().state
        for each in labels[-most:]:
            limit = model.learn(live, view(each.features), each.label > 0, each.uniqueness)
            if limit is not None:
                raise Untaught(name, f"it {limit.says}")
        state = as_record(live.stored())
        if len(state.state) > LARGEST_FILE:
            raise Untaught(name, f"expected a state of at most {LARGEST_FILE:,} bytes, was {len(state.state):,}")
        model.load(state)
    except Untaught:
        raise
    except TickloopError as error:
        raise Untaught(name, str(error)) from error
    except Exception as error:  # the class may be the user's: whatever it raises is reported
        raise Untaught(name, f"it raised {type(error).__name__}: {error}") from error
    return None if state.state == fresh else ExpertModel(name, state)


def as_record(state: ExpertState) -> RiverState | OwnState:
    """The state of a model as it stands in a record, which a snapshot holds in a wider form.

    Args:
        state: state of a model of River or of a plug-in.
    """
    if isinstance(state, RiverState):
        return RiverState(state.features, state.declared, state.state, state.n_seen, state.full)
    assert isinstance(state, OwnState)
    return state
