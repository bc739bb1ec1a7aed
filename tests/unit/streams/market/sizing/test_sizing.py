from math import sqrt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import ConfigurationError
from streams.market.costs import CostParameters, Costs
from streams.market.regime import REGIMES
from streams.market.sizing import RULES, Sizing, SizingParameters
from streams.market.sizing.moves import MoveState
from streams.market.sizing.protocol import NO_LIMIT, Case
from streams.market.sizing.volatility_target import VolatilityTarget

HALF_SECOND = 500_000_000
MOVES = MoveState(seen=10, mean=4.0, square=25.0)

probabilities = st.floats(0.001, 0.999)
costs = st.floats(0.0, 10.0)
regimes = st.sampled_from([regime.name for regime in REGIMES])
drawdowns = st.floats(0.0, 500.0)
moves = st.builds(
    lambda mean, more: MoveState(100, mean, mean * mean * (1.0 + more)), st.floats(0.0, 50.0), st.floats(0.0, 5.0)
)


def _sizing(**parameters: Any) -> Sizing:
    return Sizing(SizingParameters(**parameters), HALF_SECOND)


def _position(sizing: Sizing, probability: float, cost_bps: float, **known: Any) -> tuple[float, str]:
    case: dict[str, Any] = {"regime": "calm-range", "stand_aside": False, "drawdown_bps": 0.0} | known
    return sizing.position(MOVES, probability, cost_bps, **case)


def test_a_position_is_taken_only_when_the_edge_is_above_the_cost() -> None:
    sizing = _sizing(enabled=("kelly",))
    assert sizing.edge_bps(MOVES, 0.75) == 2.0
    assert _position(sizing, 0.75, 2.0) == (0.0, "cost")
    size, decided_by = _position(sizing, 0.75, 1.5)
    assert size == pytest.approx(0.0001 * 0.5e-4 / (5e-4) ** 2)
    assert decided_by == "kelly"
    assert _position(sizing, 0.25, 1.5) == (-size, "kelly")


def test_the_rule_that_decides_a_size_agrees_with_values_by_hand() -> None:
    """The edge is 0.8 * 4 = 3.2 bps, 3 bps after costs; the full Kelly size is 3e-4 / 25e-8 = 1200."""
    fraction = {"kelly_fraction": 0.0005}  # 0.6
    target = 5.0 / sqrt(HALF_SECOND / 3.6e12)  # 5 bps in half a second
    size, decided_by = _position(_sizing(**fraction, volatility_target_bps=target / 2), 0.9, 0.2)
    assert size == pytest.approx(0.5)
    assert decided_by == "volatility_target"
    sizing = _sizing(**fraction, volatility_target_bps=target)
    size, decided_by = _position(sizing, 0.9, 0.2)
    assert size == pytest.approx(0.6)
    assert decided_by == "kelly"
    assert _position(sizing, 0.9, 0.2, regime="volatile-trend") == (0.5, "regime_cap")
    assert _position(sizing, 0.9, 0.2, drawdown_bps=75.0) == (0.25, "drawdown_cap")
    assert _position(sizing, 0.9, 0.2, drawdown_bps=1e9) == (0.0, "drawdown_cap")
    assert _position(sizing, 0.9, 0.2, stand_aside=True) == (0.0, "stand_aside")
    assert _position(_sizing(confidence_floor=0.91), 0.9, 0.2) == (0.0, "confidence_floor")
    assert _position(_sizing(kelly_fraction=1.0, volatility_target_bps=1e6), 0.9, 0.2) == (1.0, "max_position")


def test_every_number_is_explained() -> None:
    explained = _sizing(kelly_fraction=0.0005).explain(MOVES, 0.1, 0.2, "volatile-range", False, 10.0)
    assert (explained.edge_bps, explained.net_bps, explained.deviation_bps) == pytest.approx((-3.2, 3.0, 5.0))
    assert explained.limits == {
        "stand_aside": NO_LIMIT,
        "confidence_floor": NO_LIMIT,
        "kelly": pytest.approx(0.6),
        "volatility_target": pytest.approx(50.0 * sqrt(HALF_SECOND / 3.6e12) / 5.0),
        "regime_cap": 0.5,
        "drawdown_cap": 0.9,
        "max_position": 1.0,
    }
    assert (explained.decided_by, explained.position) == ("volatility_target", -explained.limits["volatility_target"])
    assert _sizing().explain(MOVES, 0.6, 9.0, "calm-range", False, 0.0).limits == {}


def test_a_horizon_four_times_as_long_with_moves_twice_as_far_is_the_same_risk() -> None:
    def limit(horizon_ns: int, deviation: float) -> float:
        return VolatilityTarget(50.0, horizon_ns).limit(Case(0.7, 1.0, deviation, "calm-range", False, 0.0))

    assert limit(HALF_SECOND, 1.0) == pytest.approx(limit(4 * HALF_SECOND, 2.0))


def test_nothing_is_expected_before_a_move_was_seen() -> None:
    assert _sizing().edge_bps(MoveState(), 0.99) == 0.0
    assert _sizing().position(MoveState(), 0.99, 0.0, "calm-range", False, 0.0) == (0.0, "cost")


def test_moves_whose_squares_underflowed_give_no_position() -> None:
    faded = MoveState(seen=1_000, mean=1e-200, square=0.0)
    assert _sizing().position(faded, 0.9, 0.0, "calm-range", False, 0.0) == (0.0, "kelly")


def test_moves_are_averaged_and_then_forgotten() -> None:
    sizing, learned = _sizing(memory=4), MoveState()
    for move in (3.0, -1.0, 0.0, 0.0):
        sizing.learn(learned, move)
    assert (learned.mean, learned.square) == (1.0, 2.5)
    for _ in range(100):
        sizing.learn(learned, 0.0)
    assert learned.mean < 1e-9
    assert learned.seen == 4


@given(moves, probabilities, costs, regimes, st.booleans(), drawdowns)
def test_sizes_are_bounded_and_mirrored_with_the_probability(
    known: MoveState, probability: float, cost: float, regime: str, aside: bool, drawdown: float
) -> None:
    sizing = _sizing()
    size, decided_by = sizing.position(known, probability, cost, regime, aside, drawdown)
    assert abs(size) <= 1.0
    assert size == 0.0 or (size > 0.0) == (probability > 0.5)
    mirrored, also_by = sizing.position(known, 1.0 - probability, cost, regime, aside, drawdown)
    assert mirrored == pytest.approx(-size, rel=1e-6, abs=1e-9)
    assert sizing.explain(known, probability, cost, regime, aside, drawdown).position == size
    assert decided_by in {*RULES, "cost", "max_position"}
    assert also_by in {*RULES, "cost", "max_position"}


@given(moves, probabilities, costs, regimes, drawdowns)
def test_more_cost_more_drawdown_or_doubt_never_give_more(
    known: MoveState, probability: float, cost: float, regime: str, drawdown: float
) -> None:
    def size(probability: float, cost: float, drawdown: float, aside: bool = False) -> float:
        return abs(_sizing().position(known, probability, cost, regime, aside, drawdown)[0])

    base = size(probability, cost, drawdown)
    assert size(probability, cost + 0.1, drawdown) <= base
    assert size(probability, cost, drawdown + 10.0) <= base
    assert size(probability, cost, drawdown, aside=True) == 0.0
    assert size(0.5 + 0.9 * (probability - 0.5), cost, drawdown) <= base


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        ({"enabled": ("luck",)}, "expected rules among stand_aside, confidence_floor, .*was luck"),
        ({"enabled": ("kelly", "kelly")}, "at most once, was kelly, kelly"),
        ({"regime_caps": {"panic": 0.1}}, "expected each of calm-range, .* was panic"),
    ],
)
def test_unknown_names_of_rules_are_refused(parameters: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigurationError, match=sentence):
        _sizing(**parameters)


def test_costs_are_two_fees_the_spread_and_slippage() -> None:
    assert Costs(CostParameters(fee_bps=4.5, slippage_bps=0.2)).round_trip_bps(1.0) == pytest.approx(10.2)
    assert Costs(CostParameters(enabled=("half_spread",))).round_trip_bps(1.0) == 1.0
    with pytest.raises(ConfigurationError, match=r"expected costs among fees, half_spread, slippage.*, was tax"):
        Costs(CostParameters(enabled=("tax",)))
