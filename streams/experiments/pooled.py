"""Summary of one experiment over symbols that decide each by itself, valid even if they depend on each other."""

from collections.abc import Iterable
from math import inf, log, sqrt

from msgspec import Struct

from schemas.experiments import ExperimentMoved

FEWEST_SPANS = 10
"""Fewest spans of time for a standard error."""


class Pooled(Struct, frozen=True):
    """Combined evidence and combined effect of one experiment on several symbols.

    Attributes:
        symbols: symbols with at least one closed batch.
        planned: number of symbols in the mean e-value; those without a batch count with an e-value of 1.
        batches: closed batches of all symbols.
        log_e_better, log_e_worse: log of the mean e-value that the challenger is better, and that it is worse, nats.
        threshold: log evidence at which a decision is taken, nats.
        effect: mean primary score over all batches; above 0: the challenger is better.
        error: standard error of `effect`, clustered by symbol and by spans of time; None with too few spans.
        low, high: 95 % interval of `effect`, valid for a single look only; None with too few spans.
        spans: number of spans of time that `error` is clustered by.
    """

    symbols: tuple[str, ...]
    planned: int
    batches: int
    log_e_better: float
    log_e_worse: float
    threshold: float
    effect: float
    error: float | None
    low: float | None
    high: float | None
    spans: int


class _Batch(Struct, frozen=True):
    symbol: str
    ts_event: int
    count: int
    total: float


def pooled(records: Iterable[ExperimentMoved], planned: int = 0) -> Pooled | None:
    """Combine the records of one experiment over all symbols; None if no record has a closed batch.

    A record holds sums over the whole history of its symbol, so a later record of a symbol replaces an earlier one.
    Order and repeats of the records make no difference.

    The evidence is the arithmetic mean of the symbols' e-values, which is an e-value however the symbols depend on each
    other. A product would need independence, and would count symbols that move together twice. The null hypothesis is
    "the challenger is better on none of the symbols": a large value shows that it is better on some, not on each. The
    evidence is valid at any time if, under that hypothesis, the mean of a score given the past of *all* symbols is at
    most the margin. The number of symbols must not depend on their data, so planned symbols without a batch count with
    an e-value of 1.

    The effect weighs all batches equally. Its error is clustered by symbol and by spans of time as long as the longest
    batch, so that symbols that move together do not count as independent. Three variances are computed: by symbol, by
    span, and the usual combination of both. The largest is used, since the combination can be too small or negative
    with few clusters. The interval is valid for a single look only, so no decision may rest on it while the experiment
    runs.

    Args:
        records: records of one experiment, in any order.
        planned: number of symbols planned beforehand; 0: the number of symbols that have records.

    References:
        Vovk and Wang (2021), E-values: calibration, combination and applications, section 3 (the arithmetic mean is
        the essentially only symmetric way to merge e-values under arbitrary dependence); Cameron, Gelbach and Miller
        (2011), Robust inference with multiway clustering, equation 2.5.
    """
    from scipy.special import stdtrit

    partials: dict[tuple[str, int], ExperimentMoved] = {}
    for record in records:
        if record.batches:
            held = partials.setdefault((record.symbol, record.batches), record)
            # During the watch no batch closes: the time of the last batch is that of the record at which it closed.
            if record.ts_event < held.ts_event:
                partials[record.symbol, record.batches] = record
    if not partials:
        return None
    latest: dict[str, ExperimentMoved] = {}
    batches: list[_Batch] = []
    for (symbol, _), record in sorted(partials.items()):
        before = latest.get(symbol)
        known, total = (0, 0.0) if before is None else (before.batches, before.batches * before.effect)
        gained = record.batches * record.effect - total
        batches.append(_Batch(symbol, record.ts_event, record.batches - known, gained))
        latest[symbol] = record
    count = sum(batch.count for batch in batches)
    effect = sum(batch.total for batch in batches) / count
    variance, spans, clusters = _variance(batches, effect, count)
    error = sqrt(variance) if variance is not None else None
    half = None if error is None else float(stdtrit(clusters - 1, 0.975)) * error
    every = max(planned, len(latest))
    return Pooled(
        symbols=tuple(sorted(latest)),
        planned=every,
        batches=count,
        log_e_better=_log_mean([latest[symbol].log_e_better for symbol in sorted(latest)], every),
        log_e_worse=_log_mean([latest[symbol].log_e_worse for symbol in sorted(latest)], every),
        threshold=max(record.threshold for record in latest.values()),
        effect=effect,
        error=error,
        low=None if half is None else effect - half,
        high=None if half is None else effect + half,
        spans=spans,
    )


def _log_mean(logs: list[float], count: int) -> float:
    """Log of the mean of `count` e-values, missing ones counting as 1, without overflow.

    >>> from math import exp
    >>> round(_log_mean([log(20.0), log(2.0)], 2), 6) == round(log(11.0), 6)
    True
    >>> round(exp(_log_mean([log(20.0)], 4)), 3), _log_mean([2_000.0], 2) > 1_999.0
    (5.75, True)
    """
    from scipy.special import logsumexp

    return float(logsumexp([*logs, *[0.0] * (count - len(logs))])) - log(count)


def _variance(batches: list[_Batch], effect: float, count: int) -> tuple[float | None, int, int]:
    """Variance of the mean, number of spans of time, and number of clusters for the degrees of freedom."""
    width = _longest(batches)
    start = min(batch.ts_event for batch in batches)
    by_symbol: dict[str, float] = {}
    by_span: dict[int, float] = {}
    alone = 0.0
    for batch in batches:
        residual = batch.total - batch.count * effect
        by_symbol[batch.symbol] = by_symbol.get(batch.symbol, 0.0) + residual
        span = int((batch.ts_event - start) // width) if width < inf else 0
        by_span[span] = by_span.get(span, 0.0) + residual
        alone += residual * residual
    if len(by_span) < FEWEST_SPANS:
        return None, len(by_span), 0
    of_symbols = _squares(by_symbol.values()) if len(by_symbol) > 1 else 0.0
    of_spans = _squares(by_span.values())
    both = of_symbols + of_spans - alone
    clusters = min(len(by_symbol), len(by_span)) if len(by_symbol) > 1 else len(by_span)
    return max(of_symbols, of_spans, both) / (count * count), len(by_span), clusters


def _squares(residuals: Iterable[float]) -> float:
    each = list(residuals)
    return sum(one * one for one in each) * len(each) / (len(each) - 1)


def _longest(batches: list[_Batch]) -> float:
    """Longest time between two batches of one symbol, ns: the length of a span."""
    longest = 0
    last: dict[str, int] = {}
    for batch in batches:
        before = last.get(batch.symbol)
        if before is not None:
            longest = max(longest, (batch.ts_event - before) // batch.count)
        last[batch.symbol] = batch.ts_event
    return float(longest) if longest else inf
