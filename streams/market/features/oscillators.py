"""The features `rsi` (relative strength index) and `macd` (fast average of the mid less a slow one)."""

from dataclasses import dataclass
from typing import ClassVar

from streams.market.features.family import Feature, Moment
from streams.market.features.parameters import OscillatorParameters


@dataclass
class OscillatorState:
    """Exponentially weighted averages of the mid and of its moves, all in quote currency.

    Attributes:
        gains, losses: average upward and average downward move per quote, both 0 or more.
        fast, slow: average mid, over a short and a long span.
    """

    gains: float
    losses: float
    fast: float
    slow: float


class Oscillators:
    """Computes RSI, from -1 to 1, and MACD, in bps of the mid, at each quote.

    >>> oscillators = Oscillators(OscillatorParameters())
    >>> state = oscillators.start(100.0)
    >>> [round(value, 3) for value in oscillators.advance(state, Moment(101.0, move=1.0))]
    [1.0, 7.898]
    >>> [round(value, 3) for value in oscillators.advance(state, Moment(100.0, move=-1.0))]
    [-0.01, 6.159]

    References:
        Wilder (1978), New Concepts in Technical Trading Systems: RSI, here rescaled from 0..100 to -1..1.
        Appel (1979), The Moving Average Convergence-Divergence Method.
    """

    features: ClassVar = (
        Feature(
            "rsi",
            "-1..1",
            True,
            "(average gain - average loss) / (average gain + average loss)",
            "Wilder (1978), section VI: 2 RSI / 100 - 1",
        ),
        Feature("macd", "bps", True, "(fast average - slow average of the mid) / mid", "Appel (1979)"),
    )
    state: ClassVar = OscillatorState

    def __init__(self, parameters: OscillatorParameters) -> None:
        self._rsi = 1.0 / parameters.rsi_period
        self._fast = 2.0 / (parameters.macd_fast + 1.0)
        self._slow = 2.0 / (parameters.macd_slow + 1.0)

    def start(self, mid: float) -> OscillatorState:
        """Return the state of a symbol whose mid has always been `mid` (quote currency)."""
        return OscillatorState(0.0, 0.0, mid, mid)

    def advance(self, state: OscillatorState, now: Moment) -> tuple[float, float]:
        """Update the averages in `state` by the new mid; return RSI (-1 to 1, 0 without moves) and MACD (bps)."""
        mid = now.mid
        move = now.move
        gains = state.gains
        losses = state.losses
        rate = self._rsi
        if move > 0.0:
            gains += rate * (move - gains)
            losses -= rate * losses
        else:
            gains -= rate * gains
            losses -= rate * (move + losses)
        state.gains = gains
        state.losses = losses
        state.fast = fast = state.fast + self._fast * (mid - state.fast)
        state.slow = slow = state.slow + self._slow * (mid - state.slow)
        moved = gains + losses
        return (gains - losses) / moved if moved > 0.0 else 0.0, (fast - slow) / mid * 1e4
