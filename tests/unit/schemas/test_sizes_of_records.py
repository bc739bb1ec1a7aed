"""The largest record fits its topic and the largest state its changelog; larger parameters are refused."""

import math
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from msgspec import Struct, msgpack

from schemas.commands import PromoteVariant
from schemas.dead_letters import LONGEST_KEY, DeadLetter
from schemas.errors import ConfigurationError
from schemas.limits import LONGEST_COMMAND_ID, LONGEST_ID, LONGEST_NAME, LONGEST_SENTENCE, MOST_FIELDS
from schemas.predictions import Prediction
from schemas.ticks import Quote, ReferenceTick, Trade
from schemas.topics import ENVELOPE, LARGEST_SNAPSHOT, TOPICS, Topic
from schemas.windows import Breach
from streams.account.node import AccountNode
from streams.engine.judged import MOST_JUDGED
from streams.experiments.declaration import Declaration
from streams.experiments.node import MOST_CANDIDATES
from streams.experiments.parameters import ExperimentParameters
from streams.experiments.pooling_node import MOST_WAITING, Member, Pool, WaitingWindow
from streams.experiments.trial import Trial, TrialState
from streams.lifecycle.arm_states import (
    LONGEST_LINEAGE,
    MOST_FORMER,
    MOST_FROZEN,
    MOST_RETIRED,
    FormerChampion,
    HeldByPin,
    RunningArm,
    initial_arms,
)
from streams.market.arm_parameters import LARGEST, ArmParameters
from streams.market.directives import MOST_ARMS, REMEMBERED
from streams.market.features.family import Feature, Moment, NoState
from streams.market.features.registry import FAMILIES, register
from streams.market.node import MarketNode
from streams.market.parameters import MarketParameters
from streams.market.pipeline import Pipeline
from streams.market.state_size import LARGEST_STATE, OF_OTHERS, full_state
from streams.monitoring import window
from streams.monitoring.drift import MOST
from streams.monitoring.node import MOST_VERSIONS, MonitorNode, VersionState
from streams.monitoring.parameters import MonitorParameters, SkillTriggerParameters
from streams.monitoring.watch import BreachWatch
from streams.parameters import MOST_EXPERIMENTS, Parameters, load_parameters
from tests.support.largest_records import OVERRIDES, Unbounded, largest, size

SMALL = (Quote, Trade, ReferenceTick, DeadLetter)
WRITTEN = [(topic, record) for topic in TOPICS for record in topic.records if record not in SMALL]
"""Record types that nodes and clients write, but for ticks and their copies, which `tick_checks` bounds; dead letters
are cut to size, see `test_dead_letters.py`."""

GUARDRAILS: tuple[Any, ...] = ("returns", "log_growth", "win_rate", "log_loss", "drawdown", "sharpe")
NAME, ID, SENTENCE, FIGURE = "n" * LONGEST_NAME, "i" * LONGEST_ID, "s" * LONGEST_SENTENCE, 0.1


@pytest.mark.parametrize(("topic", "record"), WRITTEN, ids=[record.__name__ for _, record in WRITTEN])
def test_the_largest_record_fits_its_topic(topic: Topic, record: type[Struct]) -> None:
    each: Any = largest(record)
    assert size(each) <= topic.largest_value
    # 61 bytes of a batch's header, some twenty of a record's.
    key = topic.key_of(each)
    assert key == (each.key if hasattr(record, "key") else each.symbol.encode())
    assert len(key or b"") <= LONGEST_KEY <= ENVELOPE - 100


def test_overrides_of_the_largest_records_are_as_long_as_an_arm_may_have_them() -> None:
    assert size(OVERRIDES) in range(LARGEST - 20, LARGEST + 1)
    with pytest.raises(ValueError, match=f"at most {LARGEST} bytes"):
        ArmParameters(MarketParameters()).overrides({"model": {"prior": "x" * LARGEST}})


def test_a_field_without_a_bound_is_found() -> None:
    class Loose(Struct):
        name: str

    with pytest.raises(Unbounded, match=r"Loose\.name"):
        largest(Loose)


class TestState:
    @pytest.mark.parametrize(
        "table",
        [
            {},
            {"scored_per_horizon": 1_000},
            {"features": {"trade_window": 10_000, "order_flow_window": 10_000}, "scored_per_horizon": 1_000},
        ],
    )
    def test_the_largest_state_of_the_market_node_fits_its_part_of_a_snapshot(self, table: dict[str, Any]) -> None:
        parameters = load_parameters({"market": table}).market
        state = full_state(Pipeline(parameters), parameters)
        state.pending *= parameters.scored_per_horizon + 1
        assert len(MarketNode(parameters).dump(state)) <= LARGEST_STATE
        assert len(state.arms.arms) == MOST_ARMS
        assert len(state.arms.arms[0].recall.beside) == parameters.recall.most + 1

    def test_the_largest_states_of_the_nodes_stored_with_it_fit_theirs(self) -> None:
        monitor = MonitorNode(
            MonitorParameters(
                drift_detector="adwin",
                retrains_per_day=1_000,
                skill=SkillTriggerParameters(allowances=tuple(0.1 + number for number in range(8))),
            )
        )
        watch = BreachWatch(monitor.parameters)
        breach: Breach = largest(Breach)
        observed = monitor.open("X")
        for number in range(MOST_VERSIONS):
            version = VersionState(window.start(), watch.start(), breach, breach)
            version.watch.drift = [FIGURE] * MOST
            observed.versions[f"{number:0{LONGEST_NAME}}"] = version
        observed.limits.started = [2**62] * 1_000
        trials = {f"{n:0{LONGEST_NAME}}": largest_trial() for n in range(MOST_EXPERIMENTS + MOST_CANDIDATES)}
        account = AccountNode(Parameters().account)
        parts = [monitor.dump(observed), msgpack.encode(trials), account.dump(account.open("X"))]
        assert sum(map(len, parts)) <= OF_OTHERS

    def test_the_largest_state_of_the_lifecycle_node_fits_its_snapshot(self) -> None:
        promote: PromoteVariant = largest(PromoteVariant)
        life = initial_arms()
        arm = RunningArm(NAME, NAME, 1, 2**62, ID, [NAME] * LONGEST_LINEAGE, NAME, b"o" * LARGEST, "f" * 64)
        life.arms = [arm] * MOST_ARMS
        life.applied = ["i" * LONGEST_COMMAND_ID] * REMEMBERED
        life.before = [FormerChampion(NAME, 2**62, ID)] * MOST_FORMER
        life.retired = [NAME] * MOST_RETIRED
        life.frozen = {f"{number:0{LONGEST_NAME}}": "f" * 64 for number in range(MOST_FROZEN)}
        life.judged.ids = {f"{number:0{LONGEST_ID}}": ("ticks", 2**62) for number in range(MOST_JUDGED)}
        life.held = [HeldByPin(promote, 1, NAME)] * MOST_ARMS
        assert len(msgpack.encode(life)) <= LARGEST_SNAPSHOT // 4

    def test_the_largest_state_of_a_pooled_experiment_fits_its_snapshot(self) -> None:
        names = tuple(f"S{number:03}" for number in range(256))
        test = ExperimentParameters(
            scope="pooled", clock_ns=1_000_000_000, guardrails={"returns": 0.1, "log_loss": 0.1}
        )
        pool = Pool(NAME, Declaration(symbols=names, test=test))
        state = pool.start()
        figures = [FIGURE] * (len(state.test.evidence.totals) + 5 if state.test is not None else 0)
        waiting = WaitingWindow(2**62, figures, "", 2**62)
        last = WaitingWindow(2**62, figures, SENTENCE, 2**62)
        each = [waiting] * (MOST_WAITING // len(names)) + [last]
        for name in names:
            state.members[name] = Member(999, NAME, NAME, 2**62, 2**62, figures, figures, each)
        assert len(msgpack.encode(state)) <= LARGEST_SNAPSHOT // 2


def largest_trial() -> TrialState:
    trial = Trial(NAME, Declaration(test=ExperimentParameters(guardrails=dict.fromkeys(GUARDRAILS, 0.1))))
    state = TrialState(NAME, NAME, trial.experiment.start())
    state.test.reason, state.test.holding, state.test.last = SENTENCE, SENTENCE, ID
    state.watch, state.health = trial._operator(state).start(), trial._health.start()
    state.watch.reason = SENTENCE
    return state


class TestParameters:
    @pytest.fixture
    def own(self) -> Iterator[tuple[str, ...]]:
        """Register more features than a record may name, in two families; their values are never finite."""
        names = tuple(f"own_{number}" for number in range(MOST_FIELDS))

        class Wide:
            features = tuple(Feature(name, "1", True, "0") for name in names[:200])
            state = NoState

            def start(self, mid: float) -> NoState:
                return NoState()

            def advance(self, state: NoState, now: Moment) -> list[float]:
                return [math.nan] * len(self.features)

        class Wider(Wide):
            features = tuple(Feature(name, "1", True, "0") for name in names[200:])

        register("wide", Wide)
        register("wider", Wider)
        yield names
        del FAMILIES["wide"], FAMILIES["wider"]

    def test_the_parameter_that_makes_a_state_too_large_is_named(self, own: tuple[str, ...]) -> None:
        wide = {"model": {"features": list(own[:200]), "prior": {}}}
        MarketNode(load_parameters({"market": wide}))
        both = load_parameters({"symbols": {"EURUSD": {"market": {**wide, "scored_per_horizon": 1_000}}}})
        with pytest.raises(ConfigurationError) as refused:
            MarketNode(both)
        assert str(refused.value).startswith("[symbols.EURUSD.market]: expected the state of a symbol to take at most")
        assert "scored_per_horizon = 1000" in str(refused.value)

    def test_more_features_than_a_record_may_name_are_refused(self, own: tuple[str, ...]) -> None:
        with pytest.raises(ConfigurationError, match=f"at most {MOST_FIELDS} features"):
            MarketNode(load_parameters({"market": {"features": {"recorded": list(own)}}}))

    def test_a_reason_that_is_made_of_many_faults_is_cut(self, own: tuple[str, ...]) -> None:
        node = MarketNode(load_parameters({"market": {"features": {"recorded": list(own[:200])}}}))
        prediction: Any = node.step(node.open("X"), Quote("X", 1, 99.0, 3.0, 101.0, 1.0), "ticks:0:0")[-1]
        assert len(prediction.reason) <= LONGEST_SENTENCE
        assert prediction.reason.endswith(" ...")
        assert msgspec.json.decode(msgspec.json.encode(prediction), type=Prediction) == prediction

    def test_too_many_experiments_are_refused(self) -> None:
        with pytest.raises(ConfigurationError, match=f"expected at most {MOST_EXPERIMENTS} experiments"):
            load_parameters({"experiments": {f"e{number}": {} for number in range(MOST_EXPERIMENTS + 1)}})
