"""Models of River, built from the names and arguments of a table of parameters."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from importlib import import_module
from inspect import Parameter, isabstract, signature
from typing import Any

from schemas.errors import ConfigurationError, ModelRefused
from streams.engine.configured import nearest
from streams.market.models import object_state
from streams.market.models.parameters import RiverParameters

SEED = 1
"""Seed of a class that takes one and is given none."""

SIDES = {"true": True, "false": False}
"""Keys of a table by side, for parameters that River wants by class of the label: keys of TOML are texts."""

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
    "optim",
    "preprocessing",
    "rules",
    "stats",
    "time_series",
    "tree",
    "utils",
]
"""Packages of River whose classes parameters may name."""


class UnfitClassifier(ConfigurationError):
    """Error: a class of River cannot be an expert.

    Args:
        sentence: the whole message.
        reason: in a few words, why the class cannot be an expert.
    """

    def __init__(self, sentence: str, reason: str) -> None:
        super().__init__(sentence)
        self.reason = reason


def built(parameters: RiverParameters, where: str) -> tuple[Any, bool]:
    """A model of River with its scaler, from the parameters of one table, before its first label.

    Args:
        parameters: class, arguments, scaler and features.
        where: name of the table, for errors.

    Returns:
        The model, and whether it takes a weight for each label.

    Raises:
        ConfigurationError: River has no such class, it cannot be built or stored, or gives no probabilities.
    """
    from river import base, compose  # takes 0.5 s, and most processes have no such model

    model = _made(parameters.model, parameters.parameters, where)
    steps = list(model.steps.items()) if isinstance(model, compose.Pipeline) else [("model", model)]
    if not steps or not isinstance(steps[-1][1], base.Classifier):
        raise ConfigurationError(
            f"[{where}] model: expected a classifier of River, was {parameters.model}; fix: one of "
            "`tickloop models river`"
        )
    weighted = "w" in signature(type(steps[-1][1]).learn_one).parameters
    if parameters.scaler:
        scaler = _made(parameters.scaler, {}, where, "scaler")
        if not isinstance(scaler, base.Transformer):
            raise ConfigurationError(
                f"[{where}] scaler: expected a transformer of River, was {parameters.scaler}; fix: empty"
            )
        model = compose.Pipeline(("scaler", scaler), *steps)
    if reason := problem(model, parameters.features, weighted):
        raise UnfitClassifier(
            f"[{where}] model: expected a classifier that learns signed numbers one by one, gives probabilities and "
            f"can be stored, {parameters.model} {reason}; fix: one of `tickloop models river`",
            reason,
        )
    return model, weighted


def _made(name: str, arguments: Mapping[str, Any], where: str, key: str = "model") -> Any:
    kind = river_class(name, where, key)
    where = f"{where}.parameters"
    taken = signature(kind).parameters
    if unknown := [each for each in arguments if each not in taken]:
        raise ConfigurationError(
            f"[{where}]: expected parameters of {name} among {', '.join(taken)}, was {unknown[0]!s:.80}; "
            f"fix: {nearest(unknown[0], taken) or 'take it out'}"
        )
    if missing := [each for each in required(taken) if each not in arguments]:
        raise ConfigurationError(
            f"[{where}]: expected the parameters without which {name} cannot be built, {', '.join(missing)} "
            f"{'is' if len(missing) == 1 else 'are'} missing; fix: `tickloop models river {name}` shows an example"
        )
    values = {key: _value(value, f"{where}.{key}") for key, value in arguments.items()}
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
    several = next((key for key, each in taken.items() if each.kind is Parameter.VAR_POSITIONAL), "")
    listed = values.pop(several, ())
    try:
        return kind(*listed, **values)
    except Exception as error:
        reason = f"{type(error).__name__}: {error!s:.200}"
        raise UnfitClassifier(
            f"[{where}]: expected arguments that {name} can be built with: {reason}; fix: {', '.join(taken)}", reason
        ) from error


def _value(value: Any, where: str) -> Any:
    if isinstance(value, Mapping) and "model" in value:
        if more := set(value) - {"model", "parameters"}:
            raise ConfigurationError(
                f"[{where}]: expected `model` and `parameters`, was also {sorted(more)[0]!s:.80}; fix: "
                f"[{where}.parameters]"
            )
        named, arguments = value["model"], value.get("parameters", {})
        if not isinstance(named, str) or not isinstance(arguments, Mapping):
            raise ConfigurationError(
                f"[{where}]: expected a name as `model` and a table as `parameters`, was {value!r:.80}; fix: "
                'model = "linear_model.LogisticRegression"'
            )
        return _made(named, arguments, where)
    if isinstance(value, Mapping):
        keys = SIDES if value and set(value) <= set(SIDES) else {}
        return {keys.get(key, key): _value(each, f"{where}.{key}") for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_value(each, where) for each in value]
    return value


def required(taken: Mapping[str, Parameter]) -> list[str]:
    """Names of the parameters without a default, which must be given to build a class.

    Args:
        taken: the parameters of the class's constructor, by name.
    """
    of_its_own = (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)
    return [key for key, each in taken.items() if each.default is Parameter.empty and each.kind not in of_its_own]


def river_class(name: str, where: str, key: str = "model") -> Any:
    """Return the class of River with the given name.

    Args:
        name: name of the class within River, for example `forest.ARFClassifier`.
        where: table of the configuration that names the class, for errors.
        key: key in this table whose value is the name, for errors.

    Raises:
        ConfigurationError: River has no such class; the message gives a similar name if there is one.
    """
    module_name, _, class_name = name.rpartition(".")
    if module_name.partition(".")[0] not in MODULES:
        fix = nearest(module_name, MODULES)
        raise ConfigurationError(
            f"[{where}] {key}: expected a class of River such as forest.ARFClassifier, was {name!r:.80}; fix: "
            f"{f'{fix}.{class_name}' if fix and class_name else 'MODULE.CLASS'}"
        )
    try:
        module = import_module(f"river.{module_name}")
    except ImportError as error:
        raise ConfigurationError(f"[{where}] {key}: River has no module {module_name!r:.80}; fix: {error}") from error
    kind = getattr(module, class_name, None)
    if not isinstance(kind, type) or isabstract(kind) or not kind.__module__.startswith("river."):
        classes = [each for each, found in vars(module).items() if isinstance(found, type) and not isabstract(found)]
        fix = nearest(class_name, classes)
        raise ConfigurationError(
            f"[{where}] {key}: expected a class of river.{module_name}, was {name!r:.80}; fix: "
            f"{f'{module_name}.{fix}' if fix else ', '.join(classes)}"
        )
    return kind


def problem(model: Any, features: Sequence[str], weighted: bool) -> str:
    """Return why a model of River cannot be an expert; empty if it can.

    The model is tried: a copy of it learns a few upward and downward moves, gives probabilities, and is
    stored and restored.

    Args:
        model: the model, which has not learned anything yet.
        features: names of its features.
        weighted: whether its method `learn_one` takes a weight `w`.
    """
    try:
        tried = deepcopy(model)
        for number in range(8):
            up = number % 2 == 0
            seen = {name: (1.0 if up else -1.0) * (1.0 + 0.1 * index) for index, name in enumerate(features)}
            if weighted:
                tried.learn_one(seen, up, w=0.5)
            else:
                tried.learn_one(seen, up)
            told = tried.predict_proba_one(seen)
            if not isinstance(told, dict) or not 0.0 <= up_of(told) <= 1.0:
                return "gives no probability of an upward move"
        again = object_state.load(object_state.dump(tried))
        if object_state.dump(again) != object_state.dump(tried):
            return "cannot be restored exactly from what it stores"
    except NotImplementedError:
        return "gives no probabilities"
    except ModelRefused as error:
        return f"cannot be stored: {error}"
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # noqa: BLE001 - whatever a class of River raises, or a panic, is the reason
        return f"cannot learn from signed numbers: {type(error).__name__}: {error!s:.200}"
    return ""


def up_of(told: Mapping[bool, float]) -> float:
    """Return the probability of an upward move from what a classifier of River predicted.

    Args:
        told: probability of each class, where True is upward. If True is missing, the result is 1 less the
            probability of False; if both are missing, it is 0.5.
    """
    up = told.get(True)
    return float(1.0 - told.get(False, 0.5) if up is None else up)


def shape_of(model: Any) -> str:
    """Return the name of a model's class; for a pipeline the class names of its steps, joined by ` | `."""
    steps = getattr(model, "steps", None)
    parts = list(steps.values()) if isinstance(steps, dict) and steps else [model]
    return " | ".join(type(each).__qualname__ for each in parts)
