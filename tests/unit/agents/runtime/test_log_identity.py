"""The error for a topic of ticks that is not the one that the snapshots were computed from."""

import pytest
from faust.types import TP

from agents.runtime.log_identity import LogsSeen, LogState, check_log
from agents.runtime.snapshots import UNKNOWN, Origin
from schemas.errors import StateError

TICKS = TP("lab-ticks", 3)
ORIGIN = Origin("id-1", 5, mark=498, digest=b"record", code="a1")
DELETED = "it was deleted or cut, or an older back-up restored"


def look(sight: LogState, digest: bytes | None = b"record") -> LogsSeen:
    return LogsSeen({TICKS: sight}, {} if digest is None else {(TICKS, 498): digest}, frozenset())


@pytest.mark.parametrize(
    ("covered", "origin", "seen"),
    [
        (499, ORIGIN, look(LogState("id-1", 5, 0, 500))),
        (499, ORIGIN, look(LogState("id-1", 9, 200, 9_000))),  # retention, and another leader
        (499, ORIGIN, look(LogState("", -1, 0, 500))),  # a cluster that knows no ids
        (499, ORIGIN, look(LogState("id-1", 5, 499, 500), None)),  # the record was deleted, as its turn had come
        (499, ORIGIN, look(LogState("id-1", 5, 900, 9_000), None)),  # lost records are told elsewhere
        (499, UNKNOWN, look(LogState("id-2", 0, 0, 500), None)),  # snapshots of an earlier version
        (-1, UNKNOWN, look(LogState("id-2", 0, 0, 0), None)),
    ],
)
def test_a_worker_goes_on_with_the_same_log(covered: int, origin: Origin, seen: LogsSeen) -> None:
    check_log(TICKS, "ticks", covered, origin, seen)


@pytest.mark.parametrize(
    ("seen", "said"),
    [
        (
            look(LogState("id-2", 5, 0, 9_000)),
            "made anew: its id was id-1, is id-2; the log holds offsets 0 to 8999",
        ),
        (look(LogState("id-1", 5, 0, 499)), f"the log ends before 499: {DELETED}"),
        (
            look(LogState("id-1", 2, 0, 300)),
            r"ends before 300: an older back-up .* \(its leader epoch was 5, is 2\)",
        ),
        (
            look(LogState("id-1", 7, 0, 9_000), b"x"),
            "another record lies at offset 498 now: it was cut.* grown again",
        ),
        (look(LogState("id-1", 7, 0, 9_000), None), "no record lies at offset 498 now: it was cut.* grown again"),
        (
            look(LogState("id-1", 2, 0, 9_000), b"x"),
            "another record lies .*: an older back-up of it was restored",
        ),
    ],
)
def test_another_log_is_refused_with_what_happened_and_the_ways_out(seen: LogsSeen, said: str) -> None:
    with pytest.raises(
        StateError, match=f"lab-ticks-3: snapshots reach to offset 499, .*{said}.*; fix: .*topics reset"
    ):
        check_log(TICKS, "ticks", 499, ORIGIN, seen)
    with pytest.raises(StateError, match=f"{said}.*; fix: restore the commands .*TICKLOOP_PREFIX"):
        check_log(TICKS, "commands", 499, ORIGIN, seen)
