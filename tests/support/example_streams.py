"""Short invented recordings of venues' streams, in the formats that the venues document, with the expected ticks."""

from schemas.ticks import Quote, Trade
from streams.engine.feed import Feed
from streams.sources.times import TimeColumn

MS = 10**6


def at(text: str) -> int:
    """Nanoseconds since 1970 of a time of day on 2024-08-09, UTC, or of a full date and time."""
    return TimeColumn().read(text if "-" in text else f"2024-08-09 {text}")


NOON = at("12:00:00")
NOON_MS, NOON_US = NOON // MS, NOON // 1000
Q = Quote("X", NOON, 1.5, 3.0, 1.6, 4.0)

STREAMS: dict[str, tuple[str, str, list[Feed]]] = {
    "binance_stream_agg_trade": (
        "capture.jsonl",
        f'{{"e":"aggTrade","E":1,"s":"X","a":5,"p":"1.5","q":"2","f":1,"l":2,"T":{NOON_MS},"m":true,"M":true}}\n',
        [Trade("X", NOON, 1.5, 2.0, "sell")],
    ),
    "binance_stream_trade": (
        "capture.jsonl",
        f'{{"stream":"x@trade","data":{{"e":"trade","E":1,"s":"X","t":5,"p":"1.5","q":"2","T":{NOON_MS},"m":false}}}}\n',
        [Trade("X", NOON, 1.5, 2.0, "buy")],
    ),
    "binance_stream_book_ticker": (
        "capture.jsonl",
        f'{{"e":"bookTicker","u":9,"s":"X","b":"1.5","B":"3","a":"1.6","A":"4","T":{NOON_MS},"E":{NOON_MS + 2}}}\n',
        [Quote("X", NOON, 1.5, 3.0, 1.6, 4.0, 9)],
    ),
    "dukascopy_node_json": (
        "eurusd-tick-2024-08-09-2024-08-10.json",
        f'[\n{{"timestamp":{NOON_MS},"askPrice":1.6,"bidPrice":1.5,"askVolume":4,"bidVolume":3}}]',
        [Quote("EURUSD", NOON, 1.5, 3.0, 1.6, 4.0)],
    ),
    "bitmex_stream_quotes": (
        "quote.jsonl",
        '{"table":"quote","action":"insert","data":[{"timestamp":"2024-08-09T12:00:00.000Z","symbol":"X","bidSize":3,'
        '"bidPrice":1.5,"askPrice":1.6,"askSize":4}]}\n',
        [Q],
    ),
    "bitmex_stream_trades": (
        "trade.jsonl",
        '{"table":"trade","action":"insert","data":[{"timestamp":"2024-08-09T12:00:00.000Z","symbol":"X","side":"Sell",'
        '"size":2,"price":1.5,"tickDirection":"PlusTick","trdMatchID":"a-b"}]}\n',
        [Trade("X", NOON, 1.5, 2.0, "sell")],
    ),
    "bybit_stream_old_trades": (
        "trade.X.jsonl",
        f'{{"topic":"trade.X","data":[{{"symbol":"X","tick_direction":"PlusTick","price":"1.5","size":2,"side":"Buy",'
        f'"timestamp":"2024-08-09T12:00:01.000Z","trade_time_ms":"{NOON_MS}","trade_id":"a"}}]}}\n',
        [Trade("X", NOON, 1.5, 2.0, "buy")],
    ),
    "bybit_stream_book": (
        "2024-08-09_X_ob500.data",
        f'{{"topic":"orderbook.500.X","type":"snapshot","ts":{NOON_MS + 9},"data":{{"s":"X","b":[["1.5","3"]],'
        f'"a":[["1.6","4"]],"u":7,"seq":1}},"cts":{NOON_MS}}}\n'
        f'{{"topic":"orderbook.500.X","type":"delta","ts":{NOON_MS + 9},"data":{{"s":"X","b":[["1.5","0"],["1.4","2"]],'
        f'"a":[],"u":8,"seq":2}},"cts":{NOON_MS + 1}}}\n',
        [Q, Quote("X", NOON + MS, 1.4, 2.0, 1.6, 4.0)],
    ),
    "okx_stream_book": (
        "books.jsonl",
        '{"arg":{"channel":"books","instId":"X"},"action":"snapshot","data":[{"asks":[["1.6","4","0","1"]],'
        f'"bids":[["1.5","3","0","1"]],"ts":"{NOON_MS}","seqId":7,"prevSeqId":-1}}]}}\n'
        '{"arg":{"channel":"books","instId":"X"},"action":"update","data":[{"asks":[["1.6","0","0","0"],["1.7","5","0","1"'
        f']],"bids":[],"ts":"{NOON_MS + 1}","seqId":9,"prevSeqId":7}}]}}\n',
        [Q, Quote("X", NOON + MS, 1.5, 3.0, 1.7, 5.0)],
    ),
    "deribit_book": (
        "book.jsonl",
        f'{{"params":{{"channel":"book.X.raw","data":{{"type":"snapshot","timestamp":{NOON_MS},"instrument_name":"X",'
        '"change_id":7,"bids":[["new",1.5,3]],"asks":[["new",1.6,4],["new",1.7,5]]}}}\n'
        f'{{"params":{{"channel":"book.X.raw","data":{{"type":"change","timestamp":{NOON_MS + 1},"instrument_name":"X",'
        '"change_id":8,"prev_change_id":7,"bids":[],"asks":[["delete",1.6,0]]}}}\n',
        [Q, Quote("X", NOON + MS, 1.5, 3.0, 1.7, 5.0)],
    ),
    "bitmex_stream_book": (
        "orderBookL2.jsonl",
        '{"table":"orderBookL2","action":"partial","keys":["symbol","id","side"],"data":['
        '{"symbol":"X","id":8,"side":"Sell","size":4,"price":1.6,"timestamp":"2024-08-09T12:00:00.000Z"},'
        '{"symbol":"X","id":7,"side":"Buy","size":3,"price":1.5,"timestamp":"2024-08-09T12:00:00.000Z"}]}\n'
        '{"table":"orderBookL2","action":"insert","data":[{"symbol":"X","id":5,"side":"Buy","size":2,"price":1.4,'
        '"timestamp":"2024-08-09T12:00:00.000Z"}]}\n'
        '{"table":"orderBookL2","action":"update","data":[{"symbol":"X","id":7,"side":"Buy","size":9,'
        '"timestamp":"2024-08-09T12:00:00.001Z"}]}\n'
        '{"table":"orderBookL2","action":"delete","data":[{"symbol":"X","id":7,"side":"Buy","price":1.5,'
        '"timestamp":"2024-08-09T12:00:00.002Z"}]}\n',
        [Q, Quote("X", NOON + MS, 1.5, 9.0, 1.6, 4.0), Quote("X", NOON + 2 * MS, 1.4, 2.0, 1.6, 4.0)],
    ),
    "kraken_stream_book": (
        "book.jsonl",
        '{"channel":"book","type":"snapshot","data":[{"symbol":"X","bids":[{"price":1.5,"qty":3},{"price":1.4,"qty":1}],'
        '"asks":[{"price":1.6,"qty":4}],"checksum":1,"timestamp":"2024-08-09T12:00:00.000000Z"}]}\n'
        '{"channel":"book","type":"update","data":[{"symbol":"X","bids":[],"asks":[{"price":1.55,"qty":2}],"checksum":1,'
        '"timestamp":"2024-08-09T12:00:00.001000Z"}]}\n'
        '{"channel":"book","type":"update","data":[{"symbol":"X","bids":[],"asks":[{"price":1.55,"qty":0},'
        '{"price":1.7,"qty":5}],"checksum":1,"timestamp":"2024-08-09T12:00:00.002000Z"}]}\n',
        [Q, Quote("X", NOON + MS, 1.5, 3.0, 1.55, 2.0), Quote("X", NOON + 2 * MS, 1.5, 3.0, 1.7, 5.0)],
    ),
    "coinbase_stream_level2": (
        "level2.jsonl",
        '{"type":"snapshot","product_id":"X","asks":[["1.6","4"]],"bids":[["1.5","2"]]}\n'
        '{"type":"l2update","product_id":"X","changes":[["buy","1.5","3"]],"time":"2024-08-09T12:00:00.000000Z"}\n',
        [Q],
    ),
    "bybit_stream_trades": (
        "publicTrade.jsonl",
        f'{{"topic":"publicTrade.X","ts":1,"data":[{{"T":{NOON_MS},"s":"X","S":"Buy","v":"2","p":"1.5","L":"PlusTick",'
        f'"i":"a","BT":false}},{{"T":{NOON_MS},"s":"X","S":"Sell","v":"3","p":"1.4","L":"","i":"b","BT":false}}]}}\n',
        [Trade("X", NOON, 1.5, 2.0, "buy"), Trade("X", NOON, 1.4, 3.0, "sell")],
    ),
    "kraken_stream_ticker": (
        "ticker.jsonl",
        '{"channel":"ticker","type":"update","data":[{"symbol":"X","bid":1.5,"bid_qty":3,"ask":1.6,"ask_qty":4,'
        '"last":1.5,"timestamp":"2024-08-09T12:00:00.000000Z"}]}\n',
        [Q],
    ),
    "kraken_stream_trades": (
        "trade.jsonl",
        '{"channel":"trade","data":[{"symbol":"X","side":"sell","price":1.5,"qty":2,"ord_type":"limit","trade_id":1,'
        '"timestamp":"2024-08-09T12:00:00.000000Z"}]}\n',
        [Trade("X", NOON, 1.5, 2.0, "sell")],
    ),
    "coinbase_stream_matches": (
        "matches.jsonl",
        '{"type":"match","trade_id":1,"maker_order_id":"a","taker_order_id":"b","side":"buy","size":"2","price":"1.5",'
        '"product_id":"X","sequence":5,"time":"2024-08-09T12:00:00.000000Z"}\n',
        [Trade("X", NOON, 1.5, 2.0, "sell")],
    ),
    "coinbase_stream_ticker": (
        "ticker.jsonl",
        '{"type":"ticker","sequence":5,"product_id":"X","price":"1.5","best_bid":"1.5","best_bid_size":"3","best_ask":'
        '"1.6","best_ask_size":"4","side":"buy","time":"2024-08-09T12:00:00.000000Z","trade_id":1,"last_size":"1"}\n',
        [Q],
    ),
    "okx_stream_trades": (
        "trades.jsonl",
        '{"arg":{"channel":"trades","instId":"X"},"data":[{"instId":"X","tradeId":"1","px":"1.5","sz":"2","side":"buy",'
        f'"ts":"{NOON_MS}","count":"1"}}]}}\n',
        [Trade("X", NOON, 1.5, 2.0, "buy")],
    ),
    "okx_stream_tickers": (
        "tickers.jsonl",
        '{"arg":{"channel":"tickers","instId":"X"},"data":[{"instId":"X","last":"1.5","askPx":"1.6","askSz":"4",'
        f'"bidPx":"1.5","bidSz":"3","ts":"{NOON_MS}"}}]}}\n',
        [Q],
    ),
    "deribit_trades": (
        "trades.jsonl",
        '{"jsonrpc":"2.0","method":"subscription","params":{"channel":"trades.X.raw","data":[{"trade_seq":1,"trade_id":'
        f'"a","timestamp":{NOON_MS},"tick_direction":0,"price":1.5,"mark_price":1.4,"instrument_name":"X",'
        '"index_price":1.3,"direction":"sell","amount":2}]}}\n',
        [Trade("X", NOON, 1.5, 2.0, "sell")],
    ),
    "deribit_quotes": (
        "quote.jsonl",
        f'{{"method":"subscription","params":{{"channel":"quote.X","data":{{"timestamp":{NOON_MS},"instrument_name":"X",'
        '"best_bid_price":1.5,"best_bid_amount":3,"best_ask_price":1.6,"best_ask_amount":4}}}\n',
        [Q],
    ),
    "hyperliquid_trades": (
        "trades.jsonl",
        f'{{"channel":"trades","data":[{{"coin":"X","side":"A","px":"1.5","sz":"2","time":{NOON_MS},"hash":"0x",'
        '"tid":1,"users":["a","b"]}]}\n',
        [Trade("X", NOON, 1.5, 2.0, "sell")],
    ),
    "hyperliquid_bbo": (
        "bbo.jsonl",
        f'{{"channel":"bbo","data":{{"coin":"X","time":{NOON_MS},"bbo":[{{"px":"1.5","sz":"3","n":1}},'
        '{"px":"1.6","sz":"4","n":1}]}}\n',
        [Q],
    ),
    "hyperliquid_book": (
        "X.jsonl",
        '{"time":"2024-08-09T12:00:01.5","ver_num":1,"raw":{"channel":"l2Book","data":{"coin":"X",'
        f'"time":{NOON_MS},"levels":[[{{"px":"1.5","sz":"3","n":1}}],[{{"px":"1.6","sz":"4","n":1}}]]}}}}}}\n',
        [Q],
    ),
}  # fmt: skip
