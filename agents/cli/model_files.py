"""Reads a file with a model that was trained elsewhere, and tries it on this machine as a worker would."""

import time
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from msgspec import Struct, convert
from msgspec.structs import replace

from schemas.codec import decoder, encode
from schemas.errors import ConfigurationError, Refused
from schemas.limits import is_name
from schemas.models import LARGEST_FILE, LONGEST_EXPERT, ExpertState, OnnxState, TreesState
from schemas.names import MODEL
from streams.engine.configured import nearest
from streams.market.feature_users import vector_of_models
from streams.market.features.registry import every_feature, is_feature
from streams.market.models.experts import built, implied
from streams.market.models.parameters import ExpertParameters
from streams.market.parameters import MarketParameters
from streams.market.strategies import STRATEGIES

CALLS = 200
"""Calls of which the time of one is the median."""

METADATA = "features"
"""Name of the text of an ONNX file that holds the names of its features, with commas between them."""

ENDINGS = (".onnx", ".json", ".txt")

OBJECTIVE = "binary sigmoid:1"
"""Objective of a LightGBM model whose sum of leaves is the log-odds of an upward move."""


class TriedModel(Struct):
    """A model as it was read from a file, and how it does on this machine.

    Attributes:
        kind: `onnx` or `trees`.
        features: names of its features, in the order of its input.
        size: bytes of the file.
        sha256: digest of the file, 64 hexadecimal digits.
        at_zero: its probability of an upward move where every feature is 0.
        call_us: time of one call, microseconds, the median of 200.
    """

    kind: str
    features: tuple[str, ...]
    size: int
    sha256: str
    at_zero: float
    call_us: float


def read_model(file: Path, features: tuple[str, ...]) -> ExpertState:
    """Read a model from an ONNX file, or trees from a JSON file or a text file of LightGBM.

    Args:
        file: path; the ending `.onnx`, `.json` or `.txt` says which of the three it is.
        features: names of its features in the order of its input; empty: they are read from the file.

    Raises:
        ConfigurationError: there is no such file, it is too large, or its features are neither given
            nor in the file.
        ModelRefused: a file that ends in `.onnx` is no ONNX file, and `features` is empty.
    """
    if file.suffix not in ENDINGS:
        raise ConfigurationError(
            f"expected a file that ends in {', '.join(ENDINGS)}, was {file.name:.80}; fix: export the model as ONNX"
        )
    if not file.is_file():
        raise ConfigurationError(f"expected a file with a model, there is no {file}; fix: its path from this folder")
    content = file.read_bytes()
    if file.suffix == ".txt":
        content = encode(_of_lightgbm(file, content, features))
    if file.suffix != ".onnx":
        return _trees(file, content, features)
    if len(content) > LARGEST_FILE:
        raise ConfigurationError(
            f"{file}: expected at most {LARGEST_FILE:,} bytes, which a record takes, was {len(content):,}; fix: fewer "
            "or shallower trees, or a smaller network"
        )
    return OnnxState(features or _said_by(file, content), content)


def _said_by(file: Path, content: bytes) -> tuple[str, ...]:
    from streams.market.models.onnx_file import contents

    said = contents(content).metadata.get(METADATA, "")
    if not said:
        raise ConfigurationError(
            f"{file}: expected the names of its features in the order of its input, the file has none in its metadata; "
            "fix: --features a,b,c or --features-from FILE"
        )
    return named_features(said)


def named_features(text: str) -> tuple[str, ...]:
    """Names from a text with commas or line breaks between them.

    >>> named_features("spread, return_1,\\nrsi")
    ('spread', 'return_1', 'rsi')
    """
    return tuple(name for each in text.replace("\n", ",").split(",") if (name := each.strip()))


def _trees(file: Path, content: bytes, features: tuple[str, ...]) -> ExpertState:
    try:
        state: TreesState = decoder(TreesState)(content)
    except Refused as refused:
        raise ConfigurationError(f"{file}: expected trees as docs/models.md says: {refused.detail}") from refused
    return replace(state, features=features) if features else state


def _of_lightgbm(file: Path, content: bytes, features: tuple[str, ...]) -> TreesState:
    """Trees from what LightGBM's `save_model` writes."""
    from streams.retraining.trees_fitting import to_state  # loads NumPy

    written = content.decode(errors="replace")
    lines = written.partition("\n\n")[0].splitlines()
    head = {name: value for name, _, value in (line.partition("=") for line in lines)}
    if "tree" not in head or head.get("objective") != OBJECTIVE or "average_output" in head:
        raise ConfigurationError(
            f'{file}: expected boosted trees of LightGBM with objective = "binary", was objective = '
            f"{head.get('objective', 'none')!r:.80}; fix: train so, and write it by save_model"
        )
    names = features or tuple(head.get("feature_names", "").split())
    if len(names) != int(head["max_feature_idx"]) + 1:
        raise ConfigurationError(
            f"{file}: expected the names of {int(head['max_feature_idx']) + 1} features, was {len(names)}; fix: name "
            "all of its columns in their order"
        )
    try:
        return to_state(written, names, 0)
    except (ValueError, KeyError) as error:
        raise ConfigurationError(
            f"{file}: expected trees that compare numbers, was {error}; fix: no categories, use_missing = False"
        ) from error


def tried(state: ExpertState, content_of: Path) -> TriedModel:
    """Load a model as a worker would, and measure its predictions with every feature 0.

    Args:
        state: as `read_model` returned it.
        content_of: path of the file that the model was read from, for its size and digest.

    Raises:
        ModelRefused: the model cannot be loaded or used.
        EnvironmentProblem: a library that the model needs is not installed.
    """
    parameters = convert(implied(state), ExpertParameters)
    model = built("it", parameters)
    live = model.load(state)
    row = [0.0] * len(state.features)
    at_zero, times = model.opinion(live, row), []
    for _ in range(CALLS):
        begun = time.perf_counter_ns()
        model.opinion(live, row)
        times.append(time.perf_counter_ns() - begun)
    content = content_of.read_bytes()
    kind = str(type(state).__struct_config__.tag)
    return TriedModel(
        kind, state.features, len(content), sha256(content).hexdigest(), at_zero, sorted(times)[CALLS // 2] / 1_000
    )


def expect_computed(features: Sequence[str], parameters: MarketParameters, symbol: str) -> None:
    """Refuse features that the pipeline of a symbol does not compute.

    Args:
        features: names of the features that a model takes.
        parameters: parameters of the symbol.
        symbol: name of the symbol, for the message.

    Raises:
        ConfigurationError: one of the features is unknown, is not computed, or is named twice.
    """
    computed = vector_of_models(parameters)
    for name in features:
        if not is_feature(name):
            known = [each.name for each in every_feature()]
            raise ConfigurationError(
                f"expected features of tickloop or of a plug-in, was {name:.80}; fix: "
                f"{nearest(name, known) or '`tickloop features list` shows them'}"
            )
        if name not in computed:
            raise ConfigurationError(
                f"expected features that {symbol} computes ({', '.join(computed)}), was {name}; fix: name it in "
                "[market.features] recorded, or train without it"
            )
    if twice := [name for name in features if features.count(name) > 1]:
        raise ConfigurationError(f"expected each feature once, was {twice[0]} twice; fix: the order of the input")


def expect_free(name: str) -> None:
    """Refuse a name that cannot be given to a model that is added as an expert.

    Raises:
        ConfigurationError: a strategy or the logistic regression has the name, the name is too long, or
            it has characters other than printable ASCII without `|`.
    """
    if name in STRATEGIES or name == MODEL:
        raise ConfigurationError(
            f"expected a name that no strategy has, was {name}, which is one of {', '.join((*STRATEGIES, MODEL))}; "
            "fix: --name"
        )
    if not is_name(name) or len(name) > LONGEST_EXPERT:
        raise ConfigurationError(
            f"expected a name of 1 to {LONGEST_EXPERT} printable ASCII characters without `|`, was {name:.80}; "
            "fix: --name"
        )
