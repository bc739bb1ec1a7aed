"""Interface of the models that take part as experts beside the strategies and the signed logistic regression.

A `Model` holds no learned numbers; its methods work on a `LiveModel`, which holds them.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, Literal, NamedTuple

from schemas.faults import FaultEffect
from schemas.models import ExpertState

MEASURED = 256
"""Labels after which the stored size of a model that grows is measured again."""


class SizeLimit(NamedTuple):
    """What became of a model because the stored form of its numbers reached its largest size.

    Attributes:
        effect: `frozen`: it predicts on and learns no more; `emptied`: it has no opinion any more; `restarted`: it
            learns from nothing again.
        size: stored size, bytes; 0 if it is not known.
        says: the same in words that follow the name of the model.
    """

    effect: FaultEffect
    size: int
    says: str


class LiveModel(ABC):
    """The learned numbers of one model, in the form in which the model computes with them.

    Each arm (variant of the pipeline that runs on a symbol) has numbers of its own.

    Attributes:
        limited: `frozen` or `emptied` if the model has reached its largest size and stays so, see `SizeLimit`; else
            empty.
    """

    limited: Literal["", "frozen", "emptied"] = ""

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

    def learn(self, live: Any, features: Sequence[float], up: bool, uniqueness: float) -> SizeLimit | None:
        """Learn one label, the known outcome of a prediction; a kind of model that does not learn changes nothing.

        Args:
            live: the model's numbers, which are changed.
            features: value, when the prediction was made, of each feature that the attribute `features` names.
            up: whether the mid then moved up.
            uniqueness: weight of the label, 0 to 1; smaller where labels overlap in time and repeat each other.

        Returns:
            None, unless its size made the model stop learning or start anew at this label.
        """
        return None

    def limit(self, live: Any) -> SizeLimit:
        """What its size has made of a model whose numbers are `limited`, for a model that became so in another arm.

        A new arm may begin with a copy of such numbers.

        Args:
            live: the model's numbers.
        """
        return SizeLimit(live.limited, 0, f"is {live.limited}")

    @abstractmethod
    def load(self, stored: ExpertState) -> Any:
        """The numbers that a record holds, ready to predict and learn.

        Raises:
            ModelRefused: the record cannot hold numbers of this model; the message says why.
            EnvironmentProblem: a library or plug-in that the model needs is not installed.
        """
