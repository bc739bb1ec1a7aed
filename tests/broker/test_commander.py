"""A command is sent to the partition that has its symbol's ticks, whatever partitioner their producer used."""

import pytest
from aiokafka import AIOKafkaProducer
from msgspec.structs import replace

from agents.clients.reader import read_blocks
from agents.commands.commander import Answer, LogPlace, commander
from agents.config.settings import Settings
from agents.operations import topics
from schemas.asyncapi import golden
from schemas.codec import decoder, encode
from schemas.commands import RollBack
from schemas.errors import EnvironmentProblem
from schemas.outcomes import OutcomeMatured
from schemas.predictions import Prediction
from schemas.topics import COMMANDS, OUTCOMES, PREDICTIONS
from streams.engine.partitioner import partition_of

pytestmark = pytest.mark.broker


async def test_commands_follow_the_ticks(bootstrap: str, prefix: str) -> None:
    settings = Settings.load({}, prefix=prefix, partitions=3)
    with pytest.raises(EnvironmentProblem, match="topics apply"):
        async with commander(settings, bootstrap):
            pass
    await topics.apply(bootstrap, topics.registry(settings))
    home, elsewhere, third = ((partition_of("BTCUSDT", 3) + step) % 3 for step in range(3))
    prediction = decoder(Prediction)(golden(Prediction)[-1])
    outcome = decoder(OutcomeMatured)(golden(OutcomeMatured)[-1])
    async with AIOKafkaProducer(bootstrap_servers=bootstrap) as producer, commander(settings, bootstrap) as client:
        assert await client.place_of("BTCUSDT") == LogPlace(home, 0)

        async def write(topic: str, partition: int, record: Prediction | OutcomeMatured) -> None:
            await producer.send_and_wait(settings.topic(topic), encode(record), record.symbol.encode(), partition)

        await write(OUTCOMES.name, elsewhere, outcome)
        assert await client.place_of("BTCUSDT") == LogPlace(elsewhere, outcome.ts_event)
        await write(PREDICTIONS.name, elsewhere, prediction)
        await write(PREDICTIONS.name, home, replace(prediction, symbol="ETHUSDT"))
        assert await client.place_of("BTCUSDT") == LogPlace(elsewhere, prediction.ts_event)
        assert client.seen == {"BTCUSDT", "ETHUSDT"}
        for _ in range(600):
            await producer.send(settings.topic(PREDICTIONS.name), encode(prediction), b"ETHUSDT", elsewhere)
        await producer.flush()
        assert (await client.place_of("BTCUSDT")).partition == elsewhere, "behind the newest of the others"
        await write(PREDICTIONS.name, third, replace(prediction, ts_event=7))
        assert await client.place_of("BTCUSDT") == LogPlace(third, 7), "the producer has moved it"

        command = RollBack("c1", "BTCUSDT", 7, "test")
        assert await client.put(command, third, patience_s=0.3) == (0, Answer([], "")), "nobody is there to answer"
    blocks = read_blocks(bootstrap, settings.topic(COMMANDS.name), until_end=True, repeats=True)
    written = [record async for block in blocks for record in block]
    assert [(record.partition, record.key, decoder(COMMANDS.record)(record.value)) for record in written] == [
        (third, b"BTCUSDT", command)
    ]
