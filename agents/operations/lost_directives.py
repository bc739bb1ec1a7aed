"""Finds symbols whose directives were deleted by retention, so that a replay could not carry them out again.

A directive is a record among the ticks that starts, promotes or stops a model version.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from aiokafka.errors import KafkaError

from agents.clients.reader import read_blocks
from agents.config.settings import Settings
from agents.kafka import TopicPartition, clients
from schemas.codec import decoder
from schemas.commands import Command, PromoteVariant, RollBack, StartVariant, StopVariant
from schemas.errors import EnvironmentProblem, Refused
from schemas.names import is_builtin
from schemas.topics import COMMANDS, MODEL_VERSIONS, TICKS, Topic
from schemas.versions import ModelVersion
from streams.lifecycle.rosters import said

NAMED = 5
"""Symbols that are named in a sentence."""


class DatedRecord(NamedTuple):
    """A record with its partition and the time at which it was written.

    Attributes:
        partition: number of its partition.
        written_ms: Kafka timestamp of the record, ms since 1970.
        record: the decoded record.
    """

    partition: int
    written_ms: int
    record: Command | ModelVersion


def lost_directives(
    commands: Iterable[DatedRecord], versions: Iterable[DatedRecord], oldest: Mapping[int, int], cut: Iterable[int]
) -> dict[str, str]:
    """Symbols to which a replay of the remaining ticks might give other model versions than those that run now.

    A symbol is among them if directives (records among the ticks that start or promote model versions) may have been
    deleted with the first ticks.

    Args:
        commands: all commands on the topic `commands`, which led to directives.
        versions: newest record of each model version.
        oldest: Kafka timestamp of the oldest remaining tick, ms since 1970, for each partition that has lost its
            first ticks.
        cut: numbers of the partitions that have lost their first commands.

    Returns:
        For each such symbol, the version that is live now.
    """
    of_symbol: dict[str, dict[str, ModelVersion]] = {}
    live_in: dict[str, int] = {}
    for lying in versions:
        version = lying.record
        if isinstance(version, ModelVersion) and lying.partition in oldest:
            of_symbol.setdefault(version.symbol, {})[version.version] = version
            live_in[version.symbol] = lying.partition
    before = {symbol for symbol, partition in live_in.items() if partition in set(cut)}
    for lying in commands:
        changes = isinstance(lying.record, (StartVariant, StopVariant, PromoteVariant, RollBack))
        if changes and lying.partition in oldest and lying.written_ms <= oldest[lying.partition]:
            before.add(lying.record.symbol)
    found = {}
    for symbol, known in sorted(of_symbol.items()):
        runs = said(known.values())
        if symbol in before and (runs.shadow or not is_builtin(runs.live)):
            found[symbol] = runs.live
    return found


def lost_directives_sentence(found: Mapping[str, str]) -> str:
    """Error message that says which directives may have been deleted, and what to do.

    A directive is a record among the ticks that starts, promotes or stops a model version.

    Args:
        found: the live version of each affected symbol, as `lost_directives` returns it.

    >>> lost_directives_sentence({"BTCUSDT": "bold-1"})[:104]
    'expected the ticks to reach back to the first directive, some of those before the oldest tick are delete'
    """
    named = ", ".join(f"{symbol} (now {live})" for symbol, live in list(found.items())[:NAMED])
    others = f" and {len(found) - NAMED} more" if len(found) > NAMED else ""
    return (
        "expected the ticks to reach back to the first directive, some of those before the oldest tick are deleted: "
        f"computed anew, these symbols would begin with their built-in version again: {named}{others}; fix: restore a "
        "backup of the ticks, or `tickloop topics reset --without-directives` and then what `tickloop doctor` says of "
        "versions"
    )


async def find_lost_directives(settings: Settings, bootstrap: str) -> dict[str, str]:
    """Read the topics, and return what `lost_directives` finds in them; empty if no partition has lost its first ticks.

    Raises:
        EnvironmentProblem: the cluster does not answer, or a topic is missing.
    """
    oldest = await _oldest(settings, bootstrap, TICKS)
    if not oldest:
        return {}
    cut = await _oldest(settings, bootstrap, COMMANDS)
    commands = await _all(settings, bootstrap, COMMANDS)
    versions = await _all(settings, bootstrap, MODEL_VERSIONS)
    return lost_directives(commands, versions, oldest, cut)


async def _oldest(settings: Settings, bootstrap: str, topic: Topic) -> dict[int, int]:
    """Kafka timestamp (ms since 1970) of the oldest record of each partition that no longer begins at offset 0."""
    consumer = clients.consumer(bootstrap, auto_offset_reset="earliest")
    try:
        await consumer.start()
        partitions = [TopicPartition(settings.topic(topic.name), number) for number in range(settings.partitions)]
        first, end = await consumer.beginning_offsets(partitions), await consumer.end_offsets(partitions)
        found = {}
        for tp in (tp for tp in partitions if first[tp] > 0):
            if first[tp] == end[tp]:
                found[tp.partition] = 2**62
                continue
            consumer.assign([tp])
            consumer.seek(tp, first[tp])
            found[tp.partition] = (await consumer.getone(tp)).timestamp
        return found
    except KafkaError as error:
        raise EnvironmentProblem(f"expected to read {topic.name} from {bootstrap}, got {error!r}") from error
    finally:
        await consumer.stop()


async def _all(settings: Settings, bootstrap: str, topic: Topic) -> list[DatedRecord]:
    decode = decoder(topic.record)
    found = []
    async for block in read_blocks(bootstrap, settings.topic(topic.name), until_end=True, repeats=True):
        for each in block:
            try:
                found.append(DatedRecord(each.partition, each.timestamp_ms, decode(each.value)))
            except Refused:  # what people wrote where commands belong
                continue
    return found
