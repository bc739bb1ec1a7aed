"""Purged split: training part and hold-out whose labels do not overlap."""

from collections.abc import Sequence

from msgspec import Struct

from streams.retraining.labels import Labelled


class Split(Struct, frozen=True):
    """Parts of a labelled log.

    Attributes:
        trained: all that had matured their own horizon before the first prediction of the hold-out.
        held_out: the most recent slice.
        purged: labels between them that belong to neither.
    """

    trained: Sequence[Labelled]
    held_out: Sequence[Labelled]
    purged: int


def split(log: Sequence[Labelled], moved_held_out: int) -> Split:
    """Hold out the most recent outcomes, as many as contain `moved_held_out` that moved.

    A label belongs to the training part if it had matured its own horizon before the first prediction of the hold-out.

    >>> log = [Labelled(ts, ts + 10, 1, [], [], 0.5, "", [], "", 0.0, 0.0, 1.0, 10) for ts in range(0, 100, 5)]
    >>> found = split(log, moved_held_out=4)
    >>> found.trained[-1].ts, found.trained[-1].matured, found.held_out[0].ts, found.purged
    (60, 70, 80, 3)

    Args:
        log: outcomes in the order of their predictions.
        moved_held_out: how many that moved are held out.

    References:
        López de Prado (2018), Advances in Financial Machine Learning, section 7.4: purging and embargo.
    """
    at, moved = len(log), 0
    while at > 0 and moved < moved_held_out:
        at -= 1
        moved += log[at].label != 0
    held_out = log[at:]
    begin = held_out[0].ts if held_out else 0
    trained = [each for each in log[:at] if each.matured + each.horizon_ns <= begin]
    return Split(trained, held_out, at - len(trained))
