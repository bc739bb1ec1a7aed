"""Position sizing: the smallest limit of the rules, on the side of the expected edge."""

from streams.market.sizing.explained import SizeExplained
from streams.market.sizing.moves import MoveState
from streams.market.sizing.parameters import SizingParameters
from streams.market.sizing.protocol import Case
from streams.market.sizing.rules import COST, LARGEST, RULES, drawdown_cap


class Sizing:
    """The smallest limit of the enabled rules, on the side of the expected edge; 0 if the edge is below the cost.

    >>> sizing, moves = Sizing(SizingParameters(), horizon_ns=500_000_000), MoveState(seen=2, mean=1.0, square=4.0)
    >>> sizing.position(moves, 0.75, cost_bps=0.6, regime="calm-range", stand_aside=False, drawdown_bps=0.0)
    (0.0, 'cost')
    >>> sizing.position(moves, 0.25, cost_bps=0.3, regime="calm-range", stand_aside=False, drawdown_bps=0.0)
    (-0.05, 'kelly')
    >>> explained = sizing.explain(moves, 0.25, 0.3, "calm-range", stand_aside=True, drawdown_bps=0.0)
    >>> explained.edge_bps, explained.net_bps, explained.limits["kelly"], explained.decided_by
    (-0.5, 0.2, 0.05, 'stand_aside')

    Raises:
        ConfigurationError: a rule is unknown or given twice, or a regime is unknown.
    """

    def __init__(self, parameters: SizingParameters, horizon_ns: int) -> None:
        rules = RULES.build_each(parameters.enabled, parameters, horizon_ns)
        self._rules = [(name, rule.limit) for name, rule in rules.items()]
        self._memory = parameters.memory
        self._largest = parameters.max_position
        self._drawdown = drawdown_cap(parameters)

    def edge_bps(self, moves: MoveState, probability: float) -> float:
        """Expected signed move before cost, bps."""
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
        """Signed fraction of capital to hold, and the name of the rule that decided it."""
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
        """The same as `position`, with every number on the way."""
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
        """Take the return of one matured prediction."""
        moves.take(return_bps, self._memory)

    def drawdown_after(self, drawdown_bps: float, net_bps: float) -> float:
        """Drawdown of a paper equity after a matured position earned `net_bps` of capital."""
        return self._drawdown.after(drawdown_bps, net_bps)
