"""The one way in which clients open a consumer that reads what is committed, wherever it begins, without a group."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from agents.kafka import AIOKafkaConsumer
from agents.kafka.clients import log_reader, started


@asynccontextmanager
async def opened(bootstrap: str, **options: Any) -> AsyncIterator[AIOKafkaConsumer]:
    """A consumer that has started and is assigned nothing; it stops with the block.

    Args:
        bootstrap: address of the cluster.
        options: of aiokafka, on top.

    Raises:
        KafkaError: the cluster does not answer.
    """
    async with started(log_reader(bootstrap, fetch_max_wait_ms=20, **options)) as consumer:
        yield consumer
