"""Results of an A/B test on recorded ticks."""

from msgspec import Struct

from streams.experiments.standing import Standing


class Performance(Struct, frozen=True):
    """Performance of one strategy over all scored predictions.

    Attributes:
        name: of the strategy.
        positions: number of predictions with a position.
        net_bps: net return, bps of capital, where overlapping predictions get equal parts of the capital.
        mean_bps: mean net return of a prediction, bps of its part of the capital.
        sharpe: mean / standard deviation of that, per prediction, not annualised.
        drawdown_bps: largest distance of the summed return below its peak, in the unit of `net_bps`.
        win_rate: fraction of positions with a gain.
        accuracy: fraction of moves predicted right; a probability of 0.5 counts one half.
    """

    name: str
    positions: int
    net_bps: float
    mean_bps: float
    sharpe: float
    drawdown_bps: float
    win_rate: float
    accuracy: float


class Comparison(Struct, frozen=True):
    """Comparison of two strategies in one metric.

    Attributes:
        metric: name of the metric.
        a, b: value of each strategy; a win rate is the fraction of all predictions with a gain, so that standing aside
            is not a win.
        difference: how much better A is, in the unit of the metric; for a drawdown how much smaller.
        t_statistic: the difference in standard errors, which account for dependence.
        p_value: two-sided p-value of a single look at all data.
        p_adjusted: the p-value adjusted for all metrics (Holm).
        significant: whether the adjusted p-value is below 1 - confidence level.
        test: name of the test.
        sequential: result of the sequential test of this metric as it would run live; None with too few predictions.
    """

    metric: str
    a: float
    b: float
    difference: float
    t_statistic: float
    p_value: float
    p_adjusted: float
    significant: bool
    test: str
    sequential: Standing | None


class ABTestResults(Struct, frozen=True):
    """Result of an A/B test; `print` shows it as a table.

    Attributes:
        a, b: performance of the two strategies.
        metrics: comparisons, the one that decides first.
        winner: name of the better strategy; None if neither was shown to be better.
        confidence: 1 - p of the sequential test of the first metric, two-sided, valid at any time.
        sample_size: predictions that both scored.
        independent: effective sample size: outcomes of one symbol that do not overlap in time, over all symbols.
        batch: predictions in a batch of the sequential test.
        why: the decision and its reason, a sentence.
    """

    a: Performance
    b: Performance
    metrics: tuple[Comparison, ...]
    winner: str | None
    confidence: float
    sample_size: int
    independent: int
    batch: int
    why: str

    def __str__(self) -> str:
        lines = [f"{'metric':<10}{self.a.name[:12]:>13}{self.b.name[:12]:>13}{'t':>9}{'p':>9}{'p adj.':>9}  sequential"]
        for each in self.metrics:
            verdict = each.sequential.status if each.sequential else "too little"
            mark = "*" if each.significant else " "
            lines.append(
                f"{each.metric:<10}{each.a:>13.4f}{each.b:>13.4f}{each.t_statistic:>9.2f}{each.p_value:>9.4f}"
                f"{each.p_adjusted:>8.4f}{mark}  {verdict}"
            )
        lines.append(f"{self.sample_size:,} predictions, {self.independent:,} of them do not overlap")
        lines.append(f"winner: {self.winner or 'none'}. {self.why}")
        return "\n".join(lines)
