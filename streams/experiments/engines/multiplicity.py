"""Corrections for many tests at once: many metrics, many challengers, or one challenger after another over months."""

from collections.abc import Sequence
from math import inf, log

from msgspec import Struct


def holm(p: Sequence[float]) -> list[float]:
    """P-values adjusted by Holm's method for the number of tests; the order is that of `p`.

    If every test with an adjusted p-value of at most alpha is called a finding, the probability of any false finding is
    at most alpha.

    >>> [round(each, 3) for each in holm([0.01, 0.04, 0.03, 0.005])]
    [0.03, 0.06, 0.06, 0.02]

    References:
        Holm (1979), A simple sequentially rejective multiple test procedure.
    """
    adjusted, largest = [0.0] * len(p), 0.0
    for rank, at in enumerate(sorted(range(len(p)), key=p.__getitem__)):
        largest = max(largest, min(1.0, (len(p) - rank) * p[at]))
        adjusted[at] = largest
    return adjusted


def e_holm(log_e: Sequence[float]) -> list[float]:
    """Log e-values (nats) adjusted by Holm's method for the number of tests; the order is that of `log_e`.

    If every test with an adjusted value of at least log(1/alpha) is called a finding, the probability of any false
    finding is at most alpha, however the tests depend on each other. The k-th largest of K e-values is divided by
    K - k + 1. Results are then lowered where necessary, so that a smaller e-value never has a larger adjusted value.

    >>> from math import exp
    >>> [round(exp(each), 6) for each in e_holm([log(120.0), log(30.0), log(50.0)])]
    [40.0, 25.0, 25.0]

    References:
        Holm (1979) on the p-values 1/e; Vovk and Wang (2021), E-values: calibration, combination and applications.
    """
    adjusted, smallest = [0.0] * len(log_e), inf
    for rank, at in enumerate(sorted(range(len(log_e)), key=log_e.__getitem__, reverse=True)):
        smallest = min(smallest, log_e[at] - log(len(log_e) - rank))
        adjusted[at] = smallest
    return adjusted


def e_bh(log_e: Sequence[float], alpha: float) -> list[bool]:
    """Which hypotheses to reject so that the false discovery rate is at most `alpha`, one answer for each log e-value.

    On average at most a fraction alpha of the rejections is false, however the tests depend on each other. The k
    largest of K e-values are rejected, where k is the largest number for which the k-th largest is at least
    `K / (alpha k)`.

    >>> e_bh([log(45.0), log(30.0), log(5.0), log(80.0)], alpha=0.05)
    [True, True, False, True]

    References:
        Wang and Ramdas (2022), False discovery rate control with e-values, section 4.
    """
    order = sorted(range(len(log_e)), key=log_e.__getitem__, reverse=True)
    called = 0
    for rank, at in enumerate(order, start=1):
        if log_e[at] >= log(len(log_e) / (alpha * rank)):
            called = rank
    chosen = order[:called]
    return [at in chosen for at in range(len(log_e))]


def e_bonferroni(alpha: float, challengers: int) -> float:
    """Log evidence, in nats, that each of several simultaneous challengers needs to win: `log(challengers / alpha)`.

    The probability that any of them wins without being better is then at most `alpha`.

    >>> round(e_bonferroni(0.05, challengers=4), 4)
    4.382
    """
    return log(challengers / alpha)


class Ledger(Struct, array_like=True):
    """Count of experiments that ended one after another.

    Attributes:
        tried: experiments that ended.
        called: experiments among them whose challenger was called a winner.
    """

    tried: int = 0
    called: int = 0


class ELond:
    """The e-LOND rule, which names the winners of experiments that come one after another.

    On average at most a fraction alpha of all winners is wrong. The t-th experiment is tested at the
    level `alpha gamma_t (winners so far + 1)`, where `gamma_t = 1 / (t (t + 1))`. Its challenger wins
    if the e-value is at least 1 / level. Counts are kept in a `Ledger`.

    >>> rule, ledger = ELond(alpha=0.05), Ledger()
    >>> rule.update(ledger, log(50.0)), rule.update(ledger, log(70.0)), rule.update(ledger, log(100.0))
    (True, True, True)
    >>> round(rule.level(ledger), 6), rule.update(ledger, log(10.0)), (ledger.tried, ledger.called)
    (0.01, False, (4, 3))

    References:
        Xu and Ramdas (2024), Online multiple testing with e-values, equation 5.
    """

    def __init__(self, alpha: float) -> None:
        self._alpha = alpha

    def level(self, ledger: Ledger) -> float:
        """Significance level at which the next experiment is tested, 0 to 1."""
        t = ledger.tried + 1
        return self._alpha * (ledger.called + 1) / (t * (t + 1))

    def update(self, ledger: Ledger, log_e: float) -> bool:
        """Count in `ledger` an experiment that has ended; returns whether its challenger is a winner.

        Args:
            ledger: counts of the earlier experiments; this experiment is added to them.
            log_e: log of the e-value that the challenger is better, nats, at the end of the experiment.
        """
        called = log_e >= -log(self.level(ledger))
        ledger.tried += 1
        ledger.called += called
        return called
