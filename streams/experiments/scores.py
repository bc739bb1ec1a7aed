"""Scores: by how much the challenger was better than the champion in one prediction.

A score is computed from the results of both on this prediction, and from scales that are estimated from earlier ones.
"""

from math import log1p, sqrt
from typing import Literal

from msgspec import Struct

from streams.experiments.pairs import Pair
from streams.scoring.scores import log_loss_gain

Metric = Literal["returns", "risk_adjusted", "log_growth", "win_rate", "log_loss", "drawdown", "sharpe"]

FLOOR = 0.1
"""Least volatility of an arm, as a fraction of that of the difference: an arm without positions has none."""


class ScoreState(Struct, array_like=True):
    """Scales of the scores of pairs: those estimated in the warm-up, and the current variances of returns.

    A pair is the results of challenger A and champion B on one prediction.

    Attributes:
        n: pairs of the warm-up so far.
        mean: mean of the return of A less that of B in the warm-up, bps.
        sse: sum of squared deviations of that difference from `mean`, bps^2.
        scale: standard deviation of the difference in the warm-up, bps; 0 until the warm-up is over.
        a_variance, b_variance: mean squared return of A and of B, up to the last pair, bps^2; exponentially weighted
            once the warm-up is over.
    """

    n: int = 0
    mean: float = 0.0
    sse: float = 0.0
    scale: float = 0.0
    a_variance: float = 0.0
    b_variance: float = 0.0


class Scores:
    """Operator that computes the scores of pairs; the first pairs are a warm-up for the scales.

    The scales are kept in a `ScoreState`. A pair is the results of challenger A and champion B on one
    prediction, with net returns a and b.

    | metric | score |
    |---|---|
    | `returns` | a - b, in standard deviations of a - b in the warm-up |
    | `risk_adjusted` | a / sigma_A - b / sigma_B, where each sigma is the volatility of returns before the pair |
    | `log_growth` | log(1 + a) - log(1 + b), in standard deviations of a - b in the warm-up |
    | `win_rate` | 1 if only a is above 0, -1 if only b is, else 0 |
    | `log_loss` | log-loss of B less that of A, nats; 0 where the price did not move |

    Args:
        metrics: metrics of the table, in the order in which scores are returned.
        warmup: number of first pairs, from which only scales are estimated.
        memory: pairs over which the volatilities decay.

    In the example the first two pairs are the warm-up and have no scores. The last line scores the
    third pair: a - b is 3 bps, that is 1.061 standard deviations of 2.828 bps.

    >>> scores = Scores(("returns", "win_rate", "log_loss"), warmup=2, memory=100)
    >>> state = scores.start()
    >>> pairs = [Pair("1", 1, 3.0, 1.0), Pair("2", 2, -3.0, -1.0), Pair("3", 3, 2.0, -1.0, 0.8, 0.5, 1)]
    >>> [scores.update(state, pair) for pair in pairs][:2]
    [None, None]
    >>> round(state.scale, 3), [round(each, 3) for each in scores.update(state, pairs[2])]
    (2.828, [1.061, 1.0, 0.47])
    """

    def __init__(self, metrics: tuple[Metric, ...], warmup: int, memory: int) -> None:
        self._metrics = metrics
        self._warmup = warmup
        self._weight = 2.0 / (memory + 1.0)

    def start(self) -> ScoreState:
        """State before the first pair (results of challenger and champion on one prediction)."""
        return ScoreState()

    def update(self, state: ScoreState, pair: Pair) -> list[float] | None:
        """Update `state` with one valid pair (results of challenger and champion on one prediction).

        Returns a score for each metric, in the order of `metrics`; None during the warm-up.
        """
        a, b = pair.a_bps, pair.b_bps
        if state.scale == 0.0:
            self._warm(state, a, b)
            return None
        scores = []
        for metric in self._metrics:
            if metric == "risk_adjusted":
                floor = FLOOR * state.scale
                sigma_a, sigma_b = sqrt(state.a_variance), sqrt(state.b_variance)
                score = a / (sigma_a if sigma_a > floor else floor) - b / (sigma_b if sigma_b > floor else floor)
            elif metric == "returns":
                score = (a - b) / state.scale
            elif metric == "win_rate":
                score = float((a > 0.0) - (b > 0.0))
            elif metric == "log_loss":
                score = log_loss_gain(pair.a_up, pair.b_up, pair.label)
            elif metric == "log_growth":
                score = 1e4 * (log1p(a * 1e-4) - log1p(b * 1e-4)) / state.scale
            scores.append(score)
        weight = self._weight
        state.a_variance += weight * (a * a - state.a_variance)
        state.b_variance += weight * (b * b - state.b_variance)
        return scores

    def _warm(self, state: ScoreState, a: float, b: float) -> None:
        state.n = n = state.n + 1
        state.a_variance += (a * a - state.a_variance) / n
        state.b_variance += (b * b - state.b_variance) / n
        difference = a - b
        delta = difference - state.mean
        state.mean += delta / n
        state.sse += delta * (difference - state.mean)
        if n >= self._warmup:
            # Arms that never differed have no scale: 1 bp is used.
            state.scale = sqrt(state.sse / (n - 1)) if state.sse > 0.0 else 1.0
