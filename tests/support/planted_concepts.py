"""Labels of a known concept on features of a real market: what a version should notice, learn and remember.

The features, regimes and opinions of the rules are those of a run of the market node. The label of outcome i is the
sign of `strength * concept . features_i + noise_i`; the noise is a moving mean over `overlap` numbers, so that labels
depend on each other as labels do whose horizons overlap. The oracle knows the concept and the law of the noise.
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
from streams.market.features import SIGNED
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
    """Features of outcomes in the order of time, and what stands beside them."""

    features: NDArray[np.float64]
    rules: list[list[float]]
    regimes: list[str]

    def repeated(self, count: int) -> "Stream":
        """The first `count` outcomes of the stream, again and again."""
        at = [index % len(self.rules) for index in range(count)]
        return Stream(self.features[at], [self.rules[index] for index in at], [self.regimes[index] for index in at])


class Planted(NamedTuple):
    """A stream with labels: sign of each, and the oracle's probability."""

    stream: Stream
    labels: list[int]
    oracle: list[float]
    overlap: int


def stream_of(outcomes: Sequence[OutcomeMatured]) -> Stream:
    """Features, rules and regimes of outcomes of the market node."""
    rules = MarketParameters().strategies.enabled
    return Stream(
        np.array([[each.features[name] for name in SIGNED] for each in outcomes]),
        [[each.experts[name] for name in rules] for each in outcomes],
        [each.regime for each in outcomes],
    )


def scores(stream: Stream, concept: dict[str, float]) -> NDArray[np.float64]:
    """What the concept says of each outcome: features in units of their root mean square, clipped, then summed."""
    usual = np.sqrt((stream.features**2).mean(axis=0))
    scaled = np.clip(stream.features / np.where(usual > 0.0, usual, 1.0), -5.0, 5.0)
    found = scaled @ np.array([concept.get(name, 0.0) for name in SIGNED])
    return np.asarray(found / np.sqrt((found**2).mean()))


def strength(score: NDArray[np.float64], accuracy: float) -> float:
    """Strength with which the oracle has this accuracy."""
    low, high = 0.0, 50.0
    for _ in range(40):
        middle = 0.5 * (low + high)
        probability = _normal(middle * np.abs(score))
        low, high = (middle, high) if probability.mean() < accuracy else (low, middle)
    return 0.5 * (low + high)


def plant(
    stream: Stream, shown: NDArray[np.float64], seed: int, overlap: int, dependence: int | None = None
) -> Planted:
    """Labels from `shown`, the strength times the score of the concept that holds at each outcome.

    They mature `overlap` outcomes later; `dependence`, by default as much, is how many neighbours share noise.
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
    """The live arm of the pipeline on a planted stream: it predicts, and learns each label when it has matured."""

    def __init__(self, market: MarketParameters, model: SignedLogistic | None = None) -> None:
        self.market = market
        self._arms = Arms(market)
        self._faults = Faults()
        self.arm: ArmState = self._arms.start("live", "builtin", 0, model or signed_logistic.start(market.model))

    def switch(self, model: SignedLogistic, version: str) -> None:
        """A new arm with `model` is the live one; what the old one waits for is not learned."""
        copy = SignedLogistic(list(model.weights), list(model.mean_squares), list(model.scales), model.n_seen)
        recall = self._arms.remember(self.arm)
        self.arm = self._arms.start("live", version, self.arm.number + 1, copy)
        self.arm.recall = recall

    def run(self, planted: Planted, told: Told | None = None) -> Iterator[float]:
        """Probability for each outcome; `told` hears of each as it matures, and may switch."""
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
        features=dict(zip(SIGNED, values, strict=True)) if values else {},
        baselines=dict(zip(BASELINES, called.opinions, strict=True)),
        cost_bps=COST_BPS,
    )


def market(overlap: int) -> MarketParameters:
    """Parameters with the horizon of a planted stream; no rules, which know nothing of what was planted."""
    plain = MarketParameters()
    return replace(plain, horizon_ns=overlap * APART_NS, strategies=replace(plain.strategies, enabled=()))


def outcomes_of(planted: Planted, probabilities: Sequence[float], version: str = "frozen") -> Iterator[OutcomeMatured]:
    """Outcomes of a version that says `probabilities`, without features and rules: what a monitor needs."""
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
