"""Writes commands to the topic `commands`; nothing else does, so that every command is signed."""

from agents.commands.keyring import signing
from agents.config.settings import Settings
from agents.kafka import AIOKafkaProducer
from schemas.codec import encode
from schemas.commands import Command
from schemas.topics import COMMANDS


class CommandWriter:
    """Signs commands and writes them to the topic `commands`.

    Args:
        settings: of the deployment; without a key in them commands are not signed.
        producer: connected.

    Raises:
        ConfigurationError: the keys in the settings are invalid.
    """

    def __init__(self, settings: Settings, producer: AIOKafkaProducer) -> None:
        self._topic = settings.topic(COMMANDS.name)
        self._producer, self._signing = producer, signing(settings)

    async def write(self, command: Command, as_of: str, partition: int) -> int:
        """Sign a command, write it, and return its offset.

        Args:
            command: what is asked for.
            as_of: id of the record that caused the command, or `commands:PARTITION:OFFSET`, where it is expected to
                be written, if there is none; the signature includes it.
            partition: number of the partition of its symbol.
        """
        signed = self._signing.sign(command, as_of)
        written = await self._producer.send_and_wait(self._topic, encode(signed), signed.symbol.encode(), partition)
        return int(written.offset)
