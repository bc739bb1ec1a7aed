"""The files of one archive: those of several markets do not become one symbol."""

from collections.abc import Iterable, Iterator

from schemas.errors import ConfigurationError
from schemas.ticks import Quote, Trade
from streams.sources.columns import Columns
from streams.sources.raw import Feed

FARTHEST = 1.5
"""Factor between the prices at which one file ends and the next one begins."""


class Members:
    """Watches that an archive to which one symbol was given has files of one market.

    Args:
        name: of the archive.
        columns: what was said about it.
    """

    def __init__(self, name: str, columns: Columns) -> None:
        self._name, self._symbol = name, columns.symbol
        self._is_watched = bool(columns.symbol) and columns.checked
        self._ended: tuple[str, float] | None = None

    def of(self, member: str, blocks: Iterable[list[Feed]]) -> Iterator[list[Feed]]:
        """Blocks of one file, as they are.

        Raises:
            ConfigurationError: it begins far from where the file before it ended.
        """
        begun = not self._is_watched
        for block in blocks:
            if not begun and (first := _price(block)) is not None:
                begun = True
                self._expect_near(member, first)
            if self._is_watched and (last := _price(reversed(block))) is not None:
                self._ended = member, last
            yield block

    def _expect_near(self, member: str, price: float) -> None:
        if self._ended is None or min(price, self._ended[1]) <= 0:
            return
        before, ended = self._ended
        if max(price, ended) > FARTHEST * min(price, ended):
            raise ConfigurationError(
                f"{self._name}: expected files of one market for --symbol {self._symbol}, {before} ends at "
                f"{ended:,.6g} and {member} begins at {price:,.6g}; fix: unzip it, and --symbol FILE=SYMBOL for each, "
                "or --anyway, if it is one"
            )


def _price(block: Iterable[Feed]) -> float | None:
    """Price of the first tick among some; None: there is none."""
    tick = next((each for each in block if isinstance(each, Quote | Trade)), None)
    return None if tick is None else tick.price if isinstance(tick, Trade) else tick.bid
