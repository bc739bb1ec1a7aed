"""Sends ticks at a steady rate: `load.py RATE SECONDS SKIP`, with settings from the environment.

A tick is sent when it is due, whether earlier ones were answered or not, and without linger. Ticks that are
due at the same wake-up (within a millisecond) are sent as one batch for each partition. The result on
standard output is MessagePack: for each partition the times at which its ticks were due, in the order of
offsets, monotonic clock.
"""

import asyncio
import gc
import sys
import time
from itertools import islice

from aiokafka import AIOKafkaProducer
from aiokafka.producer.message_accumulator import BatchBuilder
from msgspec import msgpack

from agents.config.settings import Settings
from schemas.codec import encode
from schemas.topics import TICKS
from streams.engine.partitioner import partition_of
from streams.sources.synthetic import synthetic_market
from tests.bench.contenders import SYMBOLS

LEAD_S = 0.5
WAKE_S = 0.001


async def play(settings: Settings, rate: float, count: int, skip: int) -> list[list[float]]:
    """Send `count` ticks of the market after the first `skip`; return for each partition when its ticks were due, s."""
    market = islice(synthetic_market(1, SYMBOLS), skip, skip + count)
    ticks = [(partition_of(tick.symbol, settings.partitions), tick.symbol.encode(), encode(tick)) for tick in market]
    dues: list[list[float]] = [[] for _ in range(settings.partitions)]
    topic = settings.topic(TICKS.name)
    gc.collect()
    gc.disable()
    async with AIOKafkaProducer(bootstrap_servers=settings.bootstrap, acks="all", linger_ms=0) as producer:
        await producer.partitions_for(topic)
        start, sent = time.monotonic() + LEAD_S, 0
        while sent < count:
            due = min(count, int((time.monotonic() - start) * rate) + 1)
            batches: dict[int, BatchBuilder] = {}
            for position in range(sent, due):
                partition, key, value = ticks[position]
                if partition not in batches:
                    batches[partition] = producer.create_batch()
                batches[partition].append(key=key, value=value, timestamp=None)
                dues[partition].append(start + position / rate)
            for partition, batch in batches.items():
                await producer.send_batch(batch, topic, partition=partition)
            sent = max(sent, due)
            await asyncio.sleep(max(WAKE_S, start + sent / rate - time.monotonic()))
        await producer.flush()
    return dues


if __name__ == "__main__":
    rate, seconds, skip = (float(argument) for argument in sys.argv[1:])
    played = asyncio.run(play(Settings.load(), rate, int(rate * seconds), int(skip)))
    sys.stdout.buffer.write(msgpack.encode(played))
