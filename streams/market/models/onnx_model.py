"""Models in ONNX files as experts: they were trained elsewhere; onnxruntime evaluates each in one thread."""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from schemas.errors import EnvironmentProblem, ModelRefused
from schemas.models import LARGEST_FILE, ExpertState, OnnxState
from streams.market.models.parameters import OnnxParameters
from streams.market.models.protocol import LiveModel, Model

OUTSIDE = b"\x0a\x08location"
"""What a file holds that keeps numbers in another file."""


class LiveOnnx(LiveModel):
    """A session of onnxruntime. It never changes, so all variants of a pipeline may share it.

    Args:
        state: the record that holds the ONNX file.
        session: the session; None if there is no file: then the probability is 0.5.
        of_input: name of the input.
        of_output: name of the output with the probabilities.
    """

    def __init__(self, state: OnnxState, session: Any, of_input: str, of_output: str) -> None:
        self._state = state
        self.session = session
        self.of_input = of_input
        self.of_output = of_output

    def stored(self) -> OnnxState:
        """See `LiveModel.stored`."""
        return self._state

    def __deepcopy__(self, memo: Any) -> "LiveOnnx":
        """Nothing changes it: the same one."""
        return self


class OnnxModel(Model):
    """A classifier in an ONNX file: it takes one row of features and gives the probability of an upward move.

    The input is one row of 32-bit or 64-bit numbers. The output is the probability of each class (down, up) or of the
    upward one alone; of several outputs, the last one of real numbers counts, as classifiers of scikit-learn are
    exported. The same file gives the same bytes on machines of one kind; on another kind of processor the last bits may
    differ.

    Args:
        parameters: its features.
        where: its table in the configuration, for errors.
    """

    kind: ClassVar[str] = "onnx"
    snapshot: ClassVar[type[Any]] = OnnxState
    largest_bytes = LARGEST_FILE + 4_096

    def __init__(self, parameters: OnnxParameters, where: str = "market.models") -> None:
        self.features = parameters.features

    def start(self) -> LiveOnnx:
        """No file, which has the opinion one half."""
        return LiveOnnx(OnnxState(self.features, b""), None, "", "")

    def opinion(self, live: LiveOnnx, features: Sequence[float]) -> float:
        """See `Model.opinion`."""
        if live.session is None:
            return 0.5
        return _told(live, np.array([features], dtype=_dtype(live)))

    def load(self, stored: ExpertState) -> LiveOnnx:
        """See `Model.load`."""
        if not isinstance(stored, OnnxState):
            raise ModelRefused(f"expected a model of kind onnx, was {type(stored).__struct_config__.tag}")
        if stored.features != self.features:
            raise ModelRefused(
                f"onnx: expected the features {', '.join(self.features)}, was {', '.join(stored.features)[:200]}"
            )
        if not stored.file:
            return self.start()
        return opened(stored)


def opened(state: OnnxState) -> LiveOnnx:
    """A session for a file, tried on a row of zeros.

    Raises:
        ModelRefused: it is no ONNX file, has another number of inputs, or its output is no probability.
        EnvironmentProblem: onnxruntime is not installed.
    """
    try:
        import onnxruntime  # an extra, and most processes have no such model
    except ImportError as error:
        raise EnvironmentProblem(
            "expected onnxruntime for a model of kind onnx, it is not installed; fix: pip install 'tickloop[onnx]'"
        ) from error
    if OUTSIDE in state.file:
        raise ModelRefused("onnx: expected all numbers within the file, some are kept in another one")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(state.file, options, providers=["CPUExecutionProvider"])
        (given,) = session.get_inputs()
        outputs = [each.name for each in session.get_outputs() if each.type in ("tensor(float)", "tensor(double)")]
        if not outputs:
            kinds = ", ".join(each.type for each in session.get_outputs())
            raise ModelRefused(f"onnx: expected an output of real numbers, was {kinds}; export without ZipMap")
        live = LiveOnnx(state, session, given.name, outputs[-1])
        _told(live, np.zeros((1, len(state.features)), dtype=_dtype(live)))
    except ModelRefused:
        raise
    except Exception as error:
        raise ModelRefused(
            f"onnx: expected a model that takes {len(state.features)} numbers: {type(error).__name__}: {error!s:.300}"
        ) from error
    return live


def _dtype(live: LiveOnnx) -> type[Any]:
    return np.float64 if live.session.get_inputs()[0].type == "tensor(double)" else np.float32


def _told(live: LiveOnnx, row: Any) -> float:
    (told,) = live.session.run([live.of_output], {live.of_input: row})
    numbers = np.asarray(told, dtype=np.float64).reshape(-1)
    if len(numbers) not in (1, 2):
        raise ModelRefused(f"onnx: expected one or two probabilities, was an output of shape {np.shape(told)}")
    up = float(numbers[-1])
    if not 0.0 <= up <= 1.0:
        raise ModelRefused(f"onnx: expected a probability, was {up!r:.40}")
    return up
