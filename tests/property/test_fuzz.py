"""Ten thousand spoiled payloads end no stream: each is refused with its bytes, and each good tick is predicted."""

import math
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.codec import decoder, encode
from schemas.dead_letters import DeadLetter
from schemas.errors import Refused
from schemas.outcomes import OutcomeMatured
from schemas.predictions import Prediction
from schemas.ticks import Quote, Trade
from streams.engine.partition import Partition
from streams.market.tick_checks import Validation, ValidationParameters
from tests.support.fuzzed_payloads import HANDMADE, spoiled_payloads
from tests.support.market_ticks import quick_node, seeded_ticks

EVERY_REASON = {
    *("empty", "not_json", "malformed", "bad_symbol", "bad_time", "bad_sequence", "bad_price", "bad_size"),
    *("crossed_quote", "late", "absurd_jump", "bad_directive"),
}


def test_ten_thousand_spoiled_payloads_are_refused_and_every_good_tick_is_predicted() -> None:
    node = quick_node()
    partition = Partition(node, 0)
    good = iter(seeded_ticks(1, 12_000, "GOOD", odd=0.0))
    offset = 0
    reasons: Counter[str] = Counter()
    payloads = [*HANDMADE, *spoiled_payloads(10_000)]
    for value in payloads:
        for record in partition.apply(offset, b"key", value):
            assert decoder(type(record))(encode(record)) == record
            if isinstance(record, DeadLetter):
                assert (record.id, record.key, record.value) == (f"ticks:0:{offset}", b"key", value)
                assert record.detail
                reasons[record.reason] += 1
            elif isinstance(record, Prediction):
                _check_prediction(record)
                reasons["taken"] += 1
        offset += 1
        tick = next(good)
        *outcomes, prediction = partition.apply(offset, b"key", encode(tick))
        assert isinstance(prediction, Prediction), prediction
        assert prediction.ts_event == tick.ts_event
        assert all(isinstance(outcome, OutcomeMatured) for outcome in outcomes)
        _check_prediction(prediction)
        offset += 1
    for name in partition.keys:
        assert node.dump(node.load(node.dump(partition.keys[name].state))) == node.dump(partition.keys[name].state)
    assert reasons["not_json"] > 1_000
    assert reasons["taken"] > 500, "some spoiled payloads are still good ticks"
    assert set(reasons) > EVERY_REASON


def _check_prediction(prediction: Prediction) -> None:
    assert 0.0 < prediction.probability < 1.0
    assert 0.5 <= prediction.confidence < 1.0
    assert all(map(math.isfinite, (prediction.mid, prediction.position_size, prediction.expected_edge_bps)))
    assert math.isfinite(prediction.cost_bps)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300) | st.text(max_size=100).map(str.encode))
def test_any_bytes_become_a_dead_letter_that_holds_them(value: bytes) -> None:
    (letter,) = Partition(quick_node(), 0).apply(0, None, value)
    assert isinstance(letter, DeadLetter)
    assert letter.value == value


PRICES = st.floats(allow_nan=True) | st.floats(1e-12, 1e12) | st.sampled_from((1e-12, 1e12, 100.0))
SIZES = st.floats(allow_nan=True) | st.floats(0.0, 1e15) | st.sampled_from((0.0, 1e15, 1e-300))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.booleans(), PRICES, SIZES, PRICES, SIZES, st.integers(0, 10**7)), min_size=5, max_size=80))
def test_extreme_numbers_stay_finite(rows: list[tuple[bool, float, float, float, float, int]]) -> None:
    """The ticks are built in Python, since JSON cannot express some of these numbers."""
    node = quick_node(admission={"max_jump": 0.999, "resync_after": 2})
    state = node.open("X")
    check = Validation(ValidationParameters()).check
    clock = 1
    for offset, (is_quote, price, size, ask, ask_size, later) in enumerate(rows):
        clock += later
        tick = Quote("X", clock, price, size, ask, ask_size) if is_quote else Trade("X", clock, price, size, "buy")
        try:
            check(tick)
            *_, prediction = node.step(state, tick, f"ticks:0:{offset}")
        except Refused:
            continue
        assert state.features is not None
        assert all(map(math.isfinite, state.features.vector)), state.features
        assert isinstance(prediction, Prediction)
        _check_prediction(prediction)
        assert decoder(Prediction)(encode(prediction)) == prediction
