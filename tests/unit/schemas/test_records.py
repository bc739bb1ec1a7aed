"""Golden bytes: records of every version stay readable, and today's version writes exactly these bytes.

A file has one line for each form of a record that was ever written, the oldest first. The last line is a full
record of today's form. If you add a field, give it a default, append a line to the file, and add its record
to `golden_records.py`.
"""

from typing import Any

import msgspec
import pytest

from schemas.asyncapi import GOLDEN, golden, kebab
from schemas.codec import decoder, encode
from schemas.errors import Refused
from schemas.topics import TOPICS, Topic
from tests.support.golden_model_records import MODEL
from tests.support.golden_records import RECORDS

KINDS = [(topic, record) for topic in TOPICS for record in topic.records]


def required_fields(record: type[msgspec.Struct]) -> list[str]:
    return [field.encode_name for field in msgspec.structs.fields(record) if field.required]


def default_of(field: Any) -> Any:
    return field.default if field.default is not msgspec.NODEFAULT else field.default_factory()


def default(field: msgspec.structs.FieldInfo) -> Any:
    return field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()


def refusal(topic: Topic, fields: Any) -> tuple[str, str]:
    with pytest.raises(Refused) as caught:
        decoder(topic.record)(msgspec.json.encode(fields))
    return caught.value.reason, caught.value.detail


@pytest.mark.parametrize(("topic", "record"), KINDS, ids=lambda value: getattr(value, "__name__", ""))
class TestEveryRecord:
    def test_golden_bytes_are_read_as_ever_and_written_as_ever(self, topic: Topic, record: Any) -> None:
        lines, records = golden(record), RECORDS[record]
        assert [decoder(topic.record)(line) for line in lines] == records
        assert encode(records[-1]) == lines[-1], "append the new form to the golden file; never change a line"

    def test_the_newest_golden_record_shows_every_field_at_work(self, topic: Topic, record: Any) -> None:
        newest = RECORDS[record][-1]
        for field in msgspec.structs.fields(record):
            assert field.required or getattr(newest, field.name) != default_of(field), field.name

    def test_unknown_fields_are_ignored(self, topic: Topic, record: Any) -> None:
        line = golden(record)[-1]
        longer = line[:-1] + b',"added_later":{"deep":[1,null,"x"]}}'
        assert decoder(topic.record)(longer) == decoder(topic.record)(line)

    def test_a_missing_field_is_refused_by_name(self, topic: Topic, record: Any) -> None:
        for name in required_fields(record):
            fields = {key: value for key, value in msgspec.json.decode(golden(record)[-1]).items() if key != name}
            assert refusal(topic, fields) == ("malformed", f"Object missing required field `{name}`")

    def test_optional_fields_may_be_missing(self, topic: Topic, record: Any) -> None:
        fields = msgspec.json.decode(golden(record)[-1])
        kept = {name: value for name, value in fields.items() if name in {"kind", *required_fields(record)}}
        decoded = decoder(topic.record)(msgspec.json.encode(kept))
        for field in msgspec.structs.fields(record):
            expected = getattr(RECORDS[record][-1], field.name) if field.required else default_of(field)
            assert getattr(decoded, field.name) == expected

    def test_a_mistyped_field_is_refused_by_name(self, topic: Topic, record: Any) -> None:
        for name in required_fields(record):
            fields = msgspec.json.decode(golden(record)[-1]) | {name: [[]]}
            reason, detail = refusal(topic, fields)
            assert reason == "malformed"
            assert f"`$.{name}" in detail


def test_every_record_has_a_golden_file_and_every_golden_file_a_record() -> None:
    assert {path.name for path in GOLDEN.iterdir()} == {f"{kebab(record.__name__)}.jsonl" for _, record in KINDS}
    assert RECORDS.keys() == {record for _, record in KINDS}


@pytest.mark.parametrize("record", [MODEL, MODEL.model, *(records[-1] for records in RECORDS.values())], ids=type)
def test_records_are_frozen(record: msgspec.Struct) -> None:
    for name in record.__struct_fields__:
        with pytest.raises(AttributeError, match="immutable"):
            setattr(record, name, getattr(record, name))
