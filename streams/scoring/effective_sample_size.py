"""Effective sample size (`n_eff`): the largest number of outcomes of which no two of one symbol overlap in time.

An outcome lasts from its prediction to the end of the prediction's horizon. Outcomes of different symbols never count
as overlapping.
"""

from collections.abc import Iterable


def occupied_until(until: int, ts_prediction: int, horizon_ns: int) -> int:
    """Event time (ns) at which the chosen outcomes of a symbol end, after one more outcome was considered.

    As many outcomes as possible are chosen of which no two overlap. An outcome whose prediction was made at `until` or
    later is chosen. One that was made before takes the place of the last chosen one if it ends earlier.

    Args:
        until: this function's result for the outcome before; 0 for the first outcome.
        ts_prediction: event time of the outcome's prediction, ns; never decreases from outcome to outcome.
        horizon_ns: horizon of the prediction, ns.

    >>> occupied_until(until=100, ts_prediction=100, horizon_ns=50)  # chosen
    150
    >>> occupied_until(150, 120, 50), occupied_until(150, 120, 10)  # left out; takes the place of the last
    (150, 130)

    References:
        Kleinberg and Tardos (2005), Algorithm design, section 4.1: interval scheduling.
    """
    end = ts_prediction + horizon_ns
    return end if ts_prediction >= until else min(until, end)


def disjoint(symbols: Iterable[str], made: Iterable[int], horizons_ns: Iterable[int]) -> list[int]:
    """Indices of the largest set of outcomes of which no two of one symbol overlap in time.

    Args:
        symbols: symbol of each outcome.
        made: event time of each prediction, ns; those of one symbol in order.
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
    """Largest number of outcomes of which no two of one symbol overlap in time.

    In this example symbol A has 100 outcomes without overlap, and symbol B 2,000 that each overlap with the next
    nineteen:

    >>> made = [*range(0, 50_000, 500), *range(0, 6_000_000, 3_000)]
    >>> effective_sample_size("A" * 100 + "B" * 2_000, made, [500] * 100 + [60_000] * 2_000)
    200

    Args:
        symbols: symbol of each outcome.
        made: event time of each prediction, ns; those of one symbol in order.
        horizons_ns: horizon of each prediction, ns.
    """
    return len(disjoint(symbols, made, horizons_ns))
