"""Models of plug-ins as experts: a class with a state of plain values, registered under a name."""

from collections.abc import Sequence
from copy import deepcopy
from types import SimpleNamespace
from typing import Any, ClassVar, Protocol

from msgspec import MsgspecError, msgpack

from schemas.errors import ModelRefused
from schemas.models import ExpertState, OwnState
from streams.engine.registry import Registry
from streams.market.models.parameters import OwnModelParameters
from streams.market.models.protocol import MEASURED, LiveModel, Model


class LearningModel(Protocol):
    """What a plug-in brings: an object without numbers of its own, and a state that holds them all."""

    @property
    def state(self) -> type[Any]:
        """Type of the state, a `msgspec.Struct` or a dataclass: only what is in it survives a restart."""
        ...

    def start(self, features: Sequence[str]) -> Any:
        """State before the first label, given the names of the features."""
        ...

    def opinion(self, state: Any, features: Sequence[float]) -> float:
        """Probability of an upward move."""
        ...

    def learn(self, state: Any, features: Sequence[float], up: bool, uniqueness: float) -> None:
        """Learn one label with the features at prediction time; `uniqueness` (0 to 1) is its weight."""
        ...


MODELS: Registry[LearningModel] = Registry("market.models", "models", {})

register = MODELS.register
"""See `Registry.register`: a table of `[market.models]` with `kind = "own"` can name it then as `of`."""


class LiveOwn(LiveModel):
    """State of a model of a plug-in.

    Args:
        state: of the type that the plug-in says.
        features: names of its features.
        of: name that it is registered under.
        n_seen: labels learned from.
        full: whether it has reached its largest size.
    """

    def __init__(self, state: Any, features: tuple[str, ...], of: str, n_seen: int = 0) -> None:
        self.state = state
        self.features = features
        self.of = of
        self.n_seen = n_seen

    def stored(self) -> OwnState:
        """See `LiveModel.stored`."""
        return OwnState(self.features, self.of, msgpack.encode(self.state), self.n_seen)

    def __deepcopy__(self, memo: Any) -> "LiveOwn":
        """Copy the state; names are shared."""
        return LiveOwn(deepcopy(self.state), self.features, self.of, self.n_seen)


class OwnModel(Model):
    """A model that a plug-in registered.

    Args:
        parameters: its name, parameters and features.
        where: its table in the configuration, for errors.

    Raises:
        ConfigurationError: no plug-in registered it, or its parameters are not valid.
    """

    kind: ClassVar[str] = "own"
    snapshot: ClassVar[type[Any]] = OwnState

    def __init__(self, parameters: OwnModelParameters, where: str = "market.models") -> None:
        self.features = parameters.features
        self.largest_bytes = 2 * parameters.largest_bytes
        self._bound = parameters.largest_bytes
        self._of = parameters.of
        self._model: Any = MODELS.build(parameters.of, SimpleNamespace(own={parameters.of: parameters.parameters}))

    def start(self) -> LiveOwn:
        """See `Model.start`."""
        return LiveOwn(self._model.start(self.features), self.features, self._of)

    def opinion(self, live: LiveOwn, features: Sequence[float]) -> float:
        """See `Model.opinion`."""
        return float(self._model.opinion(live.state, features))

    def learn(self, live: LiveOwn, features: Sequence[float], up: bool, uniqueness: float) -> str:
        """See `Model.learn`; a state that has grown too large starts anew."""
        live.n_seen += 1
        self._model.learn(live.state, features, up, uniqueness)
        if live.n_seen % MEASURED == 0 and (size := len(msgpack.encode(live.state))) > self._bound:
            live.state, live.n_seen = self._model.start(self.features), 0
            return f"grew to {size:,} bytes and starts anew"
        return ""

    def load(self, stored: ExpertState) -> LiveOwn:
        """See `Model.load`."""
        if not isinstance(stored, OwnState):
            raise ModelRefused(f"expected a model of kind own, was {type(stored).__struct_config__.tag}")
        if stored.of != self._of or stored.features != self.features:
            raise ModelRefused(f"expected a state of the model {self._of} over its features, was one of {stored.of}")
        try:
            state = msgpack.decode(stored.state, type=self._model.state)
        except MsgspecError as error:
            raise ModelRefused(f"expected a state of the model {self._of}, was something else: {error}") from error
        return LiveOwn(state, self.features, self._of, stored.n_seen)
