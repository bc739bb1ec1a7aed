"""The classifiers of this installation's River: which of them can be experts, with what parameters, and why not."""

from collections.abc import Iterator, Mapping
from importlib import import_module
from inspect import isabstract, signature
from typing import Any

from msgspec import Struct

from streams.market.models.parameters import RiverParameters
from streams.market.models.river_building import MODULES, UnfitClassifier, river_class
from streams.market.models.river_model import RiverModel

_LINEAR = {"model": "linear_model.LogisticRegression"}
_BAYES = {"model": "naive_bayes.GaussianNB"}
_TREE = {"model": "tree.HoeffdingTreeClassifier"}
_ACCURACY = {"model": "metrics.Accuracy"}
_EVEN = {"true": 0.5, "false": 0.5}

EXAMPLES: Mapping[str, Mapping[str, Any]] = {
    "active.EntropySampler": {"classifier": _LINEAR},
    "drift.DriftRetrainingClassifier": {"model": _TREE},
    "ensemble.ADWINBaggingClassifier": {"model": _LINEAR},
    "ensemble.ADWINBoostingClassifier": {"model": _LINEAR},
    "ensemble.AdaBoostClassifier": {"model": _TREE},
    "ensemble.BOLEClassifier": {"model": _TREE},
    "ensemble.BaggingClassifier": {"model": _LINEAR},
    "ensemble.LeveragingBaggingClassifier": {"model": _LINEAR},
    "ensemble.StackingClassifier": {"models": [_LINEAR, _BAYES], "meta_classifier": _LINEAR},
    "ensemble.VotingClassifier": {"models": [_LINEAR, _BAYES, _TREE]},
    "imblearn.HardSamplingClassifier": {"classifier": _LINEAR, "size": 40, "p": 0.1},
    "imblearn.RandomOverSampler": {"classifier": _LINEAR, "desired_dist": _EVEN},
    "imblearn.RandomSampler": {"classifier": _LINEAR, "desired_dist": _EVEN},
    "imblearn.RandomUnderSampler": {"classifier": _LINEAR, "desired_dist": _EVEN},
    "model_selection.BanditClassifier": {
        "models": [_LINEAR, {"model": "linear_model.PAClassifier"}],
        "metric": _ACCURACY,
        "policy": {"model": "bandit.EpsilonGreedy", "parameters": {"epsilon": 0.1}},
    },
    "model_selection.SuccessiveHalvingClassifier": {"models": [_LINEAR, _BAYES], "metric": _ACCURACY, "budget": 2_000},
    "multiclass.OneVsOneClassifier": {"classifier": _LINEAR},
    "multiclass.OneVsRestClassifier": {"classifier": _LINEAR},
    "multiclass.OutputCodeClassifier": {"classifier": _LINEAR, "code_size": 4},
}
"""Parameters for the classes that cannot be built without any."""


class RiverClassifier(Struct, frozen=True):
    """A classifier of River, and whether it can be an expert.

    Attributes:
        name: name of the class within River, such as `forest.ARFClassifier`.
        parameters: names of all its parameters.
        example: parameters with which it was tried; empty if all had their defaults.
        problem: why it cannot be an expert; empty if it can.
    """

    name: str
    parameters: tuple[str, ...]
    example: Mapping[str, Any]
    problem: str


def names() -> Iterator[str]:
    """Names of all classifiers of River, in the order of its packages."""
    from river import base

    for module in MODULES:
        for name, found in sorted(vars(import_module(f"river.{module}")).items()):
            own = isinstance(found, type) and issubclass(found, base.Classifier) and not isabstract(found)
            if own and found.__module__.startswith("river."):
                yield f"{module}.{name}"


def described(name: str) -> RiverClassifier:
    """Build a classifier of River, try it on a few labels (known outcomes), and return what was found.

    >>> described("linear_model.PAClassifier").problem
    ''
    >>> described("naive_bayes.MultinomialNB").problem[:40]
    'cannot learn from signed numbers: ZeroDi'

    Raises:
        ConfigurationError: River has no class of that name.
    """
    taken = tuple(signature(river_class(name, "market.models.NAME")).parameters)
    example = EXAMPLES.get(name, {})
    try:
        RiverModel(RiverParameters(model=name, parameters=dict(example)), "market.models.NAME")
    except UnfitClassifier as error:
        return RiverClassifier(name, taken, example, error.reason)
    return RiverClassifier(name, taken, example, "")
