"""Random payloads from the schemas: records with values at and near every bound, and ones that break the schema."""

import json
from collections.abc import Callable, Iterator, Mapping
from random import Random
from typing import Any

from msgspec import UNSET, inspect

from schemas.limits import END_OF_TIME, LARGEST_COUNT, LARGEST_FIGURE, NAMING, PRINTABLE, TICK_ID

LARGEST_COLLECTIONS = 600
"""Most members of all collections of a record together."""

LONGEST_TEXT = 20_000


class Raw(str):
    """Text that is written into JSON as it is, for values that Python cannot represent."""


SYMBOLS = ("FUZZ", "A|B", "BINANCE:BTCUSDT", "EUR/USD", "BTC-USD", "~", "!", "*", "pooled:1:2:3", "live", "0")
NAMES = ("b", "live", "builtin", "a:b:c", "pooled:3:4:x:Y", "candidate-1", "x y", "-", "calmer", "other", "0")
IDS = ("ticks:0:7", "ticks:0:7:0", "ticks:1:12:0:0", "commands:1:5:0", "pooled:7:1:calmer:ASH", "mine", "x:y:z", "::")
TICK_IDS = ("ticks:0:7", "ticks:1:9:0", "ticks:2:1097:0:0", "ticks:999999:1:0", "ticks:0:999999999999999999:0")
ODD_TEXTS = (
    *(
        "",
        " ",
        "\n",
        "X\n",
        "|",
        "\u0000",
        "\u00e9",
        "\U0001f600",
        "a|b",
        "a:b",
        "ticks:x:y",
        "ticks:-1:5:0",
        "ticks:1",
    ),
    *("pooled:-1:1:x:Y", "pooled:9999999:1:x:Y", "ticks:\u0661:7:0", "ticks: 1:2", "../../x", "%s%n", "{0}", "NaN"),
)
ODD = (
    *("null", "true", "[]", "{}", '""', '"1"', "0", "-0.0", "1.5", "-1", "1e5", "1e999", "-1e999", "5e-324", "1e308"),
    *("9223372036854775807", "9223372036854775808", "-9223372036854775809", "18446744073709551616", "1" + "0" * 30),
    *("9" * 400, "9" * 5_000, "NaN", "Infinity", "-", "[[[[[[[[[]]]]]]]]]", '{"a":{"a":{"a":{}}}}', '"\\ud800"'),
    *("[" * 300 + "]" * 300, '{"a":' * 300 + "1" + "}" * 300, "[" * 2_000, '"' + "x" * 5_000 + '"', "[null]", "[1,2]"),
)
"""JSON texts that may replace any value."""


class SchemaPayloads:
    """Makes random encoded records of a type from its fields and their bounds.

    Args:
        record: a record type, or a union of several.
        seed: seed of the random values; the same seed gives the same records.
        sensible: by name of a field, a function that draws values that mean something to a node. Most records use
            them, so that nodes compare them with earlier records instead of refusing them at once.
    """

    def __init__(self, record: Any, seed: int, sensible: Mapping[str, Callable[[Random], Any]] | None = None) -> None:
        self._type = inspect.type_info(record)
        self._random = Random(seed)
        self._room = 0
        self._sensible = sensible or {}

    def fitting(self) -> bytes:
        """Make a record that fits its schema, with ordinary values and ones at the bounds."""
        self._room = LARGEST_COLLECTIONS
        return _written(self._value(self._type))

    def spoiled(self) -> bytes:
        """Make a record with an invalid value at one to three places."""
        self._room = LARGEST_COLLECTIONS
        value = self._value(self._type)
        for _ in range(self._random.choice((1, 1, 1, 2, 3))):
            self._spoil(value)
        written = _written(value)
        return self._doubled(written) if self._random.random() < 0.03 else written

    def _value(self, kind: Any) -> Any:
        random = self._random
        if isinstance(kind, inspect.Metadata):
            return self._value(kind.type)
        if isinstance(kind, inspect.UnionType):
            return self._value(random.choice([each for each in kind.types if type(each).__name__ != "UnsetType"]))
        if isinstance(kind, inspect.StructType):
            fields = {} if kind.tag is None else {str(kind.tag_field): kind.tag}
            for field in kind.fields:
                if field.required or random.random() < 0.7:
                    if field.default is UNSET and random.random() < 0.5:
                        continue
                    sensible = self._sensible.get(field.name) if random.random() < 0.97 else None
                    fields[field.encode_name] = sensible(random) if sensible else self._value(field.type)
            return fields
        if isinstance(kind, inspect.LiteralType):
            return random.choice(kind.values)
        if isinstance(kind, inspect.DictType):
            count = self._length(kind.min_length or 0, kind.max_length or 8)
            return {f"{n}{self._value(kind.key_type)}"[:200]: self._value(kind.value_type) for n in range(count)}
        if isinstance(kind, inspect.VarTupleType | inspect.ListType | inspect.CollectionType):
            return [
                self._value(kind.item_type) for _ in range(self._length(kind.min_length or 0, kind.max_length or 8))
            ]
        return self._plain(kind)

    def _plain(self, kind: Any) -> Any:
        random = self._random
        if isinstance(kind, inspect.StrType):
            return self._text(kind)
        if isinstance(kind, inspect.IntType):
            low, high = -END_OF_TIME if kind.ge is None else kind.ge, END_OF_TIME - 1 if kind.le is None else kind.le
            near = (low, high, low + 1, high - 1, random.randint(low, high), random.randint(0, 100), 10**18)
            return min(max(random.choice(near), low), high)
        if isinstance(kind, inspect.FloatType):
            least = -LARGEST_FIGURE if kind.ge is None else kind.ge
            most = LARGEST_FIGURE if kind.le is None else kind.le
            some = (least, most, 0.0, -0.0, 0.5, 1.0, 1e-300, 5e-324, random.gauss(0.0, 1.0), 1e15, 100.0)
            return min(max(random.choice(some), least), most)
        if isinstance(kind, inspect.BoolType):
            return random.random() < 0.5
        if isinstance(kind, inspect.BytesType):
            return random.choice(("", "AAAA", "WA=="))
        if isinstance(kind, inspect.NoneType):
            return None
        return random.choice((0, "x", None, 1.5, [1], {"a": 1}))

    def _text(self, kind: Any) -> str:
        random = self._random
        longest, shortest = min(kind.max_length or 100, LONGEST_TEXT), kind.min_length or 0
        if kind.pattern == TICK_ID:
            return random.choice(TICK_IDS)
        if kind.pattern == PRINTABLE:
            text = random.choice((*SYMBOLS, "S" * longest))
        elif kind.pattern == NAMING:
            text = random.choice((*NAMES, *IDS, "N" * longest, "n" * (longest - 1)))
        else:
            text = random.choice((*NAMES, "because", "\u00fc" * longest, "buy", "sell", '\\"' * (longest // 2)))
        return text[:longest] if len(text) >= shortest else text + "x" * (shortest - len(text))

    def _length(self, shortest: int, longest: int) -> int:
        """Length of a collection: small, or now and then the largest that is allowed."""
        if self._random.random() < 0.01 and self._room > longest:
            self._room -= longest
            return longest
        usual = min(longest, shortest + self._random.randrange(4))
        self._room -= usual
        return usual if self._room > 0 else shortest

    def _spoil(self, value: Any) -> None:
        places = list(_places(value))
        if not places:
            return
        random = self._random
        holder, key = random.choice(places)
        old, how = holder[key], random.randrange(8)
        if how == 0 and isinstance(holder, dict):
            del holder[key]
        elif how == 1 and isinstance(holder, dict):
            holder[random.choice(("new", "\u00e9", "", "x" * 3_000, key + "s"))] = Raw(random.choice(ODD[:20]))
        elif how == 2 and isinstance(old, str):
            holder[key] = random.choice(ODD_TEXTS)
        elif how == 3 and isinstance(old, str):
            longest = random.choice((33, 201, 401, 1_001, 4_001, LONGEST_TEXT))
            holder[key] = ((old or "x") * (longest // max(len(old), 1) + 1))[:longest]
        elif how == 4 and isinstance(old, int | float) and not isinstance(old, bool):
            holder[key] = random.choice((old + 1, old - 1, -old, old * 2, LARGEST_COUNT + 1, END_OF_TIME, -1, 0))
        elif how == 5 and isinstance(old, list) and old:
            holder[key] = old * random.choice((2, 300))
        elif how == 6 and isinstance(old, dict):
            holder[key] = {**old, **{f"more{n}": next(iter(old.values()), 1.0) for n in range(random.choice((5, 300)))}}
        else:
            holder[key] = Raw(random.choice(ODD))

    def _doubled(self, written: bytes) -> bytes:
        """The record with its first key twice; the last one counts."""
        first, _, _ = written[1:].partition(b",")
        return b"{" + first + b"," + written[1:]


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every place within a value whose content can be replaced: a container and a key or index."""
    inside = (
        list(value.items()) if isinstance(value, dict) else list(enumerate(value)) if isinstance(value, list) else []
    )
    for key, each in inside[:40]:
        yield value, key
        yield from _places(each)


def _written(value: Any) -> bytes:
    if isinstance(value, Raw):
        return value.encode("utf-8", "surrogatepass")
    if isinstance(value, dict):
        return b"{" + b",".join(_written(str(key)) + b":" + _written(each) for key, each in value.items()) + b"}"
    if isinstance(value, list | tuple):
        return b"[" + b",".join(map(_written, value)) + b"]"
    return json.dumps(value, ensure_ascii=False).encode()
