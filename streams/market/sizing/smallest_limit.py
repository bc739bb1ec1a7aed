"""Position sizing: the smallest limit of all sizing rules is the size, and the expected move gives the direction."""

from streams.market.sizing.explained import SizeExplained
from streams.market.sizing.moves import MoveState
from streams.market.sizing.parameters import SizingParameters
from streams.market.sizing.protocol import Case
from streams.market.sizing.rules import COST, LARGEST, RULES, drawdown_cap


class Sizing:
    """Computes positions: as large as the smallest limit of the rules, in the direction of the expected move.

    The expected move is `(2 * probability - 1)` times the mean magnitude of the mid's moves. The position
    is 0 if the magnitude of the expected move does not exceed the cost of opening and closing the position.

    Args:
        parameters: parameters of the rules.
        horizon_ns: how far ahead predictions look, ns.

    Raises:
        ConfigurationError: a rule is unknown or given twice, or a regime is unknown.

    >>> sizing, moves = Sizing(SizingParameters(), horizon_ns=500_000_000), MoveState(seen=2, mean=1.0, square=4.0)
    >>> sizing.position(moves, 0.75, cost_bps=0.6, regime="calm-range", stand_aside=False, drawdown_bps=0.0)
    (0.0, 'cost')
    >>> sizing.position(moves, 0.25, cost_bps=0.3, regime="calm-range", stand_aside=False, drawdown_bps=0.0)
    (-0.05, 'kelly')
    >>> explained = sizing.explain(moves, 0.25, 0.3, "calm-range", stand_aside=True, drawdown_bps=0.0)
    >>> explained.edge_bps, explained.net_bps, explained.limits["kelly"], explained.decided_by
    (-0.5, 0.2, 0.05, 'stand_aside')
    """

    def __init__(self, parameters: SizingParameters, horizon_ns: int) -> None:
        rules = RULES.build_each(parameters.enabled, parameters, horizon_ns)
        self._rules = [(name, rule.limit) for name, rule in rules.items()]
        self._memory = parameters.memory
        self._largest = parameters.max_position
        self._drawdown = drawdown_cap(parameters)

    def edge_bps(self, moves: MoveState, probability: float) -> float:
        """Return the expected move of the mid over the horizon, before cost, bps; below 0 for a fall.

        Args:
            moves: average size of the mid's moves over the horizon.
            probability: calibrated probability of an upward move.
        """
        return (2.0 * probability - 1.0) * moves.mean

    def position(
        self,
        moves: MoveState,
        probability: float,
        cost_bps: float,
        regime: str,
        stand_aside: bool,
        drawdown_bps: float,
    ) -> tuple[float, str]:
        """Return the position and the name of the rule that decided its size.

        Args:
            moves: average size of the mid's moves over the horizon of a prediction.
            probability: calibrated probability of an upward move.
            cost_bps: cost of opening and closing the position, bps of the mid.
            regime: name of the present regime.
            stand_aside: whether the prediction is too unsure for a position: its conformal set (the sides, up or down,
                that are probable enough) holds both sides or none.
            drawdown_bps: how far the simulated profits and losses are below their peak, bps of capital.

        Returns:
            The position as a fraction of capital, below 0 for a short position; and the name of the rule. The name is
            `cost` if the expected move does not exceed the cost.
        """
        edge_bps = self.edge_bps(moves, probability)
        net_bps = abs(edge_bps) - cost_bps
        if not net_bps > 0.0:
            return 0.0, COST
        confidence = probability if probability > 0.5 else 1.0 - probability
        case = Case(confidence, net_bps, moves.deviation_bps, regime, stand_aside, drawdown_bps)
        smallest, decided_by = self._largest, LARGEST
        for name, limit_of in self._rules:
            limit = limit_of(case)
            if limit < smallest:
                smallest, decided_by = limit, name
                if smallest <= 0.0:
                    return 0.0, decided_by
        return smallest if edge_bps > 0.0 else -smallest, decided_by

    def explain(
        self,
        moves: MoveState,
        probability: float,
        cost_bps: float,
        regime: str,
        stand_aside: bool,
        drawdown_bps: float,
    ) -> SizeExplained:
        """Return the position that `position` returns for the same arguments, with all numbers that led to it."""
        edge_bps = self.edge_bps(moves, probability)
        net_bps = abs(edge_bps) - cost_bps
        limits = {}
        if net_bps > 0.0:
            confidence = max(probability, 1.0 - probability)
            case = Case(confidence, net_bps, moves.deviation_bps, regime, stand_aside, drawdown_bps)
            limits = {name: limit_of(case) for name, limit_of in self._rules} | {LARGEST: self._largest}
        position, decided_by = self.position(moves, probability, cost_bps, regime, stand_aside, drawdown_bps)
        return SizeExplained(
            probability,
            edge_bps,
            cost_bps,
            net_bps,
            moves.deviation_bps,
            regime,
            stand_aside,
            drawdown_bps,
            limits,
            decided_by,
            position,
        )

    def learn(self, moves: MoveState, return_bps: float) -> None:
        """Add the return over the horizon of one prediction to the average size of moves.

        Args:
            moves: the averages, which are changed.
            return_bps: return of the mid from the prediction to the end of its horizon, bps.
        """
        moves.take(return_bps, self._memory)

    def drawdown_after(self, drawdown_bps: float, net_bps: float) -> float:
        """Return the drawdown of the simulated profits and losses after one more scored prediction, bps of capital.

        Args:
            drawdown_bps: drawdown before, bps of capital.
            net_bps: what the position of this prediction earned after costs, bps of capital; below 0 for a loss.
        """
        return self._drawdown.after(drawdown_bps, net_bps)
