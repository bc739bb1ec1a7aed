"""How much to hold: nothing unless the edge pays for the round trip, else the smallest limit of the rules."""

from collections.abc import Callable
from typing import Annotated

from msgspec import Meta, Struct, field

from schemas.errors import ConfigurationError
from streams.sizing.confidence_floor import ConfidenceFloor
from streams.sizing.drawdown_cap import DrawdownCap
from streams.sizing.kelly import Kelly
from streams.sizing.moves import MoveState
from streams.sizing.protocol import Case, Rule
from streams.sizing.regime_cap import RegimeCap
from streams.sizing.stand_aside import StandAside
from streams.sizing.volatility_target import VolatilityTarget

COST, LARGEST = "cost", "max_position"
"""Names of the two rules that cannot be switched off."""


class SizingParameters(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How bold to be.

    Attributes:
        enabled: names of the rules; of equal limits the first one is said to have decided.
        kelly_fraction: part of the growth-optimal position that is taken.
        max_position: largest position, fraction of capital.
        memory: matured predictions that the size of moves looks back on.
        confidence_floor: no position below this confidence.
        volatility_target_bps: largest deviation of a position's return over an hour, bps of capital.
        regime_caps: largest position in each regime that has a cap.
        drawdown_bps: drawdown at which nothing is held, bps of capital.
        drawdown_memory: matured predictions over which a drawdown is forgotten.
    """

    enabled: tuple[str, ...] = (
        "stand_aside",
        "confidence_floor",
        "kelly",
        "volatility_target",
        "regime_cap",
        "drawdown_cap",
    )
    kelly_fraction: Annotated[float, Meta(ge=0.0, le=1.0)] = 0.0001
    max_position: Annotated[float, Meta(ge=0.0, le=1e6)] = 1.0
    memory: Annotated[int, Meta(ge=1)] = 1_000
    confidence_floor: Annotated[float, Meta(ge=0.5, le=1.0)] = 0.55
    volatility_target_bps: Annotated[float, Meta(gt=0.0)] = 50.0
    regime_caps: dict[str, Annotated[float, Meta(ge=0.0)]] = field(
        default_factory=lambda: {"volatile-range": 0.5, "volatile-trend": 0.5}
    )
    drawdown_bps: Annotated[float, Meta(gt=0.0)] = 100.0
    drawdown_memory: Annotated[int, Meta(ge=2)] = 20_000


class SizeExplained(Struct, frozen=True):
    """A position, and every number that led to it.

    Attributes:
        probability: calibrated probability of an upward move.
        edge_bps: expected signed move, bps.
        cost_bps: cost of a round trip, bps.
        net_bps: magnitude of the edge less the cost, bps.
        deviation_bps: root mean square of the return within the horizon, bps.
        regime: name of the regime.
        stand_aside: whether neither side can be excluded.
        drawdown_bps: of the arm's paper equity, bps of capital.
        limits: largest position according to each rule, fraction of capital; none where the edge does not pay.
        decided_by: name of the rule with the smallest limit, or `cost`.
        position: signed fraction of capital.
    """

    probability: float
    edge_bps: float
    cost_bps: float
    net_bps: float
    deviation_bps: float
    regime: str
    stand_aside: bool
    drawdown_bps: float
    limits: dict[str, float]
    decided_by: str
    position: float


RULES: dict[str, Callable[[SizingParameters, int], Rule]] = {
    "stand_aside": lambda parameters, horizon_ns: StandAside(),
    "confidence_floor": lambda parameters, horizon_ns: ConfidenceFloor(parameters.confidence_floor),
    "kelly": lambda parameters, horizon_ns: Kelly(parameters.kelly_fraction),
    "volatility_target": lambda parameters, horizon_ns: VolatilityTarget(parameters.volatility_target_bps, horizon_ns),
    "regime_cap": lambda parameters, horizon_ns: RegimeCap(parameters.regime_caps),
    "drawdown_cap": lambda parameters, horizon_ns: _drawdown_cap(parameters),
}
"""Every rule by name; they are built from the parameters and the horizon, ns."""


def register(name: str, build: Callable[[SizingParameters, int], Rule]) -> None:
    """Make a rule known to parameters.

    Raises:
        ConfigurationError: the name is taken.
    """
    if name in RULES or name in (COST, LARGEST):
        raise ConfigurationError(f"sizing: expected a new name, was {name!r}; fix: choose another")
    RULES[name] = build


class Sizing:
    """The smallest limit of the enabled rules, on the side of the edge; nothing when the edge does not pay.

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
        enabled = parameters.enabled
        if len(set(enabled)) < len(enabled) or not all(name in RULES for name in enabled):
            raise ConfigurationError(
                f"[market.sizing]: expected each of {', '.join(RULES)} at most once, was {', '.join(enabled)}"
            )
        self._rules = [(name, RULES[name](parameters, horizon_ns).limit) for name in enabled]
        self._memory = parameters.memory
        self._largest = parameters.max_position
        self._drawdown = _drawdown_cap(parameters)

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


def _drawdown_cap(parameters: SizingParameters) -> DrawdownCap:
    return DrawdownCap(parameters.drawdown_bps, parameters.max_position, parameters.drawdown_memory)
