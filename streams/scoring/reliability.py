"""Calibration of columns of forecasts: the reliability table and the expected calibration error.

`streams.scoring.tally` computes the same error from running sums, outcome by outcome. Both results may differ in the
last digits, since the numbers are added in a different order.
"""

from collections.abc import Sequence

from msgspec import Struct

from streams.scoring.scores import hit


class Reliability(Struct, frozen=True):
    """One row of a reliability table: the predictions whose confidence (probability of the predicted side) is in a bin.

    Attributes:
        low, high: ends of the bin, 0.5 to 1.
        count: number of predictions.
        confidence: mean confidence, 0.5 to 1.
        accuracy: fraction of predictions whose direction was right, 0 to 1; a probability of 0.5 counts as half right.
    """

    low: float
    high: float
    count: int
    confidence: float
    accuracy: float


def reliability(probabilities: Sequence[float], ups: Sequence[bool], bins: int = 10) -> tuple[Reliability, ...]:
    """Reliability table of forecasts: mean confidence and accuracy in bins of equal width from 0.5 to 1.

    The confidence is the probability of the predicted direction, up or down. Bins without a prediction are left out.

    Args:
        probabilities: forecast probabilities of an upward move.
        ups: whether the mid moved up, for each forecast.
        bins: number of bins.

    >>> for row in reliability([0.9, 0.1, 0.88, 0.6], [True, False, False, True], bins=5):
    ...     print(f"{row.low:.1f}-{row.high:.1f} {row.count} {row.confidence:.3f} {row.accuracy:.3f}")
    0.6-0.7 1 0.600 1.000
    0.8-0.9 1 0.880 0.000
    0.9-1.0 2 0.900 1.000

    References:
        DeGroot and Fienberg (1983), The comparison and evaluation of forecasters: the reliability diagram.
    """
    rows: list[list[tuple[float, float]]] = [[] for _ in range(bins)]
    for probability, up in zip(probabilities, ups, strict=True):
        confidence = max(probability, 1.0 - probability)
        right = hit(probability, 1 if up else -1)
        # Rounded: a confidence of 1 - 0.1 belongs where 0.9 does.
        rows[min(int(round((confidence - 0.5) * 2.0 * bins, 9)), bins - 1)].append((confidence, right))
    return tuple(
        Reliability(
            0.5 + 0.5 * index / bins,
            0.5 + 0.5 * (index + 1) / bins,
            len(row),
            sum(confidence for confidence, _ in row) / len(row),
            sum(right for _, right in row) / len(row),
        )
        for index, row in enumerate(rows)
        if row
    )


def expected_calibration_error(table: Sequence[Reliability]) -> float:
    """Mean gap between confidence and accuracy over the rows of a reliability table, 0 to 1; 0 for an empty table.

    Each row is weighted by its number of predictions.

    >>> expected_calibration_error(reliability([0.8, 0.8, 0.8, 0.8], [True, True, False, False]))
    0.30000000000000004

    References:
        Naeini, Cooper and Hauskrecht (2015), Obtaining well calibrated probabilities using Bayesian binning, section 2.
    """
    total = sum(row.count for row in table)
    return sum(row.count * abs(row.confidence - row.accuracy) for row in table) / total if total else 0.0
