"""What every kind of model offers that takes part as an expert: an operator without numbers, and states with them."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

from schemas.models import ExpertState

MEASURED = 256
"""Labels after which the stored size of a model that grows is measured again."""


class LiveModel(ABC):
    """The numbers of one model of one arm, in the form in which they are computed with."""

    @abstractmethod
    def stored(self) -> ExpertState:
        """The numbers as snapshots and records hold them; `Model.load` gives an equal model back."""


class Model(ABC):
    """A model built from its parameters, which holds no numbers: those are in a `LiveModel`, one for each arm.

    Attributes:
        kind: of `[market.models]`.
        snapshot: type of the stored numbers within a snapshot.
        symmetric: whether mirrored features give the mirrored probability, by construction.
        features: names of its features.
        largest_bytes: most bytes that a stored state may take.
    """

    kind: ClassVar[str]
    snapshot: ClassVar[type[Any]]
    symmetric: ClassVar[bool] = False
    features: tuple[str, ...]
    largest_bytes: int

    @abstractmethod
    def start(self) -> Any:
        """Numbers before the first label; of a kind that only comes trained, numbers without an opinion."""

    @abstractmethod
    def opinion(self, live: Any, features: Sequence[float]) -> float:
        """Probability of an upward move.

        Args:
            live: the numbers.
            features: values of `features`, in that order.
        """

    def learn(self, live: Any, features: Sequence[float], up: bool, uniqueness: float) -> str:
        """Learn one label, with the features at prediction time; a kind that does not learn changes nothing.

        Args:
            live: the numbers, to be changed.
            features: values of `features` at prediction time, in that order.
            up: whether the mid moved up.
            uniqueness: weight of the label, 0 to 1, which is less the more its horizon overlaps with others.

        Returns:
            What happened to the model, in a few words, if it may not go on as before; else empty.
        """
        return ""

    @abstractmethod
    def load(self, stored: ExpertState) -> Any:
        """Numbers from their stored form.

        Raises:
            ModelRefused: they cannot be numbers of this model; the message says why.
            EnvironmentProblem: a library or plug-in that the model needs is not installed.
        """
