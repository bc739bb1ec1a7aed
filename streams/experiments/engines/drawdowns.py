"""Drawdown within a batch: a score of a whole batch, as a single pair has none."""

from msgspec import Struct


class DrawdownState(Struct, array_like=True):
    """Running equity of the open batch.

    Attributes:
        equity: net return since the batch began, bps of capital.
        peak: highest equity in the batch.
        deepest: largest distance below the peak so far.
    """

    equity: float = 0.0
    peak: float = 0.0
    deepest: float = 0.0


def update(state: DrawdownState, net_bps: float) -> None:
    """Add the net return of one prediction, bps of capital.

    >>> state = DrawdownState()
    >>> for net in (3.0, -2.0, 1.0, -4.0, 9.0):
    ...     update(state, net)
    >>> restart(state), state.deepest
    (5.0, 0.0)
    """
    state.equity = equity = state.equity + net_bps
    if equity > state.peak:
        state.peak = equity
    elif state.peak - equity > state.deepest:
        state.deepest = state.peak - equity


def restart(state: DrawdownState) -> float:
    """Return the deepest drawdown of the batch, bps of capital, and begin the next batch."""
    deepest = state.deepest
    state.equity = state.peak = state.deepest = 0.0
    return deepest
