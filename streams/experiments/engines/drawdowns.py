"""Drawdown within a batch: a score that a batch has and a pair has not."""

from msgspec import Struct


class DrawdownState(Struct, array_like=True):
    """Attributes:
    equity: since the batch began, bps of capital.
    peak: highest equity in it.
    deepest: farthest below its peak that it was.
    """

    equity: float = 0.0
    peak: float = 0.0
    deepest: float = 0.0


def update(state: DrawdownState, net_bps: float) -> None:
    """Take what one prediction earned.

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
    """Deepest drawdown of the batch, bps of capital; the next batch begins."""
    deepest = state.deepest
    state.equity = state.peak = state.deepest = 0.0
    return deepest
