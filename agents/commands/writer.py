"""Writes commands to the topic `commands`; no other module does, so a deployment with a key signs them all."""

from agents.commands.keyring import signing
from agents.config.settings import Settings
from agents.kafka import AIOKafkaProducer
from schemas.codec import encode
from schemas.commands import Command
from schemas.topics import COMMANDS


class CommandWriter:
    """Signs commands and writes them to the topic `commands`.

    Args:
        settings: settings of the deployment; commands are not signed if it has no signing key.
        producer: connected producer.

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
            as_of: id of the record that caused the command. If none did, `commands:PARTITION:OFFSET`, the place at
                which the command is expected to be written. The signature includes this text.
            partition: number of the partition of the command's symbol.
        """
        signed = self._signing.sign(command, as_of)
        written = await self._producer.send_and_wait(self._topic, encode(signed), signed.symbol.encode(), partition)
        return int(written.offset)
