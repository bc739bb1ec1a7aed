from collections.abc import Callable

import pytest

from agents.retrainer.slow_answers import FEWEST, Slowness

CHANGE = 10_000


def _verdict(before: float, after: Callable[[int], float], apart_ms: int = 100, until: int = 60_000) -> tuple[int, str]:
    """When (ms), and why, a version that goes live at `CHANGE` is suspected of being slow; 0 and empty if it is not."""
    slowness = Slowness("new", limit_ms=100.0, span_s=5.0)
    for at_ms in range(0, until, apart_ms):
        is_new = at_ms >= CHANGE
        slowness.take("new" if is_new else "old", at_ms, after(at_ms) if is_new else before)
        if slowness.verdict:
            return at_ms, slowness.verdict
    return 0, ""


def test_a_version_that_stays_slow_is_judged_after_three_spans() -> None:
    at, verdict = _verdict(20.0, lambda at_ms: 150.0)
    assert at == CHANGE + 15_000
    assert verdict == "95 % of its predictions within 150 ms, expected 100 ms; 20 ms under the version before"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(20.0, lambda at_ms: 99.0, id="within the limit"),
        pytest.param(70.0, lambda at_ms: 130.0, id="hardly slower than before"),
        pytest.param(150.0, lambda at_ms: 900.0, id="the one before was slow, too"),
        pytest.param(20.0, lambda at_ms: 4_000.0 if 22_000 < at_ms < 28_000 else 20.0, id="a backlog"),
        pytest.param(20.0, lambda at_ms: 4_000.0 if at_ms // 5_000 % 3 else 20.0, id="every third span is well"),
        pytest.param(20.0, lambda at_ms: 150.0 if at_ms % 3_000 == 0 else 20.0, id="one in thirty"),
    ],
)
def test_what_is_no_fault_of_the_version_is_not_held_against_it(before: float, after: Callable[[int], float]) -> None:
    assert _verdict(before, after) == (0, "")


def test_a_quiet_symbol_has_too_few_predictions_to_judge() -> None:
    assert _verdict(20.0, lambda at_ms: 150.0, apart_ms=5_000 // (FEWEST - 1) + 1, until=300_000) == (0, "")
