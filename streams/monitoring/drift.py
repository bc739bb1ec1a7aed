"""River's drift detectors over block means, with a state that restores exactly: the numbers that they were fed."""

from collections.abc import Sequence
from typing import Any, Literal

MOST = 200
"""Block means that are kept; at that many the older half is dropped."""

LEAST = 10
"""Block means before anything can be said."""


def prepare(kind: Literal["", "adwin", "page_hinkley"]) -> None:
    """Load River if a detector of it is wanted. It brings SciPy's statistics, about as much as all else of a worker.

    Whoever wants none starts without them; whoever wants one waits for them before the first record, not at one.
    """
    if kind:
        _river()


def take(blocks: list[float], value: float) -> None:
    """Add one standardised block mean."""
    if len(blocks) >= MOST:
        del blocks[: MOST // 2]
    blocks.append(value)


def drifted(kind: Literal["adwin", "page_hinkley"], blocks: Sequence[float]) -> tuple[int, float] | None:
    """Whether the last block mean makes River's detector say that the mean has risen.

    The detector is built anew and fed with what is kept: its own state is bytes of a Rust object, which are not stable
    between versions and end the process when they are malformed. At 50 outcomes a block that costs about 1 us an
    outcome (ADWIN) or 3 (Page-Hinkley).

    Args:
        kind: of the detector.
        blocks: means in units of their usual standard deviation, the oldest first; larger is worse.

    Returns:
        Number of block means since the change, and by how much their mean is larger; None if there is none.

    >>> quiet = [0.5, -0.5] * 15
    >>> drifted("adwin", quiet) is None, drifted("page_hinkley", quiet) is None
    (True, True)
    >>> drifted("page_hinkley", quiet + [3.0] * 4)
    (4, 3.0)

    References:
        Bifet and Gavaldà (2007), Learning from time-changing data with adaptive windowing.
        Page (1954), Continuous inspection schemes; Hinkley (1971), Inference about the change-point from cumulative
        sum tests.
    """
    if len(blocks) < LEAST:
        return None
    if kind == "adwin":
        return _adwin(blocks)
    detector = _river().PageHinkley(min_instances=LEAST, delta=0.5, threshold=8.0, alpha=1.0, mode="up")
    for value in blocks:
        detector.update(value)
    return _largest_rise(blocks, LEAST // 5) if detector.drift_detected else None


def _river() -> Any:
    """River's module; it says nothing about the types in it."""
    from river import drift

    return drift


def _adwin(blocks: Sequence[float]) -> tuple[int, float] | None:
    detector = _river().ADWIN(delta=0.002, clock=1, min_window_length=5, grace_period=LEAST)
    for value in blocks[:-1]:
        detector.update(value)
    before = detector.n_detections
    detector.update(blocks[-1])
    kept = int(detector.width)
    if detector.n_detections == before or not 0 < kept < len(blocks):
        return None
    return _rise(blocks, len(blocks) - kept)


def _rise(blocks: Sequence[float], at: int) -> tuple[int, float] | None:
    later, earlier = blocks[at:], blocks[:at]
    rise = sum(later) / len(later) - sum(earlier) / len(earlier)
    return (len(later), rise) if rise > 0.0 else None


def _largest_rise(blocks: Sequence[float], least: int) -> tuple[int, float] | None:
    """Least squares: the cut that explains most."""
    mean = sum(blocks) / len(blocks)
    best, found, total = 0.0, 0, 0.0
    for at in range(len(blocks) - 1, least, -1):
        total += blocks[at] - mean
        count = len(blocks) - at
        if total > 0.0 and (gain := total * total / (count * (len(blocks) - count))) > best:
            best, found = gain, at
    return _rise(blocks, found) if found else None
