"""Asking a cluster who it is."""

import asyncio
import socket
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from msgspec import Struct

from schemas.errors import EnvironmentProblem

TIMEOUT_S = 5.0


class Cluster(Struct, frozen=True):
    """What a cluster says about itself: its id and its brokers as `host:port`."""

    id: str
    brokers: tuple[str, ...]


async def describe(bootstrap: str, timeout_s: float = TIMEOUT_S) -> Cluster:
    """Ask the cluster at `bootstrap` who it is.

    Raises:
        EnvironmentProblem: nobody answers there in time.
    """
    client = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=int(timeout_s * 1000))
    try:
        async with asyncio.timeout(timeout_s):
            await client.start()
            answer: dict[str, Any] = await client.describe_cluster()
    except (KafkaError, OSError, TimeoutError) as error:
        raise EnvironmentProblem(
            f"expected a Kafka cluster at {bootstrap}, got {error or 'no answer'}; fix: `tickloop broker start`, "
            "or set TICKLOOP_BOOTSTRAP to the address of yours"
        ) from error
    finally:
        await client.close()
    brokers = tuple(f"{broker['host']}:{broker['port']}" for broker in answer["brokers"])
    return Cluster(answer["cluster_id"] or "", brokers)


def listens(address: str) -> bool:
    """Whether something accepts connections at `host:port`."""
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection((host, int(port)), timeout=1):
            return True
    except OSError:
        return False


def cluster_id_at(address: str) -> str | None:
    """Id of the cluster whose broker serves clients at this address, None when none does yet.

    Not for use inside a running event loop.
    """
    if not listens(address):
        return None
    try:
        cluster = asyncio.run(describe(address))
    except EnvironmentProblem:
        return None
    return cluster.id if address in cluster.brokers else None
