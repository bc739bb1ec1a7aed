"""The models of `[market.models]`, which predict as experts beside the strategies and the signed logistic regression.

The predictions of all experts are mixed by their weights.
"""

from collections.abc import Sequence
from typing import Any

from msgspec import convert

from schemas.errors import ConfigurationError
from schemas.limits import is_name
from schemas.models import LONGEST_EXPERT, MOST_EXPERTS, ExpertState
from schemas.names import MODEL
from streams.engine.faults import Faults
from streams.market.features.vector import View, picking
from streams.market.models.experts import built
from streams.market.models.protocol import Model, SizeLimit
from streams.market.parameters import MarketParameters
from streams.market.strategies import STRATEGIES
from streams.scoring.logistic import HIGHEST, LOWEST

UNDECIDED = 0.5
"""Probability in the place of that of a model that failed."""


def active(parameters: MarketParameters) -> tuple[str, ...]:
    """Names of the models of `[market.models]` whose starting weight in the mixture of experts is not 0."""
    prior = parameters.mixture.prior
    return tuple(name for name in parameters.models if prior.get(name, 1.0) > 0.0)


class ExpertModels:
    """Lets the further models of an arm predict and learn; it holds none of their learned numbers.

    An arm is one of the variants of the pipeline that run side by side on a symbol. Further models are
    those of `[market.models]`, beside the signed logistic regression.

    Args:
        parameters: parameters of the arm.
        vector: names of the features, as `vector_of_models` returns them. The methods take the values of
            these features, in the same order.

    Attributes:
        names: names of the models. Lists of their numbers or probabilities have the same order.
        largest_bytes: most bytes that the stored numbers of all these models may take.

    Raises:
        ConfigurationError: there are too many models, or a model cannot be built.
    """

    def __init__(self, parameters: MarketParameters, vector: Sequence[str]) -> None:
        self.names = active(parameters)
        self._models: list[tuple[str, View, Model]] = []
        self.largest_bytes = 0
        if len(self.names) > MOST_EXPERTS:
            raise ConfigurationError(
                f"[market.models]: expected at most {MOST_EXPERTS} models that take part, was {len(self.names)}; "
                "fix: a prior of 0 in [market.mixture.prior] for the others"
            )
        places = {feature: place for place, feature in enumerate(vector)}
        for name in self.names:
            if not is_name(name) or len(name) > LONGEST_EXPERT or name in STRATEGIES or name == MODEL:
                raise ConfigurationError(
                    f"[market.models.{name:.80}]: expected a name of 1 to {LONGEST_EXPERT} printable ASCII characters "
                    "without `|` that no strategy has; fix: call it otherwise"
                )
            model = built(name, parameters.models[name])
            if not model.features or len(set(model.features)) < len(model.features):
                raise ConfigurationError(f"[market.models.{name}] features: expected one at least, each once")
            if missing := [feature for feature in model.features if feature not in places]:
                raise ConfigurationError(
                    f"[market.models.{name}] features: expected features that the symbol computes, {missing[0]} is "
                    f"none; fix: name it in [market.features] recorded, or one of {', '.join(places)}"
                )
            self._models.append((name, picking([places[feature] for feature in model.features]), model))
            self.largest_bytes += model.largest_bytes

    def start(self) -> list[Any]:
        """Numbers of every model before it has learned anything."""
        return [model.start() for _, _, model in self._models]

    def load(self, name: str, stored: ExpertState) -> Any:
        """The numbers of one model that a record holds, ready to predict and learn.

        Args:
            name: name of the model.
            stored: the record.

        Raises:
            ModelRefused: the record cannot hold numbers of this model; the message says why.
            EnvironmentProblem: a library or plug-in that the model needs is not installed.
        """
        return self._models[self.names.index(name)][2].load(stored)

    def revive(self, lives: list[Any]) -> list[Any]:
        """The numbers of all models from a snapshot, ready to predict and learn.

        Args:
            lives: the numbers of each model as plain values (lists, texts and the like), which decoding
                a snapshot gives.

        Raises:
            ValidationError: the values do not fit the kind of their model.
            ModelRefused: the values cannot be numbers of their model.
        """
        return [
            model.load(convert(each, model.snapshot)) for each, (_, _, model) in zip(lives, self._models, strict=True)
        ]

    def opinions(self, lives: list[Any], vector: Sequence[float], faults: Faults) -> list[float]:
        """Probability of an upward move by each model, clipped so that its log-odds are finite.

        Args:
            lives: numbers of each model.
            vector: values of the features, in the order of the names that the constructor was given.
            faults: takes the report on a model that fails; its probability is then 0.5.
        """
        told = []
        for (name, view, model), live in zip(self._models, lives, strict=True):
            try:
                answer = model.opinion(live, view(vector))
                if not LOWEST <= answer <= HIGHEST:
                    if not 0.0 <= answer <= 1.0:
                        raise ValueError("no probability")
                    answer = min(max(answer, LOWEST), HIGHEST)
            except Exception as problem:  # noqa: BLE001 - the model may be the user's: whatever it raises is reported
                faults.note(f"model {name}", type(problem).__name__, "one half in its place")
                answer = UNDECIDED
            told.append(answer)
        return told

    def learn(self, lives: list[Any], vector: Sequence[float], up: bool, uniqueness: float, faults: Faults) -> None:
        """Teach every model one label, the known outcome of a prediction.

        Args:
            lives: numbers of each model, which are changed.
            vector: values of the features when the prediction was made.
            up: whether the mid then moved up.
            uniqueness: weight of the label, 0 to 1; smaller where labels overlap in time and repeat each other.
            faults: takes the report on a model that fails, stops learning or starts anew.
        """
        for (name, view, model), live in zip(self._models, lives, strict=True):
            if live.limited:
                if not faults.has(f"model {name}", live.limited):
                    _note(name, model.limit(live), faults)
                continue
            try:
                limit = model.learn(live, view(vector), up, uniqueness)
            except Exception as problem:  # noqa: BLE001 - the model may be the user's: whatever it raises is reported
                faults.note(f"model {name}", type(problem).__name__, "a label not learned")
                continue
            if limit is not None:
                _note(name, limit, faults)


def _note(name: str, limit: SizeLimit, faults: Faults) -> None:
    faults.note(f"model {name}", "its size", limit.says, limit.effect, limit.size)
