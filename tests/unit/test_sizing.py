import pytest

from streams.costs import CostParameters, Costs
from streams.sizing import MoveState, Sizing, SizingParameters

MOVES = MoveState(seen=10, mean=4.0, square=25.0)


def test_a_position_only_when_the_edge_pays() -> None:
    sizing = Sizing(SizingParameters(kelly_fraction=0.0001, max_position=1.0))
    assert sizing.edge_bps(MOVES, 0.75) == 2.0
    assert sizing.position(MOVES, 2.0, cost_bps=2.0) == 0.0
    assert sizing.position(MOVES, 2.0, cost_bps=1.5) == pytest.approx(0.0001 * 1e4 * 0.5 / 25.0)
    assert sizing.position(MOVES, -2.0, cost_bps=1.5) == -sizing.position(MOVES, 2.0, cost_bps=1.5)


def test_a_position_never_exceeds_its_cap() -> None:
    sizing = Sizing(SizingParameters(kelly_fraction=1.0, max_position=0.25))
    assert sizing.position(MOVES, 1e6, cost_bps=0.0) == 0.25
    assert sizing.position(MOVES, -1e6, cost_bps=0.0) == -0.25


def test_nothing_is_expected_before_a_move_was_seen() -> None:
    sizing, moves = Sizing(SizingParameters()), MoveState()
    assert sizing.edge_bps(moves, 0.99) == 0.0
    assert sizing.position(moves, 0.0, cost_bps=0.0) == 0.0


def test_moves_so_long_ago_that_their_squares_are_gone() -> None:
    sizing, faded = Sizing(SizingParameters()), MoveState(seen=1_000, mean=1e-200, square=0.0)
    assert sizing.position(faded, sizing.edge_bps(faded, 0.9), cost_bps=0.0) == 0.0


def test_moves_are_averaged_and_then_forgotten() -> None:
    sizing, moves = Sizing(SizingParameters(memory=4)), MoveState()
    for move in (3.0, -1.0, 0.0, 0.0):
        sizing.learn(moves, move)
    assert (moves.mean, moves.square) == (1.0, 2.5)
    for _ in range(100):
        sizing.learn(moves, 0.0)
    assert moves.mean < 1e-9
    assert moves.seen == 4


def test_costs_are_two_fees_the_spread_and_slippage() -> None:
    assert Costs(CostParameters(fee_bps=4.5, slippage_bps=0.2)).round_trip_bps(1.0) == pytest.approx(10.2)
