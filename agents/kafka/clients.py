"""Makes every Kafka client, so that all clients are connected and secured alike and have the same common options.

Code outside this package neither creates a client of aiokafka nor gives Faust the address of a broker.
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
    """A Kafka client that is started before use and stopped after it."""

    async def start(self) -> None:
        """Connect to the cluster."""
        ...

    async def stop(self) -> None:
        """Finish pending requests and disconnect."""
        ...


OneClient = TypeVar("OneClient", bound=Client)


def connection(bootstrap: str) -> dict[str, Any]:
    """Return the options that connect any aiokafka client to a cluster.

    >>> connection("127.0.0.1:9092")["bootstrap_servers"]
    '127.0.0.1:9092'

    Args:
        bootstrap: address of the brokers, `host:port[,host:port...]`.
    """
    return {"bootstrap_servers": bootstrap, "client_id": CLIENT_ID, **spoken(bootstrap).options()}


def faust_connection(bootstrap: str) -> dict[str, Any]:
    """Return the options that connect a Faust app to a cluster.

    >>> faust_connection("one:9092,two:9092")["broker"]
    'kafka://one:9092;kafka://two:9092'

    Args:
        bootstrap: address of the brokers, `host:port[,host:port...]`.
    """
    return {"broker": "kafka://" + bootstrap.replace(",", ";kafka://"), **spoken(bootstrap).faust_options()}


def consumer(bootstrap: str, **options: Any) -> AIOKafkaConsumer:
    """Return a consumer that is not started and never commits offsets by itself.

    By default it begins at the end of a partition, and also reads records of aborted transactions.

    Args:
        bootstrap: address of the cluster.
        options: further options of aiokafka, which may change these defaults.
    """
    return AIOKafkaConsumer(**connection(bootstrap), enable_auto_commit=False, **options)


def log_reader(bootstrap: str, **options: Any) -> AIOKafkaConsumer:
    """Return a consumer that is not started and reads only committed records.

    If the record at its position was deleted, the consumer goes on with the oldest record there is.

    Args:
        bootstrap: address of the cluster.
        options: further options of aiokafka.
    """
    return consumer(bootstrap, auto_offset_reset="earliest", isolation_level="read_committed", **options)


def producer(bootstrap: str, **options: Any) -> AIOKafkaProducer:
    """Return an idempotent producer that is not started; each record is acknowledged by all replicas in sync.

    Args:
        bootstrap: address of the cluster.
        options: further options of aiokafka.
    """
    return AIOKafkaProducer(**connection(bootstrap), acks="all", enable_idempotence=True, **options)


def administrator(bootstrap: str, request_s: float = REQUEST_S) -> AIOKafkaAdminClient:
    """Return a client that can change topics, consumer groups and the cluster; it is not started.

    Args:
        bootstrap: address of the cluster.
        request_s: longest time that one request may take, seconds.
    """
    return AIOKafkaAdminClient(**connection(bootstrap), request_timeout_ms=int(request_s * 1000))


@asynccontextmanager
async def started(client: OneClient) -> AsyncIterator[OneClient]:
    """Start a consumer or producer for the duration of the block; stop it afterwards, even if starting fails.

    Raises:
        KafkaError: the cluster does not answer.
    """
    try:
        await client.start()
        yield client
    finally:
        await client.stop()
