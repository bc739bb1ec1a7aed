"""Ten thousand payloads on a real broker: every bad one becomes a dead letter, every good one is predicted."""

from collections import Counter
from pathlib import Path
from random import Random

import msgspec
import pytest
from aiokafka import AIOKafkaProducer
from fuzzed_payloads import HANDMADE, spoiled_payloads
from live_loop import LiveLoop

from agents.settings import Settings
from schemas.dead_letters import DeadLetter
from schemas.topics import DEAD_LETTERS, PREDICTIONS, TICKS
from streams.loop import nodes
from streams.parameters import Parameters

pytestmark = pytest.mark.broker

HUGE = [b"\xff" * 1_000_000, b'{"kind":"quote","symbol":"' + b"Q" * 900_000 + b'"}', b"{" * 700_000]


async def test_ten_thousand_payloads(bootstrap: str, prefix: str, tmp_path: Path) -> None:
    payloads = [*HANDMADE, *spoiled_payloads(10_000), *HUGE]
    Random(3).shuffle(payloads)
    settings = Settings.load({}, prefix=prefix, partitions=2)
    async with LiveLoop(nodes(Parameters()), settings, bootstrap, tmp_path / "workers.log") as loop:
        loop.start(1)
        producer = AIOKafkaProducer(bootstrap_servers=bootstrap, max_request_size=2_000_000)
        await producer.start()
        sent = [await producer.send(settings.topic(TICKS.name), value, key=b"any") for value in payloads]
        await producer.flush()
        await producer.stop()
        await loop.until_caught_up()

        assert (await loop.verdict()).is_exact
        source = {record.offset: record.value for record in await loop.stored(TICKS.name)}
        assert len(source) == len(sent)
        predicted = {record.offset for record in await loop.stored(PREDICTIONS.name)}
        letters = [
            msgspec.json.decode(record.value, type=DeadLetter) for record in await loop.stored(DEAD_LETTERS.name)
        ]
        reasons = Counter(letter.reason for letter in letters)
        print(reasons)
        assert len(reasons) >= 8
        for letter in letters:
            assert letter.value == source[int(letter.id.rsplit(":", 1)[1])]
            assert letter.detail
        assert len(letters) + len(predicted) >= len(payloads) - 200, "directives alone may have no answer"
