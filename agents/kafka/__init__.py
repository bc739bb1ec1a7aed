"""The one door to Kafka's clients: their types are imported from here, and `agents.kafka.clients` makes them.

What a consumer is handed is unpacked by our own rules (`agents.kafka.unpacking`), in the whole process from now on, so
that no message can fill the memory of whoever reads it, or stop him; the records say which stretch of the log they were
read from (`agents.kafka.fetches`); and a consumer that is stopped ends quietly (`agents.kafka.closing`).
"""

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from agents.kafka import closing, fetches, unpacking

__all__ = ["AIOKafkaConsumer", "AIOKafkaProducer", "TopicPartition"]

unpacking.install()
fetches.install()
closing.install()
