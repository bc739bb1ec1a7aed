"""Names that people give to the columns of ticks: what `--map` could say of a header that is not understood."""

from collections.abc import Collection, Sequence

LIKELY: dict[str, tuple[str, ...]] = {
    "ts_event": (
        "tsevent", "timestamp", "ts", "datetime", "dateandtime", "time", "date", "tradetime", "tradetimems",
        "transacttime", "eventtime", "exchangetime", "timeexchange", "exchts", "timestampms", "timestamputc",
        "timestampns", "timens", "timems", "createdat", "siptimestamp", "quotetime", "quotedate", "received",
        "zeitstempel", "zeit", "datum",
    ),
    "symbol": (
        "symbol", "ticker", "instrument", "instrumentid", "instrumentname", "pair", "instid", "productid", "contract",
        "ric", "sym", "market", "asset", "product", "coin", "security", "isin", "wkn",
    ),
    "price": ("price", "px", "tradeprice", "lastprice", "last", "rate", "kurs", "preis"),
    "size": (
        "size", "qty", "quantity", "amount", "volume", "vol", "sz", "tradesize", "lastsize", "lastqty", "basevolume",
        "volumen", "menge",
    ),
    "side": (
        "side", "aggressorside", "aggressor", "takerside", "taker", "direction", "buyermaker", "isbuyermaker",
        "buysell",
    ),
    "bid": ("bid", "bidprice", "bestbid", "bestbidprice", "bidpx", "bidpx00", "bid1", "bidprice1"),
    "bid_size": (
        "bidsize", "bidqty", "bidquantity", "bidamount", "bidvolume", "bidvol", "volbid", "bidsz", "bidsz00",
        "bestbidsize", "bestbidqty", "bestbidamount", "bidsize1",
    ),
    "ask": ("ask", "askprice", "bestask", "bestaskprice", "askpx", "askpx00", "ask1", "askprice1", "offer", "ofr"),
    "ask_size": (
        "asksize", "askqty", "askquantity", "askamount", "askvolume", "askvol", "volask", "voloffer", "asksz",
        "asksz00", "bestasksize", "bestaskqty", "bestaskamount", "asksize1", "offersize",
    ),
}  # fmt: skip
"""Field -> what its column is likely to be called, in small letters without marks; the likeliest first."""

OF_BOOKS = frozenset(
    {"issnapshot", "updatetype", "firstupdateid", "orderid", "eventtype", "action", "level", "changeid", "open"}
)
"""Columns of changes of a book, of orders or of bars: no table of trades has them."""

QUOTES = ("bid", "ask", "bid_size", "ask_size")
TRADES = ("price", "size", "side")


def suggested(header: Sequence[str], missing: Collection[str]) -> str:
    """Options that read a table with such a header; empty where it does not look like one of ticks.

    Args:
        header: names of the columns.
        missing: fields that were not found.

    >>> suggested(["timestamp", "id", "side", "price", "amount"], ["symbol", "ts_event", "size"])
    '--map ts_event=timestamp,size=amount --symbol NAME'
    >>> suggested(["Date", "Time", "Bid", "Ask"], ["kind", "symbol", "ts_event"])
    '--map ts_event=Date+Time,bid=Bid,ask=Ask --symbol NAME'
    >>> suggested(["data.time", "data.px", "data.qty", "data.product", "data.taker"], ["symbol", "ts_event"])
    '--map ts_event=data.time,symbol=data.product,price=data.px,size=data.qty,side=data.taker'
    >>> suggested(["a", "b"], ["symbol", "price"])
    ''
    >>> suggested(["time", "update_type", "side", "price", "qty"], ["symbol", "ts_event", "size"])
    ''
    """
    plain: dict[str, str] = {}
    for name in header:
        last = str(name).rpartition(".")[2]  # of a path in JSON
        plain.setdefault("".join(filter(str.isalnum, last)).lower(), str(name))
    found = {
        field: name for field, likely in LIKELY.items() if (name := next((plain[w] for w in likely if w in plain), ""))
    }
    if {"date", "time"} <= {*plain} and found.get("ts_event") in (plain["date"], plain["time"]):
        found["ts_event"] = f"{plain['date']}+{plain['time']}"
    of_quotes, of_trades = {"bid", "ask"} <= {*found}, {"price", "size"} <= {*found}
    if {*missing} == {"symbol"}:
        return f"--map symbol={found['symbol']}" if "symbol" in found else "--symbol NAME"
    if "ts_event" not in found or not (of_quotes or of_trades) or (OF_BOOKS & {*plain} and not of_quotes):
        return ""
    fields = ("ts_event", "symbol", *(QUOTES if of_quotes else TRADES))
    pairs = [f"{field}={found[field]}" for field in fields if field in found and found[field] != field]
    if any("," in pair for pair in pairs):
        return ""
    options = [f"--map {','.join(pairs)}"] if pairs else []
    if "symbol" in missing and "symbol" not in found:
        options.append("--symbol NAME")  # of the one market that a table without such a column is of
    if of_quotes and "price" in header:
        options.append("--kind quote")
    quoted = [option if " " not in option.partition(" ")[2] else quote(option) for option in options]
    return " ".join(quoted)


def quote(option: str) -> str:
    """An option whose value has blanks, as a shell takes it.

    >>> quote("--map ts_event=Date and Time")
    "--map 'ts_event=Date and Time'"
    """
    name, _, value = option.partition(" ")
    return f"{name} '{value}'"
