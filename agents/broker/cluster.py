"""Connects to a Kafka cluster to administer it, and asks the cluster for its id and the addresses of its brokers."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaConnectionError, KafkaError
from msgspec import Struct

from agents.kafka.clients import administrator
from schemas.errors import EnvironmentProblem

TIMEOUT_S = 10.0


class Cluster(Struct, frozen=True):
    """Description of a Kafka cluster, as the cluster itself gives it.

    Attributes:
        id: cluster id; empty if the cluster names none.
        brokers: addresses of its brokers, each as `host:port`.
    """

    id: str
    brokers: tuple[str, ...]


@asynccontextmanager
async def admin(bootstrap: str, timeout_s: float = TIMEOUT_S) -> AsyncIterator[AIOKafkaAdminClient]:
    """Context manager that yields a connected admin client of the cluster at `bootstrap`, and closes it at the end.

    Args:
        bootstrap: addresses of one or more brokers: `host:port[,host:port...]`.
        timeout_s: longest time for connecting, and then for each request, seconds.

    Raises:
        EnvironmentProblem: connecting, or a request within the block, failed or was not answered in time.
    """
    client = administrator(bootstrap, timeout_s)
    try:
        async with asyncio.timeout(timeout_s):
            await client.start()
        yield client
    except (KafkaError, OSError) as error:
        nobody = isinstance(error, KafkaConnectionError | TimeoutError)
        raise EnvironmentProblem(
            f"expected a Kafka cluster at {bootstrap}, got {f'no answer in {timeout_s:g} s' if nobody else error}; "
            "fix: start yours, or unset TICKLOOP_BOOTSTRAP and use `tickloop broker start`; if it runs, it is too busy"
        ) from error
    finally:
        await client.close()


async def describe(bootstrap: str, timeout_s: float = TIMEOUT_S) -> Cluster:
    """Ask the cluster at `bootstrap` for its id and the addresses of its brokers.

    Args:
        bootstrap: addresses of one or more brokers: `host:port[,host:port...]`.
        timeout_s: longest time for connecting, and then for the request, seconds.

    Raises:
        EnvironmentProblem: the cluster did not answer in time, or answered with an error.
    """
    async with admin(bootstrap, timeout_s) as client:
        answer: dict[str, Any] = await client.describe_cluster()
    brokers = tuple(f"{broker['host']}:{broker['port']}" for broker in answer["brokers"])
    return Cluster(answer["cluster_id"] or "", brokers)


def listens(address: str) -> bool:
    """Whether something accepts a TCP connection at `address` (`host:port`) within a second."""
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection((host, int(port)), timeout=1):
            return True
    except OSError:
        return False


def cluster_id_at(address: str) -> str | None:
    """Id of the cluster that has a broker at `address` (`host:port`), or None while no broker answers there.

    The function runs an event loop of its own, so it must not be called from a running event loop.
    """
    if not listens(address):
        return None
    try:
        cluster = asyncio.run(describe(address))
    except EnvironmentProblem:
        return None
    return cluster.id if address in cluster.brokers else None
