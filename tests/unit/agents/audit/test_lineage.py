"""From records alone: why a model version is live, and everything that happened to a symbol's versions."""

import itertools
from functools import cache
from typing import Any

from agents.audit.lineage import History, manual_steps, trail, why, window_of
from agents.demo.drift_story import SYMBOL
from schemas.commands import Command
from schemas.experiments import ExperimentDecided
from schemas.outcomes import OutcomeMatured
from schemas.retraining import RetrainFinished, RetrainJob
from schemas.ticks import Directive
from schemas.versions import ModelVersion
from schemas.windows import AccuracyWindow
from tests.support.closed_loop_story import Run, story


@cache
def history() -> History:
    run: Run = story()
    found = History(
        windows=run.of(AccuracyWindow),
        jobs={each.job: each for each in run.of(RetrainJob)},
        results={each.result.job_id: each for each in run.of(RetrainFinished)},
        decisions=run.of(ExperimentDecided),
        directives={each.id: each for each in run.of(Directive)},
        versions={each.version: each for each in run.of(ModelVersion)},
    )
    found.commands = {each.id: each for each in [*run.asked, *run.of(Command)]}  # type: ignore[arg-type]
    return found


def test_the_chain_of_a_promotion_goes_back_to_the_breach_without_a_person() -> None:
    run = story()
    promoted = next(each for each in run.of(ModelVersion) if each.change == "promote_variant" and each.automatic)
    links = why(history(), promoted)
    assert [each.kind for each in links] == [
        "window",
        "command",
        "job",
        "retrain",
        "command",
        "directive",
        "decision",
        "command",
        "directive",
        "version",
    ]
    assert manual_steps(links) == 0
    assert links[0].id == next(each.id for each in run.of(AccuracyWindow) if each.breach and each.breach.retrain)
    assert "winner" in links[6].what
    assert all(earlier.ts_event <= later.ts_event for earlier, later in itertools.pairwise(links))


def test_the_chain_of_a_version_that_a_rollback_brought_back_has_the_rollback() -> None:
    live = history().live()
    assert live is not None
    assert live.change == "roll_back"
    links = why(history(), live)
    assert links[-3].what.startswith("roll_back, by itself")
    assert manual_steps(links) == 0


def test_steps_of_a_person_are_marked_and_counted() -> None:
    sabotaged = history().versions[f"{SYMBOL}-sabotaged"]
    links = why(history(), sabotaged)
    assert [each.what.split(":")[0] for each in links if each.manual] == ["start_variant, by hand"]
    assert manual_steps(trail(history(), 0, 2**62)) == 2


def test_the_trail_holds_every_record_once_in_the_order_of_time_and_within_it() -> None:
    found = history()
    everything = trail(found, 0, 2**62)
    breaches = [each for each in found.windows if each.breach is not None]
    records: list[Any] = [found.commands, found.jobs, found.results, found.decisions, found.directives, breaches]
    assert len(everything) == sum(len(each) for each in records)
    times = [each.ts_event for each in everything]
    assert times == sorted(times)
    middle = times[len(times) // 2]
    assert trail(found, middle, 2**62) == [each for each in everything if each.ts_event >= middle]


def test_an_outcome_is_in_the_window_of_its_version() -> None:
    outcomes: list[Any] = story().of(OutcomeMatured)
    window = window_of(history(), outcomes[0])
    assert window is not None
    assert window.ts_from <= outcomes[0].ts_prediction <= window.ts_until
    assert window.version == outcomes[0].arms[0].model_version
