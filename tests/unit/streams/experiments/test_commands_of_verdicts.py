"""A verdict leads to a command if it is to be carried out, and to none if it is only recommended."""

from itertools import chain

import pytest
from msgspec import Struct, toml
from msgspec.structs import replace

from schemas.commands import PromoteVariant, RollBack, StopVariant
from schemas.dead_letters import DeadLetter
from schemas.experiments import ExperimentDecided
from schemas.outcomes import OutcomeMatured
from schemas.ticks import Directive
from streams.engine.replay import replay_events
from streams.experiments.node import ExperimentsNode
from streams.parameters import load_parameters
from streams.topology import nodes
from tests.support.experiment_outcomes import CALMER, compared, outcome, promoted, run
from tests.support.planted_experiment import CONFIGURATION, NAME, START, planted_market

COMMANDS = (PromoteVariant, RollBack, StopVariant)


def commands(records: list[Struct]) -> list[Struct]:
    return [record for record in records if isinstance(record, COMMANDS)]


def test_a_winner_is_promoted_and_rolled_back_when_it_has_become_worse() -> None:
    records = run(ExperimentsNode({"calmer": CALMER}), chain(compared(0, 700, 0.2), promoted(700, 1_500, -0.5)))
    promotion, roll_back = commands(records)
    assert isinstance(promotion, PromoteVariant)
    assert isinstance(roll_back, RollBack)
    decisions = {each.id: each.verdict for each in records if isinstance(each, ExperimentDecided)}
    for command, verdict in ((promotion, "winner"), (roll_back, "rolled_back")):
        assert decisions[command.cause.rpartition(" ")[2]] == verdict
    assert (promotion.symbol, promotion.arm) == ("X", "calmer")


@pytest.mark.parametrize(("edge", "verdicts"), [(-0.3, {"harm"}), (0.0, {"futile", "no_difference", "expired"})])
def test_every_other_verdict_stops_the_arm(edge: float, verdicts: set[str]) -> None:
    records = run(ExperimentsNode({"calmer": CALMER}), compared(0, 6_000, edge))
    (decided,) = [each for each in records if isinstance(each, ExperimentDecided)]
    assert decided.verdict in verdicts
    (stop,) = commands(records)
    assert isinstance(stop, StopVariant)
    assert stop.arm == "calmer"


def test_a_recommendation_leads_to_no_command() -> None:
    node = ExperimentsNode({"calmer": replace(CALMER, apply="recommend")})
    records = run(node, chain(compared(0, 700, 0.2), promoted(700, 1_500, -0.5)))
    assert next(each.verdict for each in records if isinstance(each, ExperimentDecided)) == "winner"
    assert commands(records) == []


def test_an_arm_that_is_live_already_is_not_stopped() -> None:
    by_hand = (outcome(n, (("live", "v2", 0.0), ("v1", "v1", 0.0))) for n in range(300, 310))
    records = run(ExperimentsNode({"calmer": CALMER}), chain(compared(0, 300, 0.0), by_hand))
    (decided,) = [each for each in records if isinstance(each, ExperimentDecided)]
    assert decided.verdict == "stopped"
    assert commands(records) == []


def test_the_whole_loop_closes_in_one_process() -> None:
    market = list(planted_market(3_500, 5_000))
    events: list[Struct] = [*market[:500], START, *market[500:]]
    loop = nodes(load_parameters(toml.decode(CONFIGURATION)))
    records = list(replay_events(loop, events, closed=True))
    assert [each.verdict for each in records if isinstance(each, ExperimentDecided)] == [
        "winner",
        "promoted",
        "rolled_back",
    ]
    assert [(each.action, each.arm) for each in records if isinstance(each, Directive)] == [
        ("start_arm", NAME),
        ("promote_arm", NAME),
        ("promote_arm", "builtin"),
    ]
    assert not [each for each in records if isinstance(each, DeadLetter)]
    last = [each for each in records if isinstance(each, OutcomeMatured)][-1]
    assert [arm.arm for arm in last.arms] == ["live", f"{NAME}-1"]
