"""Names of experts for people. The name of a further model is followed by its kind, to tell it from a strategy."""

from collections.abc import Mapping
from types import MappingProxyType

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
