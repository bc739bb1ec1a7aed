"""Classifiers from the library River as experts that learn from every label (known outcome of a prediction)."""

from collections.abc import Sequence
from hashlib import sha256
from importlib.metadata import version
from typing import Any, ClassVar, Literal

from msgspec import json

from schemas.errors import ModelRefused
from schemas.models import ExpertState, RiverState
from streams.market.models import object_state
from streams.market.models.parameters import RiverParameters
from streams.market.models.protocol import MEASURED, LiveModel, Model, SizeLimit
from streams.market.models.river_building import built, problem, shape_of, up_of


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

    @property
    def limited(self) -> Literal["", "frozen", "emptied"]:  # type: ignore[override]
        """Whether the model has reached its largest size, see `LiveModel.limited`."""
        return "" if not self.full else "frozen" if self.n_seen else "emptied"

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
    ...     _ = river.learn(live, [1.0], True, 1.0), river.learn(live, [-1.0], False, 1.0)
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
        written = (parameters.model, parameters.parameters, parameters.scaler, version("river"))
        self._declared = sha256(json.encode(written, order="sorted")).hexdigest()
        self._fresh, self._weighted = built(parameters, where)
        self._shape = shape_of(self._fresh)
        fresh = object_state.dump(self._fresh)
        self._fresh_bytes = len(fresh)
        # Whole numbers that the model was declared with, those of its own defaults included.
        self._numbers = object_state.whole_numbers(fresh)

    def start(self) -> LiveRiver:
        """A model that has learned nothing, see `Model.start`."""
        return LiveRiver(object_state.load(object_state.dump(self._fresh)), self.features, self._declared)

    def opinion(self, live: LiveRiver, features: Sequence[float]) -> float:
        """Probability of an upward move, see `Model.opinion`; 0.5 before the first label."""
        if not live.n_seen:
            return 0.5
        try:
            return up_of(live.model.predict_proba_one(dict(zip(self.features, features, strict=True))))
        except (Exception, KeyboardInterrupt, SystemExit):
            raise
        except BaseException as panic:
            raise RiverPanic(str(panic)) from panic

    def learn(self, live: LiveRiver, features: Sequence[float], up: bool, uniqueness: float) -> SizeLimit | None:
        """Learn one label, see `Model.learn`; `uniqueness` counts if the class of River takes a weight `w`."""
        if live.full or not self._learns:
            return None
        seen = dict(zip(self.features, features, strict=True))
        live.n_seen += 1
        try:
            if self._weighted:
                live.model.learn_one(seen, up, w=uniqueness)
            else:
                live.model.learn_one(seen, up)
        except (Exception, KeyboardInterrupt, SystemExit):
            raise
        except BaseException as panic:
            raise RiverPanic(str(panic)) from panic
        number = live.n_seen
        return self._measured(live) if number % MEASURED == 0 or (number < MEASURED and is_power(number)) else None

    def load(self, stored: ExpertState) -> LiveRiver:
        """The model that a record holds, see `Model.load`."""
        if not isinstance(stored, RiverState):
            raise ModelRefused(f"expected a model of kind river, was {type(stored).__struct_config__.tag}")
        if stored.features != self.features:
            raise ModelRefused(
                f"river: expected the features {', '.join(self.features)}, was {', '.join(stored.features)[:200]}"
            )
        if stored.declared != self._declared:
            raise ModelRefused(
                f"river: expected a state of the class and parameters of [{self._where}] and of River "
                f"{version('river')}, was one of others"
            )
        arrives = not isinstance(stored, RiverSnapshot)
        # A snapshot may lie between two measurements, and what it holds has been measured by this same class.
        if arrives and len(stored.state) > self.largest_bytes:
            raise ModelRefused(
                f"river: expected a state of at most {self.largest_bytes:,} bytes, was {len(stored.state):,}"
            )
        model = object_state.load(stored.state, self._numbers)
        if (shape := shape_of(model)) != self._shape:
            raise ModelRefused(f"river: expected a model of {self._shape}, was one of {shape:.200}")
        if arrives:
            self._expect_sound(stored.state)
        return LiveRiver(model, self.features, self._declared, stored.n_seen, stored.full)

    def _expect_sound(self, state: bytes) -> None:
        """Refuse a state that came in a record and with which a copy of the model neither predicts nor learns."""
        if said := problem(object_state.load(state, self._numbers), self.features, self._weighted):
            raise ModelRefused(f"river: expected a state that the model goes on from, it {said}")

    def limit(self, live: LiveRiver) -> SizeLimit:
        """What its size has made of the model, see `Model.limit`."""
        if live.limited == "emptied":
            return SizeLimit("emptied", 0, "had grown too large and has no opinion any more")
        size = len(object_state.dump(live.model))
        return SizeLimit("frozen", size, f"has {size:,} bytes and learns no more")

    def _measured(self, live: LiveRiver) -> SizeLimit | None:
        """Freeze a model that is too large, or would be at its next measurement if it went on growing as before."""
        try:
            size = len(object_state.dump(live.model))
        except ModelRefused as error:
            return self._emptied(live, 0, f"cannot be stored any more ({error!s:.120})")
        if size > self.largest_bytes:
            return self._emptied(live, size, f"grew to {size:,} bytes at once")
        growth = max(0, size - self._fresh_bytes) / live.n_seen * min(live.n_seen, MEASURED)
        if size <= self._bound and size + growth <= self.largest_bytes:
            return None
        live.full = True
        return SizeLimit("frozen", size, f"reached {size:,} bytes and learns no more")

    def _emptied(self, live: LiveRiver, size: int, why: str) -> SizeLimit:
        live.model, live.n_seen, live.full = self.start().model, 0, True
        return SizeLimit("emptied", size, f"{why} and has no opinion any more")


class RiverPanic(RuntimeError):
    """Error: a part of River that is written in Rust has panicked.

    A panic does not derive from `Exception` and would stop the worker; this error in its place does not.
    """


def is_power(number: int) -> bool:
    """Whether a positive number is a power of two.

    >>> [each for each in range(1, 20) if is_power(each)]
    [1, 2, 4, 8, 16]
    """
    return number & (number - 1) == 0
