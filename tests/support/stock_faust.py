"""Negative control: counts ticks with plain Faust, as its tutorials do: `python -m tests.support.stock_faust SLOT`.

It uses one table and one `send` for each tick, at least once, and nothing of our runtime. Its settings favour
it: all replicas acknowledge, offsets are committed as often as our checkpoints are taken, and a killed
worker's successor takes over at once. Outputs have the ids that ours would have.
"""

import sys

import faust

from agents.config.settings import Settings
from agents.runtime.worker import run_worker
from schemas.codec import decoder, encode
from schemas.positions import root_id
from schemas.ticks import Tick
from schemas.topics import TICKS
from tests.support.counting import COUNTS, Counted


def create_stock_app(settings: Settings, slot: str) -> faust.App:
    """A plain Faust app with one agent that counts ticks."""
    app = faust.App(
        settings.group,
        broker="kafka://" + settings.bootstrap,
        store="memory://",
        datadir=settings.home_path / "faust" / slot,
        processing_guarantee="at_least_once",
        topic_partitions=settings.partitions,
        topic_disable_leader=True,
        consumer_auto_offset_reset="earliest",
        consumer_group_instance_id=f"{settings.group}-{slot}",
        broker_session_timeout=settings.session_timeout_s,
        broker_heartbeat_interval=settings.session_timeout_s / 5,
        broker_rebalance_timeout=2 * settings.session_timeout_s,
        broker_commit_interval=settings.checkpoint_s,
        producer_acks=-1,
        web_enabled=False,
    )
    ticks = app.topic(settings.topic(TICKS.name), key_type=bytes, value_type=bytes, value_serializer="raw")
    counts = app.topic(settings.topic(COUNTS.name), key_type=bytes, value_type=bytes, value_serializer="raw")
    table = app.Table("counting", default=lambda: (0, 0), partitions=settings.partitions)
    decode = decoder(Tick)

    async def count(stream: faust.StreamT[bytes]) -> None:
        async for event in stream.events():
            tick = decode(event.value)
            seen, checksum = table[tick.symbol]
            seen, checksum = seen + 1, (checksum * 31 + tick.ts_event) % 2**61
            table[tick.symbol] = seen, checksum
            partition, offset = event.message.partition, event.message.offset
            counted = Counted(root_id(TICKS.name, partition, offset), tick.symbol, seen, checksum)
            await counts.send(key=event.key, value=encode(counted), partition=partition)

    app.agent(ticks)(count)
    return app


def main(slot: str) -> None:
    settings = Settings.load()
    run_worker(create_stock_app(settings, slot))


if __name__ == "__main__":
    main(sys.argv[1])
