"""Names of experts (forecasters that a prediction is mixed from) for people.

The name of a model beside the built-in logistic regression is followed by the model's kind, to tell it
from a strategy.
"""

from collections.abc import Mapping
from types import MappingProxyType

from schemas.versions import ModelVersion
from streams.market.models.kinds import kinds_of_version

NO_KINDS: Mapping[str, str] = MappingProxyType({})
"""No models but the logistic regression that every version has."""

KINDS: Mapping[str, str] = MappingProxyType({"river": "River", "trees": "trees", "onnx": "ONNX", "own": "own model"})
"""What each kind of `[market.models]` is called."""


def expert_words(name: str, kinds: Mapping[str, str]) -> str:
    """Name of an expert in words, followed by its kind in brackets if `kinds` has it.

    Args:
        name: name of a strategy or a model, or any other name.
        kinds: kind, such as `river`, of each model beside the built-in logistic regression, by name.

    >>> expert_words("mean_reversion", {}), expert_words("deep_forest", {"deep_forest": "river"})
    ('mean reversion', 'deep forest (River)')
    """
    words = name.replace("_", " ")
    return f"{words} ({KINDS.get(kinds[name], kinds[name])})" if name in kinds else words


def with_models(version: ModelVersion) -> str:
    """Names and kinds of the models that a version declares, as text to put before its reason.

    The built-in logistic regression is not named. The text is empty if the version declares no model.

    >>> overrides = {"models": {"forest": {"kind": "river"}}}
    >>> with_models(ModelVersion("commands:0:7:0", "X", "v2", "", "shadow", "", 5, "c1", overrides=overrides))
    'with forest (River): '
    """
    kinds = kinds_of_version(version.overrides)
    return f"with {', '.join(expert_words(each, kinds) for each in kinds)}: " if kinds else ""
