"""The committed AsyncAPI contract agrees with the records, is valid, and has real records as examples.

When its shape changes, check by hand that the official parser (npm `@asyncapi/parser`) and the official JSON
Schema (npm `@asyncapi/specs`, 3.0.0) accept `schemas/contract/asyncapi.json` without an error.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from schemas import asyncapi, committed
from schemas.topics import COMMANDS, EXPERIMENT_PARTIALS, TICKS, TOPICS, Topic

DOCUMENT = json.loads((asyncapi.CONTRACT / "asyncapi.json").read_bytes())


def walk(node: Any, path: str = "#") -> Iterator[tuple[str, Any]]:
    """Every object of a JSON document, with its path."""
    if isinstance(node, dict):
        yield path, node
    if isinstance(node, dict | list):
        for name, child in node.items() if isinstance(node, dict) else enumerate(node):
            yield from walk(child, f"{path}/{name}")


def in_document(reference: str) -> Any:
    resource = Resource.from_contents(DOCUMENT, default_specification=DRAFT202012)
    return Registry().with_resource("", resource).resolver().lookup(reference).contents


def test_the_committed_contract_is_what_the_records_say() -> None:
    found = "\n".join(committed.differences(asyncapi.wanted()))
    assert not found, f"records and contract differ; if that is meant: make contract\n{found}"


def test_writing_restores_what_was_changed_and_removes_what_is_stale(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(asyncapi, "CONTRACT", tmp_path)
    assert asyncapi.main(["write"]) == 0
    assert asyncapi.main(["check"]) == 0
    changed = tmp_path / "predictions.schema.json"
    changed.write_text(changed.read_text().replace('"probability"', '"chance"'))
    (tmp_path / "gone.schema.json").write_text("{}\n")
    assert asyncapi.main(["check"]) == 1
    printed = capsys.readouterr()
    assert '\n-        "chance",\n+        "probability",\n' in printed.out
    assert "gone.schema.json" in printed.out
    assert "fix: make contract" in printed.err
    assert asyncapi.main(["write"]) == 0
    assert asyncapi.main(["check"]) == 0
    assert {path.name for path in tmp_path.iterdir()} == set(asyncapi.files())


def test_the_command_says_what_it_expects(capsys: pytest.CaptureFixture[str]) -> None:
    assert asyncapi.main(["show"]) == 2
    assert "write|check" in capsys.readouterr().err


def test_every_reference_leads_somewhere() -> None:
    references = [node["$ref"] for _, node in walk(DOCUMENT) if "$ref" in node]
    assert len(references) > 10
    assert all(in_document(reference) for reference in references)


def test_channels_operations_and_messages_cover_the_registry() -> None:
    assert list(DOCUMENT["channels"]) == [topic.name for topic in TOPICS]
    received = [operation for operation in DOCUMENT["operations"].values() if operation["action"] == "receive"]
    assert [operation["channel"]["$ref"] for operation in received] == [
        f"#/channels/{topic.name}" for topic in (TICKS, EXPERIMENT_PARTIALS, COMMANDS)
    ]
    for topic, operation in zip(TOPICS, DOCUMENT["operations"].values(), strict=True):
        channel = in_document(operation["channel"]["$ref"])
        assert channel["address"] == topic.name
        assert [in_document(in_document(message["$ref"])["$ref"])["name"] for message in operation["messages"]] == [
            record.__name__ for record in topic.records
        ]
        configuration = channel["bindings"]["kafka"]["topicConfiguration"]
        assert configuration["cleanup.policy"] == topic.cleanup.split(",")
        assert configuration.get("retention.ms") == (topic.retention_ms if topic.cleanup != "compact" else None)


def test_examples_validate_against_their_payload_and_a_spoiled_one_does_not() -> None:
    components = {"components": {"schemas": DOCUMENT["components"]["schemas"]}}
    for message in DOCUMENT["components"]["messages"].values():
        validator = Draft202012Validator(message["payload"] | components)
        for example in message["examples"]:
            validator.validate(example["payload"])
            for name in in_document(message["payload"]["$ref"])["required"]:
                spoiled = {field: value for field, value in example["payload"].items() if field != name}
                assert not validator.is_valid(spoiled), name


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)
def test_json_schemas_are_valid_take_golden_records_and_nothing_mistyped(topic: Topic) -> None:
    schema = json.loads((asyncapi.CONTRACT / f"{topic.name}.schema.json").read_bytes())
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    for line in [line for record in topic.records for line in asyncapi.golden(record)]:
        golden = json.loads(line)
        validator.validate(golden)
        for name in golden:
            assert not validator.is_valid(golden | {name: [[]]}), name


def test_every_field_says_what_it_means() -> None:
    silent = [
        f"{path}/properties/{name}"
        for path, node in walk(DOCUMENT["components"]["schemas"])
        for name, field in node.get("properties", {}).items()
        if name != "kind" and not {"description", "$ref"} & field.keys()
    ]
    assert not silent
