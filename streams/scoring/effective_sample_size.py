"""Effective sample size (`n_eff`): the largest number of outcomes that can be chosen without an overlap in time.

An outcome lasts from its prediction to the end of the prediction's horizon. Outcomes of different symbols never count
as overlapping.
"""

from collections.abc import Iterable


def occupied_until(until: int, ts_prediction: int, horizon_ns: int) -> int:
    """Event time (ns) until which the chosen outcomes of a symbol last, after one more outcome was considered.

    As many outcomes as possible are chosen, so that no two of them overlap. An outcome whose prediction was made at
    `until` or later is chosen. An outcome whose prediction was made before `until` replaces the last chosen outcome if
    it ends earlier, otherwise it is left out.

    Args:
        until: this function's result for the outcome before; 0 for the first outcome.
        ts_prediction: event time of the outcome's prediction, ns; never decreases from outcome to outcome.
        horizon_ns: horizon of the prediction, ns.

    >>> occupied_until(until=100, ts_prediction=100, horizon_ns=50)  # chosen
    150
    >>> occupied_until(until=150, ts_prediction=120, horizon_ns=50)  # left out: it would end at 170
    150
    >>> occupied_until(until=150, ts_prediction=120, horizon_ns=10)  # replaces the last chosen: it ends at 130
    130

    References:
        Kleinberg and Tardos (2005), Algorithm design, section 4.1: interval scheduling.
    """
    end = ts_prediction + horizon_ns
    return end if ts_prediction >= until else min(until, end)


def disjoint(symbols: Iterable[str], made: Iterable[int], horizons_ns: Iterable[int]) -> list[int]:
    """Indices of the largest set of outcomes in which no two outcomes of one symbol overlap in time.

    Args:
        symbols: symbol of each outcome.
        made: event time of each prediction, ns; those of one symbol must not fall.
        horizons_ns: horizon of each prediction, ns.

    >>> disjoint("AAAAAA", made=[0, 40, 99, 100, 150, 230], horizons_ns=[100] * 6)
    [0, 3, 5]
    >>> disjoint("AAAB", made=[0, 10, 30, 30], horizons_ns=[100, 20, 100, 100])
    [1, 2, 3]
    """
    chosen: list[int] = []
    places: dict[str, int] = {}
    occupied: dict[str, int] = {}
    for at, (symbol, ts, horizon) in enumerate(zip(symbols, made, horizons_ns, strict=True)):
        before = occupied.get(symbol, ts)
        after = occupied_until(before, ts, horizon)
        if ts >= before:
            places[symbol] = len(chosen)
            chosen.append(at)
        elif after < before:
            chosen[places[symbol]] = at
        occupied[symbol] = after
    return chosen


def effective_sample_size(symbols: Iterable[str], made: Iterable[int], horizons_ns: Iterable[int]) -> int:
    """Largest number of outcomes that can be chosen so that no two of one symbol overlap in time.

    In this example symbol A has 100 outcomes that do not overlap. Symbol B has 2,000 outcomes, each of which overlaps
    with the next nineteen, so every twentieth counts:

    >>> made = [*range(0, 50_000, 500), *range(0, 6_000_000, 3_000)]
    >>> effective_sample_size("A" * 100 + "B" * 2_000, made, [500] * 100 + [60_000] * 2_000)
    200

    Args:
        symbols: symbol of each outcome.
        made: event time of each prediction, ns; those of one symbol must not fall.
        horizons_ns: horizon of each prediction, ns.
    """
    return len(disjoint(symbols, made, horizons_ns))
