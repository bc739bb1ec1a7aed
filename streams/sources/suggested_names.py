"""Usual names of columns in several languages, by which the columns of an unknown table are recognised."""

import shlex
from collections.abc import Sequence

LIKELY: dict[str, tuple[str, ...]] = {
    "ts_event": (
        "tsevent", "timestamp", "ts", "datetime", "dateandtime", "time", "date", "tradetime", "tradetimems",
        "transacttime", "eventtime", "exchangetime", "timeexchange", "exchts", "timestampms", "timestamputc",
        "timestampns", "timens", "timems", "createdat", "siptimestamp", "quotetime", "quotedate", "received",
        "zeitstempel", "zeitpunkt", "zeit", "datum", "fechahora", "marcadetiempo", "fecha", "hora", "horodatage",
        "dataora", "datahora", "日時", "約定日時", "時刻", "日付", "时间", "成交时间", "日期", "датавремя", "дата",
        "время",
    ),
    "symbol": (
        "symbol", "ticker", "instrument", "instrumentid", "instrumentname", "pair", "instid", "productid", "contract",
        "ric", "sym", "market", "asset", "product", "coin", "security", "isin", "wkn", "produkt", "kontrakt",
        "wertpapier", "símbolo", "simbolo", "instrumento", "producto", "activo", "ativo", "symbole", "produit",
        "strumento", "prodotto", "銘柄", "銘柄コード", "通貨ペア", "代码", "合约", "品种", "тикер", "инструмент",
    ),
    "price": (
        "price", "px", "tradeprice", "lastprice", "last", "rate", "kurs", "preis", "precio", "preço", "preco", "prix",
        "cours", "prezzo", "prijs", "koers", "価格", "約定値", "約定価格", "价格", "成交价", "最新价", "цена",
    ),
    "size": (
        "size", "qty", "quantity", "amount", "volume", "vol", "sz", "tradesize", "lastsize", "lastqty", "basevolume",
        "lots", "lot", "shares", "contracts", "units",
        "volumen", "menge", "stück", "stueck", "umsatz", "cantidad", "quantidade", "quantité", "quantite", "quantità",
        "aantal", "数量", "出来高", "成交量", "объем", "объём", "количество",
    ),
    "side": (
        "side", "aggressorside", "aggressor", "takerside", "taker", "direction", "buyermaker", "isbuyermaker",
        "buysell", "bs", "seite", "richtung", "lado", "sens", "lato", "売買", "売買区分", "方向", "买卖方向",
    ),
    "bid": (
        "bid", "bidprice", "bestbid", "bestbidprice", "bidpx", "bidpx00", "bid1", "bidprice1", "geld", "geldkurs",
        "買気配", "买价", "买一价",
    ),
    "bid_size": (
        "bidsize", "bidqty", "bidquantity", "bidamount", "bidvolume", "bidvol", "volbid", "bidsz", "bidsz00",
        "bestbidsize", "bestbidqty", "bestbidamount", "bidsize1", "geldvolumen", "geldmenge", "買気配数量", "买一量",
    ),
    "ask": (
        "ask", "askprice", "bestask", "bestaskprice", "askpx", "askpx00", "ask1", "askprice1", "offer", "ofr",
        "brief", "briefkurs", "売気配", "卖价", "卖一价",
    ),
    "ask_size": (
        "asksize", "askqty", "askquantity", "askamount", "askvolume", "askvol", "volask", "voloffer", "asksz",
        "asksz00", "bestasksize", "bestaskqty", "bestaskamount", "asksize1", "offersize", "briefvolumen",
        "briefmenge", "売気配数量", "卖一量",
    ),
}  # fmt: skip
"""Field -> usual names of its column, in small letters without marks; the likeliest first."""

DAYS = (
    "date",
    "tradedate",
    "tradingday",
    "day",
    "datum",
    "tag",
    "fecha",
    "data",
    "日付",
    "約定日",
    "日期",
    "交易日",
    "дата",
)
CLOCKS = (
    "time", "timem", "tradetime", "timeofday", "uhrzeit", "zeit", "hora", "heure", "ora", "時刻", "約定時刻", "时间",
    "成交时间", "время",
)  # fmt: skip
"""Usual names of the columns of days and of times of day, where a file has both."""

SIDE_PAIRS = (
    ("kauf", "verkauf"), ("k", "v"), ("käufer", "verkäufer"), ("compra", "venta"), ("compra", "venda"), ("c", "v"),
    ("achat", "vente"), ("acquisto", "vendita"), ("koop", "verkoop"), ("long", "short"), ("買", "売"),
    ("買い", "売り"), ("买", "卖"), ("买入", "卖出"), ("покупка", "продажа"),
)  # fmt: skip
"""Words of other languages for buy and sell."""

TRADE_WORDS = frozenset({"trade", "trades", "t", "fill", "match", "deal", "execution", "exec", "handel"})
"""Words for trades in a column of kinds of rows."""

OF_BOOKS = frozenset(
    {"issnapshot", "updatetype", "firstupdateid", "orderid", "eventtype", "action", "level", "changeid", "open"}
)
"""Columns that only tables of book changes, orders or bars have."""

QUOTES = ("bid", "ask", "bid_size", "ask_size")
TRADES = ("price", "size", "side")


def plain(name: object) -> str:
    """A column's name in small letters, with letters and digits only; if it is a path, only its last part.

    >>> plain("data.Trade_Price"), plain("<BID>"), plain("約定 日時")
    ('tradeprice', 'bid', '約定日時')
    """
    return "".join(filter(str.isalnum, str(name).rpartition(".")[2] or str(name))).lower()


def by_name(header: Sequence[str]) -> dict[str, str]:
    """For each field of a tick, the column that has a usual name for it; fields without such a column are left out.

    If a day and a time of day are in two columns, their names are joined by `+`.

    >>> by_name(["timestamp", "id", "side", "price", "amount"])
    {'ts_event': 'timestamp', 'price': 'price', 'size': 'amount', 'side': 'side'}
    >>> by_name(["Datum", "Uhrzeit", "Geld", "Brief"])
    {'ts_event': 'Datum+Uhrzeit', 'bid': 'Geld', 'ask': 'Brief'}
    >>> by_name(["a", "b"])
    {}
    """
    called: dict[str, str] = {}
    for name in header:
        called.setdefault(plain(name), str(name))
    found = {
        field: next(called[word] for word in likely if word in called)
        for field, likely in LIKELY.items()
        if not called.keys().isdisjoint(likely)
    }
    day = next((called[word] for word in DAYS if word in called), None)
    clock = next((called[word] for word in CLOCKS if word in called and called[word] != day), None)
    if day is not None and clock is not None and found.get("ts_event") in (day, clock):
        found["ts_event"] = f"{day}+{clock}"
    return found


def is_of_a_book(header: Sequence[str]) -> bool:
    """Whether a table has a column that is found only in tables of order book changes, of orders or of bars.

    >>> is_of_a_book(["time", "update_type", "side", "price", "qty"]), is_of_a_book(["time", "price"])
    (True, False)
    """
    return not OF_BOOKS.isdisjoint(map(plain, header))


def option(value: str) -> str:
    """The value of a command line option, in quotation marks if a shell needs them.

    >>> option("ts_event=Date and Time"), option("price=px")
    ("'ts_event=Date and Time'", 'price=px')
    """
    return shlex.quote(value)
