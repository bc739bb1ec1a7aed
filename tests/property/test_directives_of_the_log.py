"""Model versions start, go live and stop by directives in the topic of ticks, and directives change nothing else."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import asdict, replace

from schemas.codec import encode
from schemas.dead_letters import DeadLetter
from schemas.errors import Refused
from schemas.models import ModelState
from schemas.outcomes import OutcomeMatured
from schemas.predictions import Prediction
from schemas.ticks import Directive, Tick
from streams.engine.signing import Key, Signing
from streams.market.directives import MOST_ARMS, REMEMBERED
from streams.market.node import MarketNode
from streams.market.symbol_state import SymbolState
from tests.support.market_ticks import promote_arm, quick_node, seeded_ticks, start_arm, stop_arm


def _predictions(ticks: list[Tick]) -> list[dict[str, Any]]:
    """Predictions for the market ticks among `ticks`; ids count market ticks only."""
    node = quick_node()
    state = node.open("X")
    predictions: list[dict[str, Any]] = []
    for tick in ticks:
        record_id = f"ticks:0:{len(predictions)}"
        records = node.step(state, tick, record_id)
        if isinstance(tick, Directive):
            assert records == ()
        else:
            predictions.append(asdict(records[-1]))
    return predictions


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    points=st.tuples(*[st.integers(0, 600)] * 3).map(sorted),
)
def test_a_version_that_was_live_again_predicts_as_if_it_had_never_been_replaced(seed: int, points: list[int]) -> None:
    ticks = seeded_ticks(seed, 600, odd=0.0)
    started, promoted, back = points
    untouched = _predictions(ticks)
    before = untouched[0]["model_version"]
    directed = _predictions(
        [
            *ticks[:started],
            start_arm("b"),
            *ticks[started:promoted],
            promote_arm("b"),
            *ticks[promoted:back],
            promote_arm(before),
            *ticks[back:],
        ]
    )
    assert directed[:promoted] == untouched[:promoted]
    assert all(prediction["model_version"] == "b-v1" for prediction in directed[promoted:back])
    assert directed[back:] == untouched[back:]


def test_a_version_in_shadow_is_scored_beside_the_live_one_and_predicts_once_promoted() -> None:
    ticks = seeded_ticks(4, 900, odd=0.0)
    node = quick_node()
    state = node.open("X")
    records: list[Any] = []
    for offset, tick in enumerate([*ticks[:300], start_arm("b"), *ticks[300:600], promote_arm("b"), *ticks[600:]]):
        records.extend(node.step(state, tick, f"ticks:0:{offset}"))
    outcomes = [record for record in records if isinstance(record, OutcomeMatured)]
    names = [tuple(arm.arm for arm in outcome.arms) for outcome in outcomes]
    builtin = outcomes[0].arms[0].model_version
    assert sorted(set(names), key=names.index) == [("live",), ("live", "b"), ("live", builtin)]
    assert [arm.model_version for arm in outcomes[-1].arms] == ["b-v1", builtin]
    spoken = {record.id: record.probability for record in records if isinstance(record, Prediction)}
    assert all(outcome.arms[0].probability == spoken[outcome.prediction_id] for outcome in outcomes)
    assert any(outcome.arms[0].probability != outcome.arms[1].probability for outcome in outcomes[-50:])
    assert state.arms.arms[1].model.n_seen == sum(outcome.label != 0 for outcome in outcomes)
    assert 100 < state.arms.arms[0].model.n_seen < 100 + state.arms.arms[1].model.n_seen


def _started(*arms: str) -> tuple[MarketNode, SymbolState]:
    node = quick_node()
    state = node.open("X")
    for arm in arms:
        node.step(state, start_arm(arm), "ticks:0:0")
    return node, state


def _with_model(**changes: Any) -> Directive:
    directive = start_arm("z")
    assert directive.model is not None
    assert directive.model.model is not None
    return replace(directive, model=ModelState("z-v1", replace(directive.model.model, **changes)))


@pytest.mark.parametrize(
    ("directive", "sentence"),
    [
        (start_arm("b"), "expected new names"),
        (start_arm("live"), "expected new names"),
        (start_arm("b-v1"), "expected new names"),
        (replace(start_arm("z"), model=None), "expected a model or the name of a version"),
        (replace(start_arm("z"), arm=""), "1 to 200 characters"),
        (replace(start_arm("z"), id=""), "expected an id"),
        (_with_model(features=("a", "b")), "expected the features"),
        (_with_model(weights=(1.0,)), "weights and mean squares"),
        (_with_model(weights=(float("nan"),) * 12), "expected weights from"),
        (_with_model(mean_squares=(-1.0,) * 12), "expected weights from"),
        (_with_model(n_seen=-1), "expected weights from"),
        (promote_arm("live"), "runs in shadow"),
        (promote_arm("nobody"), "runs in shadow"),
        (stop_arm("live"), "runs in shadow"),
        (stop_arm("nobody"), "runs in shadow"),
    ],
)
def test_an_impossible_directive_is_refused_and_changes_nothing(directive: Directive, sentence: str) -> None:
    node, state = _started("b")
    before = node.dump(state)
    with pytest.raises(Refused, match=sentence) as refused:
        node.step(state, replace(directive, id=directive.id and "new"), "ticks:0:1")
    assert refused.value.reason == "bad_directive"
    assert node.dump(state) == before


def test_arms_are_bounded_and_can_be_replaced() -> None:
    names = [f"arm{number}" for number in range(MOST_ARMS - 1)]
    node, state = _started(*names)
    with pytest.raises(Refused, match="at most 6 arms"):
        node.step(state, start_arm("more"), "ticks:0:1")
    node.step(state, stop_arm("arm0"), "ticks:0:2")
    node.step(state, start_arm("more"), "ticks:0:3")
    assert [arm.name for arm in state.arms.arms] == ["live", *names[1:], "more"]
    assert [arm.number for arm in state.arms.arms] == [0, 2, 3, 4, 5, 6]


def test_a_repeated_directive_changes_nothing() -> None:
    node, state = _started("b")
    before = node.dump(state)
    assert node.step(state, start_arm("b"), "ticks:0:1") == ()
    assert node.dump(state) == before


def test_remembered_ids_are_bounded() -> None:
    node, state = _started("b")
    builtin = state.arms.arms[0].version
    node.step(state, promote_arm("b"), "ticks:0:1")
    for number in range(REMEMBERED):
        node.step(state, promote_arm("b-v1" if number % 2 else builtin, number=number), "ticks:0:2")
    assert len(state.arms.applied) == REMEMBERED
    assert "start-b" not in state.arms.applied


def test_a_key_makes_signatures_necessary() -> None:
    ours, guess = (Signing(("test",), (Key("k", secret),), "k") for secret in ("secret", "guess"))
    node = quick_node(signing=ours)
    directive, place = start_arm("b"), "commands:0:7"
    assert node.decode(encode(ours.sign(directive, place))).arm == "b"
    forged = replace(ours.sign(directive, place), arm="c")
    for wrong in (directive, guess.sign(directive, place), forged, replace(directive, signature="é")):
        with pytest.raises(Refused) as refused:
            node.decode(encode(wrong))
        assert refused.value.reason == "unsigned_directive"


def test_a_stopped_version_learns_nothing_more_from_its_predictions() -> None:
    ticks = seeded_ticks(4, 600, odd=0.0)
    node, state = _started("b")
    for offset, tick in enumerate(ticks[:300]):
        node.step(state, tick, f"ticks:0:{offset}")
    assert len(state.pending[0].stances) == 2
    node.step(state, stop_arm("b"), "ticks:0:300")
    records = [record for tick in ticks[300:] for record in node.step(state, tick, "ticks:0:301")]
    outcomes = [record for record in records if isinstance(record, OutcomeMatured)]
    assert len(outcomes[0].arms) == 2
    assert len(outcomes[-1].arms) == 1
    assert not any(isinstance(record, DeadLetter) for record in records)
