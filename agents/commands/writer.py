"""The one door to the topic of commands: whatever goes through it is signed and lies on its symbol's partition."""

from agents.commands.keyring import signing
from agents.config.settings import Settings
from agents.kafka import AIOKafkaProducer
from schemas.codec import encode
from schemas.commands import Command
from schemas.topics import COMMANDS


class CommandWriter:
    """Signs commands and writes them to the topic `commands`.

    Args:
        settings: of the deployment; without a key nothing is signed.
        producer: connected.

    Raises:
        ConfigurationError: the keys make no sense.
    """

    def __init__(self, settings: Settings, producer: AIOKafkaProducer) -> None:
        self._topic = settings.topic(COMMANDS.name)
        self._producer, self._signing = producer, signing(settings)

    async def write(self, command: Command, as_of: str, partition: int) -> int:
        """Write a command and return its offset.

        Args:
            command: what to do.
            as_of: id of the record that it follows from, or of the place that it is meant for; it is signed for that.
            partition: of its symbol.
        """
        signed = self._signing.sign(command, as_of)
        written = await self._producer.send_and_wait(self._topic, encode(signed), signed.symbol.encode(), partition)
        return int(written.offset)
