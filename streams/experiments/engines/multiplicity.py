"""Many questions at once: many metrics, many challengers."""

from collections.abc import Sequence
from math import log


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


def e_bonferroni(alpha: float, challengers: int) -> float:
    """Log evidence that each of K simultaneous challengers needs: `log(K / alpha)`.

    >>> round(e_bonferroni(0.05, 4), 4)
    4.382
    """
    return log(challengers / alpha)
