"""In a market with up and down exchanged, a pipeline gives the opposite opinion, whatever it has learned."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.names import LIVE
from streams.engine.faults import Faults
from streams.market.arms import Arms
from streams.market.confidence import CALIBRATORS, ConfidenceParameters
from streams.market.models import signed_logistic
from streams.market.models.parameters import SignedLogisticParameters
from streams.market.parameters import MarketParameters

FEATURES = ("return_10", "queue_imbalance", "trade_flow_imbalance")

labels = st.lists(
    st.tuples(
        st.lists(st.floats(-4.0, 4.0), min_size=len(FEATURES), max_size=len(FEATURES)),
        st.lists(st.floats(0.01, 0.99), min_size=4, max_size=4),
        st.booleans(),
        st.floats(0.05, 1.0),
    ),
    min_size=1,
    max_size=40,
)


@pytest.mark.parametrize("calibrator", CALIBRATORS)
@given(labels=labels)
@settings(max_examples=40, deadline=None)
def test_a_mirrored_market_gives_the_mirrored_opinion(
    calibrator: str, labels: list[tuple[list[float], list[float], bool, float]]
) -> None:
    parameters = MarketParameters(
        model=SignedLogisticParameters(features=FEATURES),
        confidence=ConfidenceParameters(calibrator=calibrator),
    )
    arms, faults = Arms(parameters), Faults()
    plain = arms.start(LIVE, "one", 0, signed_logistic.start(parameters.model))
    mirrored = arms.start(LIVE, "other", 0, signed_logistic.start(parameters.model))
    for features, rules, up, uniqueness in labels:
        opposite, against = [-value for value in features], [1.0 - rule for rule in rules]
        one = arms.opinion(plain, rules, features, faults)
        other = arms.opinion(mirrored, against, opposite, faults)
        # At one half exactly the bins have no side: rounding may put the two markets on either of its sides.
        if abs(one.log_odds) > 1e-9:
            assert one.probability == pytest.approx(1.0 - other.probability, abs=1e-6)
        assert one.log_odds == pytest.approx(-other.log_odds, abs=1e-6)
        assert arms.stands_aside(plain, 0.7) == arms.stands_aside(plain, 1.0 - 0.7)
        arms.learn(plain, one, rules, features, up, uniqueness, faults)
        arms.learn(mirrored, other, against, opposite, not up, uniqueness, faults)
    assert not faults.counts
