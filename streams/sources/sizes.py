"""Recognises by their names the columns that hold sizes; if one were overlooked, its sizes would be read as 0."""

LIKE_SIZES = frozenset(
    {
        *("size", "siz", "amount", "qty", "quantity", "quantities", "volume", "vol", "sz", "lots", "lot", "shares"),
        *("contracts", "units", "depth", "num", "number", "count", "menge"),
    }
)
"""Names of sizes, in small letters without marks."""

ENDS = ("size", "qty", "quantity", "amount", "volume", "lastvol", "lots", "shares", "contracts", "units")
NONE_OF_THESE = ("tickvolume", "ticksize", "lotsize", "unitsize", "contractsize", "stepsize", "binsize")
"""Endings of names of columns that look like sizes and are not."""

DIGITS = str.maketrans("", "", "0123456789")

SHORT = {"bid": ("b",), "ask": ("a", "ofr", "offer")}
"""Beginnings of names that mean a side."""


def like_a_size(column: str, side: str) -> bool:
    """Whether a column's name shows that it holds sizes of one side of the book, or of trades.

    Args:
        column: name of the column.
        side: `bid` or `ask`; empty for the size of trades.

    >>> like_a_size("bidQty", side="bid"), like_a_size("AskVolume", side="bid"), like_a_size("ask_size_1", side="ask")
    (True, False, True)
    >>> like_a_size("asks[0].amount", side="ask"), like_a_size("Vol.", side=""), like_a_size("tick_size", side="")
    (True, True, False)
    """
    plain = "".join(filter(str.isalnum, column)).lower()
    if not side:
        return plain not in NONE_OF_THESE and (plain in LIKE_SIZES | {"q", "v"} or plain.endswith(ENDS))
    plain = plain.removeprefix("best").translate(DIGITS)
    if side in plain:
        return any(plain.replace(each, "", 1) in LIKE_SIZES for each in (side, f"{side}s"))
    return any(plain.startswith(each) and plain.removeprefix(each) in LIKE_SIZES for each in SHORT[side])
