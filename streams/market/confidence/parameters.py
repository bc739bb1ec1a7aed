"""How far calibrators, and the rule to stand aside, look back."""

from typing import Annotated

from msgspec import Meta, Struct

from streams.engine.bounds import MOST, MOST_KEPT, Positive


class TemperatureParameters(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How quickly the slope moves.

    Attributes:
        memory: labels that the slope looks back on.
        prior: information that the slope of 1 starts with; one label of log-odds z is worth p (1 - p) z^2.
        lowest, highest: bounds of the slope.
        trust: part of the distance from slope 1 that is applied at first.
        share: part of the trust that goes back to that at a label of worth 1.
    """

    memory: Annotated[int, Meta(ge=2, le=MOST)] = 5_000
    prior: Positive = 100.0
    lowest: Positive = 0.2
    highest: Positive = 3.0
    trust: Annotated[float, Meta(gt=0.0, lt=1.0)] = 0.1
    share: Annotated[float, Meta(ge=0.0, lt=1.0)] = 0.0005


class BinsParameters(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How finely and for how long it is counted.

    Attributes:
        bins: of equal width, over confidences from 0.5 to 1.
        memory: labels that each bin looks back on.
        prior: labels that each bin's own confidence counts for.
    """

    bins: Annotated[int, Meta(ge=1, le=100)] = 10
    memory: Annotated[int, Meta(ge=2, le=MOST)] = 1_000
    prior: Positive = 10.0


class ConformalParameters(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How often the set must hold what happens.

    Attributes:
        coverage: part of the moves whose side must be in the set.
        step: how far the level moves at each label.
        memory: labels that the scores are counted over.
    """

    coverage: Annotated[float, Meta(gt=0.5, lt=1.0)] = 0.9
    step: Annotated[float, Meta(gt=0.0, lt=1.0)] = 0.02
    memory: Annotated[int, Meta(ge=10, le=MOST_KEPT)] = 500
