"""Writes the machine-readable contract: one AsyncAPI document, and one JSON Schema for each topic.

Both are generated from the record types and the list of topics. `python -m schemas.asyncapi write` writes them to
`schemas/contract/`; `check` prints how the committed files differ from freshly generated ones. The examples in them are
the golden records in `schemas/contract/golden/`: real encoded records, kept by hand, never generated.

References:
    AsyncAPI Initiative (2023): AsyncAPI Specification 3.0.0; Kafka bindings 0.5.0.
    Wright, Andrews, Hutton, Dennis (2022): JSON Schema, draft 2020-12.
"""

import inspect
import json
import re
import sys
from pathlib import Path
from typing import Any

import msgspec

from schemas import committed
from schemas.topics import PARTITIONS, TOPICS, Topic

CONTRACT = Path(__file__).parent / "contract"
GOLDEN = CONTRACT / "golden"

VERSION = "0.1.0"
"""Version of the contract: the first number grows when an old reader would break, the second with an addition."""

Json = dict[str, Any]


def kebab(name: str) -> str:
    """A record type's name in lower case with hyphens; the file of its golden (example) records has this name.

    >>> kebab("OutcomeMatured")
    'outcome-matured'
    """
    return re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower()


def golden(record: type[msgspec.Struct]) -> list[bytes]:
    """Encoded example records of one type, one JSON object each.

    They are read from the type's file in `schemas/contract/golden/`. Records that earlier releases wrote come first,
    those of the present release last.
    """
    return (GOLDEN / f"{kebab(record.__name__)}.jsonl").read_bytes().splitlines()


def json_schema(topic: Topic) -> Json:
    """The JSON Schema (draft 2020-12) of the record values on a topic."""
    schema: Json = _plain(msgspec.json.schema(topic.record))
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:tickloop:{topic.name}:{VERSION}",
        "description": topic.summary,
        **schema,
    }


def asyncapi() -> Json:
    """The AsyncAPI 3.0 document, from the system's point of view.

    Tickloop "receives" on topics that clients write to, and "sends" on all others.
    """
    records = {record.__name__: (topic, record) for topic in TOPICS for record in topic.records}
    _, schemas = msgspec.json.schema_components(
        [record for _, record in records.values()], ref_template="#/components/schemas/{name}"
    )
    return {
        "asyncapi": "3.0.0",
        "id": "urn:tickloop",
        "info": {
            "title": "Tickloop",
            "version": VERSION,
            "description": (
                "Market ticks in, predictions and their outcomes out.\n\n"
                "Values are JSON objects. Readers ignore fields that they do not know; fields that are added later are "
                "optional. Every id is `topic:partition:offset` of the record that it answers, with an index after "
                "it where one record led to several: along one partition the position in the ids only grows, so a "
                "reader that drops records at or before the last position that it saw reads each exactly once. Only "
                "the id of a command is the asker's own, and its directive has it too. A deployment may put a prefix "
                "before all addresses."
            ),
        },
        "defaultContentType": "application/json",
        "servers": {"local": {"host": "127.0.0.1:9092", "protocol": "kafka", "description": "`tickloop up`"}},
        "channels": {topic.name: _channel(topic) for topic in TOPICS},
        "operations": dict(map(_operation, TOPICS)),
        "components": {
            "messages": {name: _message(topic, record) for name, (topic, record) in records.items()},
            "schemas": _plain(schemas),
        },
    }


def files() -> dict[str, str]:
    """The generated text of every file of the contract, by file name."""
    documents = {"asyncapi.json": asyncapi()} | {f"{topic.name}.schema.json": json_schema(topic) for topic in TOPICS}
    return {name: json.dumps(content, indent=2, ensure_ascii=False) + "\n" for name, content in documents.items()}


def wanted() -> committed.Files:
    """The text that every file in the contract's folder should have, by path.

    An empty text means that the file should be deleted, because its topic no longer exists.
    """
    expected = files()
    names = [*expected, *sorted({path.name for path in CONTRACT.glob("*.json")} - expected.keys())]
    return {CONTRACT / name: expected.get(name, "") for name in names}


def _channel(topic: Topic) -> Json:
    configuration: Json = {"cleanup.policy": topic.cleanup.split(","), "max.message.bytes": topic.max_message_bytes}
    if topic.cleanup != "compact":
        configuration["retention.ms"] = topic.retention_ms
    return {
        "address": topic.name,
        "summary": topic.summary,
        "messages": {record.__name__: {"$ref": f"#/components/messages/{record.__name__}"} for record in topic.records},
        "bindings": {
            "kafka": {"partitions": PARTITIONS, "topicConfiguration": configuration, "bindingVersion": "0.5.0"}
        },
    }


def _operation(topic: Topic) -> tuple[str, Json]:
    action = "receive" if topic.is_root else "send"
    name = action + "".join(part.capitalize() for part in topic.name.split("-"))
    return name, {
        "action": action,
        "channel": {"$ref": f"#/channels/{topic.name}"},
        "summary": topic.summary,
        "messages": [{"$ref": f"#/channels/{topic.name}/messages/{record.__name__}"} for record in topic.records],
    }


def _message(topic: Topic, record: type[msgspec.Struct]) -> Json:
    return {
        "name": record.__name__,
        "summary": inspect.cleandoc(record.__doc__ or "").split("\n")[0],
        "contentType": "application/json",
        "payload": {"$ref": f"#/components/schemas/{record.__name__}"},
        "bindings": {"kafka": {"key": {"type": "string", "description": topic.key}, "bindingVersion": "0.5.0"}},
        "examples": [{"name": "golden", "payload": json.loads(golden(record)[-1])}],
    }


def _plain(schema: Any) -> Any:
    """A copy of a schema without `discriminator`, which only OpenAPI knows, and without indentation in descriptions."""
    if isinstance(schema, list):
        return [_plain(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {name: _plain(value) for name, value in schema.items() if name != "discriminator"}
    if isinstance(kept.get("description"), str):
        kept["description"] = inspect.cleandoc(kept["description"])
    return kept


def main(arguments: list[str]) -> int:
    """Run `write` or `check` on the contract's files and return the exit code.

    The exit code is 1 if `check` finds that the committed contract differs from the record types. It is 2 for other
    arguments.
    """
    return committed.main(arguments, "schemas.asyncapi", "schemas/contract", wanted)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
