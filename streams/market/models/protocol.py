"""Interface of the models that take part as experts beside the strategies and the signed logistic regression.

A `Model` holds no learned numbers; its methods work on a `LiveModel`, which holds them.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

from schemas.models import ExpertState

MEASURED = 256
"""Labels after which the stored size of a model that grows is measured again."""


class LiveModel(ABC):
    """The learned numbers of one model, in the form in which the model computes with them.

    Each arm (variant of the pipeline that runs on a symbol) has numbers of its own.
    """

    @abstractmethod
    def stored(self) -> ExpertState:
        """The numbers as a record, for snapshots and topics; `Model.load` makes equal numbers of this record."""


class Model(ABC):
    """Predicts and learns as the parameters of a model say; the learned numbers are in a `LiveModel` for each arm.

    An arm is one of the variants of the pipeline that run side by side on a symbol.

    Attributes:
        kind: the word by which a table of `[market.models]` chooses this class.
        snapshot: type of the record in which a snapshot holds the numbers.
        symmetric: whether negated features always give the opposite probability: 0.4 in place of 0.6.
        features: names of the model's features.
        largest_bytes: most bytes that the stored numbers may take.
    """

    kind: ClassVar[str]
    snapshot: ClassVar[type[Any]]
    symmetric: bool = False
    features: tuple[str, ...]
    largest_bytes: int

    @abstractmethod
    def start(self) -> Any:
        """Numbers of a model that has learned nothing.

        A kind of model that does not learn while it runs gives the probability 0.5 with these numbers.
        """

    @abstractmethod
    def opinion(self, live: Any, features: Sequence[float]) -> float:
        """Probability of an upward move, 0 to 1.

        Args:
            live: the model's numbers.
            features: value of each feature that the attribute `features` names.
        """

    def learn(self, live: Any, features: Sequence[float], up: bool, uniqueness: float) -> str:
        """Learn one label, the known outcome of a prediction; a kind of model that does not learn changes nothing.

        Args:
            live: the model's numbers, which are changed.
            features: value, when the prediction was made, of each feature that the attribute `features` names.
            up: whether the mid then moved up.
            uniqueness: weight of the label, 0 to 1; smaller where labels overlap in time and repeat each other.

        Returns:
            Empty, unless the model has stopped learning or started anew; then words that say so.
        """
        return ""

    @abstractmethod
    def load(self, stored: ExpertState) -> Any:
        """The numbers that a record holds, ready to predict and learn.

        Raises:
            ModelRefused: the record cannot hold numbers of this model; the message says why.
            EnvironmentProblem: a library or plug-in that the model needs is not installed.
        """
