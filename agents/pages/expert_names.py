"""Names of experts for people. The name of a further model is followed by its kind, to tell it from a strategy."""

from collections.abc import Mapping
from types import MappingProxyType

from schemas.versions import ModelVersion
from streams.market.models.kinds import kinds_of_version

NO_KINDS: Mapping[str, str] = MappingProxyType({})
"""No models but the logistic regression that every version has."""

KINDS: Mapping[str, str] = MappingProxyType({"river": "River", "trees": "trees", "onnx": "ONNX", "own": "own model"})
"""What each kind of `[market.models]` is called."""


def expert_words(name: str, kinds: Mapping[str, str]) -> str:
    """Name of an expert with its kind in brackets if it is a further model; other names stay as they are.

    Args:
        name: name of a strategy or a model, or any other name.
        kinds: kind of each further model, by name.

    >>> expert_words("mean_reversion", {}), expert_words("deep_forest", {"deep_forest": "river"})
    ('mean reversion', 'deep forest (River)')
    """
    words = name.replace("_", " ")
    return f"{words} ({KINDS.get(kinds[name], kinds[name])})" if name in kinds else words


def with_models(version: ModelVersion) -> str:
    """Names and kinds of the further models that a version declares, before its reason; empty if it declares none.

    >>> overrides = {"models": {"forest": {"kind": "river"}}}
    >>> with_models(ModelVersion("commands:0:7:0", "X", "v2", "", "shadow", "", 5, "c1", overrides=overrides))
    'with forest (River): '
    """
    kinds = kinds_of_version(version.overrides)
    return f"with {', '.join(expert_words(each, kinds) for each in kinds)}: " if kinds else ""
