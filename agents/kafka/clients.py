"""Where every client of a cluster is made: its address, how to speak to it, its name, and what all of them share.

Nothing outside this package makes a client of aiokafka, or hands Faust the address of a broker.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Protocol, TypeVar

from aiokafka.admin import AIOKafkaAdminClient

from agents.kafka import AIOKafkaConsumer, AIOKafkaProducer
from agents.kafka.security import spoken

CLIENT_ID = "tickloop"
"""What brokers call our clients in logs, metrics and quotas; the clients of workers have the name that Faust gives."""

REQUEST_S = 40.0
"""Most that a request may take where nothing else is said, seconds: what aiokafka has itself."""


class Client(Protocol):
    """What connects and is to be closed."""

    async def start(self) -> None:
        """Connect."""
        ...

    async def stop(self) -> None:
        """Close, after what is under way."""
        ...


OneClient = TypeVar("OneClient", bound=Client)


def connection(bootstrap: str) -> dict[str, Any]:
    """What each client of aiokafka takes to reach a cluster.

    >>> connection("127.0.0.1:9092")["bootstrap_servers"]
    '127.0.0.1:9092'

    Args:
        bootstrap: address of the brokers, `host:port[,host:port...]`.
    """
    return {"bootstrap_servers": bootstrap, "client_id": CLIENT_ID, **spoken(bootstrap).options()}


def faust_connection(bootstrap: str) -> dict[str, Any]:
    """What a Faust app takes to reach a cluster.

    >>> faust_connection("one:9092,two:9092")["broker"]
    'kafka://one:9092;kafka://two:9092'
    """
    return {"broker": "kafka://" + bootstrap.replace(",", ";kafka://"), **spoken(bootstrap).faust_options()}


def consumer(bootstrap: str, **options: Any) -> AIOKafkaConsumer:
    """A consumer that commits nothing by itself; it is not connected yet.

    Args:
        bootstrap: address of the cluster.
        options: of aiokafka, on top: without any it begins at the end, and reads what was aborted, too.
    """
    return AIOKafkaConsumer(**connection(bootstrap), enable_auto_commit=False, **options)


def log_reader(bootstrap: str, **options: Any) -> AIOKafkaConsumer:
    """A `consumer` of what is committed, that goes on with the oldest record where the one it wants is gone."""
    return consumer(bootstrap, auto_offset_reset="earliest", isolation_level="read_committed", **options)


def producer(bootstrap: str, **options: Any) -> AIOKafkaProducer:
    """A producer whose records every replica in sync has, once and in order, when it says so; not connected yet.

    Args:
        bootstrap: address of the cluster.
        options: of aiokafka, on top.
    """
    return AIOKafkaProducer(**connection(bootstrap), acks="all", enable_idempotence=True, **options)


def administrator(bootstrap: str, request_s: float = REQUEST_S) -> AIOKafkaAdminClient:
    """A client for topics, groups and the cluster itself; not connected yet.

    Args:
        bootstrap: address of the cluster.
        request_s: most that each request may take, seconds.
    """
    return AIOKafkaAdminClient(**connection(bootstrap), request_timeout_ms=int(request_s * 1000))


@asynccontextmanager
async def started(client: OneClient) -> AsyncIterator[OneClient]:
    """A consumer or producer, connected; it is closed with the block, also where connecting fails.

    Raises:
        KafkaError: the cluster does not answer.
    """
    try:
        await client.start()
        yield client
    finally:
        await client.stop()
