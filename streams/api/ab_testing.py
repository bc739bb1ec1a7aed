"""A/B tests of two strategies on the same recorded ticks."""

from collections.abc import Callable, Sequence
from math import ceil, exp

import numpy as np
from numpy.typing import NDArray

from schemas.errors import ConfigurationError
from streams.api.ab_results import ABTestResults, Comparison, Performance
from streams.api.side_by_side import SideBySide, Strategy, parameters_of, side_by_side
from streams.api.ticks import Ticks
from streams.experiments.engines.dependence import batch_for
from streams.experiments.engines.fixed_horizon import Tested, hac_t, mcnemar
from streams.experiments.engines.multiplicity import holm
from streams.experiments.engines.resampling import drawdown, drawdown_test, sharpe, sharpe_test
from streams.experiments.experiment import Experiment, ExperimentState
from streams.experiments.parameters import ExperimentParameters
from streams.experiments.scores import Metric
from streams.experiments.standing import standing
from streams.parameters import Parameters
from streams.scoring import score_arrays
from streams.scoring.effective_sample_size import disjoint, effective_sample_size

Column = NDArray[np.float64]

SEQUENTIAL: dict[str, Metric] = {
    "sharpe": "risk_adjusted",
    "returns": "returns",
    "drawdown": "drawdown",
    "win_rate": "win_rate",
}
"""Metrics of a test, and the score for the sequential test of each."""

NAMES = ("A", "B")

WARMUP = 5
"""The first of so many equal parts of the predictions is the warm-up, for scales and the size of a batch."""

FEWEST_BATCHES = 30
WANTED_BATCHES = 60


class ABTestingFramework:
    """Compares two strategies on recorded ticks, with the code that compares versions in live experiments.

    Args:
        parameters: parameters, such as horizon, costs and sizing, for a strategy that is given by its name; None:
            defaults.
        seed: seed of the bootstrap, which tests `sharpe` and `drawdown`.
        resamples: number of samples that the bootstrap draws.
    """

    def __init__(self, parameters: Parameters | None = None, seed: int = 1, resamples: int = 999) -> None:
        self._parameters = parameters or Parameters()
        self._seed = seed
        self._resamples = resamples

    def run_test(
        self,
        strategy_a: Strategy,
        strategy_b: Strategy,
        test_data: Ticks,
        metrics: Sequence[str] = ("sharpe", "returns", "drawdown", "win_rate"),
        confidence_level: float = 0.95,
        min_samples: int = 100,
        duration_days: float | None = None,
        progress: Callable[[int], None] = lambda ticks: None,
    ) -> ABTestResults:
        """Run both strategies on the same ticks and compare them.

        Only the sequential test of the first metric names a winner; its result is valid however often one looks at the
        data before the end. The usual tests, which are valid for one look at the end, are reported beside it. Their
        standard errors account for overlapping predictions.

        Args:
            strategy_a, strategy_b: parameters of a whole pipeline, or the name of a single strategy that runs alone.
            test_data: a file of ticks, a table, or tick records in order of event time.
            metrics: names of metrics among `sharpe`, `returns`, `drawdown` and `win_rate`; the first decides.
            confidence_level: two-sided confidence needed to name a winner or to call a difference significant, 0.5 to
                1.
            min_samples: number of predictions that must have been scored for both strategies before a winner is named.
            duration_days: length of the part of the ticks that is used, from the first tick on, days of event time;
                None: all ticks.
            progress: function that is called from time to time with the number of ticks done.

        Raises:
            ConfigurationError: a metric is unknown or given twice, `confidence_level` is out of range, or the
                strategies cannot be compared, because their parameters do not lead to the same scored predictions.
        """
        unknown = [metric for metric in metrics if metric not in SEQUENTIAL]
        if unknown or not metrics or len(set(metrics)) < len(metrics):
            raise ConfigurationError(
                f"A/B test: expected each of {', '.join(SEQUENTIAL)} at most once, was {', '.join(metrics)}"
            )
        if not 0.5 < confidence_level < 1.0:
            raise ConfigurationError(
                f"A/B test: expected a confidence level between 0.5 and 1, was {confidence_level}; fix: 0.95 for 95 %"
            )
        a, b = (parameters_of(each, self._parameters) for each in (strategy_a, strategy_b))
        run = side_by_side(a, b, test_data, duration_days, progress)
        return self.compare(run, _names(strategy_a, strategy_b), metrics, confidence_level, min_samples)

    def compare(
        self,
        run: SideBySide,
        names: tuple[str, str] = ("A", "B"),
        metrics: Sequence[str] = ("sharpe", "returns", "drawdown", "win_rate"),
        confidence_level: float = 0.95,
        min_samples: int = 100,
    ) -> ABTestResults:
        """Compare two strategies that have run already.

        Args:
            run: paired outcomes of both strategies.
            names: names of strategies A and B in the result.
            metrics: names of metrics among `sharpe`, `returns`, `drawdown` and `win_rate`; the first decides.
            confidence_level: two-sided confidence needed to name a winner or to call a difference significant, 0.5 to
                1.
            min_samples: number of pairs needed; with fewer, the result has no winner and no comparisons.
        """
        count = len(run.pairs)
        independent, overlap = _independent(run), _overlap(run)
        one, other = (_performance(run, names, side, overlap) for side in (0, 1))
        alpha = 1.0 - confidence_level
        if count < max(2, min_samples):
            why = f"Only {count} predictions were scored by both, {max(2, min_samples)} are asked for."
            return ABTestResults(one, other, (), None, 0.0, count, independent, 5 * overlap, why)
        tested = [self._tested(run, metric, overlap) for metric in metrics]
        adjusted = holm([each.p for each in tested])
        warmup = count // WARMUP
        batch = _batch(np.subtract(*_columns(run))[:warmup], overlap, count - warmup)
        sequential = [_sequential(run, SEQUENTIAL[metric], alpha, warmup, batch) for metric in metrics]
        compared = tuple(
            Comparison(
                metric,
                _value(one, metric, count),
                _value(other, metric, count),
                each.difference,
                each.statistic,
                each.p,
                p,
                p < alpha,
                each.test,
                standing(*found) if found else None,
            )
            for metric, each, p, found in zip(metrics, tested, adjusted, sequential, strict=True)
        )
        winner, confidence, why = _decision(compared, names, count, batch)
        if not one.positions + other.positions:
            why = "Neither took a position: no prediction promised more than its cost. Fix: other costs or sizing."
        return ABTestResults(one, other, compared, winner, confidence, count, independent, batch, why)

    def _tested(self, run: SideBySide, metric: str, overlap: int) -> Tested:
        """Test of one metric that looks at all data once."""
        a, b = _columns(run)
        if metric == "returns":
            return hac_t(a - b, 2 * overlap)
        if metric == "sharpe":
            return sharpe_test(a, b, 5 * overlap, self._resamples, self._seed)
        if metric == "drawdown":
            return drawdown_test(a / overlap, b / overlap, 5 * overlap, self._resamples, self._seed)
        won = (a > 0.0).astype(np.float64) - (b > 0.0)
        statistic = hac_t(won, 2 * overlap).statistic
        apart = won[_apart(run)]
        exact = mcnemar(int(np.sum(apart > 0.0)), int(np.sum(apart < 0.0)))
        return Tested("exact McNemar without overlap", float(won.mean()), statistic, exact.p)


def ab_test(
    strategy_a: Strategy,
    strategy_b: Strategy,
    ticks: Ticks,
    *,
    parameters: Parameters | None = None,
    metrics: Sequence[str] = ("sharpe", "returns", "drawdown", "win_rate"),
    confidence_level: float = 0.95,
    min_samples: int = 100,
    duration_days: float | None = None,
) -> ABTestResults:
    """Compare two strategies on the same recorded ticks.

    Only the sequential test of the first metric names a winner; its result is valid however often one looks at the data
    before the end.

    Args:
        strategy_a, strategy_b: parameters of a whole pipeline, or the name of a single strategy that runs alone.
        ticks: a file or several, a DataFrame or arrays, or tick records in order of event time.
        parameters: parameters, such as horizon, costs and sizing, for a strategy that is given by its name; None:
            defaults.
        metrics: names of metrics among `sharpe`, `returns`, `drawdown` and `win_rate`; the first decides.
        confidence_level: two-sided confidence needed to name a winner or to call a difference significant, 0.5 to 1.
        min_samples: number of predictions that must have been scored for both strategies before a winner is named.
        duration_days: length of the part of the ticks that is used, from the first tick on, days of event time; None:
            all ticks.

    >>> from streams.sources.synthetic import synthetic_market
    >>> found = ab_test("imbalance", "flat", synthetic_market(seed=1, ticks=4_000))
    >>> found.winner, found.a.name, found.b.name
    (None, 'imbalance', 'flat')

    Raises:
        ConfigurationError: a metric is unknown or given twice, `confidence_level` is out of range, or the strategies
            cannot be compared, because their parameters do not lead to the same scored predictions.
    """
    framework = ABTestingFramework(parameters)
    return framework.run_test(strategy_a, strategy_b, ticks, metrics, confidence_level, min_samples, duration_days)


def _batch(scores: Column, overlap: int, count: int) -> int:
    """Number of predictions in a batch: 5 times the autocorrelation time, if that leaves at least 60 batches.

    Otherwise batches are shorter, but at least 5 times the overlap; their dependence is checked before any decision.
    """
    return max(5 * overlap, min(batch_for(scores, overlap), count // WANTED_BATCHES))


def _sequential(
    run: SideBySide, metric: Metric, alpha: float, warmup: int, batch: int
) -> tuple[Experiment, ExperimentState] | None:
    """The experiment on one metric as it would run live; None with fewer than 30 batches."""
    count = len(run.pairs)
    if (count - warmup) // batch < FEWEST_BATCHES:
        return None
    experiment = Experiment(
        ExperimentParameters(
            primary=metric,
            alpha=alpha / 2.0,
            beta=0.0,
            batch=batch,
            expected=(count - warmup) / 2.0,
            longest=count - warmup,
            warmup=warmup,
        )
    )
    state = experiment.start()
    experiment.batch(state, run.pairs)
    return experiment, state


def _decision(
    compared: tuple[Comparison, ...], names: tuple[str, str], count: int, batch: int
) -> tuple[str | None, float, str]:
    found = compared[0].sequential
    if found is None:
        return (
            None,
            0.0,
            (
                f"{count:,} predictions make fewer than {FEWEST_BATCHES} batches of {batch}, 5 times as many as "
                "overlap: too little for a sequential test. Fix: more data."
            ),
        )
    better = max(found.log_e_better, found.log_e_worse)
    confidence = 1.0 - min(1.0, 2.0 * exp(-better))
    verdict = found.status
    winner = {"winner": names[0], "harm": names[1]}.get(verdict)
    arms = ", ".join(f"{letter} is {name}" for letter, name in zip(NAMES, names, strict=True) if name != letter)
    why = f"By {compared[0].metric}{f' ({arms})' if arms else ''}: {found.reason}"
    opposite = {"winner": "harm", "harm": "winner"}.get(verdict)
    against = [each.metric for each in compared[1:] if each.sequential and each.sequential.status == opposite]
    return winner, confidence, f"{why} The opposite is shown for: {', '.join(against)}." if against else why


def _performance(run: SideBySide, names: tuple[str, str], side: int, overlap: int) -> Performance:
    net = _columns(run)[side]
    labels = np.array([pair.label for pair in run.pairs])
    up = np.array([(pair.a_up, pair.b_up)[side] for pair in run.pairs])
    moved, taken = labels != 0, net != 0.0
    return Performance(
        name=names[side],
        positions=int(taken.sum()),
        net_bps=float(net.sum()) / overlap,
        mean_bps=float(net.mean()) if len(net) else 0.0,
        sharpe=sharpe(net) if len(net) else 0.0,
        drawdown_bps=drawdown(net / overlap),
        win_rate=float((net[taken] > 0.0).mean()) if taken.any() else 0.0,
        accuracy=float(score_arrays.hits(up[moved], labels[moved] > 0).mean()) if moved.any() else 0.0,
    )


def _columns(run: SideBySide) -> tuple[Column, Column]:
    return np.array([pair.a_bps for pair in run.pairs]), np.array([pair.b_bps for pair in run.pairs])


def _independent(run: SideBySide) -> int:
    """Effective sample size: the largest number of pairs of which no two of one symbol overlap in time."""
    order = _by_time(run)
    symbols = (run.symbols[at] for at in order)
    return effective_sample_size(symbols, (run.made[at] for at in order), (run.horizons_ns[at] for at in order))


def _overlap(run: SideBySide) -> int:
    """Largest number of predictions that overlap in time, over all symbols, as if all had the longest horizon.

    It determines the length of batches and the part of the capital that one prediction gets. Symbols may move together,
    so they are counted together.
    """
    if not run.made:
        return 1
    count, longest = len(run.made), max(run.horizons_ns)
    return ceil(count / len(disjoint([""] * count, sorted(run.made), [longest] * count)))


def _apart(run: SideBySide) -> list[int]:
    """Indices of predictions of which no two overlap in time, over all symbols, the earliest first."""
    order = _by_time(run)
    made, horizons_ns = (run.made[at] for at in order), (run.horizons_ns[at] for at in order)
    return [order[place] for place in disjoint([""] * len(order), made, horizons_ns)]


def _by_time(run: SideBySide) -> list[int]:
    return sorted(range(len(run.made)), key=run.made.__getitem__)


def _value(performance: Performance, metric: str, count: int) -> float:
    return {
        "sharpe": performance.sharpe,
        "returns": performance.mean_bps,
        "drawdown": performance.drawdown_bps,
        "win_rate": performance.win_rate * performance.positions / count,
    }[metric]


def _names(a: Strategy, b: Strategy) -> tuple[str, str]:
    one, other = (each if isinstance(each, str) else name for each, name in zip((a, b), NAMES, strict=True))
    return (one, other) if one != other else (f"{one} (A)", f"{other} (B)")
