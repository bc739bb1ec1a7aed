import pytest

from streams.scoring.label_uniqueness import MEMORY, UniquenessState, update


def test_labels_that_do_not_overlap_are_worth_one() -> None:
    state = UniquenessState()
    for label in range(2_000):
        worth = update(state, label * 1_000, 100)
    assert worth == pytest.approx(1.0, abs=1e-3)


def test_labels_that_overlap_twentyfold_are_worth_a_twentieth() -> None:
    state = UniquenessState()
    for label in range(3_000):
        worth = update(state, label * 5, 100)
    assert worth == pytest.approx(0.05, abs=1e-3)
    assert state.seen == MEMORY


def test_labels_of_one_instant_are_worth_one_together() -> None:
    state = UniquenessState()
    for label in range(5_000):
        worth = update(state, label // 5 * 1_000, 100)
    assert worth == pytest.approx(0.2, abs=0.01)
