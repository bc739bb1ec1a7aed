"""Late predictions lead to a roll-back only if the version itself is slower than the one before it."""

import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.structs import ConsumerRecord

from agents.clients.reader import Received
from agents.config.settings import Settings
from agents.retrainer import latency_guard
from agents.retrainer.latency_guard import LatencyGuard, Watched
from agents.retrainer.paired_latency import paired_latency
from schemas.codec import encode
from schemas.ticks import Quote, Trade
from schemas.versions import ModelVersion
from streams.market.confidence import CALIBRATORS, register
from streams.market.confidence.temperature import Temperature, TemperatureState
from streams.market.parameters import MarketParameters
from streams.parameters import Parameters
from streams.sources.synthetic import synthetic_market

TICKS: list[Quote | Trade] = list(synthetic_market(seed=3, symbols=["ACORN"], ticks=60))
SLOW = {"confidence": {"calibrator": "slow"}}
TAKES_S = 0.004


class Slow:
    def __init__(self, own: Temperature) -> None:
        self.start, self.learn, self._apply = own.start, own.learn, own.apply

    def apply(self, state: TemperatureState, log_odds: float) -> float:
        time.sleep(TAKES_S)
        return self._apply(state, log_odds)


@pytest.fixture(autouse=True)
def _slow() -> Iterator[None]:
    register("slow", lambda parameters: Slow(Temperature(parameters.temperature)), TemperatureState)
    yield
    del CALIBRATORS["slow"]


def test_two_versions_on_the_same_ticks_show_which_one_takes_long() -> None:
    found = paired_latency(MarketParameters(), SLOW, {}, TICKS)
    assert found.ticks == len(TICKS)
    assert found.ms >= 1e3 * TAKES_S > 2 * found.before_ms
    assert found.explains(latency_ms=40.0, per_second=10.0)
    assert not found.explains(latency_ms=400.0, per_second=10.0), "4 ms a tick do not make 400 ms"
    back = paired_latency(MarketParameters(), {}, SLOW, TICKS)
    assert not back.explains(40.0, 10.0)


def test_if_both_versions_are_slow_none_is_the_cause() -> None:
    assert not paired_latency(MarketParameters(), SLOW, SLOW, TICKS, budget_s=0.3).explains(40.0, 10.0)


def test_no_ticks_and_what_cannot_be_built_show_nothing() -> None:
    assert not paired_latency(MarketParameters(), SLOW, {}, []).explains(40.0, 10.0)
    with pytest.raises(ValueError, match="overrides"):
        paired_latency(MarketParameters(), {"confidence": {"calibrator": "nobody's"}}, {}, TICKS)


class Producer:
    def __init__(self) -> None:
        self.sent: list[bytes] = []

    async def send_and_wait(self, _topic: str, value: bytes, *_: object) -> SimpleNamespace:
        self.sent.append(value)
        return SimpleNamespace(offset=len(self.sent) - 1)


def record(offset: int, at_ms: int, value: bytes) -> ConsumerRecord:
    made: Any = SimpleNamespace(topic="ticks", partition=0, offset=offset, timestamp=at_ms, value=value)
    return made


def told(watch: LatencyGuard, version: str, status: Any, overrides: dict[str, Any], now_ms: int) -> None:
    made = ModelVersion(
        f"commands:0:7:{version}", "ACORN", version, "", status, "won", 1, "c7", overrides=overrides,
        change="promote_variant",
    )  # fmt: skip
    watch._told(made, Received(0, 0, now_ms, b"", b""))


async def judged(overrides: dict[str, Any], before: dict[str, Any]) -> tuple[Watched, Producer]:
    """Have the latency guard judge a version since which predictions take 40 ms, and before which they took 1 ms.

    Args:
        overrides: parameters of the version.
        before: parameters of the version before it.
    """
    now_ms, producer = int(time.time() * 1e3), Producer()
    watch = LatencyGuard(Settings(latency_limit_ms=20.0), "nowhere:1", Parameters(), producer)
    told(watch, "new-1", "champion", overrides, now_ms)
    told(watch, "old-1", "shadow", before, now_ms)
    (watched,) = watch._watched.values()
    for number in range(400):
        version, takes = ("old-1", 1) if number < 100 else ("new-1", 40)
        at_ms = now_ms + 100 * number
        watched.tick(record(number, at_ms, encode(TICKS[number % len(TICKS)])))
        body = b'{"id":"ticks:0:%d:0","ts_event":1,"model_version":"%s"}' % (number, version.encode())
        watched.prediction(record(number, at_ms + takes, body))
    await watch._judge()
    return watched, producer


async def test_a_version_that_is_the_cause_is_taken_back() -> None:
    _, producer = await judged(SLOW, {})
    (sent,) = producer.sent
    assert b"new-1 is too slow: 95 % of its predictions within 40 ms" in sent
    assert b"side by side on the same" in sent
    assert b'"stop":true' in sent, "beside the other it takes as long for each tick"


@pytest.mark.parametrize(
    ("overrides", "before"),
    [({"sizing": {"kelly_fraction": 0.001}}, {}), (SLOW, SLOW)],
    ids=["a machine that is busy since", "no slower than the one before"],
)
async def test_a_version_that_is_not_the_cause_stays(overrides: dict[str, Any], before: dict[str, Any]) -> None:
    watched, producer = await judged(overrides, before)
    assert producer.sent == []
    assert watched.slowness.p95_ms == 40.0, "it was suspected"
    assert watched.slowness.verdict == "", "and acquitted"


async def test_a_version_that_cannot_be_built_here_is_not_taken_back(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise ValueError("overrides: nothing can be built with them")

    monkeypatch.setattr(latency_guard, "paired_latency", refuse)
    assert (await judged(SLOW, {}))[1].sent == []
