"""The runtime and a replay send each record to the partition that its topic declares."""

from collections.abc import Sequence
from typing import Any

import pytest
from msgspec import Struct
from msgspec.structs import replace

from schemas.codec import encode
from schemas.experiments import ExperimentPartial
from schemas.ticks import Directive, Trade
from schemas.topics import COMMANDS, EXPERIMENT_PARTIALS, TICKS, TOPICS, Topic
from streams.engine.node import Node
from streams.engine.partitioner import partition_of
from streams.engine.replay import SourceRecord, replay
from streams.engine.routes import place_of
from tests.support.largest_records import largest


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)
def test_only_pooled_records_and_commands_leave_the_partition_of_their_cause(topic: Topic) -> None:
    for kind in topic.records:
        record: Any = None if topic.placing == "cause" else largest(kind)
        place = place_of(topic, record, 5, 8)
        expected = partition_of(record.experiment, 8) if topic is EXPERIMENT_PARTIALS else 5
        assert place == expected, "an id that names no partition leaves a record where its cause is"
    assert topic.placing == {EXPERIMENT_PARTIALS: "key", COMMANDS: "id"}.get(topic, "cause")


class TellingNode(Node[None]):
    """A node that answers each trade with a record for another partition, and a directive for its own."""

    name = "telling"
    source = TICKS
    outputs = (EXPERIMENT_PARTIALS, TICKS)
    state = type(None)

    def open(self, key: str) -> None:
        return None

    def step(self, state: None, event: Any, record_id: str) -> Sequence[Struct]:
        partial: ExperimentPartial = largest(ExperimentPartial)
        directive: Directive = largest(Directive)
        return [
            replace(partial, id=record_id, symbol=event.symbol, experiment="calmer"),
            replace(directive, id=record_id, symbol=event.symbol),
        ]


def test_a_replay_puts_records_where_their_topics_say() -> None:
    log = [SourceRecord(number, 7, b"X", encode(Trade("X", 1, 1.0, 1.0))) for number in range(3)]
    found = {(each.topic, each.partition) for each in replay(TellingNode(), log, partitions=3)}
    assert found == {("experiment-partials", partition_of("calmer", 3)), ("ticks", 0), ("ticks", 1), ("ticks", 2)}
