"""Recognises rows that are orders or levels of an order book; they might be taken for trades, having price and size."""

from collections.abc import Sequence
from typing import Any

ACTIONS = frozenset({"action", "op", "operation", "msgtype", "messagetype", "updateaction", "mdupdateaction"})
"""Names of columns of actions, in small letters without marks; their cells may be a single letter or digit."""

EVENTS = frozenset(
    {"type", "event", "eventtype", "orderevent", "updatetype", "changetype", "status", "orderstatus", "orderaction"}
)
"""Names of columns that hold actions only if their cells are whole words."""

LETTERS = frozenset("acmrdxfeu0123456789")
WORDS = frozenset(
    {
        *("add", "added", "cancel", "canceled", "cancelled", "cxl", "modify", "modified", "delete", "deleted", "del"),
        *("remove", "removed", "update", "updated", "insert", "inserted", "new", "change", "changed", "partial", "set"),
        *("open", "opened", "done", "received", "created", "replace", "replaced", "reduce", "placed", "snapshot"),
        *("clear", "amend", "amended", "expired", "rejected"),
    }
)
"""Words for actions on orders and levels, in small letters, without trades."""


def columns_of_actions(header: Sequence[str]) -> list[int]:
    """Indices of the columns whose names suggest that they hold actions on orders, such as `Action` or `event_type`."""
    return [at for at, name in enumerate(header) if _plain(name) in ACTIONS | EVENTS]


TRADES = ("t", "trade", "trades", "match", "fill", "filled", "execute", "executed", "e", "f")


def orders_in(
    header: Sequence[str], rows: Sequence[Sequence[Any]], but: Sequence[int]
) -> tuple[str, list[str], str] | None:
    """The first column that holds actions on orders; None if there is none.

    A single letter or digit counts as an action only in a column with a name such as `Action`. In a column
    named `type`, `event` or `status`, which may hold other things, only whole words count.

    Args:
        header: names of the columns.
        rows: cells of the first rows.
        but: indices of columns that are not looked at.

    Returns:
        The name of the column, the actions in it, and the word in it that means a trade (`T` if no trade
            occurs).

    >>> orders_in(["price", "Action"], [[1, "Add"], [1, "Trade"]], but=[0])
    ('Action', ['Add'], 'Trade')
    >>> orders_in(["price", "type"], [[1, "order_created"]], [0]), orders_in(["price", "type"], [[1, "A"]], [0])
    (('type', ['order_created'], 'T'), None)
    """
    for at in columns_of_actions(header):
        if at in but:
            continue
        letters = LETTERS if _plain(header[at]) in ACTIONS else frozenset()
        seen = dict.fromkeys(str(row[at]).strip() for row in rows if len(row) > at)
        if words := [word for word in seen if word.lower() in letters or _tells(word)]:
            return header[at], sorted(words), next((word for word in seen if word.lower() in TRADES), "T")
    return None


def _tells(word: str) -> bool:
    return not WORDS.isdisjoint(word.lower().replace("_", " ").replace("-", " ").replace(".", " ").split())


def _plain(name: str) -> str:
    return "".join(filter(str.isalnum, name)).lower()
