"""Classifiers from the library River as experts that learn from every label (known outcome of a prediction)."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from hashlib import sha256
from importlib import import_module
from inspect import isabstract, signature
from typing import Any, ClassVar

from msgspec import json

from schemas.errors import ConfigurationError, ModelRefused
from schemas.models import ExpertState, RiverState
from streams.engine.configured import nearest
from streams.market.models import object_state
from streams.market.models.parameters import RiverParameters
from streams.market.models.protocol import MEASURED, LiveModel, Model

SEED = 1
"""Seed of a class that takes one and is given none."""

MODULES = [
    "active",
    "anomaly",
    "bandit",
    "cluster",
    "compose",
    "drift",
    "dummy",
    "ensemble",
    "facto",
    "feature_extraction",
    "feature_selection",
    "forest",
    "imblearn",
    "linear_model",
    "metrics",
    "misc",
    "model_selection",
    "multiclass",
    "multioutput",
    "naive_bayes",
    "neighbors",
    "neural_net",
    "optim",
    "preprocessing",
    "rules",
    "stats",
    "time_series",
    "tree",
    "utils",
]
"""Packages of River whose classes parameters may name."""


class RiverSnapshot(RiverState, frozen=True, tag_field="kind", tag="river"):
    """State of a River model within a snapshot. It may be larger than a state that is sent as a record."""

    state: bytes


class LiveRiver(LiveModel):
    """A River model with the number of labels (known outcomes of predictions) that it has learned from.

    Args:
        model: River's object.
        features: names of the model's features.
        declared: digest of the class and arguments that the model was built with.
        n_seen: number of labels learned from.
        full: whether the model has reached its largest size, so that it learns no more.
    """

    def __init__(
        self, model: Any, features: tuple[str, ...], declared: str, n_seen: int = 0, full: bool = False
    ) -> None:
        self.model = model
        self.features = features
        self.declared = declared
        self.n_seen = n_seen
        self.full = full

    def stored(self) -> "RiverSnapshot":
        """The state as a record, see `LiveModel.stored`."""
        return RiverSnapshot(self.features, self.declared, object_state.dump(self.model), self.n_seen, self.full)

    def __deepcopy__(self, memo: Any) -> "LiveRiver":
        """Return a copy that is made from the stored form of the model, since that form is known to be complete."""
        copied = object_state.load(object_state.dump(self.model))
        return LiveRiver(copied, self.features, self.declared, self.n_seen, self.full)


class RiverModel(Model):
    """A classifier of River, with a scaler before it if the parameters name one.

    Args:
        parameters: class, arguments and features.
        where: their table in the configuration, for errors.

    >>> river = RiverModel(RiverParameters(model="tree.HoeffdingTreeClassifier", features=("a",)), "market.models.tree")
    >>> live = river.start()
    >>> for _ in range(50):
    ...     _ = river.learn(live, [1.0], True, 1.0) + river.learn(live, [-1.0], False, 1.0)
    >>> river.opinion(live, [1.0]) > 0.7, river.opinion(live, [-1.0]) < 0.3
    (True, True)
    >>> again = river.load(live.stored())
    >>> again.stored() == live.stored()
    True

    Raises:
        ConfigurationError: River has no such classifier, it cannot be built or stored, or gives no probabilities.
    """

    kind: ClassVar[str] = "river"
    snapshot: ClassVar[type[Any]] = RiverSnapshot

    def __init__(self, parameters: RiverParameters, where: str) -> None:
        self.features = parameters.features
        self.largest_bytes = parameters.largest_bytes * 3 // 2
        self._bound = parameters.largest_bytes
        self._learns = parameters.learns
        self._where = where
        written = (parameters.model, parameters.parameters, parameters.scaler)
        self._declared = sha256(json.encode(written, order="sorted")).hexdigest()
        self._fresh, self._weighted = self._built(parameters)
        self._shape = _shape(self._fresh)

    def start(self) -> LiveRiver:
        """A model that has learned nothing, see `Model.start`."""
        return LiveRiver(object_state.load(object_state.dump(self._fresh)), self.features, self._declared)

    def opinion(self, live: LiveRiver, features: Sequence[float]) -> float:
        """Probability of an upward move, see `Model.opinion`; 0.5 before the first label."""
        if not live.n_seen:
            return 0.5
        told = live.model.predict_proba_one(dict(zip(self.features, features, strict=True)))
        return _up(told)

    def learn(self, live: LiveRiver, features: Sequence[float], up: bool, uniqueness: float) -> str:
        """Learn one label, see `Model.learn`; `uniqueness` counts if the class of River takes a weight `w`."""
        if live.full or not self._learns:
            return ""
        seen = dict(zip(self.features, features, strict=True))
        live.n_seen += 1
        if self._weighted:
            live.model.learn_one(seen, up, w=uniqueness)
        else:
            live.model.learn_one(seen, up)
        return self._measured(live) if live.n_seen % MEASURED == 0 else ""

    def load(self, stored: ExpertState) -> LiveRiver:
        """The model that a record holds, see `Model.load`."""
        if not isinstance(stored, RiverState):
            raise ModelRefused(f"expected a model of kind river, was {type(stored).__struct_config__.tag}")
        if stored.features != self.features or stored.declared != self._declared:
            raise ModelRefused(
                "expected a model of the class, parameters and features that are declared, was another one"
            )
        if len(stored.state) > self.largest_bytes:
            raise ModelRefused(f"expected a state of at most {self.largest_bytes:,} bytes, was {len(stored.state):,}")
        model = object_state.load(stored.state)
        if _shape(model) != self._shape:
            raise ModelRefused(f"expected a model of {self._shape}, was one of {_shape(model):.200}")
        return LiveRiver(model, self.features, self._declared, stored.n_seen, stored.full)

    def _measured(self, live: LiveRiver) -> str:
        size = len(object_state.dump(live.model))
        if size <= self._bound:
            return ""
        live.full = True
        if size <= self.largest_bytes:
            return f"reached {size:,} bytes and learns no more"
        fresh = self.start()
        live.model, live.n_seen = fresh.model, 0
        return f"grew to {size:,} bytes at once and has no opinion any more"

    def _built(self, parameters: RiverParameters) -> tuple[Any, bool]:
        from river import base, compose  # takes 0.5 s, and most processes have no such model

        model = self._made(parameters.model, parameters.parameters, f"{self._where}.parameters")
        if not isinstance(model, base.Classifier):
            raise ConfigurationError(
                f"[{self._where}] model: expected a classifier of River, was {parameters.model}; fix: one of "
                "`tickloop models river`"
            )
        weighted = "w" in signature(type(model).learn_one).parameters
        if parameters.scaler:
            scaler = self._made(parameters.scaler, {}, self._where)
            if not isinstance(scaler, base.Transformer):
                raise ConfigurationError(
                    f"[{self._where}] scaler: expected a transformer of River, was {parameters.scaler}; fix: empty"
                )
            model = compose.Pipeline(("scaler", scaler), ("model", model))
        if said := problem(model, self.features, weighted):
            raise ConfigurationError(f"[{self._where}] model: {parameters.model} {said}; fix: another class of River")
        return model, weighted

    def _made(self, name: str, arguments: Mapping[str, Any], where: str) -> Any:
        kind = river_class(name, where)
        taken = signature(kind).parameters
        if unknown := [each for each in arguments if each not in taken]:
            raise ConfigurationError(
                f"[{where}]: expected parameters of {name} among {', '.join(taken)}, was {unknown[0]!s:.80}; "
                f"fix: {nearest(unknown[0], taken) or 'take it out'}"
            )
        values = {key: self._value(value, f"{where}.{key}") for key, value in arguments.items()}
        if "seed" in taken and values.get("seed") is None:
            values["seed"] = SEED
        for key, parameter in taken.items():
            # A model, policy or detector that a class makes for itself may need a seed, too.
            if (
                key not in values
                and hasattr(parameter.default, "_get_params")
                and "seed" in signature(type(parameter.default)).parameters
            ):
                values[key] = parameter.default.clone({"seed": SEED})
        try:
            return kind(**values)
        except Exception as error:
            raise ConfigurationError(
                f"[{where}]: expected arguments that {name} can be built with: {type(error).__name__}: {error!s:.200}; "
                f"fix: {', '.join(taken)}"
            ) from error

    def _value(self, value: Any, where: str) -> Any:
        if isinstance(value, Mapping) and "model" in value:
            if more := set(value) - {"model", "parameters"}:
                raise ConfigurationError(
                    f"[{where}]: expected `model` and `parameters`, was also {sorted(more)[0]!s:.80}"
                )
            return self._made(value["model"], value.get("parameters", {}), f"{where}.parameters")
        if isinstance(value, list | tuple):
            return [self._value(each, where) for each in value]
        return value


def river_class(name: str, where: str) -> Any:
    """Class of River by its name without the package.

    Args:
        name: for example `forest.ARFClassifier`.
        where: table that names it, for errors.

    Raises:
        ConfigurationError: there is none of that name; says the nearest ones.
    """
    module_name, _, class_name = name.rpartition(".")
    if module_name.partition(".")[0] not in MODULES:
        fix = nearest(module_name, MODULES)
        raise ConfigurationError(
            f"[{where}] model: expected a class of River such as forest.ARFClassifier, was {name!r:.80}; fix: "
            f"{f'{fix}.{class_name}' if fix and class_name else 'MODULE.CLASS'}"
        )
    try:
        module = import_module(f"river.{module_name}")
    except ImportError as error:
        raise ConfigurationError(f"[{where}] model: River has no module {module_name!r:.80}; fix: {error}") from error
    kind = getattr(module, class_name, None)
    if not isinstance(kind, type) or isabstract(kind) or not kind.__module__.startswith("river."):
        classes = [each for each, found in vars(module).items() if isinstance(found, type) and not isabstract(found)]
        fix = nearest(class_name, classes)
        raise ConfigurationError(
            f"[{where}] model: expected a class of river.{module_name}, was {name!r:.80}; fix: "
            f"{f'{module_name}.{fix}' if fix else ', '.join(classes)}"
        )
    return kind


def problem(model: Any, features: Sequence[str], weighted: bool) -> str:
    """Why a model of River cannot be an expert, or empty: it is tried on a copy with a few labels of both signs.

    Args:
        model: freshly built.
        features: names of its features.
        weighted: whether its `learn_one` takes a weight `w`.
    """
    tried = deepcopy(model)
    try:
        for number in range(8):
            up = number % 2 == 0
            seen = {name: (1.0 if up else -1.0) * (1.0 + 0.1 * index) for index, name in enumerate(features)}
            if weighted:
                tried.learn_one(seen, up, w=0.5)
            else:
                tried.learn_one(seen, up)
            told = tried.predict_proba_one(seen)
            if not isinstance(told, dict) or not 0.0 <= _up(told) <= 1.0:
                return "gives no probability of an upward move"
        again = object_state.load(object_state.dump(tried))
        if object_state.dump(again) != object_state.dump(tried):
            return "cannot be restored exactly from what it stores"
    except NotImplementedError:
        return "gives no probabilities"
    except ModelRefused as error:
        return f"cannot be stored: {error}"
    except Exception as error:  # noqa: BLE001 - whatever a class of River raises is the reason that it cannot be used
        return f"cannot learn from signed numbers: {type(error).__name__}: {error!s:.200}"
    return ""


def _up(told: Mapping[bool, float]) -> float:
    """Probability of True among the probabilities by class, of which one may lack."""
    up = told.get(True)
    return float(1.0 - told.get(False, 0.5) if up is None else up)


def _shape(model: Any) -> str:
    """Names of the classes that a model is made of at its outside: of a pipeline, those of its steps."""
    steps = getattr(model, "steps", None)
    return " | ".join(type(each).__qualname__ for each in steps.values()) if steps else type(model).__qualname__
