"""Asks a Kafka cluster for topic ids and leader epochs.

The request is defined here, because the version of it that `aiokafka` sends is too old to ask for them.

References:
    Apache Kafka KIP-516: Topic Identifiers (Metadata version 10 and later).
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from aiokafka.client import AIOKafkaClient
from aiokafka.protocol.api import RequestHeader_v2, ResponseHeader_v1
from aiokafka.protocol.types import Boolean, CompactArray, CompactString, Int16, Int32, Schema, TaggedFields

NO_ID = bytes(16)
STRING = CompactString("utf-8")


class _Uuid:
    """Type of the Kafka protocol: 16 bytes, read and written unchanged."""

    @staticmethod
    def encode(value: bytes) -> bytes:
        return value

    @staticmethod
    def decode(data: Any) -> bytes:
        found: bytes = data.read(16)
        return found


class _Answer:
    """Metadata response of version 12, decoded to nested tuples as `SCHEMA` says."""

    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "brokers",
            CompactArray(
                ("node_id", Int32), ("host", STRING), ("port", Int32), ("rack", STRING), ("tags", TaggedFields)
            ),
        ),
        ("cluster_id", STRING),
        ("controller_id", Int32),
        (
            "topics",
            CompactArray(
                ("error_code", Int16),
                ("topic", STRING),
                ("topic_id", _Uuid),
                ("is_internal", Boolean),
                (
                    "partitions",
                    CompactArray(
                        ("error_code", Int16),
                        ("partition", Int32),
                        ("leader", Int32),
                        ("leader_epoch", Int32),
                        ("replicas", CompactArray(Int32)),
                        ("isr", CompactArray(Int32)),
                        ("offline_replicas", CompactArray(Int32)),
                        ("tags", TaggedFields),
                    ),
                ),
                ("authorized_operations", Int32),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )

    @classmethod
    def decode(cls, data: Any) -> Sequence[Any]:
        _, _, _, _, topics, _ = cls.SCHEMA.decode(data)
        found: Sequence[Any] = topics
        return found


class _Question:
    """Metadata request of version 12, in the form that `aiokafka`'s connections send."""

    API_KEY = 3
    API_VERSION = 12
    RESPONSE_TYPE = _Answer
    SCHEMA = Schema(
        ("topics", CompactArray(("topic_id", _Uuid), ("topic", STRING), ("tags", TaggedFields))),
        ("allow_auto_topic_creation", Boolean),
        ("include_authorized_operations", Boolean),
        ("tags", TaggedFields),
    )

    def __init__(self, topics: Sequence[str]) -> None:
        self._topics = topics

    def prepare(self, versions: Mapping[int, tuple[int, int]]) -> "_Question":
        lowest, highest = versions[self.API_KEY]
        if not lowest <= self.API_VERSION <= highest:
            raise NotImplementedError
        return self

    def build_request_header(self, correlation_id: int, client_id: str) -> Any:
        return RequestHeader_v2(self, correlation_id=correlation_id, client_id=client_id)

    def parse_response_header(self, data: Any) -> Any:
        return ResponseHeader_v1.decode(data)

    def encode(self) -> bytes:
        encoded: bytes = self.SCHEMA.encode([[(NO_ID, topic, {}) for topic in self._topics], False, False, {}])
        return encoded


class TopicIdentity(NamedTuple):
    """Id of a topic, and leader epochs of its partitions, as the cluster states them.

    Attributes:
        id: UUID given to the topic when it was made, as text; empty if the cluster has no topic ids.
        leader_epochs: for each partition, how many times its leader was chosen; this number never decreases.
    """

    id: str
    leader_epochs: Mapping[int, int]


async def topic_identities(client: AIOKafkaClient, topics: Sequence[str]) -> dict[str, TopicIdentity]:
    """Ids and leader epochs of the given topics, by name; topics that do not exist are left out.

    The result is empty if the cluster is too old to have topic ids.
    """
    try:
        found: Sequence[Any] = await client.send(client.get_random_node(), _Question(topics))
    except NotImplementedError:  # no version of the request that the broker takes
        return {}
    return {
        name: TopicIdentity(
            "" if topic_id == NO_ID else str(UUID(bytes=topic_id)),
            {number: epoch for _, number, _, epoch, *_ in partitions},
        )
        for error, name, topic_id, _, partitions, *_ in found
        if not error
    }
