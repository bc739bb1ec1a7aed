"""Shows records of each type as rows of a table on a terminal, for `tickloop consume` and similar commands."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, get_args

import msgspec
from msgspec import Struct
from rich.console import Console
from rich.table import Table
from rich.text import Text

from agents.pages.wording import moment, stands
from agents.process.printable import printable
from schemas.accounts import AccountMarked
from schemas.commands import Command
from schemas.dead_letters import DeadLetter
from schemas.experiments import ExperimentDecided, ExperimentMoved, PooledDecided, PooledMoved
from schemas.outcomes import OutcomeMatured
from schemas.predictions import Prediction
from schemas.topics import TICKS
from schemas.versions import ModelVersion

COLORS = {"up": "green", "buy": "green", "down": "red", "sell": "red"}


class Column(Struct, frozen=True):
    """One column of a table of records.

    Attributes:
        title: heading.
        width: characters; longer cells are cut.
        show: function from a record to the text of its cell.
        right: whether cells are aligned to the right, as numbers are.
    """

    title: str
    width: int
    show: Callable[[Any], str]
    right: bool = False


def clock(ts_event: int) -> str:
    """Return the time of day of an event time in ns since 1970, UTC, to the microsecond.

    >>> clock(1_723_161_255_088_169_167)
    '23:54:15.088169'
    """
    return f"{datetime.fromtimestamp(ts_event // 10**9, UTC):%H:%M:%S}.{ts_event // 1000 % 10**6:06d}"


def field(name: str, width: int, form: str = "", right: bool = True, title: str = "") -> Column:
    """Return a column that shows one field of a record; the cell is empty if the record lacks the field.

    Args:
        name: name of the field.
        width: characters of the column.
        form: format specification of the value; empty: plain text.
        right: whether cells are aligned to the right.
        title: heading; empty: the name of the field.

    >>> quote = msgspec.json.decode(b'{"bid":1.5}', type=msgspec.defstruct("Q", ["bid"]))
    >>> field("bid", width=8, form=".2f").show(quote)
    '1.50'
    """

    def show(record: Any) -> str:
        # A copy of a reference's tick is shown as the tick that it holds.
        value = getattr(getattr(record, "tick", record), name, None)
        return "" if value is None else format(value, form)

    return Column(title or name, width, show, right)


TIME = Column("time (UTC)", 15, lambda record: clock(record.ts_event))
SYMBOL = field("symbol", 12, right=False)

COLUMNS: dict[Any, tuple[Column, ...]] = {
    TICKS.record: (
        TIME,
        SYMBOL,
        Column("kind", 9, lambda tick: tick.__struct_config__.tag),
        field("bid_size", 10, "g"),
        field("bid", 12, ".12g"),
        field("ask", 12, ".12g"),
        field("ask_size", 10, "g"),
        field("price", 12, ".12g"),
        field("size", 10, "g"),
        field("side", 4, right=False),
    ),
    Prediction: (
        TIME,
        SYMBOL,
        field("mid", 12, ".12g"),
        field("direction", 9, right=False),
        field("probability", 6, ".3f", title="p(up)"),
        field("strategy", 16, right=False),
        field("regime", 14, right=False),
        field("position_size", 8, "+.3f", title="position"),
        field("expected_edge_bps", 8, "+.2f", title="edge bps"),
        field("cost_bps", 8, ".2f", title="cost bps"),
        field("model_version", 18, right=False, title="model"),
    ),
    OutcomeMatured: (
        TIME,
        SYMBOL,
        Column("horizon", 8, lambda outcome: f"{outcome.horizon_ns / 1e9:g} s", right=True),
        field("return_bps", 8, "+.2f", title="move bps"),
        Column("p(up)", 6, lambda outcome: f"{outcome.arms[0].probability:.3f}", right=True),
        Column("right", 5, lambda outcome: _right(outcome)),
        Column("strategy", 16, lambda outcome: outcome.arms[0].strategy),
        field("regime", 14, right=False),
        Column("net bps", 8, lambda outcome: f"{outcome.arms[0].net_bps:+.2f}", right=True),
        field("prediction_id", 20, right=False, title="prediction"),
    ),
    AccountMarked: (
        TIME,
        SYMBOL,
        field("mid", 12, ".12g"),
        field("traded", 8, "+.3f"),
        field("position", 8, "+.3f"),
        field("net_bps", 10, "+,.2f", title="net bps"),
        field("gross_bps", 10, "+,.2f", title="gross bps"),
        field("drawdown_bps", 12, ",.2f", title="drawdown bps"),
        field("trades", 7, ","),
        field("wins", 7, ","),
        field("turnover", 9, ",.2f"),
        field("strategy", 16, right=False),
    ),
    ExperimentMoved: (
        TIME,
        SYMBOL,
        field("experiment", 16, right=False),
        field("status", 13, right=False),
        field("batches", 7, ","),
        field("effect", 8, "+.4f"),
        field("log_e_better", 7, "+.2f", title="log e A"),
        field("log_e_worse", 7, "+.2f", title="log e B"),
        field("threshold", 8, ".2f", title="boundary"),
        field("holding", 24, right=False),
    ),
    ExperimentDecided: (
        TIME,
        SYMBOL,
        field("experiment", 16, right=False),
        field("verdict", 13, right=False),
        Column("applied", 7, lambda decided: "yes" if decided.applied else "no"),
        field("reason", 90, right=False),
    ),
    PooledMoved | PooledDecided: (
        TIME,
        field("experiment", 16, right=False),
        Column("symbols", 7, lambda record: str(len(record.symbols)), right=True),
        field("status", 13, right=False),
        field("batches", 7, ","),
        field("effect", 8, "+.4f"),
        field("log_e_better", 7, "+.2f", title="log e A"),
        field("verdict", 13, right=False),
        field("reason", 60, right=False),
    ),
    Command: (
        TIME,
        SYMBOL,
        Column("command", 15, lambda command: command.__struct_config__.tag.replace("_", " ")),
        field("arm", 18, right=False),
        field("overrides", 48, right=False),
        field("cause", 40, right=False),
        field("id", 24, right=False),
    ),
    ModelVersion: (
        Column("since (UTC)", 19, lambda version: moment(version.ts_event)),
        SYMBOL,
        field("version", 18, right=False),
        Column("status", 18, lambda version: stands(version.status)),
        field("arm", 18, right=False, title="runs as"),
        field("reason", 40, right=False),
        field("parent", 18, right=False),
        field("overrides", 48, right=False),
    ),
    DeadLetter: (
        field("id", 20, right=False),
        field("node", 8, right=False),
        field("reason", 14, right=False),
        field("detail", 70, right=False),
        Column("value", 40, lambda letter: (letter.value or b"").decode("utf-8", "backslashreplace")),
    ),
}


def _right(outcome: OutcomeMatured) -> str:
    if outcome.label == 0:
        return "flat"
    return "yes" if (outcome.arms[0].probability > 0.5) == (outcome.label > 0) else "no"


def columns_of(record: Any) -> tuple[Column, ...]:
    """Return the columns of a table for the type of this record.

    If `COLUMNS` has the type, it gives the columns; otherwise there is one for each field except the id.
    """
    if record in COLUMNS:
        return COLUMNS[record]
    kinds = get_args(record) or (record,)
    names = dict.fromkeys(each.name for kind in kinds for each in msgspec.structs.fields(kind))
    first = [column for name, column in (("ts_event", TIME), ("symbol", SYMBOL)) if name in names]
    plain = [name for name in names if name not in ("id", "ts_event", "symbol")]
    return (*first, *(field(name, max(12, len(name)), right=False) for name in plain))


def total_width(columns: tuple[Column, ...]) -> int:
    """Return the number of characters of a table line with these columns."""
    return sum(max(column.width, len(column.title)) + 1 for column in columns)


def fitting(columns: tuple[Column, ...], width: int) -> tuple[Column, ...]:
    """Return as many of the first columns as fit into a line of `width` characters; at least one.

    >>> [column.title for column in fitting(columns_of(DeadLetter), width=60)]
    ['id', 'node', 'reason']
    """
    while len(columns) > 1 and total_width(columns) > width:
        columns = columns[:-1]
    return columns


def console_for(columns: tuple[Column, ...]) -> tuple[Console, tuple[Column, ...]]:
    """Return a console for standard output, and the first columns, as many as fit into its width.

    If standard output is no terminal, the console is made wide enough for all columns.
    """
    console = Console(highlight=False)
    if console.is_terminal:
        return console, fitting(columns, console.width)
    console.width = total_width(columns)
    return console, columns


def table(columns: tuple[Column, ...], heading: bool) -> Table:
    """Return an empty table with columns of fixed widths, so that tables printed below each other line up.

    Args:
        columns: columns of the table.
        heading: whether to print the titles of the columns.
    """
    made = Table(box=None, show_header=heading, padding=(0, 1, 0, 0), header_style="bold")
    for column in columns:
        made.add_column(
            column.title,
            width=max(column.width, len(column.title)),
            justify="right" if column.right else "left",
            no_wrap=True,
            overflow="ellipsis",
        )
    return made


def cells(columns: tuple[Column, ...], record: Any) -> list[Text]:
    """Return the cells of a record's row, one for each column; directions such as `up` and `sell` are coloured."""
    shown = [printable(column.show(record)) for column in columns]
    return [Text(cell, style=COLORS.get(cell, "")) for cell in shown]
