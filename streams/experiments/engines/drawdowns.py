"""Drawdown within a batch of predictions, used as the batch's score, since one prediction has no drawdown."""

from msgspec import Struct


class DrawdownState(Struct, array_like=True):
    """Equity and drawdown of one model version within the open batch, bps of capital.

    Attributes:
        equity: sum of net returns since the batch began.
        peak: highest equity in the batch; the start counts as 0.
        deepest: largest distance of the equity below its peak so far.
    """

    equity: float = 0.0
    peak: float = 0.0
    deepest: float = 0.0


def update(state: DrawdownState, net_bps: float) -> None:
    """Add the net return of one prediction, bps of capital, to `state`.

    In the example the equity falls from its peak, 3, to -2. `restart` returns this drawdown, 5, and
    sets `deepest` back to 0.

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
    """Begin the next batch in `state`; returns the deepest drawdown of the batch that ends, bps of capital."""
    deepest = state.deepest
    state.equity = state.peak = state.deepest = 0.0
    return deepest
