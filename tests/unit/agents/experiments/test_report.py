"""The HTML report of an experiment, and what the command line prints about it."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from msgspec import UNSET
from msgspec.structs import replace

from agents.cli import cli
from agents.experiments import tables
from agents.experiments.plan import planned
from agents.experiments.report import experiment_report
from agents.experiments.status import (
    Course,
    challengers_of,
    courses_of,
    decision,
    held,
    outlook,
    runs_as,
    to_do,
    together,
    verdict,
    waits_for,
)
from agents.experiments.topics import in_order
from schemas.errors import ConfigurationError
from schemas.experiments import PooledMoved
from streams.experiments.experiment import TOGETHER
from tests.support.experiment_courses import DECLARED, POOLED, courses, pooled_courses, renamed
from tests.support.matured import matured


def without_library(page: str) -> str:
    return re.sub(r"<script>.*?</script>", "", page, flags=re.DOTALL)


def test_the_report_shows_the_verdict_and_its_reason() -> None:
    found = courses()
    page = without_library(experiment_report("calmer", found, DECLARED))
    for said in ("rolled back", "e-detector", "log e-value", "Pooled", "recommended", "AAA", "CCC", "win_rate"):
        assert said in page
    for decided in found["AAA"].decisions:
        assert decided.id in page
    text = re.sub(r"<(script|style).*?</\1>|<[^>]+>", " ", page, flags=re.DOTALL)
    assert not re.search(r"\b(nan|inf|None)\b", text)


def test_the_same_records_give_the_same_bytes_and_nothing_is_fetched() -> None:
    page = experiment_report("calmer", courses(), DECLARED)
    assert page == experiment_report("calmer", courses(), DECLARED)
    assert not re.search(r"https?://|src=|@import|url\(", without_library(page))


def test_hostile_names_stay_text() -> None:
    evil = "</script><script>alert(1)</script><img src=x onerror=alert(1)>"
    page = experiment_report(evil, {evil: renamed(courses()["AAA"], evil)}, None)
    assert "<script>alert" not in page
    assert "<img" not in without_library(page)


def test_an_experiment_that_has_begun_waits() -> None:
    course = courses()["CCC"]
    course.moves = course.moves[:2]
    page = experiment_report("calmer", {"CCC": course}, DECLARED)
    assert "Not enough data yet: 1 of 2 batches" in page
    assert "not decided after" in verdict(course)
    assert outlook(course) is None, "one batch tells no rate"


def test_a_course_follows_the_log_and_not_event_time() -> None:
    moves = courses()["CCC"].moves
    back = 365 * 86_400 * 10**9
    later = [replace(each, ts_event=each.ts_event - back, batches=each.batches + 40) for each in moves]
    decided = courses()["AAA"].decisions[:2]
    decisions = [replace(each, symbol="CCC", ts_event=ts) for each, ts in zip(decided, (9, 3), strict=True)]
    course = courses_of([*moves, *later], decisions)["calmer"]["CCC"]
    assert course.latest == later[-1]
    assert course.moves == [*moves, *later]
    assert decision(course) == decisions[1]
    found = outlook(Course([*moves, *later]))
    assert found is not None, "the rate is one of the clock as it runs now"
    assert found == outlook(Course(later))


def test_outcomes_are_in_the_order_of_generations() -> None:
    outcomes = [
        replace(matured(number, ts_event), generation=generation)
        for number, (ts_event, generation) in enumerate([(900, UNSET), (5, 1), (950, UNSET), (7, 1), (2, 2)])
    ]
    assert [each.ts_event for each in in_order(outcomes)] == [900, 950, 5, 7, 2]


def test_a_recommendation_comes_with_the_command_that_carries_it_out() -> None:
    found = courses()
    assert found["AAA"].latest.status == "rolled_back"
    assert to_do(found["AAA"], DECLARED).startswith("tickloop arm rollback AAA")
    assert to_do(found["BBB"], DECLARED) == "tickloop experiment stop calmer --symbol BBB"
    assert to_do(found["CCC"], DECLARED) == ""
    still = outlook(found["CCC"])
    assert still is not None
    assert still.pairs_a_day == pytest.approx(86_400.0)
    assert still.longest_days * still.pairs_a_day == pytest.approx(
        found["CCC"].latest.longest - found["CCC"].latest.scored
    )


def test_symbols_that_decided_together_have_one_verdict_and_a_command_each() -> None:
    found = pooled_courses()
    assert list(found) == ["*", "ASH", "ELM", "OAK"]
    assert verdict(found["*"]).startswith("calmer against v1 on 3 symbols together: winner.")
    assert [line.split()[3] for line in to_do(found["*"], POOLED).splitlines()] == ["ASH", "ELM", "OAK"]
    assert all(to_do(found[symbol], POOLED) == "" for symbol in ("ASH", "ELM", "OAK"))
    assert "symbols decide together" in verdict(found["ASH"])
    assert together(found, POOLED) is None
    assert waits_for(found, POOLED) == ""
    page = without_library(experiment_report("calmer", found, POOLED))
    for said in ("Decided together", "3 symbols together: winner", "tickloop arm promote OAK calmer", "ASH, ELM, OAK;"):
        assert said in page
    assert ">*<" not in page


def test_what_is_to_be_stopped_runs_in_shadow_under_a_name() -> None:
    found = courses()
    assert runs_as("calmer", "CCC", found["CCC"]) == runs_as("calmer", "DDD", None) == "calmer"
    assert runs_as("calmer", "AAA", found["AAA"]) == "v2", "after the roll-back it goes on as its version"
    live = Course(found["AAA"].moves[:-1], found["AAA"].decisions[:-1])
    assert live.latest.status == "promoted"
    with pytest.raises(ConfigurationError, match="its variant is live; fix: `tickloop arm rollback AAA`"):
        runs_as("calmer", "AAA", live)
    found["CCC"].moves[-1] = replace(found["CCC"].latest, status="stopped", reason="Stopped: v2 runs no more.")
    assert runs_as("calmer", "CCC", found["CCC"]) == "calmer", "what hangs on it does not hang on the sentence"
    found["CCC"].moves[-1] = replace(found["CCC"].latest, reason="in other words", gone=True)
    with pytest.raises(ConfigurationError, match="has been stopped on CCC"):
        runs_as("calmer", "CCC", found["CCC"])


def test_the_versions_of_a_pooled_challenger_come_from_their_own_field() -> None:
    latest = pooled_courses()["*"].latest
    assert isinstance(latest, PooledMoved)
    assert challengers_of(replace(latest, challenger="one, of them")) == ("one, of them",)
    assert challengers_of(replace(latest, challenger="any words", challengers=("v2", "v3"))) == ("v2", "v3")


def test_where_symbols_decide_together_each_says_that_it_only_collects() -> None:
    found = pooled_courses(count=300, edge=0.0)
    assert [found[symbol].latest.collects for symbol in ("ASH", "ELM")] == [True, True]
    course = Course([replace(each, holding="in other words") for each in found["ASH"].moves])
    assert outlook(course) is None
    assert held(course.latest) == TOGETHER
    assert held(replace(course.latest, collects=UNSET)) == "a winner would be held back by: in other words"


def test_symbols_that_decide_together_say_whom_they_wait_for() -> None:
    found = pooled_courses(count=300, edge=0.0)
    assert "the slowest symbol is: " in waits_for(found, POOLED)
    del found["ELM"]
    assert waits_for(found, POOLED).endswith("none yet: ELM")
    assert "None yet" not in experiment_report("calmer", found, POOLED)
    assert waits_for(found, DECLARED) == ""


def test_tables_show_every_experiment(capsys: pytest.CaptureFixture[str]) -> None:
    found = courses()
    tables.overview([("calmer", found, together(found, DECLARED)), ("other", {}, None)])
    for course in found.values():
        tables.detail(course, verdict(course), outlook(course), to_do(course, DECLARED))
    said = capsys.readouterr().out
    for words in (
        "pooled (3)",
        "declared, no batch yet",
        "guardrail win_rate",
        "to apply it",
        "expected",
        "rolled back",
    ):
        assert words in said


def test_a_plan_needs_pairs() -> None:
    with pytest.raises(ConfigurationError, match="was 0; fix: `tickloop experiment plan calmer --file"):
        planned("calmer", DECLARED, [], None, 0, lambda part: None)


@pytest.mark.parametrize("command", ["plan", "start", "report", "show", "stop", "list"])
def test_every_command_has_a_help_text(command: str) -> None:
    result = CliRunner().invoke(cli, ["experiment", command, "--help"])
    assert result.exit_code == 0
    assert len(result.output) > 200


def test_an_experiment_that_is_not_declared_is_refused_with_a_fix() -> None:
    result = CliRunner().invoke(cli, ["experiment", "plan", "nope", "--file", __file__])
    assert isinstance(result.exception, ConfigurationError)
    assert "fix: [experiments.nope]" in str(result.exception)


def test_an_arm_that_no_worker_would_start_is_refused_before_anything_is_planned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configuration = tmp_path / "tickloop.toml"
    configuration.write_text("[experiments.odd]\narm.sizing.kely_fraction = 0.1\n")
    monkeypatch.setenv("TICKLOOP_CONFIG", str(configuration))
    result = CliRunner().invoke(cli, ["experiment", "plan", "odd", "--file", __file__])
    assert isinstance(result.exception, ConfigurationError)
    assert "[experiments.odd.arm.sizing]: " in str(result.exception)
    assert "was also kely_fraction; fix: kelly_fraction" in str(result.exception)
