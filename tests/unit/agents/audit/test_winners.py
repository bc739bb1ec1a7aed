"""Wherever an experiment is shown, it is also shown what became of its winner."""

import pytest
from msgspec import UNSET
from msgspec.structs import replace

from agents.audit.winners import Became, followed
from agents.config.settings import Settings
from agents.dashboard.bands.deciding import Courses, headlines, standing
from agents.dashboard.follow.watch import TopicWatch
from agents.dashboard.serve.view import PageView
from agents.experiments import tables
from agents.experiments.report import experiment_report
from agents.experiments.status import Course, afterwards, follow, runs_as, status, to_do, verdict
from schemas.errors import ConfigurationError
from schemas.versions import ModelVersion
from tests.support.experiment_courses import DECLARED, courses
from tests.support.golden_model_records import OF_MODELS

ONE = next(each for each in OF_MODELS[ModelVersion] if isinstance(each, ModelVersion))
AT = 1_723_161_255_088_169_167
STARTED = replace(
    ONE, symbol="AAA", version="v2", status="shadow", arm="calmer", change="start_variant", ts_event=AT - 9, held=UNSET
)
WON = replace(STARTED, id="commands:0:8:0", status="champion", arm="live", change="promote_variant", automatic=True)
BACK = replace(
    WON,
    id="commands:0:9:1",
    status="rolled_back",
    arm="v2",
    change="roll_back",
    automatic=False,
    ts_event=AT,
    reason="too bold for me",
)
REPLACED = replace(
    WON, id="commands:0:9:1", status="shadow", arm="v2", ts_event=AT, reason="v3 is live: experiment bolder: winner"
)
SAID = "rolled back by hand at 2024-08-08 23:54:15 UTC: too bold for me"


def became(*records: ModelVersion) -> Became:
    found = None
    for each in records:
        found = followed(found, each)
    assert found is not None
    return found


def promoted(*records: ModelVersion) -> Course:
    """Records of an experiment whose winner went live, and of what then happened to its version."""
    whole = courses()["AAA"]
    course = Course(whole.moves[:-1], whole.decisions[:-1])
    assert course.latest.status == "promoted"
    follow(course, {("AAA", "v2"): became(*records)})
    return course


def test_every_page_shows_that_a_person_rolled_a_winner_back(capsys: pytest.CaptureFixture[str]) -> None:
    course = promoted(STARTED, WON, BACK)
    assert afterwards(course) == SAID
    assert status(course) == "promoted; rolled back by hand 2024-08-08 23:54:15"
    assert verdict(course).endswith(f"Since then: {SAID}.")
    page = experiment_report("calmer", {"AAA": course}, DECLARED)
    assert status(course) in page
    assert ">too bold for me<" in page
    tables.overview([("calmer", {"AAA": course}, None)])
    tables.detail(course, "", None, "")
    said = " ".join(capsys.readouterr().out.split())
    assert "rolled back by hand at 2024-08-08 23:54:15 UTC: too bold for me" in said


def test_a_winner_that_is_live_says_nothing_and_one_that_was_replaced_says_by_what() -> None:
    assert status(promoted(STARTED, WON)) == "promoted"
    assert afterwards(promoted(STARTED, WON)) == ""
    course = promoted(STARTED, WON, REPLACED)
    assert afterwards(course) == (
        "replaced by itself at 2024-08-08 23:54:15 UTC: v3 is live: experiment bolder: winner"
    )
    again = promoted(STARTED, WON, REPLACED, replace(WON, id="commands:0:11:0", change="roll_back"))
    assert afterwards(again) == "", "what replaced it was rolled back: it is live again"


def test_a_winner_in_shadow_was_never_live() -> None:
    held = replace(STARTED, id="commands:0:8:0", change="promote_variant", held=True)
    assert became(STARTED).ended is None
    assert became(STARTED, held).ended is None, "a pin holds it back"


def test_a_winner_rolled_back_and_then_stopped_shows_both_and_after_compaction_the_stop() -> None:
    stopped = replace(BACK, id="commands:0:10:0", status="stopped", arm="", ts_event=AT + 60 * 10**9, reason="no use")
    said = afterwards(promoted(STARTED, WON, BACK, stopped))
    assert said == f"{SAID}; runs no more since 2024-08-08 23:55:15 UTC"
    assert became(WON, stopped).ended == stopped, "the record between the two is gone"


def test_a_change_that_was_made_is_not_recommended_and_a_version_that_runs_can_be_stopped() -> None:
    whole = courses()["AAA"]
    assert to_do(whole, DECLARED).startswith("tickloop arm rollback AAA")
    follow(whole, {("AAA", "v2"): became(STARTED, WON, BACK)})
    assert to_do(whole, DECLARED) == ""
    assert runs_as("calmer", "AAA", promoted(STARTED, WON, BACK)) == "v2"
    gone = replace(BACK, id="commands:0:10:0", status="stopped", arm="")
    with pytest.raises(ConfigurationError, match="has been stopped on AAA: v2 runs no more"):
        runs_as("calmer", "AAA", promoted(STARTED, WON, BACK, gone))
    with pytest.raises(ConfigurationError, match="its variant is live"):
        runs_as("calmer", "AAA", promoted(STARTED, WON))


@pytest.mark.parametrize("first", ["versions", "experiment"])
def test_the_page_shows_what_became_of_a_winner_and_offers_only_what_can_be_done(first: str) -> None:
    page, course = Courses(), promoted(STARTED)
    records = [STARTED, WON]
    if first == "versions":
        for each in records:
            page.versioned(each)
    page.moved(course.latest)
    if first == "experiment":
        for each in records:
            page.versioned(each)
    ((_, known),) = page
    assert (standing(known).live, standing(known).shadow) == (True, "")
    page.versioned(BACK)
    shown = standing(known)
    assert (shown.live, shown.shadow) == (False, "v2")
    assert headlines(page).rows[0].status == shown.status == "promoted; rolled back by hand 2024-08-08 23:54:15"
    assert shown.decisions[-1] == ("2024-08-08 23:54:15", "rolled back (by hand)", "too bold for me")
    page.versioned(replace(BACK, id="commands:0:10:0", status="stopped", arm=""))
    assert (standing(known).live, standing(known).shadow) == (False, ""), "it is over: there is nothing to stop"


def test_the_open_experiment_is_drawn_anew_when_its_winner_is_taken_back() -> None:
    watch = TopicWatch(Settings())
    view, course = PageView(watch), promoted(STARTED)
    for each in (STARTED, WON):
        watch.board.courses.versioned(each)
    watch.board.courses.moved(course.latest)
    key = "calmer|AAA"
    assert b"too bold" not in view.evidence(key)
    watch.board.courses.versioned(BACK)
    assert b"too bold" in view.evidence(key), "what was made before the roll-back does not stay"
