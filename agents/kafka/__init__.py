"""Kafka's consumer, producer and partition types; all other code imports them from here.

Importing this package changes aiokafka for the whole process, in three ways. Compressed batches are
unpacked within bounds, so that no message can exhaust the memory of its reader (`agents.kafka.unpacking`).
The lists of records that a consumer returns know which offsets they cover (`agents.kafka.fetches`). Stopping
a consumer does not cancel the task that stops it (`agents.kafka.closing`).

The module `agents.kafka.clients` makes the clients.
"""

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from agents.kafka import closing, fetches, unpacking

__all__ = ["AIOKafkaConsumer", "AIOKafkaProducer", "TopicPartition"]

unpacking.install()
fetches.install()
closing.install()
