"""How much to hold: nothing unless the expected move pays for the round trip, else a fraction of Kelly."""

from typing import Annotated

from msgspec import Meta, Struct


class SizingParameters(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How bold to be.

    Attributes:
        kelly_fraction: part of the growth-optimal position that is taken.
        max_position: largest position, fraction of capital.
        memory: matured predictions that the size of moves looks back on.
    """

    kelly_fraction: Annotated[float, Meta(ge=0.0, le=1.0)] = 0.1
    max_position: Annotated[float, Meta(ge=0.0)] = 1.0
    memory: Annotated[int, Meta(ge=1)] = 1_000


class MoveState(Struct, array_like=True):
    """How far the mid moves within the horizon, whichever way.

    Attributes:
        seen: matured predictions taken, up to the memory.
        mean: mean magnitude of the return, bps; moves of 0 count.
        square: mean square of the return, bps^2.
    """

    seen: int = 0
    mean: float = 0.0
    square: float = 0.0


class Sizing:
    """Fractional Kelly on the edge that is left after cost.

    At horizons of a second the growth-optimal position is many times the capital as soon as the edge pays at all, so
    `max_position` is what binds there: the size is then all or nothing. Longer horizons are where the fraction acts.

    >>> sizing, moves = Sizing(SizingParameters(kelly_fraction=0.001)), MoveState()
    >>> for move in (4.0, -4.0):
    ...     sizing.learn(moves, move)
    >>> sizing.edge_bps(moves, 0.75), sizing.position(moves, 0.75 * 4 - 1, cost_bps=3.0)
    (2.0, 0.0)
    >>> sizing.position(moves, -2.0, cost_bps=1.2)  # -0.001 * 0.8 bps / 16 bps^2
    -0.5

    References:
        Thorp (2006), The Kelly criterion in blackjack, sports betting and the stock market, section 7: mean over
        variance.
    """

    def __init__(self, parameters: SizingParameters) -> None:
        self._memory = parameters.memory
        # Mean over variance of fractions, from bps over squared bps.
        self._fraction = 1e4 * parameters.kelly_fraction
        self._largest = parameters.max_position

    def edge_bps(self, moves: MoveState, probability: float) -> float:
        """Expected signed move before cost, bps."""
        return (2.0 * probability - 1.0) * moves.mean

    def position(self, moves: MoveState, edge_bps: float, cost_bps: float) -> float:
        """Signed fraction of capital to hold."""
        net = abs(edge_bps) - cost_bps
        # Long after the last move the mean square is the first to fade to 0.
        if net <= 0.0 or moves.square == 0.0:
            return 0.0
        size = min(self._fraction * net / moves.square, self._largest)
        return size if edge_bps > 0.0 else -size

    def learn(self, moves: MoveState, return_bps: float) -> None:
        """Take the return of one matured prediction."""
        if moves.seen < self._memory:
            moves.seen += 1
        fresh = 1.0 / moves.seen
        moves.mean += fresh * (abs(return_bps) - moves.mean)
        moves.square += fresh * (return_bps * return_bps - moves.square)
