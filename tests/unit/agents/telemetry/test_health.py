"""Each health check of a worker by itself: at which value it fails, and since when."""

from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from faust.types import TP

from agents.config.settings import Settings
from agents.telemetry.health import BROKER_S, LOOP_S, STUCK_S, UNACKED_S, Health, HealthCheck, HealthLimits
from agents.telemetry.health_queries import Stranger, ask_worker
from agents.telemetry.vitals import PartitionVitals, Vitals

BEGAN = 100.0
LIMITS = HealthLimits.of(Settings(checkpoint_s=1.0, session_timeout_s=10.0))
TICKS = TP("ticks", 3)
STILL = PartitionVitals("market", TICKS, 50, 50, 50, 4, 1, 0.5, 0.0, False)
WELL = Vitals(BEGAN, (STILL,), 0.3, 0.6, 0.0, is_member=True, recovering_s=0.0)


def wall(now: float) -> datetime:
    return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=now - BEGAN)


class Patient:
    """A worker whose health is asked for again and again."""

    def __init__(self) -> None:
        self._health = Health(LIMITS, BEGAN)

    def at(self, vitals: Vitals) -> dict[str, HealthCheck]:
        return {check.name: check for check in self._health.examine(vitals, wall(vitals.now))}

    def wrong(self, vitals: Vitals) -> list[str]:
        return [name for name, check in self.at(vitals).items() if not check.ok]


def test_a_worker_that_is_well_meets_every_check() -> None:
    assert Patient().wrong(WELL) == []


@pytest.mark.parametrize(
    ("name", "limit", "change"),
    [
        ("loop", LOOP_S, lambda value: WELL._replace(loop_s=value)),
        ("broker", BROKER_S, lambda value: WELL._replace(broker_s=value)),
        ("step", STUCK_S, lambda value: WELL._replace(in_hand_s=value)),
        ("outputs", UNACKED_S, lambda value: WELL._replace(partitions=(STILL, STILL._replace(unacked_s=value)))),
        ("checkpoint", 10.0, lambda value: WELL._replace(partitions=(STILL._replace(checkpoint_s=value), STILL))),
        ("recovery", 0.0, lambda value: WELL._replace(recovering_s=value)),
    ],
)
def test_a_value_beyond_its_limit_turns_its_check_alone(name: str, limit: float, change: object) -> None:
    assert callable(change)
    patient = Patient()
    assert patient.wrong(change(limit)) == []
    assert patient.wrong(change(limit + 0.1)) == [name]
    assert f"{limit + 0.1:.1f} s" in patient.at(change(limit + 0.1))[name].says
    assert patient.wrong(change(0.0)) == []


def test_since_is_when_the_state_began_not_when_it_was_last_seen() -> None:
    patient = Patient()
    assert patient.at(WELL)["broker"].since == "2026-01-01T00:00:00.000+00:00"
    for now in (107.0, 109.0):
        assert patient.at(WELL._replace(now=now, broker_s=6.0))["broker"].since == "2026-01-01T00:00:07.000+00:00"
    assert patient.at(WELL._replace(now=111.0))["broker"].since == "2026-01-01T00:00:11.000+00:00"


def test_out_of_the_group_is_let_pass_for_as_long_as_a_rebalance_may_take() -> None:
    patient = Patient()
    out = WELL._replace(is_member=False)
    assert patient.wrong(WELL._replace(now=110.0)) == []
    assert patient.wrong(out._replace(now=140.0)) == []
    assert patient.wrong(out._replace(now=140.1)) == ["group"], "thirty seconds since 110"
    assert patient.wrong(WELL._replace(now=141.0)) == []


def test_a_worker_that_never_gets_into_the_group_is_not_well() -> None:
    assert Patient().wrong(WELL._replace(is_member=False, now=BEGAN + 30.1)) == ["group"]


def behind(position: int, now: float, recovering_s: float = 0.0) -> Vitals:
    return WELL._replace(now=now, partitions=(STILL._replace(position=position, end=90),), recovering_s=recovering_s)


def test_a_consumer_that_stands_still_before_records_is_stuck() -> None:
    patient = Patient()
    assert [patient.wrong(behind(50, now)) for now in (100.0, 105.0, 110.0)] == [[], [], []]
    assert patient.wrong(behind(50, 110.1)) == ["consumer"]
    assert patient.wrong(behind(51, 110.2)) == [], "it moved"
    assert patient.wrong(behind(51, 120.3)) == ["consumer"]
    assert patient.wrong(behind(90, 121.0)) == [], "it is at the end"
    assert patient.wrong(behind(90, 500.0)) == [], "and may stay there"


def test_what_was_fetched_and_waits_its_turn_behind_a_queue_that_is_worked_off_is_not_stuck() -> None:
    patient = Patient()
    waits = STILL._replace(position=50, end=90, buffered=True)

    def beside(position: int, now: float, buffered: bool = True) -> Vitals:
        other = STILL._replace(source=TP("ticks", 4), position=position, end=90_000, buffered=True)
        return WELL._replace(now=now, partitions=(waits._replace(buffered=buffered), other))

    assert [patient.wrong(beside(1_000 * turn, 100.0 + 5 * turn)) for turn in range(1, 8)] == [[]] * 7
    assert patient.wrong(beside(7_000, 145.0)) == [], "nothing has moved for ten seconds"
    assert patient.wrong(beside(7_000, 145.1)) == ["consumer"]
    patient = Patient()
    assert [patient.wrong(beside(1_000 * turn, 100.0 + 5 * turn, buffered=False)) for turn in range(1, 5)] == [
        [], [], [], ["consumer"],
    ], "the client fetches others, and never this one"  # fmt: skip


def test_a_checkpoint_may_take_longer_while_a_queue_is_worked_off_but_not_for_ever() -> None:
    patient = Patient()

    def late(position: int, now: float, checkpoint_s: float) -> list[str]:
        queue = STILL._replace(position=position, end=90_000, checkpoint_s=checkpoint_s)
        return patient.wrong(WELL._replace(now=now, partitions=(queue,)))

    assert [late(1_000 * turn, 100.0 + turn, 29.0 + turn) for turn in (0, 1, 2)] == [[], [], ["checkpoint"]]
    assert late(90_000, 103.0, 10.1) == ["checkpoint"], "nothing waits any more"
    assert late(2_000, 104.0, 10.1) == []
    assert late(2_000, 114.1, 10.1) == ["consumer", "checkpoint"], "what waits is not worked off"


def test_a_consumer_is_not_stuck_while_a_recovery_holds_it_up() -> None:
    patient = Patient()
    patient.at(behind(50, 100.0))
    assert patient.wrong(behind(50, 115.0, recovering_s=15.0)) == ["recovery"]
    assert patient.wrong(behind(50, 116.0)) == [], "time counts from the end of the recovery on"
    assert patient.wrong(behind(50, 126.1)) == ["consumer"]


def test_lag_counts_what_is_not_applied_and_no_markers() -> None:
    assert STILL._replace(end=80).lag == 30
    assert STILL._replace(end=80, position=80).lag == 0, "fetched up to the end, nothing in hand: markers"
    assert STILL._replace(end=80, position=80, in_hand=True).lag == 30
    assert STILL._replace(end=None).lag == 0
    assert STILL._replace(end=40).lag == 0, "the end was asked for a moment ago"


@pytest.mark.parametrize("body", [b"[" * 4_000, b'{"ready":' + b" " * 5_000_000 + b"true}", b"no verdict", b"{}"])
async def test_whatever_listens_in_the_place_of_a_worker_does_not_answer_for_it(body: bytes) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=body)

    app = web.Application()
    app.router.add_get("/readyz", answer)
    async with TestServer(app) as server:
        settings = Settings(metrics_host=str(server.host), metrics_port=(server.port or 0) - 1)
        assert await ask_worker(settings, 1) == Stranger("another program")
