"""Models that plug-ins register under a name, as experts: a class that predicts and learns, and its state."""

from collections.abc import Sequence
from copy import deepcopy
from typing import Any, ClassVar, Protocol

from msgspec import MsgspecError, msgpack

from schemas.errors import ConfigurationError, ModelRefused
from schemas.models import ExpertState, OwnState
from streams.engine.configured import configured
from streams.engine.registry import Registry
from streams.market.models.parameters import OwnModelParameters
from streams.market.models.protocol import MEASURED, LiveModel, Model, SizeLimit


class LearningModel(Protocol):
    """Interface of a model that a plug-in registers: methods that predict and learn, and the type of the state.

    All learned numbers are in the state, which is passed to each method; the object itself must not hold any. The class
    may have an attribute `symmetric = True`: it says that mirrored features give the mirrored probability, which
    `tickloop components check` then tests.
    """

    @property
    def state(self) -> type[Any]:
        """Type of the state, a `msgspec.Struct` or a dataclass. Only values in its fields survive a restart."""
        ...

    def start(self, features: Sequence[str]) -> Any:
        """State of a model that has learned nothing.

        Args:
            features: names of the model's features.
        """
        ...

    def opinion(self, state: Any, features: Sequence[float]) -> float:
        """Probability of an upward move, 0 to 1.

        Args:
            state: state of the model.
            features: values of the features, in the order of the names that `start` was given.
        """
        ...

    def learn(self, state: Any, features: Sequence[float], up: bool, uniqueness: float) -> None:
        """Learn one label, the known outcome of a prediction, by a change of `state` in place.

        Args:
            state: state of the model.
            features: values of the features when the prediction was made.
            up: whether the mid then moved up.
            uniqueness: weight of the label, 0 to 1; smaller where labels overlap in time and repeat each other.
        """
        ...


MODELS: Registry[LearningModel] = Registry("market.models", "models", {})

register = MODELS.register
"""See `Registry.register`: a table of `[market.models]` with `kind = "own"` can name it then as `of`."""


class LiveOwn(LiveModel):
    """State of a model that a plug-in registered.

    Args:
        state: the plug-in's own state of the model.
        features: names of the model's features.
        of: name that the model is registered under.
        n_seen: number of labels (known outcomes of predictions) that the state has learned from.
    """

    def __init__(self, state: Any, features: tuple[str, ...], of: str, n_seen: int = 0) -> None:
        self.state = state
        self.features = features
        self.of = of
        self.n_seen = n_seen

    def stored(self) -> OwnState:
        """The state as a record, see `LiveModel.stored`."""
        return OwnState(self.features, self.of, msgpack.encode(self.state), self.n_seen)

    def __deepcopy__(self, memo: Any) -> "LiveOwn":
        """Return a copy with a state of its own."""
        return LiveOwn(deepcopy(self.state), self.features, self.of, self.n_seen)


class OwnModel(Model):
    """A model that a plug-in registered.

    Args:
        parameters: the name that the model is registered under, its own parameters, and its features.
        where: table of the configuration that declares the model, for errors.

    Raises:
        ConfigurationError: no plug-in registered a model under this name, or its parameters are not valid.
    """

    kind: ClassVar[str] = "own"
    snapshot: ClassVar[type[Any]] = OwnState

    def __init__(self, parameters: OwnModelParameters, where: str = "market.models") -> None:
        self.features = parameters.features
        self.largest_bytes = 2 * parameters.largest_bytes
        self._bound = parameters.largest_bytes
        self._of = parameters.of
        self._model = _made(parameters, where)
        self.symmetric = bool(getattr(self._model, "symmetric", False))

    def start(self) -> LiveOwn:
        """State of a model that has learned nothing, see `Model.start`."""
        return LiveOwn(self._model.start(self.features), self.features, self._of)

    def opinion(self, live: LiveOwn, features: Sequence[float]) -> float:
        """Probability of an upward move, see `Model.opinion`."""
        return float(self._model.opinion(live.state, features))

    def learn(self, live: LiveOwn, features: Sequence[float], up: bool, uniqueness: float) -> SizeLimit | None:
        """Learn one label, see `Model.learn`; a state that has grown too large is replaced by a new one."""
        live.n_seen += 1
        self._model.learn(live.state, features, up, uniqueness)
        if live.n_seen % MEASURED == 0 and (size := len(msgpack.encode(live.state))) > self._bound:
            live.state, live.n_seen = self._model.start(self.features), 0
            return SizeLimit("restarted", size, f"grew to {size:,} bytes and starts anew")
        return None

    def load(self, stored: ExpertState) -> LiveOwn:
        """The state that a record holds, see `Model.load`."""
        if not isinstance(stored, OwnState):
            raise ModelRefused(f"expected a model of kind own, was {type(stored).__struct_config__.tag}")
        if stored.of != self._of or stored.features != self.features:
            raise ModelRefused(f"expected a state of the model {self._of} over its features, was one of {stored.of}")
        try:
            state = msgpack.decode(stored.state, type=self._model.state)
        except MsgspecError as error:
            raise ModelRefused(f"expected a state of the model {self._of}, was something else: {error}") from error
        return LiveOwn(state, self.features, self._of, stored.n_seen)


def _made(parameters: OwnModelParameters, where: str) -> Any:
    """The plug-in's object, built with the parameters of one table."""
    MODELS.expect((parameters.of,), f"{where}.of")
    part = MODELS[parameters.of].part
    expected = getattr(part, "Parameters", None)
    if expected is not None:
        return part(configured(parameters.parameters, expected, f"{where}.parameters"))
    if parameters.parameters:
        raise ConfigurationError(
            f"[{where}.parameters]: expected none, was {parameters.parameters!r:.200}; fix: take them out, or give the "
            "class an attribute Parameters"
        )
    return part()
