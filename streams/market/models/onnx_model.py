"""Models in ONNX files as experts: they were trained elsewhere; onnxruntime evaluates each in one thread."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np

from schemas.errors import EnvironmentProblem, ModelRefused
from schemas.models import LARGEST_FILE, ExpertState, OnnxState
from streams.market.models.onnx_file import RANDOM, contents
from streams.market.models.parameters import OnnxParameters
from streams.market.models.protocol import LiveModel, Model

REAL = {"tensor(float)": np.float32, "tensor(double)": np.float64}
"""Types of inputs and outputs that are taken, as onnxruntime names them."""

MOST_OPEN = 32
"""Sessions that are kept for the next one who opens the same file."""

TRIED = (0.0, 1.0, -1.0, 0.0)
"""Values of all features in the rows that a file is tried on; the first and the last must get the same answer."""

SLACK = 1e-3
"""By how much the probabilities of both classes may miss the sum 1: some files compute in 32 bits."""


class LiveOnnx(LiveModel):
    """A session of onnxruntime. It never changes, so all variants of a pipeline may share it.

    Args:
        state: the record that holds the ONNX file.
        session: the session; None if there is no file: then the probability is 0.5.
        of_input: name of the input.
        of_output: name of the output with the probabilities.
        number: type of the numbers of the input.
    """

    def __init__(
        self, state: OnnxState, session: Any, of_input: str = "", of_output: str = "", number: type[Any] = np.float32
    ) -> None:
        self._state = state
        self.session = session
        self.of_input = of_input
        self.outputs = [of_output]
        self.number = number

    def stored(self) -> OnnxState:
        """The record that holds the ONNX file, see `LiveModel.stored`."""
        return self._state

    def __deepcopy__(self, memo: Any) -> "LiveOnnx":
        """Return the same object, since it never changes."""
        return self


class OnnxModel(Model):
    """A classifier in an ONNX file: it takes one row of features and gives the probability of an upward move.

    The input is one row of 32-bit or 64-bit numbers. Exactly one output must hold real numbers: the
    probabilities of the two classes (down, up), or that of the class up alone. An output of another type is
    ignored, such as the predicted class that classifiers of scikit-learn also return. The same file gives
    exactly the same probabilities on machines of one kind; on another kind of processor the last bits may
    differ.

    Args:
        parameters: names of the features.
        where: table of the configuration that declares the model, for errors.
    """

    kind: ClassVar[str] = "onnx"
    snapshot: ClassVar[type[Any]] = OnnxState
    largest_bytes = LARGEST_FILE + 4_096

    def __init__(self, parameters: OnnxParameters, where: str = "market.models") -> None:
        self.features = parameters.features

    def start(self) -> LiveOnnx:
        """A model without a file, which gives the probability 0.5."""
        return LiveOnnx(OnnxState(self.features, b""), None)

    def opinion(self, live: LiveOnnx, features: Sequence[float]) -> float:
        """Probability of an upward move, see `Model.opinion`."""
        if live.session is None:
            return 0.5
        return float(_told(live, features)[-1])

    def load(self, stored: ExpertState) -> LiveOnnx:
        """The model that a record holds, see `Model.load`."""
        if not isinstance(stored, OnnxState):
            raise ModelRefused(f"expected a model of kind onnx, was {type(stored).__struct_config__.tag}")
        if stored.features != self.features:
            raise ModelRefused(
                f"onnx: expected the features {', '.join(self.features)}, was {', '.join(stored.features)[:200]}"
            )
        if not stored.file:
            return self.start()
        return opened(stored)


@lru_cache(maxsize=MOST_OPEN)
def opened(state: OnnxState) -> LiveOnnx:
    """Open an ONNX file in a session of onnxruntime, and try it on a few rows of features.

    A session that was opened before for the same file is used again.

    Raises:
        ModelRefused: the file is no ONNX file, is not complete, draws random numbers, takes another number of features,
            or has an output that is no probability.
        EnvironmentProblem: onnxruntime is not installed.
    """
    try:
        import onnxruntime  # an extra, and most processes have no such model
    except ImportError as error:
        raise EnvironmentProblem(
            "expected onnxruntime for a model of kind onnx, it is not installed; fix: pip install 'tickloop[onnx]'"
        ) from error
    held = contents(state.file)
    if not held.is_whole:
        raise ModelRefused(
            "onnx: expected all numbers within the file, some are in another one; fix: export without external data"
        )
    if random := sorted(held.operators & RANDOM):
        raise ModelRefused(
            f"onnx: expected the same answer each time, {random[0]} draws random numbers; fix: export for inference"
        )
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(state.file, options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise ModelRefused(
            f"onnx: expected a file that onnxruntime opens: {error!s:.300}; fix: export it with operators of ONNX "
            f"alone, of a version that onnxruntime {onnxruntime.__version__} knows"
        ) from error
    of_input, number = _input(session, len(state.features))
    live = LiveOnnx(state, session, of_input, _output(session), number)
    _try(live)
    return live


def _input(session: Any, features: int) -> tuple[str, type[Any]]:
    """Name of the input and type of its numbers."""
    inputs = session.get_inputs()
    if len(inputs) != 1:
        names = ", ".join(each.name for each in inputs)
        raise ModelRefused(
            f"onnx: expected one input with all features in a row, was {len(inputs)}: {names:.200}; fix: export with "
            "one input of shape [None, number of features]"
        )
    (given,) = inputs
    if given.type not in REAL:
        raise ModelRefused(f"onnx: expected an input of tensor(float) or tensor(double), was {given.type}")
    if len(given.shape) != 2 or (type(given.shape[0]) is int and given.shape[0] != 1):
        raise ModelRefused(f"onnx: expected an input of one row of features, was one of the shape {given.shape}")
    if type(given.shape[1]) is int and given.shape[1] != features:
        raise ModelRefused(
            f"onnx: expected a model of {features} features, as they are named, was one that takes {given.shape[1]}; "
            "fix: name its features in the order of its input"
        )
    return given.name, REAL[given.type]


def _output(session: Any) -> str:
    """Name of the output with the probabilities."""
    outputs = session.get_outputs()
    real = [str(each.name) for each in outputs if each.type in REAL]
    if not real:
        kinds = ", ".join(each.type for each in outputs)
        raise ModelRefused(
            f"onnx: expected an output of real numbers, was {kinds:.200}; fix: a classifier, exported without ZipMap "
            "(skl2onnx: options={'zipmap': False})"
        )
    if len(real) > 1:
        raise ModelRefused(
            f"onnx: expected one output of real numbers, the probability, was {len(real)}: {', '.join(real):.200}; "
            "fix: export the probability alone"
        )
    return real[0]


def _try(live: LiveOnnx) -> None:
    """Refuse a model that does not tell probabilities, or not the same ones each time."""
    features = len(live.stored().features)
    answers = []
    for value in TRIED:
        try:
            told = _told(live, [value] * features)
        except Exception as error:
            raise ModelRefused(
                f"onnx: expected a model that takes {features} numbers: {type(error).__name__}: {error!s:.300}"
            ) from error
        numbers = [float(each) for each in told]
        if len(numbers) not in (1, 2):
            raise ModelRefused(
                f"onnx: expected one or two probabilities, was {len(numbers)} numbers; fix: train it on two classes, "
                "down and up"
            )
        if not all(0.0 <= each <= 1.0 for each in numbers):
            wrong = next(each for each in numbers if not 0.0 <= each <= 1.0)
            raise ModelRefused(
                f"onnx: expected a probability, was {wrong!r:.40} where all features are {value:g}; fix: export the "
                "probabilities, not scores"
            )
        if len(numbers) == 2 and abs(sum(numbers) - 1.0) > SLACK:
            raise ModelRefused(
                f"onnx: expected the probabilities of down and up, was {numbers[0]:g} and {numbers[1]:g}, which do not "
                "add up to 1; fix: export the probabilities, not scores"
            )
        answers.append(numbers)
    if answers[0] != answers[-1]:
        raise ModelRefused(
            f"onnx: expected the same answer each time, was {answers[0][-1]!r} and then {answers[-1][-1]!r}; fix: "
            "export for inference"
        )


def _told(live: LiveOnnx, row: Sequence[float]) -> Any:
    """What a model answers, as a flat array."""
    (told,) = live.session.run(live.outputs, {live.of_input: np.array([row], dtype=live.number)})
    return told.reshape(-1)
