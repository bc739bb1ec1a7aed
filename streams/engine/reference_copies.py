"""Copies of the ticks of references, one for every partition that is not the reference's own.

A reference is a symbol whose last state the features of other symbols look at. Records have an order only within their
partition, so each partition needs the ticks of all references.
"""

from collections.abc import Collection
from typing import Any

from msgspec import UNSET
from msgspec.structs import replace

from schemas.ticks import Quote, ReferenceTick, Trade


def copied(item: Any, references: Collection[str]) -> tuple[Quote | Trade, ReferenceTick] | None:
    """A tick of a reference, marked as copied, and its copy for every other partition; None for any other item.

    Args:
        item: tick, directive, or input that could not be read.
        references: symbols of the references.

    >>> trade = Trade("SPY", 1, price=168.5, size=100.0)
    >>> marked, copy = copied(trade, {"SPY"})
    >>> marked.copied, copy.tick == trade, copied(trade, {"QQQ"})
    (True, True, None)
    """
    if item.symbol not in references or not isinstance(item, Quote | Trade):
        return None
    return replace(item, copied=True), ReferenceTick(item if item.copied is UNSET else replace(item, copied=UNSET))
