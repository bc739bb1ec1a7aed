"""What a retrain reads follows from its job alone, not from when or where it is read or what was appended since."""

from collections.abc import AsyncGenerator, Sequence
from random import Random
from typing import NamedTuple

import pytest
from msgspec import UNSET
from msgspec.structs import replace

from agents.retrainer import labelled_log as module
from agents.retrainer.labelled_log import known_then, labelled_log, named
from schemas.codec import encode
from schemas.errors import TickloopError
from schemas.outcomes import OutcomeMatured
from schemas.retraining import RetrainJob
from schemas.windows import Breach
from streams.retraining.labels import SPARE, outcome_log
from tests.support.labelled_outcomes import MARKET, outcomes

pytestmark = pytest.mark.slow

LABELS = 200
MOST = LABELS + SPARE
NAMED = 3_000
ALL = outcomes(4_000)
NAME = ALL[NAMED].id


def job(name: str = NAME, *, manual: bool = False) -> RetrainJob:
    identity = "cli-1" if manual else f"retrain-{name}"
    breach = Breach(identity, "skill", "surprise", 0.0, 0.0, 0, 0, retrain=True, withheld="", sentence="")
    return RetrainJob("commands:0:7:0", "X", 1, identity, breach, until=name if manual and name else UNSET)


class Lying(NamedTuple):
    """A partition as a list of records; offsets below `first` are deleted."""

    lies: Sequence[OutcomeMatured]
    first: int = 0

    @property
    def end(self) -> int:
        return len(self.lies)

    async def read(self, begin: int) -> AsyncGenerator[tuple[bytes | None, bytes | None], None]:
        for each in self.lies[max(begin, self.first) :]:
            yield each.symbol.encode(), encode(each)


def with_repeats_and_others(some: Sequence[OutcomeMatured], seed: int) -> list[OutcomeMatured]:
    """The outcomes as workers that crash leave them: with repeats, and with those of another symbol in between."""
    random = Random(seed)
    found: list[OutcomeMatured] = []
    done = 0
    while done < len(some):
        begin = max(0, done - random.randrange(300))
        done = min(len(some), done + random.randrange(1, 900))
        for each in some[begin:done]:
            found.append(each)
            if random.random() < 0.3:
                found.append(replace(each, symbol="Y"))
    return found


EXPECTED = outcome_log(ALL[: NAMED + 1], MARKET, LABELS).last()


@pytest.mark.parametrize("look", [1, 37, 1_300, 20_000])
@pytest.mark.parametrize("manual", [False, True])
async def test_the_same_outcomes_are_read_however_late_and_from_whichever_offset(
    look: int, manual: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FIRST_LOOK", look)
    for seed, until in enumerate((NAMED + 1, 4_000)):
        found = await labelled_log(
            Lying(with_repeats_and_others(ALL[:until], seed)), job(manual=manual), MARKET, LABELS
        )
        assert found.labels == EXPECTED
        assert found.cut == ""


@pytest.mark.parametrize("ahead", [1, 10**17])
async def test_an_id_that_was_made_up_neither_ends_the_log_nor_hides_what_comes_later(ahead: int) -> None:
    root, number, offset, *rest = NAME.split(":")
    forged = replace(ALL[NAMED - 500], id=":".join((root, number, str(int(offset) + ahead), *rest)))
    lies = [*ALL[: NAMED - 400], forged, *ALL[NAMED - 400 :]]
    assert (await labelled_log(Lying(lies), job(), MARKET, LABELS)).labels == EXPECTED


@pytest.mark.parametrize("broken", [NAMED - 300, NAMED - MOST])
async def test_the_log_begins_where_the_clock_of_the_symbol_broke(broken: int) -> None:
    first = [replace(each, features={}) for each in ALL[:broken]]
    lies = [*first, *(replace(each, generation=1) for each in ALL[broken:])]
    for begin in (0, broken - 1):
        found = await labelled_log(Lying(lies, begin), job(), MARKET, LABELS)
        assert found.labels == outcome_log(ALL[broken : NAMED + 1], MARKET, LABELS).last()
        assert found.cut == ""


async def test_what_lies_before_its_beginning_is_not_looked_at() -> None:
    odd = [replace(each, features={}) for each in ALL[: NAMED + 1 - MOST]]
    assert (await labelled_log(Lying([*odd, *ALL[len(odd) :]]), job(), MARKET, LABELS)).labels == EXPECTED


async def test_what_is_deleted_far_below_its_beginning_is_not_missed() -> None:
    found = await labelled_log(Lying(ALL, first=NAMED + 1 - MOST), job(), MARKET, LABELS)
    assert (found.labels, found.cut) == (EXPECTED, "")


async def test_a_retrain_on_a_log_that_was_cut_says_so() -> None:
    first = NAMED + 2 - MOST
    found = await labelled_log(Lying(ALL, first), job(), MARKET, LABELS)
    assert found.labels != EXPECTED
    assert (
        found.cut == f"its log is cut: the oldest outcome left is {ALL[first].id}, offsets below {first:,} are deleted"
    )


async def test_a_job_whose_outcome_is_deleted_fails_with_a_sentence() -> None:
    with pytest.raises(TickloopError, match=f"expected outcome {NAME} in the log of X, .* fix: longer retention"):
        await labelled_log(Lying(ALL, first=NAMED + 1), job(), MARKET, LABELS)


@pytest.mark.parametrize("name", ["ticks:0:x", "ticks:0:" + "9" * 5_000])
async def test_a_name_of_no_outcome_fails_with_a_sentence(name: str) -> None:
    with pytest.raises(TickloopError, match="expected the id of an outcome"):
        await labelled_log(Lying(ALL), job(name), MARKET, LABELS)


def test_where_nobody_could_name_an_outcome_event_time_decides() -> None:
    asked = replace(job("", manual=True), ts_event=ALL[5].ts_event)
    assert named(asked) == ""
    assert [known_then(asked)(each) for each in ALL[4:8]] == [True, True, False, False]


def test_a_log_in_one_process_is_that_of_the_topic_however_long_it_was_kept() -> None:
    short = outcome_log(ALL[NAMED + 1 - MOST : NAMED + 1], MARKET, LABELS).last()
    assert short == EXPECTED
    assert len(outcome_log(ALL[: LABELS + 1], MARKET, LABELS).last()) == LABELS + 1
