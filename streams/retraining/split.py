"""Splits outcomes into a training part and a hold-out whose labels do not overlap in time ("purged" split)."""

from collections.abc import Sequence

from msgspec import Struct

from streams.retraining.labels import Labelled


class Split(Struct, frozen=True):
    """A training part and a hold-out of a list of outcomes.

    Attributes:
        trained: outcomes known at least one horizon of their own before the first prediction of the hold-out.
        held_out: the most recent outcomes.
        purged: number of outcomes between the two parts that belong to neither.
    """

    trained: Sequence[Labelled]
    held_out: Sequence[Labelled]
    purged: int


def split(log: Sequence[Labelled], moved_held_out: int) -> Split:
    """Hold out the most recent outcomes, and take as training part what ends well before the first of them.

    An outcome belongs to the training part if it was known at least one horizon of its own before the first prediction
    of the hold-out.

    >>> log = [Labelled(ts, ts + 10, 1, [], [], 0.5, "", [], "", 0.0, 0.0, 1.0, 10) for ts in range(0, 100, 5)]
    >>> found = split(log, moved_held_out=4)
    >>> found.trained[-1].ts, found.trained[-1].matured, found.held_out[0].ts, found.purged
    (60, 70, 80, 3)

    Args:
        log: outcomes in the order of their predictions.
        moved_held_out: number of held-out outcomes in which the mid moved; those between them are held out too.

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
