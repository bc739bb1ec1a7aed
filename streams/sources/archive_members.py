"""Checks that the files of an archive hold one market, if the user gave one symbol for all of them."""

from collections.abc import Iterable, Iterator

from schemas.errors import ConfigurationError
from schemas.ticks import Quote, Trade
from streams.engine.feed import Feed

FARTHEST = 1.5
"""Largest factor between the last price of one file and the first price of the next."""


class ArchiveMembers:
    """Compares the last price of each file of an archive with the first price of the next file of the same symbol.

    If the two prices differ by more than a factor of 1.5, the files must hold different markets, and reading ends with
    an error.

    Args:
        name: name of the archive.
        checked: whether prices are compared; False lets every file pass.
    """

    def __init__(self, name: str, checked: bool) -> None:
        self._name, self._checked = name, checked
        self._ended: dict[str, tuple[str, float]] = {}

    def of(self, member: str, symbol: str, blocks: Iterable[list[Feed]]) -> Iterator[list[Feed]]:
        """Pass on the ticks of one file unchanged, comparing its first price with the last one of the file before.

        Args:
            member: name of the file in the archive.
            symbol: symbol that the user gave for the file; empty if its rows name their symbols, then nothing is
                compared.
            blocks: ticks of the file.

        Raises:
            ConfigurationError: the prices are too far apart for one market.
        """
        is_watched = bool(symbol) and self._checked
        begun = not is_watched
        for block in blocks:
            if not begun and (first := _price(block)) is not None:
                begun = True
                self._expect_near(member, symbol, first)
            if is_watched and (last := _price(reversed(block))) is not None:
                self._ended[symbol] = member, last
            yield block

    def _expect_near(self, member: str, symbol: str, price: float) -> None:
        before, ended = self._ended.get(symbol, ("", 0.0))
        if min(price, ended) > 0 and max(price, ended) > FARTHEST * min(price, ended):
            raise ConfigurationError(
                f"{self._name}: expected files of one market for --symbol {symbol}, {before} ends at {ended:,.6g} and "
                f"{member} begins at {price:,.6g}; fix: --symbol {base(before)}=SYMBOL --symbol {base(member)}=SYMBOL, "
                "or --anyway, if it is one"
            )


def base(name: str) -> str:
    """Name of a file in an archive, without the name of the archive and of folders in it."""
    return name.rpartition("/")[2]


def _price(block: Iterable[Feed]) -> float | None:
    """Price of the first tick of a block; None where it holds no tick."""
    tick = next((each for each in block if isinstance(each, Quote | Trade)), None)
    return None if tick is None else tick.price if isinstance(tick, Trade) else tick.bid
