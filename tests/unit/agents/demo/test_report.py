"""The last lines of `tickloop demo` agree with its summary, and name each claim that does not hold."""

from io import StringIO

import msgspec
import pytest
from rich.console import Console

from agents.demo.audit import Audit, AuditCheck
from agents.demo.details import show_details
from agents.demo.report import show, show_next_steps
from agents.demo.stopwatch import MeasuredLatency
from agents.demo.summary import Kill, Summary
from streams.scoring.skill import Score, Skill

SKILL = Skill(
    scored=1_000,
    moved=900,
    independent=120,
    pipeline=Score("pipeline", 0.64, 0.63),
    experts=(),
    baselines=(Score("imbalance_sign", 0.62, 0.66),),
    best_baseline="imbalance_sign",
    skill=0.045,
    low=0.027,
    high=0.062,
    positions=0,
    gross_bps=0.0,
    net_bps=0.0,
)
SUMMARY = Summary(
    market="a synthetic market of 4 symbols, seed 0",
    synthetic=True,
    cluster="Apache Kafka",
    symbols=("ACORN",),
    market_seconds=157.0,
    seconds=31.0,
    rate=2_500.0,
    workers=2,
    sent=1_010,
    refused={"malformed": 8, "late": 2},
    audit=Audit(1_010, 1_000, 1_000, 900, 15, 1_910, (AuditCheck("every tick is in the log", "1,010 of 1,010", True),)),
    latency=MeasuredLatency(1_000, 181.6, 10_575.8, 12_312.1, 13_359.6),
    undisturbed=MeasuredLatency(500, 15.5, 48.0, 60.0, 71.0),
    kill=Kill("worker-1", 500, (0, 2), 1),
    skill=SKILL,
    holds=True,
    cores=2,
    busy=0.5,
)


def printed(summary: Summary, *, details: bool = False) -> str:
    text = StringIO()
    console = Console(file=text, width=110)
    if details:
        show_details(summary, console)
    show(summary, console)
    show_next_steps(summary, console)
    return text.getvalue()


def test_a_newcomer_sees_whether_it_ran_how_fast_how_good_and_where_to_go_on() -> None:
    said = printed(SUMMARY)
    for expected in (
        "It ran, and every check holds",
        "1,010 of a synthetic market of 4 symbols, seed 0 in 31 s; 10 refused",
        "1,000 for 1,000 accepted ticks, each once for a reader",
        "p50 15.5 ms, p99 60.0 ms from tick to reader before the kill; longest with it 13.4 s",
        "+4.5% over the best baseline, imbalance_sign; 95 % interval +2.7% to +6.2%: improvement shown",
        "worker-1 of 2 after 500 ticks; it came back by itself; 15 records sent again",
        "all 1; each record is, byte for byte, what a replay of the ticks gives",
        "tickloop up",
        "docs/topics.md",
    ):
        assert expected in " ".join(said.split()), expected
    assert len(said.splitlines()) <= 20
    assert "malformed" not in said


def test_everything_is_one_option_away() -> None:
    said = " ".join(printed(SUMMARY, details=True).split())
    for expected in ("malformed 8, late 2", "every tick is in the log: 1,010 of 1,010", "12,312.1", "n_eff = 120"):
        assert expected in said, expected


def test_a_claim_that_does_not_hold_is_named_in_the_place_of_the_checks() -> None:
    failed = AuditCheck("a reader gets each record once", "999 of 1,000", False)
    audit = msgspec.structs.replace(SUMMARY.audit, checks=(*SUMMARY.audit.checks, failed))
    kill = Kill("worker-1", 500, (0, 2), 0)
    said = " ".join(printed(msgspec.structs.replace(SUMMARY, audit=audit, kill=kill, holds=False)).split())
    assert "A check does not hold" in said
    assert "a reader gets each record once: 999 of 1,000" in said
    assert "it did not come back" in said
    assert "each record is" not in said


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"busy": 0.98}, "the 2 cores were 98% busy, so ticks waited for one"),
        ({"undisturbed": None, "kill": None}, "p50 181.6 ms, p99 12,312.1 ms from tick to reader skill"),
        ({"latency": None, "undisturbed": None}, "no tick was answered"),
        ({"skill": None}, "too few ticks to say anything"),
        ({"skill": msgspec.structs.replace(SKILL, low=-0.01)}, "no improvement shown"),
        ({"skill": msgspec.structs.replace(SKILL, low=-0.02, high=-0.01)}, "worse than the baseline"),
        ({"skill": msgspec.structs.replace(SKILL, low=None, high=None)}, "too few moves for an interval"),
        ({"synthetic": False}, "The ticks are real, the positions are not"),
    ],
)
def test_each_figure_says_what_it_rests_on(changed: dict[str, object], said: str) -> None:
    assert said in " ".join(printed(msgspec.structs.replace(SUMMARY, **changed)).split())
