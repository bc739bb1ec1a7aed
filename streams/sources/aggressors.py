"""Reads who was the aggressor of a trade, from a column of sides or of flags such as "the buyer was the maker"."""

from collections.abc import Collection, Mapping

from schemas.errors import ConfigurationError
from schemas.ticks import LONGEST_SIDE
from streams.sources.cells import shown

SIDES: Mapping[str, str] = {
    word: side
    for side, words in {
        "buy": ("buy", "b", "buyer", "bought", "buys", "1", "+1", "1.0"),
        "sell": ("sell", "s", "seller", "sold", "sells", "-1", "-1.0", "2", "2.0"),
        "": ("", "n", "none", "unknown", "unspecified", "mid", "0", "0.0", "nan", "null"),
    }.items()
    for word in words
}
"""Aggressors by their words in small letters; 1 and 2 as in FIX, tag 54."""

TRUE = ("true", "1", "t", "yes", "y", "1.0")
FALSE = ("false", "0", "f", "no", "n", "0.0")

OTHER = {"buy": "sell", "sell": "buy"}

BOOK_SIDES = frozenset({"bid", "ask", "a", "bids", "asks", "offer"})
"""Words for the sides of an order book, in small letters; `b` is left out, since it also abbreviates buy."""

MOST_KNOWN = 64


def words_of(column: str) -> Mapping[str, str]:
    """What each word in a column of sides means: the aggressor is `buy`, `sell`, or empty for neither.

    The name of the column decides what its words mean: if it holds the side of the maker, the aggressor is the other
    side.

    Args:
        column: name of the column.

    Returns:
        The aggressor for each word, with the word in small letters.

    >>> words_of("side")["buy"], words_of("isBuyerMaker")["true"], words_of("is_buy")["true"]
    ('buy', 'sell', 'buy')
    >>> words_of("maker_side")["buy"], words_of("buyer_is_aggressor")["no"]
    ('sell', 'sell')
    """
    plain = "".join(filter(str.isalnum, column)).lower()
    of_buyer, of_seller = "buy" in plain or plain == "m", "sell" in plain
    rested = plain == "m" or any(word in plain for word in ("maker", "passive", "resting"))
    came = any(word in plain for word in ("taker", "aggress", "initiat"))
    if (of_buyer != of_seller and rested != came) or (of_buyer != of_seller and plain.startswith("is")):
        if_true = "sell" if of_buyer == rested else "buy"
        return dict.fromkeys(TRUE, if_true) | dict.fromkeys(FALSE, OTHER[if_true])
    if rested and not came:
        return {word: OTHER.get(side, side) for word, side in SIDES.items()}
    return SIDES


class Sides:
    """Translates the cells of one column into aggressors of trades: call it with a cell to get `buy`, `sell` or empty.

    Args:
        column: name of the column. If the name says that the cells tell of the maker, the aggressor is the other side.
        said: the user's own words, each with its meaning: `buy`, `sell`, or empty for neither. If there are any, no
            other words are known.

    Attributes:
        known: aggressors of cells translated before, at most 64, kept for speed.

    >>> sides = Sides("side", {})
    >>> sides("Buy"), sides("SELL"), sides("")
    ('buy', 'sell', '')
    >>> Sides("is_buyer_maker", {})("true")
    'sell'
    """

    def __init__(self, column: str, said: Mapping[str, str]) -> None:
        self._words = {word.lower(): side for word, side in said.items()} or words_of(column)
        self.known: dict[object, str] = {}

    def __call__(self, cell: object) -> str:
        """Translate a cell into the aggressor, `buy`, `sell` or empty for neither; return an unknown word unchanged.

        Raises:
            ValueError: an unknown word is longer than the field `side` of a trade may be.
        """
        side = self.known.get(cell)
        if side is None:
            word = str(cell).strip()
            side = self._words.get(word.lower())
            if side is None:
                if len(word) > LONGEST_SIDE:
                    raise ValueError(f"expected a side of at most {LONGEST_SIDE} characters, was {shown(cell)}")
                return word
            if len(self.known) < MOST_KNOWN:
                self.known[cell] = side
        return side

    def expect_told(self, cells: Collection[object], name: str) -> None:
        """Raise an error if all cells are 0 or 1 and the user has not said which of the two means the buyer.

        Args:
            cells: cells of the column in the first rows.
            name: name of the file, for the error.

        Raises:
            ConfigurationError: the user has not said what 0 and 1 mean; the message names the option for it.
        """
        seen = {str(cell).strip().removesuffix(".0") for cell in cells} - {""}
        if seen == {"0", "1"} and self._words is SIDES:
            raise ConfigurationError(
                "expected sides buy and sell, was 0 and 1, of which either may be the buyer; fix: --sides "
                "buy=1,sell=0 or --sides buy=0,sell=1 (--sides buy=1,none=0 if 0 is nobody), or --map side=- for none",
                where=name,
            )
