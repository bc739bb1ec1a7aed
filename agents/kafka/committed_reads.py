"""Opens consumers that read committed records from any offset, without a consumer group."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from agents.kafka import AIOKafkaConsumer
from agents.kafka.clients import log_reader, started


@asynccontextmanager
async def opened(bootstrap: str, **options: Any) -> AsyncIterator[AIOKafkaConsumer]:
    """Start a consumer of committed records for the duration of the block; no partition is assigned to it yet.

    Args:
        bootstrap: address of the cluster.
        options: further options of aiokafka.

    Raises:
        KafkaError: the cluster does not answer.
    """
    async with started(log_reader(bootstrap, fetch_max_wait_ms=20, **options)) as consumer:
        yield consumer
