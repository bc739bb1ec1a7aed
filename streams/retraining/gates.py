"""Gates: conditions that a retrained model must meet on held-out outcomes before it may run."""

from collections.abc import Callable, Sequence
from math import isfinite

from msgspec import Struct

from schemas.models import TreesState
from schemas.retraining import GateRow
from streams.market.regime import REGIMES
from streams.retraining.beginning import Beginning
from streams.retraining.labels import Labelled
from streams.retraining.parameters import RetrainParameters
from streams.scoring import overlapping_mean, scores
from streams.scoring.baselines import BASELINES
from streams.scoring.overlapping_mean import Mean
from streams.scoring.reliability import expected_calibration_error, reliability
from streams.scoring.scores import entropy, log_loss, mean_log_loss


class HeldOut(Struct, frozen=True):
    """Outcomes that were kept out of the training, with a retrained model's probabilities for them.

    Attributes:
        outcomes: the outcomes, with the probabilities that the live version and the baselines gave at prediction time.
        candidate: the retrained model's probability of an upward move, for each outcome.
        usual_move_bps: mean size of a move in the training data, bps; the expected edge is computed from it.
    """

    outcomes: Sequence[Labelled]
    candidate: Sequence[float]
    usual_move_bps: float

    def moved(self) -> list[tuple[Labelled, float]]:
        """The outcomes in which the mid moved, each with the retrained model's probability of an upward move."""
        return [(each, told) for each, told in zip(self.outcomes, self.candidate, strict=True) if each.label]


def net_bps(outcome: Labelled, probability: float, usual_move_bps: float) -> float:
    """Profit of one unit on the predicted side after cost, bps; 0 if the expected edge does not exceed the cost.

    Args:
        outcome: holds the realised move and the cost.
        probability: forecast probability of an upward move.
        usual_move_bps: usual size of a move, bps; the expected edge is this times (2 * probability - 1).
    """
    edge = (2.0 * probability - 1.0) * usual_move_bps
    if abs(edge) <= outcome.cost_bps:
        return 0.0
    return (outcome.return_bps if edge > 0.0 else -outcome.return_bps) - outcome.cost_bps


def metrics(held: HeldOut) -> dict[str, float]:
    """Scores of the retrained model, the live version and the baselines on the held-out outcomes, by name.

    A name is the forecaster, a dot, and the score, as in `candidate.log_loss`. The forecasters are `candidate` (the
    retrained model), `current` (the live version) and the baselines. Each has the scores `log_loss` (nats) and
    `accuracy`; the first two also have `ece` (calibration error), `net_bps` and `skill`. The result is empty if the mid
    moved in no outcome.
    """
    moved = held.moved()
    if not moved:
        return {}
    forecasts = {"candidate": [told for _, told in moved], "current": [each.live for each, _ in moved]}
    forecasts |= {name: [each.baselines[index] for each, _ in moved] for index, name in enumerate(BASELINES)}
    labels = [each.label for each, _ in moved]
    found: dict[str, float] = {}
    for name, told in forecasts.items():
        found[f"{name}.log_loss"] = mean_log_loss(told, labels)
        found[f"{name}.accuracy"] = sum(map(scores.hit, told, labels)) / len(moved)
    for name in ("candidate", "current"):
        found[f"{name}.ece"] = _ece(forecasts[name], moved)
    everyone = list(zip(held.outcomes, held.candidate, strict=True))
    found["candidate.net_bps"] = sum(net_bps(each, p, held.usual_move_bps) for each, p in everyone) / len(everyone)
    found["current.net_bps"] = sum(net_bps(each, each.live, held.usual_move_bps) for each, _ in everyone) / len(
        everyone
    )
    best = min(found[f"{name}.log_loss"] for name in BASELINES)
    found["candidate.skill"] = 1.0 - found["candidate.log_loss"] / best
    found["current.skill"] = 1.0 - found["current.log_loss"] / best
    return found


def gates(held: HeldOut, final: Beginning, parameters: RetrainParameters, contenders: int) -> tuple[GateRow, ...]:
    """The result of every gate, that is, of every condition that a retrained model must meet on held-out outcomes.

    The model must be *shown to be better* than the best baseline and than the live version: the lower bound
    of its gain in log-loss must be above 0. The model was chosen on the same outcomes, so the error rate is
    divided by the number of models compared (Bonferroni). In each regime, in calibration and in net edge it
    is enough that the model is not *shown to be worse*, because held-out data are too few to show that it
    is as good. One more gate is that all numbers of the model are finite. A model that meets all conditions
    is later tested beside the live version.

    Args:
        held: the held-out outcomes with the model's probabilities.
        final: the models to be run if all gates are passed; the gate on finite numbers looks at these
            models.
        parameters: error rates and tolerances.
        contenders: number of models from which this one was chosen.
    """
    level = parameters.level / contenders
    moved = held.moved()
    best = min(
        range(len(BASELINES)), key=lambda index: sum(log_loss(each.baselines[index], each.label) for each, _ in moved)
    )
    rows = [
        _shown_better(f"beats {BASELINES[best]}", held, lambda each: each.baselines[best], level),
        _shown_better("beats the current version", held, lambda each: each.live, level),
    ]
    regimes = sorted({each.regime for each, _ in moved}, key=_place)
    rows += [_no_worse_in(regime, held, level / len(regimes)) for regime in regimes]
    rows += [_calibrated(held, parameters.calibration_tolerance, level), _finite(final), _net_edge(held, level)]
    return tuple(rows)


def _shown_better(name: str, held: HeldOut, other: Callable[[Labelled], float], level: float) -> GateRow:
    gain = _gain(held.moved(), other, level)
    if not gain.enough:
        return GateRow(name, gain.mean, gain.mean, 0.0, False, _too_few(gain))
    passed = gain.low > 0.0
    sentence = f"log-loss better by {gain.mean:+.4f} nats, at least {gain.low:+.4f} at the level {level:.3f}"
    return GateRow(name, gain.mean, gain.low, 0.0, passed, sentence + ("" if passed else ": not shown"))


def _no_worse_in(regime: str, held: HeldOut, level: float) -> GateRow:
    moved = [(each, told) for each, told in held.moved() if each.regime == regime]
    gain = _gain(moved, lambda each: each.live, level)
    name = f"no worse in {regime}"
    if not gain.enough:
        return GateRow(name, gain.mean, gain.mean, 0.0, True, _too_few(gain))
    passed = gain.high >= 0.0
    sentence = f"log-loss better by {gain.mean:+.4f} nats, at most {gain.high:+.4f}"
    return GateRow(name, gain.mean, gain.high, 0.0, passed, sentence + ("" if passed else ": shown to be worse"))


def _calibrated(held: HeldOut, tolerance: float, level: float) -> GateRow:
    """Gate on surprise: log-loss less its expectation under the forecast.

    It has a tolerance, since a forecast that is always 0.5 has no surprise, and the live version may be close to that.
    """
    moved = held.moved()
    excess = [log_loss(told, each.label) - entropy(told) for each, told in moved]
    ours = _mean(excess, [each for each, _ in moved], level)
    theirs = sum(log_loss(each.live, each.label) - entropy(each.live) for each, _ in moved) / len(moved)
    limit = max(0.0, theirs) + tolerance
    name = "calibration not worse"
    if not ours.enough:
        return GateRow(name, ours.mean, ours.mean, limit, True, _too_few(ours))
    passed = ours.low <= limit
    sentence = f"log-loss {ours.mean:+.4f} nats above what it expected, at least {ours.low:+.4f}; limit {limit:+.4f}"
    return GateRow(name, ours.mean, ours.low, limit, passed, sentence + ("" if passed else ": shown to be worse"))


def finite(final: Beginning) -> bool:
    """Whether all numbers of the models are finite, so that they have a form in records."""
    return final.model.sound and all(map(isfinite, _further(final)))


def _further(final: Beginning) -> Sequence[float]:
    """What leaves add, where the further model is an ensemble of trees; other kinds are checked when they are built."""
    return final.expert.model.leaves if final.expert and isinstance(final.expert.model, TreesState) else ()


def _finite(final: Beginning) -> GateRow:
    sound = finite(final)
    largest = max(map(abs, (*final.model.weights, *_further(final))), default=0.0) if sound else -1.0
    sentence = f"largest weight {largest:.3g}" if sound else "a weight or a scale is not finite"
    return GateRow("weights finite", largest, largest, 0.0, sound, sentence)


def _net_edge(held: HeldOut, level: float) -> GateRow:
    usual = held.usual_move_bps
    gains = [
        net_bps(each, told, usual) - net_bps(each, each.live, usual)
        for each, told in zip(held.outcomes, held.candidate, strict=True)
    ]
    gain = _mean(gains, held.outcomes, level)
    name = "net edge not worse"
    if not gain.enough:
        return GateRow(name, gain.mean, gain.mean, 0.0, True, _too_few(gain))
    passed = gain.high >= 0.0
    sentence = f"after cost {gain.mean:+.4f} bps an outcome, at most {gain.high:+.4f}"
    return GateRow(name, gain.mean, gain.high, 0.0, passed, sentence + ("" if passed else ": shown to be worse"))


def _gain(moved: Sequence[tuple[Labelled, float]], other: Callable[[Labelled], float], level: float) -> Mean:
    gains = [log_loss(other(each), each.label) - log_loss(told, each.label) for each, told in moved]
    return _mean(gains, [each for each, _ in moved], level)


def _mean(values: Sequence[float], of: Sequence[Labelled], level: float) -> Mean:
    return overlapping_mean.mean(values, [each.ts for each in of], [each.horizon_ns for each in of], level)


def _ece(told: Sequence[float], moved: Sequence[tuple[Labelled, float]]) -> float:
    return expected_calibration_error(reliability(told, [each.label > 0 for each, _ in moved]))


def _place(regime: str) -> tuple[int, str]:
    names = [each.name for each in REGIMES]
    return (names.index(regime) if regime in names else len(names), regime)


def _too_few(gain: Mean) -> str:
    return f"too few to judge: {gain.n} outcomes in {gain.batches} batches, {overlapping_mean.FEWEST} are needed"
