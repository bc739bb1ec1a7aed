"""Bounds of the fields of all records, and the annotated types with which the fields are declared.

The bounds are part of the annotated types, and they appear in the JSON Schemas. Decoding checks them for all
records but quotes and trades. Those are checked after decoding, by `streams.market.tick_checks`, which refuses
a tick with a reason code that tells which bound it broke.

The records that nodes write keep within the bounds, too. Names and numbers in such records come from
input that was checked. Sentences in them that are put together from several texts are shortened with
`cut`.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

from msgspec import Meta, UnsetType

LOWEST_PRICE: Final = 1e-12
HIGHEST_PRICE: Final = 1e12
LARGEST_SIZE: Final = 1e15
"""Bounds of prices and sizes within which no feature overflows."""

END_OF_TIME: Final = 2**63
"""End of event time, ns since 1970, in the year 2262: times are signed 64-bit integers."""

LONGEST_HORIZON: Final = 2**62
"""Longest horizon, ns: an event time plus a horizon still fits into 64 bits, unsigned."""

LARGEST_COUNT: Final = 2**53
"""Largest count: up to it doubles represent every integer exactly."""

LARGEST_FIGURE: Final = 1e100
"""Largest magnitude of numbers without a bound of their own: their squares, and sums of those, are still finite."""

LARGEST_BPS: Final = 1e40
"""Largest gain or cost of one prediction, bps: above the largest move of a price times the largest position; the sum of
`LARGEST_COUNT` such squares is below `LARGEST_FIGURE`."""

LONGEST_SYMBOL: Final = 32
LONGEST_NAME: Final = 200
"""Characters of a name that somebody chose: of an arm, a version, an experiment, a metric, a feature."""

LONGEST_COMMAND_ID: Final = 300
"""Characters of the id of a command; one that the pooling node makes of an experiment's name and a symbol fits."""

LONGEST_ID: Final = 400
"""Characters of any other id: one that a node makes of a command's, or of an experiment's name, fits."""

LONGEST_CAUSE: Final = 1_000
"""Characters of a sentence that comes with a command: its cause."""

LONGEST_SENTENCE: Final = 4_000
"""Characters of a sentence that a node composes of several."""

MOST_METRICS: Final = 64
MOST_FIELDS: Final = 256
"""Items of any collection without a bound of its own: features, experts, arms, windows, symbols of an experiment."""

MOST_GATES: Final = 64
"""Gates of a candidate: a few, and one for each regime."""

MOST_TABLES: Final = 16
MOST_SETTINGS: Final = 64
"""Tables of overrides, and fields of one of them."""

PRINTABLE: Final = r"^[!-~]*(?![\s\S])"
"""Pattern of a symbol, for ECMAScript and Python alike: printable ASCII without the space."""

NAMING: Final = r"^[ -{}~]*(?![\s\S])"
r"""Pattern of names and ids: printable ASCII without `|`, which keeps a symbol and a name apart in keys.

A key `symbol|name` is split at its last `|`, so a symbol may have one, as it may have any `:` and `/`.
"""

NAMING_SAID: Final = "expected names of 1 to 200 printable ASCII characters without `|`"
"""Sentence on that pattern, for errors."""

TICK_ID: Final = r"^ticks:[0-9]{1,6}:[0-9]{1,18}(:[0-9]{1,9}){0,8}(?![\s\S])"
"""Pattern of an id that follows from a tick: partition and offset in ranges that every cluster keeps to."""

Symbol = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=LONGEST_SYMBOL,
        pattern=PRINTABLE,
        description="instrument name: 1 to 32 printable ASCII characters, no space",
    ),
]
EventTime = Annotated[
    int,
    Meta(ge=1, le=END_OF_TIME - 1, description="when it happened at the venue: ns since the Unix epoch, UTC"),
]
EventTimeOrNone = Annotated[int, Meta(ge=0, le=END_OF_TIME - 1)]
"""An event time, or 0 for none."""

Span = Annotated[int, Meta(ge=1, le=LONGEST_HORIZON - 1)]
"""Ns of event time."""

Count = Annotated[int, Meta(ge=0, le=LARGEST_COUNT)]
Figure = Annotated[float, Meta(ge=-LARGEST_FIGURE, le=LARGEST_FIGURE)]
Bps = Annotated[float, Meta(ge=-LARGEST_BPS, le=LARGEST_BPS)]
Price = Annotated[float, Meta(ge=LOWEST_PRICE, le=HIGHEST_PRICE)]
Probability = Annotated[float, Meta(ge=0.0, le=1.0)]

Generation = Annotated[
    Count | UnsetType,
    Meta(description="number of breaks of the symbol's clock so far; absent: 0"),
]

Name = Annotated[str, Meta(min_length=1, max_length=LONGEST_NAME, pattern=NAMING)]
NameOrNone = Annotated[str, Meta(max_length=LONGEST_NAME, pattern=NAMING)]
"""A name, or empty for none."""

Id = Annotated[str, Meta(min_length=1, max_length=LONGEST_ID, pattern=NAMING)]
"""Id of a record that a node wrote; of pooled experiments it begins with the experiment's name."""

JobId = Annotated[str, Meta(min_length=1, max_length=LONGEST_NAME, pattern=NAMING)]
"""Id of a retrain and of its breach; the id of the command that starts the candidate is made of it."""

CommandId = Annotated[str, Meta(min_length=1, max_length=LONGEST_COMMAND_ID, pattern=NAMING)]
TickId = Annotated[str, Meta(max_length=LONGEST_ID, pattern=TICK_ID)]
Cause = Annotated[str, Meta(max_length=LONGEST_CAUSE)]
Sentence = Annotated[str, Meta(max_length=LONGEST_SENTENCE)]
Code = Annotated[str, Meta(max_length=64)]
"""A fixed code word of tickloop, or a digest in hex, or empty."""

Signature = Annotated[
    str,
    Meta(
        max_length=200,
        description="KEY/AS_OF/HEX: id of the key, the place in the log as of which it was signed, HMAC-SHA256 over "
        "deployment, topic, both and the record; or empty. Nodes and clients sign",
    ),
]
FINITE: Final = 1.7976931348623157e308
"""The largest double."""

FeaturesByName = Annotated[dict[Name, Annotated[float, Meta(ge=-FINITE, le=FINITE)]], Meta(max_length=MOST_FIELDS)]
"""Those of the user may be of any size."""

Names = Annotated[tuple[Name, ...], Meta(max_length=MOST_FIELDS)]
Digests = Annotated[tuple[Code, ...], Meta(max_length=MOST_FIELDS)]
Figures = Annotated[tuple[Figure, ...], Meta(max_length=MOST_FIELDS)]
FiguresByName = Annotated[dict[Name, Figure], Meta(max_length=MOST_FIELDS)]
MetricsByName = Annotated[dict[Name, Figure], Meta(max_length=MOST_METRICS)]

_Whole = Annotated[int, Meta(ge=-END_OF_TIME, le=END_OF_TIME - 1)]
_Plain = bool | _Whole | Figure | Cause | None
_Listed = Annotated[Sequence[_Plain], Meta(max_length=MOST_FIELDS)]
_Innermost = Annotated[Mapping[Name, _Plain | _Listed], Meta(max_length=MOST_SETTINGS)]
_Inner = Annotated[Mapping[Name, _Plain | _Listed | _Innermost], Meta(max_length=MOST_SETTINGS)]
_Tabled = Annotated[Mapping[Name, _Plain | _Listed | _Inner], Meta(max_length=MOST_SETTINGS)]
Tables = Annotated[
    Mapping[Name, Annotated[Mapping[Name, _Plain | _Listed | _Tabled], Meta(max_length=MOST_SETTINGS)]],
    Meta(max_length=MOST_TABLES),
]
"""Tables of parameters: plain values, lists of them, and tables of both, as deep as a model within a model needs."""

CUT: Final = " ..."


def cut(text: str, longest: int = LONGEST_SENTENCE) -> str:
    """The text, if it has at most `longest` characters; otherwise its beginning, followed by ` ...`.

    The four characters of ` ...` count: a shortened text has at most `longest` characters with them.

    >>> cut("three arms: a, b, c", longest=19), cut("three arms: a, b, c", longest=14)
    ('three arms: a, b, c', 'three arms ...')
    """
    return text if len(text) <= longest else text[: longest - len(CUT)].rstrip(",;: ") + CUT


def is_name(text: str) -> bool:
    """Whether a text can be a name in records and keys: 1 to 200 printable ASCII characters without `|`.

    >>> [is_name(text) for text in ("calmer", "eur:usd 2", "a|b", "größer", "")]
    [True, True, False, False, False]
    """
    return 0 < len(text) <= LONGEST_NAME and text.isascii() and text.isprintable() and "|" not in text


def is_symbol(text: str) -> bool:
    """Whether a text can be the symbol of a tick: 1 to 32 printable ASCII characters without a space.

    >>> [is_symbol(text) for text in ("BTC-USD", "FDAX SEP24", "größe", "")]
    [True, False, False, False]
    """
    return 0 < len(text) <= LONGEST_SYMBOL and text.isascii() and text.isprintable() and " " not in text


def stated(**bounds: Any) -> Meta:
    """Metadata for a field whose bounds are stated in the JSON Schema but not checked by the decoder.

    `streams.market.tick_checks` checks these bounds later and refuses a tick that is outside of them. Each bound has a
    reason code of its own.

    Args:
        bounds: keywords of JSON Schema, for example `minimum` or `maxLength`.
    """
    return Meta(extra_json_schema=bounds)


TickSymbol = Annotated[
    str,
    Meta(description="instrument name: 1 to 32 printable ASCII characters, no space"),
    stated(minLength=1, maxLength=LONGEST_SYMBOL, pattern=PRINTABLE),
]
TickTime = Annotated[
    int,
    Meta(description="when it happened at the venue: ns since the Unix epoch, UTC"),
    stated(minimum=1, maximum=END_OF_TIME - 1),
]
TickPrice = Annotated[float, stated(minimum=LOWEST_PRICE, maximum=HIGHEST_PRICE)]
TickSize = Annotated[float, stated(minimum=0.0, maximum=LARGEST_SIZE)]
SequenceNumber = Annotated[
    int | None,
    Meta(description="the venue's sequence number of this symbol's feed, if it has one"),
    stated(minimum=-END_OF_TIME, maximum=END_OF_TIME - 1),
]
