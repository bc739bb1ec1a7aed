"""The error about a table that lacks columns which ticks need."""

from collections.abc import Collection, Iterator, Sequence
from difflib import get_close_matches

from schemas.errors import ConfigurationError
from streams.sources.cells import shortened, shown
from streams.sources.columns import Columns


class MissingColumns(ConfigurationError):
    """Error: a table lacks columns that ticks need.

    Attributes:
        sentence: which columns are missing, and which columns the table has; without advice.

    Args:
        begins: beginning of the message: the name of the file with a colon, or nothing.
        wanted: what is missing, as words for the message.
        header: names of the columns that the table has.
    """

    def __init__(self, begins: str, wanted: Sequence[str], header: Sequence[str]) -> None:
        there = shortened(", ".join(map(str, header)))
        self.sentence = f"expected a column for {', '.join(wanted)}, was {there}"
        super().__init__(
            f"{begins}{self.sentence}; fix: --map FIELD=COLUMN, or --symbol and --kind where the file has no such "
            "column"
        )


def wanted(missing: Sequence[str], present: Collection[str], columns: Columns, header: Sequence[str]) -> Iterator[str]:
    """Yield words for each field that a table lacks, for the error; the time and the prices come first.

    Args:
        missing: fields of a tick that have no column.
        present: fields that have a column.
        columns: the user's settings for reading the table. If they name a column that the table lacks, the words say
            so, with a similar name.
        header: names of the table's columns.
    """
    order = ("ts_event", "price", "bid", "ask", "kind", "symbol")
    for field in sorted(missing, key=lambda field: order.index(field) if field in order else len(order)):
        name = columns.names.get(field, "")
        if name:
            near = get_close_matches(name.lower(), [each.lower() for each in header], 1)
            like = next((each for each in header if near and each.lower() == near[0]), "")
            yield f"{field} (no {shown(name)}{f', perhaps {shown(like)}' if like else ''})"
        elif field == "ts_event":
            yield "the time (ts_event)"
        elif field == "kind" and not {"bid", "ask", "price"} & {*present, *missing}:
            yield "a price (price, or bid and ask)"
        elif field == "kind":
            if {"price"} <= {*present}:
                yield "kind, as there are both quotes and trades"
        else:
            yield field
