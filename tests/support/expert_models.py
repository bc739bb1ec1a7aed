"""Models of every kind with states that have learned, for tests of what all kinds have in common.

`python -m tests.support.expert_models NAME ...` prints the digest of what each of them says and stores.
"""

import sys
from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from typing import Any

import numpy as np
from msgspec import Struct, convert, json

from schemas.models import ExpertState, OnnxState, TreesState
from streams.market.features import SIGNED
from streams.market.models import own
from streams.market.models.experts import built
from streams.market.models.parameters import ExpertParameters
from streams.market.models.protocol import Model
from tests.support.river_trials import labelled

PLUGIN = "running-sums"
FEATURES = SIGNED[:5]
"""Names of the features of the models in `TABLES`."""

RIVER: Mapping[str, dict[str, Any]] = {
    "linear": {"model": "linear_model.LogisticRegression"},
    "hoeffding": {"model": "tree.HoeffdingAdaptiveTreeClassifier", "parameters": {"grace_period": 50}},
    "forest": {"model": "forest.ARFClassifier", "parameters": {"n_models": 3}},
    "bagging": {
        "model": "ensemble.ADWINBaggingClassifier",
        "parameters": {"model": {"model": "linear_model.LogisticRegression"}, "n_models": 3},
    },
    "bayes": {"model": "naive_bayes.GaussianNB", "scaler": ""},
}

TABLES: Mapping[str, dict[str, Any]] = {
    **{name: {"kind": "river", "features": FEATURES, **table} for name, table in RIVER.items()},
    "trees": {"kind": "trees", "features": FEATURES},
    "onnx": {"kind": "onnx", "features": FEATURES},
    "own": {"kind": "own", "of": PLUGIN, "features": FEATURES},
}
"""Tables of `[market.models]`, one for each kind and several of River, by a name for tests."""

COMES_TRAINED = ("trees", "onnx")


class Sums(Struct, array_like=True):
    """State of the model of a plug-in: the sum of the features of labels, rises less falls."""

    sums: list[float]


class RunningSums:
    """A model of a plug-in: logistic in the features times their sums over the labels."""

    state = Sums

    def start(self, features: Any) -> Sums:
        """See `LearningModel.start`."""
        return Sums([0.0] * len(features))

    def opinion(self, state: Sums, features: Any) -> float:
        """See `LearningModel.opinion`."""
        total = sum(own * each for own, each in zip(state.sums, features, strict=True))
        return 1.0 / (1.0 + float(np.exp(-max(-30.0, min(30.0, total)))))

    def learn(self, state: Sums, features: Any, up: bool, uniqueness: float) -> None:
        """See `LearningModel.learn`."""
        for place, each in enumerate(features):
            state.sums[place] = 0.99 * state.sums[place] + (0.01 if up else -0.01) * uniqueness * each


def register() -> None:
    """Register the model of the plug-in, once in a process."""
    if PLUGIN not in own.MODELS:
        own.register(PLUGIN, RunningSums)


def model_of(name: str) -> Model:
    """The model of a table of `TABLES`; its plug-in must be registered."""
    parameters: ExpertParameters = convert(TABLES[name], ExpertParameters)
    return built(name, parameters)


def begun(name: str, model: Model) -> Any:
    """Numbers that a model of `TABLES` goes on from: those that it comes with, or those before the first label."""
    return model.load(trained(name)) if name in COMES_TRAINED else model.start()


def trained(name: str) -> ExpertState:
    """State with which a model of a kind that comes trained arrives."""
    if name == "trees":
        return TreesState(
            features=FEATURES,
            roots=(0, 2, -6),
            feature=(0, 3, 1),
            threshold=(0.1, -0.2, 0.0),
            left=(1, -1, -4),
            right=(-3, -2, -5),
            leaves=(-0.7, 0.2, 0.9, -0.3, 0.4, 0.05),
            n_seen=500,
        )
    return OnnxState(FEATURES, onnx_file(len(FEATURES)), 500)


@cache
def onnx_file(features: int) -> bytes:
    """A small network as scikit-learn's logistic regression is exported."""
    from skl2onnx import to_onnx
    from sklearn.linear_model import LogisticRegression

    rows = list(labelled(200, features))
    inputs = np.array([row for row, _, _ in rows], dtype=np.float32)
    fitted = LogisticRegression().fit(inputs, [up for _, up, _ in rows])
    exported: bytes = to_onnx(fitted, inputs[:1], options={"zipmap": False}).SerializeToString()
    return exported


def written(state: ExpertState) -> bytes:
    """Canonical bytes of a state."""
    return json.encode(state)


def digest(name: str, labels: int = 300) -> str:
    """Digest of all opinions of a model of `TABLES` over labels, and of what it stores afterwards."""
    model = model_of(name)
    live, told = begun(name, model), sha256()
    for row, up, uniqueness in labelled(labels, len(FEATURES)):
        told.update(repr(model.opinion(live, row)).encode())
        model.learn(live, row, up, uniqueness)
    told.update(written(live.stored()))
    return told.hexdigest()


if __name__ == "__main__":
    register()
    for each in sys.argv[1:]:
        print(each, digest(each))
