"""Results of an A/B test of two strategies on recorded ticks."""

from msgspec import Struct

from streams.experiments.standing import Standing


class Performance(Struct, frozen=True):
    """Performance of one strategy over all scored predictions of an A/B test.

    Predictions overlap in time if one is made before the horizon of another ends. Every prediction gets the same part
    of the capital: one divided by the largest number of predictions that overlap.

    Attributes:
        name: name of the strategy.
        positions: number of predictions with a position other than 0.
        net_bps: sum of net returns, bps of the whole capital.
        mean_bps: mean net return of a prediction, bps of its part of the capital.
        sharpe: `mean_bps` divided by the standard deviation of these net returns; per prediction, not annualised.
        drawdown_bps: deepest fall of the cumulative `net_bps` below its earlier peak, as a positive number.
        win_rate: fraction of the positions that gained, 0 to 1.
        accuracy: fraction of moves predicted right, 0 to 1; a probability of 0.5 counts as half right.
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
    """Comparison of strategies A and B in one metric.

    Attributes:
        metric: name of the metric: `sharpe`, `returns`, `drawdown` or `win_rate`.
        a, b: value of the metric for each strategy. The win rate is here the number of predictions that
            gained, divided by the number of all predictions. A prediction without a position counts as one
            that did not gain.
        difference: how much better A is, in the unit of the metric; for a drawdown, how much smaller.
        t_statistic: `difference` in standard errors, which account for dependence between predictions.
        p_value: two-sided p-value of a test that looks at the data once, at the end.
        p_adjusted: `p_value`, adjusted for the number of metrics by Holm's method.
        significant: whether `p_adjusted` is below 1 - confidence level.
        test: name of the test that gave `p_value`.
        sequential: result of the sequential test that an experiment on live data would run; None if there
            are too few predictions.
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
    """Result of an A/B test of two strategies; `print` shows it as a table.

    Attributes:
        a, b: performance of the two strategies.
        metrics: comparison in each metric; the first one decides on the winner.
        winner: name of the better strategy; None if neither was shown to be better.
        confidence: 1 - two-sided p-value of the sequential test of the first metric. It is valid however often one
            looks at the data before the end.
        sample_size: number of predictions that were scored for both strategies.
        independent: effective sample size: the largest number of these predictions that can be chosen so that no two of
            one symbol overlap in time.
        batch: number of predictions whose mean is one observation of the sequential test.
        why: the decision and its reason, one or two sentences.
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
