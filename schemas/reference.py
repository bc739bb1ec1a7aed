"""Writes `docs/topics.md`, which describes all topics and records for people.

It is generated from the list of topics and the docstrings of the records. `python -m schemas.reference write` writes
the page; `check` prints how the committed page differs from the generated one.
"""

import inspect
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import UNSET, UnsetType

from schemas import committed
from schemas.limits import FINITE, LARGEST_FIGURE, NAMING, PRINTABLE, TICK_ID
from schemas.topics import DAY_MS, MIB, TOPICS, Topic

PAGE = Path(__file__).parents[1] / "docs" / "topics.md"

OF = {"": "", PRINTABLE: " of a symbol", NAMING: " of a name", TICK_ID: " of the id of a tick, or what follows from it"}
"""Words for the pattern of a text; `HEAD` explains them."""

HEAD = """# Topics and records

Written by `make contract` from `schemas/`; do not edit. Values are JSON objects on the wire; the same as JSON Schema
and as one AsyncAPI document is in [schemas/contract](../schemas/contract), with golden bytes of every record. A
deployment may put a prefix before all names. Times are nanoseconds since the Unix epoch, UTC, prices in the quote
currency, *bps* hundredths of a percent. Every id is `topic:partition:offset` of the record that it answers, with an
index after it where one record led to several: along a partition the positions in the ids only grow, so a reader
that drops records at or before the last position that it saw reads each exactly once. Fields are only ever added,
with defaults; readers ignore those that they do not know. Event times and `seq` are integers beyond 2^53: a parser
that makes doubles of all numbers, `JSON.parse` of JavaScript for one, rounds them to some 256 ns; use one that
knows `BigInt`. Ids are strings.

Every field has bounds, which every reader checks: a record outside of them is refused (`malformed`; of quotes and
trades with a reason for each bound, such as `bad_price`). *Characters of a symbol* are printable ASCII without the
space, *characters of a name* printable ASCII without `|`. So `BINANCE:BTCUSDT`, `EUR/USD` and even `A|B` are symbols,
and a key `symbol|name` is split at its last `|`. Arms, versions, experiments, metrics and ids of commands are
names. A number without bounds of its own is one from -1e100 to 1e100.
"""


def text() -> str:
    """The text of the page `docs/topics.md`, in Markdown."""
    parts = [HEAD]
    shown: set[type] = set()
    for topic in TOPICS:
        parts.append(_topic(topic))
        for record in topic.records:
            parts += _record(record, shown)
    return "\n".join(parts)


def _topic(topic: Topic) -> str:
    kept = f"{topic.retention_ms // DAY_MS} days" if topic.cleanup != "compact" else "for good"
    if topic.is_compacted:
        kept = f"the newest of each key, {kept}"
    root = "; written by producers and people, too" if topic.is_root else ""
    size = f"; at most {topic.max_message_bytes // MIB} MiB a batch"
    records = ", ".join(f"[`{record.__name__}`](#{record.__name__.lower()})" for record in topic.records)
    return f"## {topic.name}\n\n{topic.summary[0].upper()}{topic.summary[1:]}.\n\nRecords: {records}. " + (
        f"Key: {topic.key}. Kept: {kept}{size}{root}.\n"
    )


def _record(record: type[Any], shown: set[type]) -> Iterator[str]:
    """Sections of the page for a record, and then for each record that occurs in its fields.

    A record that is in `shown` already is left out, so that the page has each record once.
    """
    if record in shown:
        return
    shown.add(record)
    inside: list[type[Any]] = []
    rows = ["| field | type | default | meaning |", "|---|---|---|---|"]
    tag = record.__struct_config__
    if tag.tag is not None:
        rows.append(f"| `{tag.tag_field}` | `{msgspec.json.encode(tag.tag).decode()}` | | says which record it is |")
    hints = get_type_hints(record, include_extras=True)
    for field in msgspec.structs.fields(record):
        hint = hints[field.name]
        rows.append(f"| `{field.encode_name}` | {_type(hint, inside)} | {_default(field)} | {_meaning(hint)} |")
    about = inspect.cleandoc(record.__doc__ or "").partition("\nAttributes:")[0].strip()
    yield f"### {record.__name__}\n\n{about}\n\n" + "\n".join(rows) + "\n"
    for each in inside:
        yield from _record(each, shown)


def _default(field: msgspec.structs.FieldInfo) -> str:
    if field.required:
        return ""
    if field.default is UNSET:
        return "absent"
    value = field.default if field.default is not msgspec.NODEFAULT else field.default_factory()
    return f"`{msgspec.json.encode(value).decode()}`"


def _meaning(hint: Any) -> str:
    """Description in a field's annotation; of several, the outermost one."""
    metas = [each for each in getattr(hint, "__metadata__", ()) if isinstance(each, msgspec.Meta)]
    found = next((meta.description for meta in reversed(metas) if meta.description), "")
    return found.replace("|", "\\|")


def _type(hint: Any, inside: list[type[Any]]) -> str:
    """Name of a type in terms of JSON; record types in it are linked, and added to `inside`.

    >>> _type(dict[str, tuple[float, ...]] | None, [])
    'object of list of number, or null'
    >>> _type(Literal["up", "down"], [])
    '`"up"` or `"down"`'
    """
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        bounds = _bounds(arguments[0], hint.__metadata__)
        return _type(arguments[0], inside) + (f" ({bounds})" if bounds else "")
    if origin is Literal:
        return " or ".join(f"`{msgspec.json.encode(value).decode()}`" for value in arguments)
    if origin is Mapping:
        return "object of tables"
    if origin in (Union, UnionType):
        names = [_type(each, inside) for each in arguments if each not in (NoneType, UnsetType)]
        return " or ".join(names) + (", or null" if NoneType in arguments else "")
    if origin is dict:
        return f"object of {_type(arguments[1], inside)}"
    if origin in (tuple, list):
        kinds = dict.fromkeys(_type(each, inside) for each in arguments if each is not Ellipsis)
        return f"list of {', '.join(kinds)}"
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        inside.append(hint)
        return f"[`{hint.__name__}`](#{hint.__name__.lower()})"
    plain: dict[Any, str] = {
        str: "string",
        int: "integer",
        float: "number",
        bool: "boolean",
        bytes: "base64",
        Any: "any",
    }
    return plain[hint]


def _bounds(plain: Any, metadata: tuple[Any, ...]) -> str:
    """The bounds of a type in words, without the bounds of types inside it, such as those of a list's items.

    >>> _bounds(int, (msgspec.Meta(ge=1, le=2**63 - 1), msgspec.Meta(description="ns")))
    'from 1 to 2^63 - 1'
    >>> _bounds(str, (msgspec.Meta(min_length=1, max_length=200, pattern=NAMING),))
    '1 to 200 characters of a name'
    """
    bounds: dict[str, Any] = {}
    for meta in (each for each in metadata if isinstance(each, msgspec.Meta)):
        stated = meta.extra_json_schema or {}
        given = {
            "lowest": stated.get("minimum", meta.ge),
            "highest": stated.get("maximum", meta.le),
            "shortest": stated.get("minLength", meta.min_length),
            "longest": stated.get("maxLength", meta.max_length),
            "pattern": stated.get("pattern", meta.pattern),
        }
        bounds.update({name: value for name, value in given.items() if value is not None})
    if bounds.get("highest") in (LARGEST_FIGURE, FINITE):
        return ""
    if "lowest" in bounds:
        return f"from {_number(bounds['lowest'])} to {_number(bounds['highest'])}"
    if "longest" not in bounds:
        return ""
    size = f"{bounds['shortest']} to {bounds['longest']}" if bounds.get("shortest") else f"at most {bounds['longest']}"
    return f"{size} characters{OF[bounds.get('pattern', '')]}" if plain is str else size


def _number(value: float) -> str:
    """A bound in its shortest readable form.

    >>> _number(-(2**63)), _number(2**62 - 1), _number(1e-12), _number(0)
    ('-2^63', '2^62 - 1', '1e-12', '0')
    """
    for power in (53, 62, 63):
        for number, shown in ((2**power, f"2^{power}"), (2**power - 1, f"2^{power} - 1"), (-(2**power), f"-2^{power}")):
            if value == number:
                return shown
    return f"{value:g}"


def main(arguments: list[str]) -> int:
    """Run `write` or `check` on `docs/topics.md` and return the exit code.

    The exit code is 1 if `check` finds that the page differs from the generated one, 2 for other arguments.
    """
    return committed.main(arguments, "schemas.reference", "docs/topics.md", lambda: {PAGE: text()})


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
