"""Makes labels from a known relation ("concept") on real features, to test what is noticed, learned and remembered.

The features, regimes and opinions of the rules are those of a run of the market node. The label of outcome i
is the sign of `strength * concept . features_i + noise_i`. The noise is a moving mean over `overlap` numbers,
so that labels depend on each other, as labels with overlapping horizons do. The "oracle" is a forecaster that
knows the concept and the distribution of the noise.
"""

from collections.abc import Callable, Iterator, Sequence
from math import erf, log, sqrt
from typing import NamedTuple

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from schemas.outcomes import ArmOutcome, OutcomeMatured
from streams.engine.faults import Faults
from streams.market.arms import Arms, ArmState
from streams.market.features import SIGNED, UNSIGNED
from streams.market.models import signed_logistic
from streams.market.models.signed_logistic import SignedLogistic
from streams.market.parameters import MarketParameters
from streams.market.pending import Opinion
from streams.scoring import baselines, label_uniqueness
from streams.scoring.baselines import BASELINES
from streams.scoring.called import Called
from streams.scoring.label_uniqueness import UniquenessState

MS = 1_000_000
APART_NS = 25 * MS
MOVE_BPS, COST_BPS = 1.0, 0.1

CONCEPTS = {
    "a": {"queue_imbalance": 1.0, "return_10": 0.5, "trade_flow_imbalance": 0.5},
    "b": {"return_50": -1.0, "queue_imbalance": 0.3, "zscore": -0.5},
}


class Stream(NamedTuple):
    """Features of outcomes in the order of time, with the opinions of the rules and the regime at each."""

    features: NDArray[np.float64]
    rules: list[list[float]]
    regimes: list[str]

    def repeated(self, count: int) -> "Stream":
        """A stream of `count` outcomes: this one from the start, repeated if it is shorter."""
        at = [index % len(self.rules) for index in range(count)]
        return Stream(self.features[at], [self.rules[index] for index in at], [self.regimes[index] for index in at])


class Planted(NamedTuple):
    """A stream with labels.

    Attributes:
        stream: features, opinions and regimes.
        labels: direction of each outcome, 1 or -1.
        oracle: best possible probability of an upward move for each outcome.
        overlap: number of later outcomes after which a label is known.
    """

    stream: Stream
    labels: list[int]
    oracle: list[float]
    overlap: int


def stream_of(outcomes: Sequence[OutcomeMatured]) -> Stream:
    """Take features, opinions of the rules and regimes from outcomes of the market node."""
    rules = MarketParameters().strategies.enabled
    return Stream(
        np.array([[each.features[name] for name in SIGNED] for each in outcomes]),
        [[each.experts[name] for name in rules] for each in outcomes],
        [each.regime for each in outcomes],
    )


def scores(stream: Stream, concept: dict[str, float]) -> NDArray[np.float64]:
    """Weighted sum of the features by a concept, for each outcome, scaled to a root mean square of 1.

    Each feature is divided by its root mean square and clipped to 5 before that.

    Args:
        stream: features of the outcomes.
        concept: weights by name of the feature.
    """
    usual = np.sqrt((stream.features**2).mean(axis=0))
    scaled = np.clip(stream.features / np.where(usual > 0.0, usual, 1.0), -5.0, 5.0)
    found = scaled @ np.array([concept.get(name, 0.0) for name in SIGNED])
    return np.asarray(found / np.sqrt((found**2).mean()))


def strength(score: NDArray[np.float64], accuracy: float) -> float:
    """Find the factor for scores with which the best possible forecaster is right with probability `accuracy`."""
    low, high = 0.0, 50.0
    for _ in range(40):
        middle = 0.5 * (low + high)
        probability = _normal(middle * np.abs(score))
        low, high = (middle, high) if probability.mean() < accuracy else (low, middle)
    return 0.5 * (low + high)


def plant(
    stream: Stream, shown: NDArray[np.float64], seed: int, overlap: int, dependence: int | None = None
) -> Planted:
    """Draw labels from scores and random noise.

    Args:
        stream: the stream that gets the labels.
        shown: for each outcome the score of the concept that holds there, times its strength.
        seed: seed of the noise.
        overlap: number of later outcomes after which a label is known.
        dependence: number of neighbours that share noise; None: as many as `overlap`.
    """
    width = dependence or overlap
    random = np.random.default_rng(seed)
    noise = np.convolve(random.standard_normal(len(shown) + width - 1), np.ones(width) / sqrt(width), "valid")
    labels = np.where(shown + noise > 0.0, 1, -1)
    return Planted(stream, labels.tolist(), np.clip(_normal(shown), 1e-6, 1.0 - 1e-6).tolist(), overlap)


def _normal(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.array([0.5 * (1.0 + erf(each / sqrt(2.0))) for each in x.tolist()])


def loss(probability: float, label: int) -> float:
    return -log(max(probability if label > 0 else 1.0 - probability, 1e-12))


Told = Callable[[OutcomeMatured, "LiveArm"], None]


class LiveArm:
    """The market node's pipeline for the live version, run on a stream: it predicts, and learns each label once known.

    Args:
        market: parameters.
        model: model to begin with; None: an untrained one.
    """

    def __init__(self, market: MarketParameters, model: SignedLogistic | None = None) -> None:
        self.market = market
        self._arms = Arms(market)
        self._faults = Faults()
        self.arm: ArmState = self._arms.start("live", "builtin", 0, model or signed_logistic.start(market.model))

    def switch(self, model: SignedLogistic, version: str) -> None:
        """Replace the live version by a new one; labels of earlier predictions are not learned by it.

        Args:
            model: model of the new version; it is copied.
            version: name of the new version.
        """
        copy = SignedLogistic(list(model.weights), list(model.mean_squares), list(model.scales), model.n_seen)
        recall = self._arms.remember(self.arm)
        self.arm = self._arms.start("live", version, self.arm.number + 1, copy)
        self.arm.recall = recall

    def run(self, planted: Planted, told: Told | None = None) -> Iterator[float]:
        """Yield a probability for each outcome of a stream.

        Args:
            planted: stream with labels.
            told: called with each outcome once it is known, and with this object, which it may switch to another
                model.
        """
        overlap, horizon = planted.overlap, planted.overlap * APART_NS
        state = UniquenessState()
        records = baselines.start()
        waiting: list[tuple[ArmState, Opinion, Called]] = []
        imbalance = SIGNED.index("queue_imbalance")
        features = planted.stream.features.tolist()
        rules = planted.stream.rules if self.market.strategies.enabled else [[] for _ in planted.labels]
        for index, values in enumerate(features):
            due = index - overlap
            if due >= 0:
                arm, opinion, called = waiting[due]
                up = planted.labels[due] > 0
                baselines.learn(records, called, up)
                uniqueness = label_uniqueness.update(state, (due + 1) * APART_NS, horizon)
                if arm is self.arm:
                    self._arms.learn(arm, opinion, rules[due], features[due], up, uniqueness, self._faults)
                if told is not None:
                    told(_outcome(planted, due, features[due], arm.version, opinion, called), self)
            opinion = self._arms.opinion(self.arm, rules[index], values, self._faults)
            waiting.append((self.arm, opinion, baselines.call(records, values[imbalance])))
            yield opinion.probability


def _outcome(
    planted: Planted, index: int, values: Sequence[float], version: str, opinion: Opinion, called: Called
) -> OutcomeMatured:
    label = planted.labels[index]
    position = 1.0 if opinion.probability > 0.5 else -1.0
    gross = position * label * MOVE_BPS
    names = MarketParameters().strategies.enabled
    return OutcomeMatured(
        id=f"ticks:0:{index + planted.overlap}:0",
        prediction_id=f"ticks:0:{index}",
        symbol="X",
        ts_event=(index + 1 + planted.overlap) * APART_NS,
        ts_prediction=(index + 1) * APART_NS,
        horizon_ns=planted.overlap * APART_NS,
        mid=100.0,
        mid_matured=100.0 + label * 0.01,
        return_bps=label * MOVE_BPS,
        label=1 if label > 0 else -1,
        regime=planted.stream.regimes[index],
        arms=(ArmOutcome("live", version, "flat", opinion.probability, position, gross, gross - COST_BPS),),
        experts=dict(zip(names, planted.stream.rules[index], strict=True)),
        features_hash="",
        features=dict.fromkeys(UNSIGNED, 0.0) | dict(zip(SIGNED, values, strict=True)) if values else {},
        baselines=dict(zip(BASELINES, called.opinions, strict=True)),
        cost_bps=COST_BPS,
    )


def market(overlap: int) -> MarketParameters:
    """Parameters for a stream: the horizon of its labels, and no rules, since they know nothing about a concept.

    There are the features of the regression and no others, since a stream has no others.
    """
    plain = MarketParameters()
    return replace(
        plain,
        horizon_ns=overlap * APART_NS,
        strategies=replace(plain.strategies, enabled=()),
        features=replace(plain.features, recorded=()),
    )


def outcomes_of(planted: Planted, probabilities: Sequence[float], version: str = "frozen") -> Iterator[OutcomeMatured]:
    """Outcomes of a version that predicted `probabilities`, with the fields that the monitor node needs.

    Features and opinions of rules are left out.
    """
    records = baselines.start()
    imbalance = planted.stream.features[:, SIGNED.index("queue_imbalance")].tolist()
    waiting: list[Called] = []
    opinion = Opinion(0, 0.5, 0.0, 0.0, 0.0, 0.5, 0.0)
    for index in range(len(probabilities)):
        due = index - planted.overlap
        if due >= 0:
            baselines.learn(records, waiting[due], planted.labels[due] > 0)
            told = replace(opinion, probability=probabilities[due])
            yield _outcome(planted, due, (), version, told, waiting[due])
        waiting.append(baselines.call(records, imbalance[index]))
