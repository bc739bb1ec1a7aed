"""What an A/B test on recorded ticks found."""

from msgspec import Struct

from streams.experiments.standing import Standing


class Performance(Struct, frozen=True):
    """One strategy over all scored predictions.

    Attributes:
        name: of the strategy.
        positions: predictions that took a position.
        net_bps: what it earned after cost, bps of capital, when each of the predictions that overlap gets an equal part
            of the capital.
        mean_bps: what a prediction earned on average, bps of what it was given.
        sharpe: mean / standard deviation of that, per prediction, not annualised.
        drawdown_bps: how far the sum was below its peak at most, the same unit as `net_bps`.
        win_rate: part of the positions that earned something.
        accuracy: part of the moves whose side it called; no opinion counts one half.
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
    """One metric.

    Attributes:
        metric: of the four.
        a, b: of each strategy; as a win rate the part of all predictions that earned something, so that standing aside
            is no win.
        difference: how much better A is, the unit of the metric; for a drawdown: how much smaller.
        t_statistic: of it, in standard errors that account for dependence.
        p_value: two-sided, of one look at all data.
        p_adjusted: the same over all metrics, Holm.
        significant: whether that is below 1 - confidence level.
        test: what was computed.
        sequential: verdict of the sequential test of this metric, had it run live; none where there was too little.
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
    """Attributes:
    a, b: performance of the two.
    metrics: comparisons, the one that decides first.
    winner: name of the better strategy; none where none was shown.
    confidence: 1 - p of the sequential test of the first metric, two-sided: valid whenever it was looked at.
    sample_size: predictions that both scored.
    independent: of these, how many of one symbol do not overlap in time, over all symbols: the effective sample size.
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
