"""Many questions at once: many metrics, many challengers, a stream of challengers over months."""

from collections.abc import Sequence
from math import inf, log

from msgspec import Struct


def holm(p: Sequence[float]) -> list[float]:
    """P-values adjusted so that the probability of any false one at or below alpha is at most alpha.

    SciPy adjusts for the false discovery rate only.

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
    """Log evidence adjusted so that one at or above log(1/alpha) is wrong with probability at most alpha.

    The k-th largest of K counts a (K - k + 1)-th part, and none more than a larger one; any dependence.

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
    """Which hypotheses to reject, so that at most a share alpha of the rejections is false on average; any dependence.

    These are the k largest e-values, for the largest k whose k-th is at least K / (alpha k).

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
    """Log evidence that each of K simultaneous challengers needs: `log(K / alpha)`.

    >>> round(e_bonferroni(0.05, 4), 4)
    4.382
    """
    return log(challengers / alpha)


class Ledger(Struct, array_like=True):
    """Challengers tried so far: experiments that ended, and how many of them were called winners."""

    tried: int = 0
    called: int = 0


class ELond:
    """Advances a `Ledger`: at most a part alpha of all winners ever called is wrong on average.

    The t-th experiment gets the level `alpha gamma_t (winners so far + 1)`, `gamma_t = 1 / (t (t + 1))`.

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
        """Level of the next experiment."""
        t = ledger.tried + 1
        return self._alpha * (ledger.called + 1) / (t * (t + 1))

    def update(self, ledger: Ledger, log_e: float) -> bool:
        """Take an experiment that ended with this log evidence; whether it is called a winner."""
        called = log_e >= -log(self.level(ledger))
        ledger.tried += 1
        ledger.called += called
        return called
