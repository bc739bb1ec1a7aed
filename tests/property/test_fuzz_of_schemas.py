"""Payloads that are generated from the schemas stop no node and no reader of any topic."""

from collections import Counter, defaultdict
from typing import Any

import msgspec
import pytest
from msgspec import Struct, inspect

from agents.audit.lineage import link
from agents.cli.record_tables import cells, columns_of
from agents.clients import readable_records as saying
from agents.clients.readable_records import MOST_SAID, ReadableRecords, TopicLog
from agents.clients.reader import Once, Received
from schemas.codec import decoder, encode
from schemas.dead_letters import DeadLetter
from schemas.errors import Refused
from schemas.ticks import Quote, ReferenceTick, Trade
from schemas.topics import COMMANDS, EXPERIMENT_PARTIALS, TICKS, TOPICS, Topic
from streams.engine.chain import chained
from streams.engine.node import Node
from streams.engine.partition import Partition
from streams.engine.routes import place_of, topic_of
from streams.monitoring.alerts import alert_of
from streams.topology import nodes
from tests.support.loop_payloads import FUZZED, payloads
from tests.support.places import ROOT
from tests.support.schema_payloads import SchemaPayloads

ROOTS = (TICKS, COMMANDS, EXPERIMENT_PARTIALS)
TAKEN = {
    TICKS: {"Prediction", "AccountMarked"},
    COMMANDS: {"Directive", "ModelVersion", "RetrainJob"},
    EXPERIMENT_PARTIALS: {"PooledMoved"},
}
"""Outputs that must follow from valid payloads among the others; without any the test would show nothing."""

DECODERS = {record: decoder(topic.record) for topic in TOPICS for record in topic.records}


def taken(node: Node[Any], values: Any) -> Counter[str]:
    """Apply payloads to a node; count its outputs by record type, and its refusals by reason.

    Each output must fit its schema and have a key and a partition, and each state must survive a snapshot.
    """
    partition, found, topics = Partition(node, 0), Counter[str](), topic_of([node])
    for offset, value in enumerate(values):
        for record in partition.apply(offset, b"key", value):
            kind: type[Any] = type(record)
            assert DECODERS[kind](encode(record)) == record, "what a node writes fits its schema"
            assert 0 <= place_of(topics[kind], record, 0, 8) < 8
            topics[kind].key_of(record)
            found[record.reason if isinstance(record, DeadLetter) else kind.__name__] += 1
    for name in partition.keys:
        state = node.dump(partition.keys[name].state)
        assert node.dump(node.load(state)) == state
    return found


@pytest.fixture
def nothing_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget which skipped records this process has logged, since each of them is logged once only."""
    monkeypatch.setattr(saying, "_told", defaultdict(TopicLog))


@pytest.mark.parametrize("topic", ROOTS, ids=lambda topic: topic.name)
def test_no_payload_on_a_root_stops_the_loop(topic: Topic) -> None:
    (node,) = (node for node in chained(nodes(FUZZED)) if node.source is topic)
    found = taken(node, payloads(topic, 6_000, seed=1))
    assert {"malformed", "not_json"} | TAKEN[topic] <= found.keys()
    assert len(found) >= 6


@pytest.mark.parametrize(
    "node", [node for node in nodes(FUZZED) if not node.source.is_root], ids=lambda node: node.name
)
def test_no_payload_stops_a_node_that_reads_what_others_write(node: Node[Any]) -> None:
    found = taken(node, payloads(node.source, 1_000, seed=2))
    assert {"malformed", "not_json"} <= found.keys()


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)
def test_no_payload_on_any_topic_stops_a_reader(
    topic: Topic, caplog: pytest.LogCaptureFixture, nothing_said: None
) -> None:
    readable, once, columns = ReadableRecords(topic), Once(), columns_of(topic.record)
    counted = Counter[bool]()
    for offset, value in enumerate([*payloads(topic, 250, seed=3), None, b"", b"\xff"]):
        once.is_new(0, value)
        record = readable(Received(0, offset, 0, b"key", value))
        counted[record is not None] += 1
        if record is None:
            said = [each.message for each in caplog.records if f"offset {offset}:" in each.message]
            assert len(said) == (counted[False] <= MOST_SAID)
            continue
        alert = alert_of(record)
        assert alert is None or decoder(type(alert))(encode(alert)) == alert
        assert all(cell.plain.isprintable() for cell in cells(columns, record))
        if not isinstance(record, Quote | Trade | ReferenceTick | DeadLetter) and hasattr(record, "ts_event"):
            _shown(record)
    assert counted[True] > 20
    assert counted[False] > 20


def _shown(record: Any) -> None:
    if not hasattr(record, "breach") or record.breach is not None:
        assert link(record).ts_event == record.ts_event


def test_a_skipped_record_is_logged_once(caplog: pytest.LogCaptureFixture, nothing_said: None) -> None:
    readable = ReadableRecords(COMMANDS)
    for _ in range(3):
        assert readable(Received(5, 4_711, 0, None, b"{}")) is None
    assert [record.message.split(": ")[0] for record in caplog.records] == ["commands, partition 5, offset 4711"]


@pytest.mark.parametrize("record", DECODERS, ids=lambda record: record.__name__)
def test_every_field_has_bounds_and_what_fits_them_is_read(record: type[Struct]) -> None:
    if record not in (Quote, Trade, ReferenceTick):
        unbounded = list(_unbounded(inspect.type_info(record), record.__name__))
        assert unbounded == []
    values, decode = SchemaPayloads(record, seed=4), DECODERS[record]
    for _ in range(100):
        read = decode(values.fitting())
        assert decode(encode(read)) == read


def _unbounded(kind: Any, where: str) -> Any:
    """Paths of the fields of a type that have no bound."""
    if isinstance(kind, inspect.Metadata):
        yield from _unbounded(kind.type, where)
    elif isinstance(kind, inspect.UnionType):
        for each in kind.types:
            yield from _unbounded(each, where)
    elif isinstance(kind, inspect.StructType):
        for field in kind.fields:
            yield from _unbounded(field.type, f"{where}.{field.name}")
    elif isinstance(kind, inspect.IntType | inspect.FloatType):
        if kind.ge is None or kind.le is None:
            yield where
    elif isinstance(kind, inspect.DictType | inspect.VarTupleType | inspect.ListType | inspect.CollectionType):
        if kind.max_length is None:
            yield where
        inside = (kind.key_type, kind.value_type) if isinstance(kind, inspect.DictType) else (kind.item_type,)
        for each in inside:
            yield from _unbounded(each, f"{where}[]")
    elif isinstance(kind, inspect.StrType | inspect.BytesType):
        if kind.max_length is None:
            yield where
    elif isinstance(kind, inspect.AnyType):
        yield where


def test_the_written_contract_has_the_bounds_of_every_field() -> None:
    """Quotes, trades and copies of them are included, though their bounds are checked by code of their own."""
    folder = ROOT / "schemas" / "contract"
    ticks = msgspec.json.decode((folder / "ticks.schema.json").read_bytes())["$defs"]
    assert ticks["Quote"]["properties"]["bid"]["maximum"] == 1e12
    assert ticks["Trade"]["properties"]["ts_event"]["minimum"] == 1
    assert ticks["Trade"]["properties"]["symbol"]["maxLength"] == 32
    commands = msgspec.json.decode((folder / "commands.schema.json").read_bytes())["$defs"]
    assert commands["Breach"]["properties"]["since"]["maximum"] == 2**63 - 1


@pytest.mark.parametrize(
    ("command", "part"),
    [
        (b'"since":' + b"1" + b"0" * 30, "$.breach.since"),
        (b'"since":1e999', "$.breach.since"),
        (b'"since":-1', "$.breach.since"),
        (b'"statistic":1e300', "$.breach.statistic"),
        (b'"sentence":"' + b"x" * 600_000 + b'"', "$.breach.sentence"),
    ],
)
def test_a_breach_out_of_bounds_is_refused_before_it_becomes_a_job(command: bytes, part: str) -> None:
    fields = (
        b'{"kind":"retrain","id":"r1","symbol":"X","ts_event":5,"cause":"c","breach":{"id":"r1","trigger":"manual",'
        b'"detector":"d","statistic":0.0,"limit":0.0,"since":0,"since_outcomes":0,"retrain":true,"withheld":"",'
        b'"sentence":"s",%s}}'
    )
    (node,) = (node for node in nodes(FUZZED) if node.source is COMMANDS)
    (job,) = Partition(node, 0).apply(0, b"X", fields % b'"more":0')
    assert type(job).__name__ == "RetrainJob"
    with pytest.raises(Refused, match="malformed") as refused:
        node.decode(fields % command)
    assert part in refused.value.detail
