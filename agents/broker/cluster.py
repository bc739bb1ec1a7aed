"""Asks a cluster for its id and its brokers."""

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
    """What a cluster says about itself: its id and its brokers as `host:port`."""

    id: str
    brokers: tuple[str, ...]


@asynccontextmanager
async def admin(bootstrap: str, timeout_s: float = TIMEOUT_S) -> AsyncIterator[AIOKafkaAdminClient]:
    """A connected client for the administration of the cluster at `bootstrap`.

    Args:
        bootstrap: `host:port[,host:port...]`.
        timeout_s: most that connecting, and then each request, may take, seconds.

    Raises:
        EnvironmentProblem: nobody answers there in time, now or inside the block.
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
    """Ask the cluster at `bootstrap` who it is; raises as `admin` does."""
    async with admin(bootstrap, timeout_s) as client:
        answer: dict[str, Any] = await client.describe_cluster()
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
