"""River's drift detectors, ADWIN and Page-Hinkley, over block means.

A block is a number of outcomes that are averaged to one observation. Only the list of block means is stored. Each
question whether the means drift builds a detector anew from this list.
"""

from collections.abc import Sequence
from typing import Any, Literal

MOST = 200
"""Block means at which the older half is dropped."""

LEAST = 10
"""Fewest block means for a detection."""


def prepare(kind: Literal["", "adwin", "page_hinkley"]) -> None:
    """Import River, if one of its detectors is used; meant to be called before the first record.

    If `kind` is empty, nothing is imported. River imports SciPy's statistics, which take as long to load as the rest of
    a worker; without this call, the first detection would have to wait for them.
    """
    if kind:
        _river()


def take(blocks: list[float], value: float) -> None:
    """Append the observation of one block of outcomes to `blocks`.

    If `blocks` holds 200 observations already, the older half is dropped before.

    Args:
        blocks: the observations so far, oldest first; this list is changed.
        value: the observation: how far the mean of the block is above the usual mean, in usual standard
            deviations of a block mean.
    """
    if len(blocks) >= MOST:
        del blocks[: MOST // 2]
    blocks.append(value)


def drifted(kind: Literal["adwin", "page_hinkley"], blocks: Sequence[float]) -> tuple[int, float] | None:
    """The rise of the mean that a River detector reports at the last block mean; None if it reports none there.

    The detector is built anew in each call, and fed with all stored means. Its own state is not stored, because that is
    bytes of a Rust object, which differ between versions and crash the process if malformed. At 50 outcomes a block
    that costs about 1 us an outcome for ADWIN, and 3 us for Page-Hinkley.

    Args:
        kind: name of the detector.
        blocks: block means as `take` stores them, oldest first; larger is worse.

    Returns:
        Number of block means since the change, and by how much their mean is larger than that of the block means
        before.

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
    """River's module, which has no types."""
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
    """The change point with the largest rise, by least squares."""
    mean = sum(blocks) / len(blocks)
    best, found, total = 0.0, 0, 0.0
    for at in range(len(blocks) - 1, least, -1):
        total += blocks[at] - mean
        count = len(blocks) - at
        if total > 0.0 and (gain := total * total / (count * (len(blocks) - count))) > best:
            best, found = gain, at
    return _rise(blocks, found) if found else None
