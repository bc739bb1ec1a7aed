"""Splits outcomes into an earlier training part and a later hold-out that do not overlap in time ("purged" split)."""

from collections.abc import Sequence

from msgspec import Struct

from streams.retraining.labels import Labelled


class Split(Struct, frozen=True):
    """A list of outcomes, split into a training part and a hold-out.

    Attributes:
        trained: outcomes that were known at least one horizon before the first prediction of the hold-out was made; for
            each outcome its own horizon counts.
        held_out: the most recent outcomes.
        purged: number of outcomes before the hold-out that were known too late for the training part; they are in
            neither part.
    """

    trained: Sequence[Labelled]
    held_out: Sequence[Labelled]
    purged: int


def split(log: Sequence[Labelled], moved_held_out: int) -> Split:
    """Hold out the most recent outcomes, and take as training part the outcomes known well before the first of these.

    An outcome belongs to the training part if it was known at least one horizon before the first prediction of the
    hold-out was made; for each outcome its own horizon counts.

    In this example a prediction was made every 5 ns, its horizon was 10 ns, and the mid moved each time:

    >>> log = [Labelled(ts, ts + 10, 1, [], [], 0.5, "", [], "", 0.0, 0.0, 1.0, 10) for ts in range(0, 100, 5)]
    >>> found = split(log, moved_held_out=4)
    >>> found.held_out[0].ts, found.trained[-1].ts, found.trained[-1].matured, found.purged
    (80, 60, 70, 3)

    Args:
        log: outcomes in the order of their predictions.
        moved_held_out: number of held-out outcomes in which the mid moved; the outcomes between these are held out,
            too.

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
