"""Short invented files of venues and vendors, in the formats that they document, with the expected ticks."""

from schemas.ticks import Quote, Trade
from streams.engine.feed import Feed
from tests.support.example_streams import MS, NOON, NOON_MS, NOON_US, STREAMS, Q, at

DATABENTO = "ts_recv,ts_event,rtype,publisher_id,instrument_id,action,side"
BOOK = "bid_px_00,ask_px_00,bid_sz_00,ask_sz_00,bid_ct_00,ask_ct_00"
TARDIS = "exchange,symbol,timestamp,local_timestamp"
TARDIS_ROW = f"x,X,{NOON_US},{NOON_US + 900}"
BITMEX = "timestamp,symbol,side,size,price,tickDirection,trdMatchID,grossValue,homeNotional,foreignNotional"

TABLES: dict[str, tuple[str, str, list[Feed]]] = {
    "binance_trades": (
        "BTCUSDT-trades-2024-08-09.csv",
        f"7,61000.5,0.25,15250.1,{NOON_MS},True,True\n8,61000.6,0.5,30500.3,{NOON_MS + 1},False,True\n",
        [Trade("BTCUSDT", NOON, 61000.5, 0.25, "sell"), Trade("BTCUSDT", NOON + MS, 61000.6, 0.5, "buy")],
    ),
    "binance_agg_trades": (
        "BTCUSDT-aggTrades-2025-08-09.csv",
        f"7,61000.5,0.25,1,3,{NOON_US},true,true\n",
        [Trade("BTCUSDT", NOON, 61000.5, 0.25, "sell")],
    ),
    "binance_book_ticker": (
        "X-bookTicker-2024-08-09.csv",
        "update_id,best_bid_price,best_bid_qty,best_ask_price,best_ask_qty,transaction_time,event_time\n"
        f"9,1.5,3,1.6,4,{NOON_MS},{NOON_MS + 5}\n",
        [Quote("X", NOON, 1.5, 3.0, 1.6, 4.0, 9)],
    ),
    "binance_klines": (
        "X-1m-2024-08-09.csv",
        f"{NOON_MS},1.0,2.0,0.5,1.5,40,{NOON_MS + 59_999},60,12,20,30,0\n",
        [Trade("X", NOON + 59_999 * MS, 1.5, 40.0)],
    ),
    "bybit_trades": (
        "X2024-08-09.csv",
        f"{BITMEX}\n{NOON_MS / 1000:.4f},X,Buy,2,1.5,PlusTick,a-b,1,1,1\n",
        [Trade("X", NOON, 1.5, 2.0, "buy")],
    ),
    "bybit_spot_trades": (
        "XUSDT_2024-08-09.csv",
        f"id,timestamp,price,volume,side,rpi\n1,{NOON_MS},1.5,2,sell,0\n",
        [Trade("XUSDT", NOON, 1.5, 2.0, "sell")],
    ),
    "bitmex_quotes": (
        "20240809.csv",
        "timestamp,symbol,bidSize,bidPrice,askPrice,askSize\n2024-08-09D12:00:00.000000000,X,3,1.5,1.6,4\n",
        [Q],
    ),
    "bitmex_trades": (
        "20240809.csv",
        f"{BITMEX}\n2024-08-09D12:00:00.000000123,X,Sell,2,1.5,PlusTick,a-b,1,1,1\n",
        [Trade("X", NOON + 123, 1.5, 2.0, "sell")],
    ),
    "kraken_trades": (
        "XBTUSD.csv",
        f"{NOON_MS // 1000},61000.5,0.25\n{NOON_MS // 1000}.5,61000.6,0.5\n",
        [Trade("XBTUSD", NOON, 61000.5, 0.25), Trade("XBTUSD", NOON + 500 * MS, 61000.6, 0.5)],
    ),
    "kraken_bars": (
        "XBTUSD_1.csv",
        f"{NOON_MS // 1000},1,2,0.5,1.5,40,7\n{NOON_MS // 1000 + 60},1,2,0.5,1.6,41,7\n",
        [Trade("XBTUSD", NOON + 60_000 * MS, 1.5, 40.0), Trade("XBTUSD", NOON + 120_000 * MS, 1.6, 41.0)],
    ),
    "okx_trades": (
        "X-trades-2024-08-09.csv",
        f"instrument_name,trade_id,side,price,size,created_time\nX,1,sell,1.5,2,{NOON_MS}\n",
        [Trade("X", NOON, 1.5, 2.0, "sell")],
    ),
    "okx_trades_by_file": (
        "BTC-USDT-trades-2023-08-09.csv",
        f"trade_id,side,size,price,created_time\n1,sell,2,1.5,{NOON_MS}\n",
        [Trade("BTC-USDT", NOON, 1.5, 2.0, "sell")],
    ),
    "tardis_quotes": (
        "quotes.csv",
        f"{TARDIS},ask_amount,ask_price,bid_price,bid_amount\n{TARDIS_ROW},4,1.6,1.5,3\n",
        [Q],
    ),
    "tardis_trades": (
        "x_trades_2024-08-09_X.csv",
        f"{TARDIS},id,side,price,amount\n{TARDIS_ROW},1,sell,1.5,2\n",
        [Trade("X", NOON, 1.5, 2.0, "sell")],
    ),
    "tardis_book_snapshot": (
        "book.csv",
        f"{TARDIS},asks[0].price,asks[0].amount,bids[0].price,bids[0].amount,asks[1].price,asks[1].amount\n"
        f"{TARDIS_ROW},1.6,4,1.5,3,1.7,9\n",
        [Q],
    ),
    "tardis_options_chain": (
        "options.csv",
        f"{TARDIS},type,strike_price,expiration,open_interest,last_price,bid_price,bid_amount,bid_iv,ask_price,"
        f"ask_amount,ask_iv\n{TARDIS_ROW},put,9,1,1,1,1.5,3,40,1.6,4,50\n",
        [Q],
    ),
    "databento_trades": (
        "trades.csv",
        f"{DATABENTO},depth,price,size,flags,ts_in_delta,sequence,symbol\n"
        f"{NOON + 9},{NOON},0,1,7,T,A,0,190250000000,2,0,9,5,X\n",
        [Trade("X", NOON, 190.25, 2.0, "sell", 5)],
    ),
    "databento_tbbo": (
        "tbbo.csv",
        f"{DATABENTO},depth,price,size,flags,ts_in_delta,sequence,{BOOK},symbol\n"
        "2024-08-09T12:00:00.000000009Z,2024-08-09T12:00:00.000000000Z,1,1,7,T,B,0,190.000000000,2,0,9,5,"
        "189.990000000,190.000000000,3,4,1,1,X\n",
        [Trade("X", NOON, 190.0, 2.0, "buy", 5)],
    ),
    "databento_mbp": (
        "mbp-1.csv",
        f"{DATABENTO},depth,price,size,flags,ts_in_delta,sequence,{BOOK},symbol\n"
        f"{NOON + 9},{NOON},1,1,7,A,B,0,1500000000,2,0,9,5,1500000000,1600000000,3,4,1,1,X\n"
        f"{NOON + 9},{NOON + 1},1,1,7,T,B,0,1500000000,2,0,9,6,1500000000,1600000000,3,4,1,1,X\n",
        [Quote("X", NOON, 1.5, 3.0, 1.6, 4.0, 5), Quote("X", NOON + 1, 1.5, 3.0, 1.6, 4.0, 6)],
    ),
    "databento_mbo": (
        "mbo.csv",
        f"{DATABENTO},price,size,channel_id,order_id,flags,ts_in_delta,sequence,symbol\n"
        f"{NOON + 9},{NOON},160,1,7,R,N,,0,0,0,40,9,5,X\n"
        f"{NOON + 9},{NOON - 5},160,1,7,A,B,1400000000,2,0,1,40,9,5,X\n"
        f"{NOON + 9},{NOON - 4},160,1,7,A,A,1500000000,3,0,2,168,9,5,X\n"
        f"{NOON + 20},{NOON + 10},160,1,7,T,B,1500000000,1,0,0,0,9,6,X\n"
        f"{NOON + 20},{NOON + 10},160,1,7,F,A,1500000000,1,0,2,0,9,6,X\n"
        f"{NOON + 20},{NOON + 10},160,1,7,C,A,1500000000,1,0,2,128,9,6,X\n",
        [
            Quote("X", NOON + 9, 1.4, 2.0, 1.5, 3.0, 5),
            Trade("X", NOON + 10, 1.5, 1.0, "buy", 6),
            Quote("X", NOON + 10, 1.4, 2.0, 1.5, 2.0, 6),
        ],
    ),
    "databento_bbo": (
        "bbo-1s.csv",
        "ts_recv,ts_event,rtype,publisher_id,instrument_id,side,price,size,flags,sequence,"
        f"bid_px_00,ask_px_00,bid_sz_00,ask_sz_00,bid_ct_00,ask_ct_00,symbol\n"
        f"{NOON},{NOON - 7},195,1,7,A,1.5,2,0,9,1.5,1.6,3,4,1,1,X\n",
        [Q],
    ),
    "binance_book_csv": (
        "X_T_DEPTH_2024-08-09_depth.csv",
        "symbol,timestamp,first_update_id,last_update_id,side,update_type,price,qty,pu\n"
        f"X,{NOON_MS},7,7,b,snap,1.5,3,-1\nX,{NOON_MS},7,7,a,snap,1.6,4,-1\n"
        f"X,{NOON_MS + 1},8,8,b,set,1.5,0,7\nX,{NOON_MS + 1},8,8,b,set,1.4,5,7\n",
        [Q, Quote("X", NOON + MS, 1.4, 5.0, 1.6, 4.0)],
    ),
    "tardis_book_l2": (
        "deribit_incremental_book_L2_2024-08-09_X.csv",
        f"{TARDIS},is_snapshot,side,price,amount\n"
        f"{TARDIS_ROW},false,bid,1.55,9\n"
        f"x,X,{NOON_US},{NOON_US + 901},true,bid,1.5,3\nx,X,{NOON_US},{NOON_US + 901},true,ask,1.6,4\n"
        f"x,X,{NOON_US + 1},{NOON_US + 902},false,ask,1.7,9\nx,X,{NOON_US + 2},{NOON_US + 903},false,ask,1.6,0\n",
        [Q, Quote("X", NOON + 2_000, 1.5, 3.0, 1.7, 9.0)],
    ),
    "hftbacktest": (
        "x_20240809.npy",
        f"exch_ts,action,side,px,qty\n{NOON},clear,buy,9,0\n{NOON},snapshot,buy,1.5,3\n{NOON},clear,sell,0,0\n"
        f"{NOON},snapshot,sell,1.6,4\n{NOON + 1},trade,sell,1.5,1\n{NOON + 2},depth,buy,1.5,2\n",
        [Q, Trade("X", NOON + 1, 1.5, 1.0, "sell"), Quote("X", NOON + 2, 1.5, 2.0, 1.6, 4.0)],
    ),
    "databento_ohlcv": (
        "ohlcv-1m.csv",
        f"ts_event,rtype,publisher_id,instrument_id,open,high,low,close,volume,symbol\n{NOON},33,1,7,1,2,1,1500000000,"
        f"40,X\n{NOON + 60_000 * MS},33,1,7,1,2,1,1600000000,41,X\n",
        [Trade("X", NOON + 60_000 * MS, 1.5, 40.0), Trade("X", NOON + 120_000 * MS, 1.6, 41.0)],
    ),
    "polygon_quotes": (
        "2024-08-09.csv",
        "ticker,ask_exchange,ask_price,ask_size,bid_exchange,bid_price,bid_size,conditions,indicators,"
        "participant_timestamp,sequence_number,sip_timestamp,tape,trf_timestamp\n"
        f"X,11,1.6,4,11,1.5,3,1,,{NOON - 9},5,{NOON},1,0\n",
        [Quote("X", NOON, 1.5, 3.0, 1.6, 4.0, 5)],
    ),
    "polygon_trades": (
        "2024-08-09.csv",
        "ticker,conditions,correction,exchange,id,participant_timestamp,price,sequence_number,sip_timestamp,size,tape,"
        f'trf_id,trf_timestamp\nX,"12,37",0,11,1,{NOON - 9},1.5,5,{NOON},2,1,0,0\n',
        [Trade("X", NOON, 1.5, 2.0, "", 5)],
    ),
    "polygon_bars": (
        "2024-08-09.csv",
        f"ticker,volume,open,close,high,low,window_start,transactions\nX,40,1,1.5,2,1,{NOON},7\n"
        f"X,41,1,1.6,2,1,{NOON + 60_000 * MS},7\n",
        [Trade("X", NOON + 60_000 * MS, 1.5, 40.0), Trade("X", NOON + 120_000 * MS, 1.6, 41.0)],
    ),
    "taq_quotes": (
        "taq.csv",
        "DATE,TIME_M,EX,BID,BIDSIZ,ASK,ASKSIZ,QU_COND,QU_SEQNUM,SYM_ROOT,SYM_SUFFIX\n"
        "2024-08-09,9:30:00.041571072,K,1.5,3,1.6,4,R,86,X,\n",
        [Quote("X", at("13:30:00.041571072"), 1.5, 3.0, 1.6, 4.0, 86)],
    ),
    "taq_trades": (
        "taq.csv",
        "date,time_m,ex,sym_root,sym_suffix,tr_scond,size,price,tr_seqnum\n"
        "20240809,9:30:00.041571072,K,X,,@,2,1.5,86\n",
        [Trade("X", at("13:30:00.041571072"), 1.5, 2.0, "", 86)],
    ),
    "refinitiv_tick_history": (
        "X.csv",
        "#RIC,Domain,Date-Time,GMT Offset,Type,Price,Volume,Bid Price,Bid Size,Ask Price,Ask Size\n"
        "X,Market Price,2024-08-09T12:00:00.000000000Z,+1,Quote,,,1.5,3,1.6,4\n"
        "X,Market Price,2024-08-09T12:00:00.000000001Z,+1,Trade,1.5,2,,,,\n"
        "X,Market Price,2024-08-09T12:00:00.000000001Z,+1,Auction,1.5,2,,,,\n",
        [Q, Trade("X", NOON + 1, 1.5, 2.0)],
    ),
    "lobster_messages": (
        "AAPL_2012-06-21_34200000_57600000_message_10.csv",
        "34200.017459617,1,16113575,18,5853300,1\n34200.018000001,4,16113584,19,5853200,-1\n"
        "34201.5,5,0,20,5853100,1\n",
        [
            Trade("AAPL", at("2012-06-21 13:30:00.018000001"), 585.32, 19.0, "buy"),
            Trade("AAPL", at("2012-06-21 13:30:01.5"), 585.31, 20.0, "sell"),
        ],
    ),
    "lobster_both": (
        "AAPL_2012-06-21_both.csv",
        "34200.017459617,1,16113575,18,5853300,1,5859400,200,5853300,18,5859800,200,5853000,150\n",
        [Quote("AAPL", at("2012-06-21 13:30:00.017459617"), 585.33, 18.0, 585.94, 200.0)],
    ),
    "truefx_ticks": (
        "EURUSD-2024-08.csv",
        "EUR/USD,20240809 12:00:00.123,1.09105,1.09107\n",
        [Quote("EUR/USD", NOON + 123 * MS, 1.09105, 0.0, 1.09107, 0.0)],
    ),
    "histdata_ticks": (
        "DAT_ASCII_EURUSD_T_202408.csv",
        "20240809 070000123,1.09105,1.09107,0\n",
        [Quote("EURUSD", NOON + 123 * MS, 1.09105, 0.0, 1.09107, 0.0)],
    ),
    "dukascopy_ticks": (
        "EURUSD_Ticks_09.08.2024-09.08.2024.csv",
        "Gmt time,Ask,Bid,AskVolume,BidVolume\n09.08.2024 12:00:00.123,1.6,1.5,4,3\n",
        [Quote("EURUSD", NOON + 123 * MS, 1.5, 3.0, 1.6, 4.0)],
    ),
    "dukascopy_bars": (
        "EURUSD_Candlestick_1_M_BID_09.08.2024-09.08.2024.csv",
        "Gmt time,Open,High,Low,Close,Volume\n09.08.2024 12:00:00.000,1,2,1,1.5,40\n"
        "09.08.2024 12:01:00.000,1,2,1,1.6,41\n",
        [Trade("EURUSD", NOON + 60_000 * MS, 1.5, 40.0), Trade("EURUSD", NOON + 120_000 * MS, 1.6, 41.0)],
    ),
    "dukascopy_node_ticks": (
        "eurusd-tick-2024-08-09-2024-08-10.csv",
        f"timestamp,askPrice,bidPrice,askVolume,bidVolume\n{NOON_MS},1.6,1.5,4,3\n",
        [Quote("EURUSD", NOON, 1.5, 3.0, 1.6, 4.0)],
    ),
    "metatrader_ticks": (
        "EURUSD_202408090000_202408092359.csv",
        "<DATE>\t<TIME>\t<BID>\t<ASK>\t<LAST>\t<VOLUME>\t<FLAGS>\n2024.08.09\t12:00:00.123\t1.5\t1.6\t\t\t6\n"
        "2024.08.09\t12:00:00.125\t1.4\t\t\t\t2\n2024.08.09\t12:00:00.125\t\t\t1.5\t1\t24\n"
        "2024.08.09\t12:00:00.126\t\t1.7\t\t\t4\n",
        [
            Quote("EURUSD", NOON + 123 * MS, 1.5, 0.0, 1.6, 0.0),
            Quote("EURUSD", NOON + 125 * MS, 1.4, 0.0, 1.6, 0.0),
            Quote("EURUSD", NOON + 126 * MS, 1.4, 0.0, 1.7, 0.0),
        ],
    ),
    "metatrader_bars": (
        "EURUSD_M1_202408090000_202408092359.csv",
        "<DATE>\t<TIME>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\t<TICKVOL>\t<VOL>\t<SPREAD>\n"
        "2024.08.09\t12:00:00\t1\t2\t1\t1.5\t40\t0\t1\n2024.08.09\t12:01:00\t1\t2\t1\t1.6\t41\t0\t1\n",
        [Trade("EURUSD", NOON + 60_000 * MS, 1.5, 40.0), Trade("EURUSD", NOON + 120_000 * MS, 1.6, 41.0)],
    ),
    "freqtrade_json": (
        "BTC_USDT-5m.json",
        f"[[{NOON_MS},1.0,2.0,1.0,1.5,40.0]]",
        [Trade("BTC_USDT", NOON + 300_000 * MS, 1.5, 40.0)],
    ),
    "yfinance_bars": (
        "AAPL.csv",
        "Datetime,Open,High,Low,Close,Volume,Dividends,Stock Splits\n2024-08-09 09:30:00-04:00,1,2,1,1.5,40,0,0\n"
        "2024-08-09 09:31:00-04:00,1,2,1,1.6,41,0,0\n",
        [Trade("AAPL", at("13:31:00"), 1.5, 40.0), Trade("AAPL", at("13:32:00"), 1.6, 41.0)],
    ),
    "yahoo_daily_bars": (
        "AAPL.csv",
        "Date,Open,High,Low,Close,Adj Close,Volume\n2024-08-08,1,2,1,1.4,1.3,39\n2024-08-09,1,2,1,1.5,1.4,40\n",
        [Trade("AAPL", at("00:00"), 1.4, 39.0), Trade("AAPL", at("2024-08-10"), 1.5, 40.0)],
    ),
    "stooq_bars": (
        "aapl.us.txt",
        "<TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>,<OPENINT>\n"
        "AAPL.US,D,20240808,000000,1,2,1,1.4,39,0\nAAPL.US,D,20240809,000000,1,2,1,1.5,40,0\n",
        [Trade("AAPL.US", at("00:00"), 1.4, 39.0), Trade("AAPL.US", at("2024-08-10"), 1.5, 40.0)],
    ),
    "lean_equity_trades": (
        "20131007_trade.zip/20131007_spy_Trade_Tick.csv",
        "34200123,1675300,200,P,0,0\n34200124,1675400,200,P,0,1\n",
        [Trade("SPY", at("2013-10-07 13:30:00.123"), 167.53, 200.0)],
    ),
    "lean_equity_bars": (
        "equity/usa/minute/spy/20131007_spy_minute_trade.csv",
        "34200000,1675300,1675500,1675200,1675400,40\n34260000,1675300,1675500,1675200,1675500,41\n",
        [Trade("SPY", at("2013-10-07 13:31"), 167.54, 40.0), Trade("SPY", at("2013-10-07 13:32"), 167.55, 41.0)],
    ),
    "lean_forex_quotes": (
        "oanda/tick/eurusd/20240809_eurusd_tick_quote.csv",
        "43200123,1.09105,1.09107\n",
        [Quote("EURUSD", NOON + 123 * MS, 1.09105, 0.0, 1.09107, 0.0)],
    ),
    "lean_bars": (
        "20240809_gc_minute_trade_202412.csv",
        "43200000,2400.1,2401,2399.5,2400.5,3\n",
        [Trade("GC_202412", NOON + 60_000 * MS, 2400.5, 3.0)],
    ),
    "lean_quote_bars": (
        "fxcm/minute/20240809_eurusd_minute_quote.csv",
        "25200000,1.1,1.3,1.0,1.2,0,1.2,1.4,1.1,1.3,0\n",
        [Quote("EURUSD", NOON + 60_000 * MS, 1.2, 0.0, 1.3, 0.0)],
    ),
    "lean_equity_quote_bars": (
        "equity/usa/20131007_spy_minute_quote.csv",
        "34200000,1675300,1675500,1675200,1675400,5,1675400,1675600,1675300,1675500,6\n",
        [Quote("SPY", at("2013-10-07 13:31"), 167.54, 5.0, 167.55, 6.0)],
    ),
    "lean_future_trades": (
        "20240809_gc_tick_trade_202412.csv",
        "43200123,2400.5,2,comex,,0\n43200124,2400.6,2,comex,,1\n",
        [Trade("GC_202412", NOON + 123 * MS, 2400.5, 2.0)],
    ),
    "lean_option_bars": (
        "20140609_aapl_minute_trade_american_call_1000000_20140613.csv",
        "34200000,1100,1100,900,900,51\n",
        [Trade("AAPL_CALL_1000000_20140613", at("2014-06-09 13:31"), 0.09, 51.0)],
    ),
    "lean_daily_bars": (
        "spy.csv",
        "20140609 00:00,1950000,1960000,1940000,1955000,1000\n20140610 00:00,1950000,1960000,1940000,1956000,1001\n",
        [Trade("SPY", at("2014-06-10 04:00"), 195.5, 1000.0), Trade("SPY", at("2014-06-11 04:00"), 195.6, 1001.0)],
    ),
    "freqtrade_trades": (
        "X_ETH-trades.csv",
        f"timestamp,id,type,side,price,amount,cost\n{NOON_MS},7,,sell,1.5,2,3\n",
        [Trade("X_ETH", NOON, 1.5, 2.0, "sell")],
    ),
    "freqtrade_trades_json": (
        "X_ETH-trades.json",
        f'[[{NOON_MS},"7",null,"sell",1.5,2.0,3.0]]',
        [Trade("X_ETH", NOON, 1.5, 2.0, "sell")],
    ),
    "lean_crypto_quotes": (
        "20240809_btcusdt_tick_quote.csv",
        "43200123,61000.5,0.25,61000.6,0.5\n",
        [Quote("BTCUSDT", NOON + 123 * MS, 61000.5, 0.25, 61000.6, 0.5)],
    ),
    "tardis_derivative_ticker": (
        "x_derivative_ticker_2024-08-09_X.csv",
        f"{TARDIS},funding_timestamp,funding_rate,predicted_funding_rate,open_interest,last_price,index_price,"
        f"mark_price\n{TARDIS_ROW},1,1,1,1,1.5,1,1\n",
        [Trade("X", NOON, 1.5, 0.0)],
    ),
    "lean_crypto_trades": (
        "20240809_btcusdt_tick_trade.csv",
        "43200123,61000.5,0.25\n43200124,61000,0.5\n",
        [Trade("BTCUSDT", NOON + 123 * MS, 61000.5, 0.25), Trade("BTCUSDT", NOON + 124 * MS, 61000.0, 0.5)],
    ),
}  # fmt: skip

EXAMPLES = STREAMS | TABLES
"""By format: name of a file, its text, its ticks."""

REFUSED: dict[str, tuple[str, str]] = {
    "binance_book_depth": ("x.csv", "timestamp,percentage,depth,notional\n2024-08-09 12:00:00,-5,1,2\n"),
    "binance_stream_spot_book_ticker": ("x.jsonl", '{"u":9,"s":"X","b":"1.5","B":"3","a":"1.6","A":"4"}\n'),
    "binance_stream_depth": ("x.jsonl", '{"e":"depthUpdate","E":1,"T":1,"s":"X","U":1,"u":2,"b":[["1","2"]],"a":[]}\n'),
    "tardis_liquidations": (
        "x_liquidations_2024-08-09_X.csv", f"{TARDIS},id,side,price,amount\n{TARDIS_ROW},1,sell,1.5,2\n"
    ),
    "bitmex_stream_old_book": (
        "x.jsonl", '{"table":"orderBookL2","action":"delete","data":[{"symbol":"X","id":7,"side":"Buy"}]}\n'
    ),
    "bybit_stream_old_book": (
        "x.jsonl", '{"topic":"orderBookL2_25.X","type":"delta","data":{"delete":[],"update":[],"insert":[]}}\n'
    ),
    "databento_other": ("x.csv", f"ts_recv,ts_event,rtype,publisher_id,instrument_id,raw_symbol\n1,{NOON},19,1,7,X\n"),
    "lobster_book": ("AAPL_2012-06-21_34200000_57600000_orderbook_1.csv", "5859400,200,5853300,18\n"),
    "histdata_bars": ("DAT_ASCII_EURUSD_M1_2024.csv", "20240809 120000;1.1;1.2;1.0;1.1;0\n"),
    "dukascopy_local_ticks": (
        "x.csv", "Local time,Ask,Bid,AskVolume,BidVolume\n09.08.2024 12:00:00.123 GMT+0200,1.6,1.5,4,3\n"
    ),
    "lean_equity_quotes": ("20131007_spy_Quote_Tick.csv", "34200123.5,1675300,3,0,0,P,0,0\n"),
}  # fmt: skip
"""By format that is recognised but not read: name of a file, its text."""
