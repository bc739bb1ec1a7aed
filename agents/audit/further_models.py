"""Describes the further models of a model version: those beside the logistic regression that every version has."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any

from msgspec import Struct, ValidationError, convert, msgpack, to_builtins

from agents.audit.lineage import History
from agents.pages.expert_names import expert_words
from schemas.commands import StartVariant
from schemas.errors import EnvironmentProblem, ModelRefused
from schemas.models import ExpertState, ModelState, OnnxState, TreesState
from streams.engine.configured import merged
from streams.market.models.parameters import ExpertParameters
from streams.market.parameters import MarketParameters

MOST_USED = 5
"""Features of an ensemble of trees that are named, those that most splits compare."""

MOST_NAMED = 4
"""Features of other models that are named."""


class OnnxInput(Struct, frozen=True):
    """One input of an ONNX file.

    Attributes:
        name: name of the input.
        type: type of the numbers that it takes.
        shape: size of each axis; null or a name for a size that the file leaves open.
    """

    name: str
    type: str
    shape: tuple[int | str | None, ...]


class FurtherModel(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Description of one further model of a version: a model beside the logistic regression.

    A field is absent if it is not known, or has no meaning for this kind of model.

    Attributes:
        name: name of the model, by which its weight among the experts is found.
        kind: `river`, `trees`, `onnx` or `own`.
        features: names of the model's features, in the order in which the model takes them.
        learns: whether the model learns from labels (known outcomes of predictions); None: a plug-in decides.
        of: class of a River model, or name under which a plug-in registers the model.
        scaler: class of River that transforms the features of a River model first; empty: none.
        parameters: arguments of the class of a River model, or a plug-in's own parameters of the model.
        labels: number of labels that the model had been trained on when this version started.
        size_bytes: stored size of the numbers that the model started from; 0: it started without any.
        sha256: SHA-256 of these numbers, hex; for an ONNX model, of its file.
        trees, leaves: number of trees, and of leaves, of an ensemble of trees.
        most_used: the features that are compared in most splits of the trees, each with the number of these splits.
        inputs: inputs of an ONNX file; empty if onnxruntime is not installed.
    """

    name: str
    kind: str
    features: tuple[str, ...]
    learns: bool | None = False
    of: str = ""
    scaler: str = ""
    parameters: dict[str, Any] = {}
    labels: int | None = None
    size_bytes: int = 0
    sha256: str = ""
    trees: int | None = None
    leaves: int | None = None
    most_used: tuple[tuple[str, int], ...] = ()
    inputs: tuple[OnnxInput, ...] = ()


class ModelDifference(Struct, frozen=True):
    """What differs in one further model between two versions.

    Attributes:
        name: name of the model.
        fields: for each field of `FurtherModel` that differs, its value in either version; null if the version lacks
            the model or the field.
    """

    name: str
    fields: dict[str, tuple[Any, Any]]


def state_of(found: History, version: str) -> ModelState | None:
    """State of the models that a version started from; None if no retrain and no command brought one.

    Args:
        found: records of the symbol.
        version: name of the version.
    """
    made = (each.result.candidate for each in found.results.values())
    brought = (each.model for each in found.commands.values() if isinstance(each, StartVariant))
    return next((each for each in (*made, *brought) if each is not None and each.version == version), None)


def further_models(
    market: MarketParameters, overrides: Mapping[str, Mapping[str, Any]], state: ModelState | None
) -> list[FurtherModel]:
    """Describe the further models of a version.

    These are its models beside the logistic regression that every version has: the models that the
    parameters declare, and the trained model in `state` if the parameters do not declare it. A declared
    model whose weight is set to 0 is left out.

    Args:
        market: parameters of the symbol.
        overrides: parameters of the version that differ from the symbol's, by table.
        state: state of the models that the version started from; None if there was none.
    """
    declared = merged(to_builtins(market.models), overrides.get("models", {}))
    prior = {**market.mixture.prior, **overrides.get("mixture", {}).get("prior", {})}
    brought = state.expert if state is not None and state.expert else None
    models = []
    for name, table in declared.items():
        if prior.get(name, 1.0) > 0.0:
            numbers = brought.model if brought is not None and brought.name == name else None
            try:
                models.append(_declared(name, convert(table, ExpertParameters), numbers))
            except ValidationError:  # of another release: what the record says of it is shown
                models.append(FurtherModel(name=name, kind=str(table.get("kind", "")), features=()))
    if brought is not None and brought.name not in declared:
        kind = str(brought.model.__struct_config__.tag)
        models.append(
            _filled(FurtherModel(name=brought.name, kind=kind, features=brought.model.features), brought.model)
        )
    return models


def said_of_models(models: Sequence[FurtherModel]) -> Iterator[str]:
    """Yield for each model a line of text that describes the model."""
    for each in models:
        yield f"model {expert_words(each.name, {each.name: each.kind})}: {'; '.join(_said(each))}"


def differing(one: Sequence[FurtherModel], other: Sequence[FurtherModel]) -> list[ModelDifference]:
    """The further models that differ between two versions, with the fields that differ.

    >>> forest = FurtherModel(name="forest", kind="river", features=("a",), of="forest.ARFClassifier")
    >>> differing([forest], [forest])
    []
    """
    sides = [{each.name: to_builtins(each) for each in models} for models in (one, other)]
    found = []
    for name in dict.fromkeys(name for side in sides for name in side):
        first, second = (side.get(name, {}) for side in sides)
        fields = {
            field: (first.get(field), second.get(field))
            for field in dict.fromkeys((*first, *second))
            if field != "name" and first.get(field) != second.get(field)
        }
        if fields:
            found.append(ModelDifference(name, fields))
    return found


def said_of_difference(difference: ModelDifference, one: str, other: str) -> str:
    """A line of text about a model that differs between two versions, whose names are `one` and `other`."""
    fields = difference.fields
    if "kind" in fields and None in fields["kind"]:
        first, second = fields["kind"]
        return f"model {difference.name}: only in {one if second is None else other} ({first or second})"
    parts = [f"{name} {_short(first)} and {_short(second)}" for name, (first, second) in fields.items()]
    return f"model {difference.name}: {'; '.join(parts)}"


def _declared(name: str, parameters: ExpertParameters, numbers: ExpertState | None) -> FurtherModel:
    table = to_builtins(parameters)
    kind = str(table["kind"])
    model = FurtherModel(
        name=name,
        kind=kind,
        features=parameters.features,
        learns=table.get("learns", None if kind == "own" else False),
        of=table.get("model", table.get("of", "")),
        scaler=table.get("scaler", ""),
        parameters=table.get("parameters", {}),
    )
    return model if numbers is None else _filled(model, numbers)


def _filled(model: FurtherModel, numbers: ExpertState) -> FurtherModel:
    """The model with what the numbers say that it started from."""
    fields = {name: getattr(model, name) for name in FurtherModel.__struct_fields__}
    stored = msgpack.encode(numbers)
    fields |= {"labels": numbers.n_seen, "size_bytes": len(stored), "sha256": sha256(stored).hexdigest()}
    if isinstance(numbers, TreesState):
        used = Counter(numbers.features[each] for each in numbers.feature if 0 <= each < len(numbers.features))
        fields |= {"trees": len(numbers.roots), "leaves": len(numbers.leaves)}
        fields["most_used"] = tuple(used.most_common(MOST_USED))
    elif isinstance(numbers, OnnxState):
        fields |= {"size_bytes": len(numbers.file), "sha256": sha256(numbers.file).hexdigest()}
        fields["inputs"] = _inputs(numbers)
    return FurtherModel(**fields)


def _inputs(state: OnnxState) -> tuple[OnnxInput, ...]:
    from streams.market.models.onnx_model import opened  # NumPy, and most versions have no such model

    try:
        session = opened(state).session
    except (EnvironmentProblem, ModelRefused):  # the workers say what is wrong with it
        return ()
    return tuple(OnnxInput(each.name, each.type, tuple(each.shape)) for each in session.get_inputs())


def _said(model: FurtherModel) -> Iterator[str]:
    if model.of:
        arguments = ", ".join(f"{name} = {_short(value)}" for name, value in model.parameters.items())
        yield f"{model.of}({arguments})" + (f" behind {model.scaler}" if model.scaler else "")
    if model.trees is not None:
        used = ", ".join(f"{name} {count:,}" for name, count in model.most_used)
        yield f"{model.trees:,} trees with {model.leaves:,} leaves; splits by feature: {used or 'none'}"
    if model.inputs:
        yield "input " + ", ".join(f"{each.name} {each.type} {list(each.shape)}" for each in model.inputs)
    names = model.features
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    yield f"{len(names)} features: {', '.join(names[:MOST_NAMED])}{more}"
    if model.size_bytes:
        labels = f"{model.labels:,} labels" if model.labels else "labels that it does not tell"
        yield f"started with {model.size_bytes:,} bytes, SHA-256 {model.sha256[:12]}, trained on {labels}"
    else:
        yield "its numbers stand in the state of the symbol"
    if model.learns is not None:
        yield "learns from every label" if model.learns else "does not learn while it runs"


def _short(value: Any, longest: int = 60) -> str:
    said = "none" if value is None else str(value)
    return said if len(said) <= longest else said[: longest - 3] + "..."
