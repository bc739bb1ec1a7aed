"""A backtest gives what the topics would hold, and every source of the same ticks gives the same digests."""

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow
import pytest
from pyarrow import parquet

from schemas.codec import encode
from schemas.errors import ConfigurationError, StateError
from schemas.ticks import Quote, Trade
from schemas.topics import TICKS, TOPICS
from streams.api.backtest import Backtest, backtest
from streams.engine.backtest import Engine
from streams.engine.digests import START, extended, of_topic
from streams.engine.feed import Feed, RawTick, payload
from streams.engine.node import following
from streams.engine.partitioner import murmur2, partition_of
from streams.engine.replay import SourceRecord, by_topic, replay
from streams.parameters import Parameters
from streams.reports.backtest_columns import TABLES
from streams.sources.bad_ticks import with_bad_ticks
from streams.sources.columns import Columns
from streams.sources.files import merged
from streams.sources.frames import frame_ticks
from streams.sources.synthetic import synthetic_market
from streams.topology import nodes
from tests.support.market_ticks import promote_arm, quick_parameters, start_arm

NOON = 1_723_161_600_000_000_000
PARTITIONS = 4
MARKET: list[Quote | Trade] = list(synthetic_market(seed=6, ticks=1_500))


@pytest.fixture(scope="module")
def run() -> Backtest:
    return backtest(MARKET, quick_parameters(), partitions=PARTITIONS)


def published(feed: list[Feed]) -> list[SourceRecord]:
    """Records of the topic of ticks after `feed` was published to it while it was empty."""
    offsets = [0] * PARTITIONS
    log = []
    for item in feed:
        number = partition_of(item.symbol, PARTITIONS)
        value = payload(item)
        log.append(SourceRecord(number, offsets[number], item.symbol.encode(), value))
        offsets[number] += 1
    return log


def test_the_partitioner_is_kafkas() -> None:
    from aiokafka.partitioner import murmur2 as theirs

    rng = np.random.default_rng(7)
    for length in range(33):
        data = rng.bytes(length)
        assert murmur2(data) == theirs(data) & 0xFFFF_FFFF


def test_topics_hold_what_a_replay_of_the_published_log_writes() -> None:
    feed: list[Feed] = list(with_bad_ticks(MARKET, 0.02, 1))
    feed[700:700] = [start_arm("b", MARKET[0].symbol), promote_arm("b", MARKET[0].symbol), promote_arm("b", "ACORN", 1)]
    engine = Engine(nodes(quick_parameters()), PARTITIONS)
    for item in feed:
        engine.take(item)
    expected = by_topic(replay(nodes(quick_parameters()), published(feed)))
    assert {topic: count for topic, count in engine.facts.counts.items() if count} == {
        topic: len(records) for topic, records in expected.items()
    }
    assert set(expected) == {"predictions", "outcomes", "paper-account", "dead-letters"}
    for topic, records in expected.items():
        chains: dict[int, bytes] = {}
        for number, _, value in records:
            chains[number] = extended(chains.get(number, START), value)
        assert engine.facts.digests[topic] == chains
    assert [(each.action, each.version, each.refused) for each in engine.decisions] == [
        ("start_arm", "b-v1", ""), ("promote_arm", "", ""), ("promote_arm", "", "bad_directive"),
    ]  # fmt: skip


def test_a_digest_tells_order_content_and_partition_apart() -> None:
    one, other = extended(extended(START, b"a"), b"b"), extended(extended(START, b"b"), b"a")
    assert len({of_topic(chains) for chains in ({}, {0: one}, {0: other}, {1: one}, {0: one, 1: one})}) == 5


def test_without_digests_nothing_else_is_different(run: Backtest) -> None:
    quick = backtest(MARKET, quick_parameters(), partitions=PARTITIONS, digests=False)
    assert quick.digest == {}
    pd.testing.assert_frame_equal(quick.account, run.account)
    assert quick.summary | {"digests": 0} == run.summary | {"digests": 0}


def test_a_snapshot_of_something_else_is_an_error_of_state() -> None:
    engine = Engine(nodes(Parameters()), share=0, shares=2)
    for tick in MARKET[:50]:
        engine.take(tick)
    with pytest.raises(StateError, match="expected a snapshot of a backtest"):
        engine.restore(b"x")
    with pytest.raises(StateError, match="expected partitions"):
        Engine(nodes(Parameters()), share=1, shares=2).restore(engine.snapshot())
    with pytest.raises(StateError, match="parameters"):
        Engine(nodes(quick_parameters()), share=0, shares=2).restore(engine.snapshot())


def test_tables_say_what_the_records_say(run: Backtest) -> None:
    records = by_topic(replay(nodes(quick_parameters()), published(list(MARKET))))
    assert len(run.predictions) == len(records["predictions"]) == 1_500
    assert str(run.predictions["ts_event"].dtype) == "datetime64[ns, UTC]"
    assert run.predictions["ts_event"].iloc[0].value == MARKET[0].ts_event
    outcome = run.outcomes.iloc[-1]
    assert outcome["arm.live.gross_bps"] == outcome["arm.live.position_size"] * outcome["return_bps"]
    assert {"baseline.majority", "expert.imbalance", "feature.queue_imbalance", "ts_prediction"} <= set(run.outcomes)
    assert run.account["trades"].max() > 5
    last = run.account.groupby("symbol")["net_bps"].last()
    assert run.summary["account"]["total"]["net_bps"] == pytest.approx(last.mean())
    assert run.summary["skill"]["scored"] == len(run.outcomes)


def table_of(ticks: list[Quote | Trade]) -> pd.DataFrame:
    """The ticks as a table with the columns of a file."""
    names = ("kind", "symbol", "ts_event", "bid", "bid_size", "ask", "ask_size", "price", "size", "side", "seq")
    rows = [
        [getattr(tick, name, None) if name != "kind" else type(tick).__name__.lower() for name in names]
        for tick in ticks
    ]
    return pd.DataFrame(rows, columns=names)


def sources(folder: Path) -> dict[str, Any]:
    table = table_of(MARKET)
    text = table.to_csv(index=False)
    (folder / "t.csv").write_text(text)
    (folder / "t.csv.gz").write_bytes(gzip.compress(text.encode()))
    (folder / "t.jsonl").write_bytes(b"\n".join(map(encode, MARKET)))
    parquet.write_table(pyarrow.Table.from_pandas(table), folder / "t.parquet")
    symbols = sorted({tick.symbol for tick in MARKET})
    for symbol in symbols:
        table[table["symbol"] == symbol].to_csv(folder / f"{symbol}.csv", index=False)
    return {
        "csv": folder / "t.csv",
        "csv.gz": str(folder / "t.csv.gz"),
        "jsonl": folder / "t.jsonl",
        "parquet": folder / "t.parquet",
        "a file for each symbol": [folder / f"{symbol}.csv" for symbol in symbols],
        "frame": table,
        "frame with dates": table.assign(ts_event=pd.to_datetime(table["ts_event"], utc=True)),
        "mapping of arrays": {name: table[name].to_numpy() for name in table},
        "record array": table.to_records(index=False),
        "iterator": iter(MARKET),
    }


def test_every_source_of_the_same_ticks_gives_the_same_digests(run: Backtest, tmp_path: Path) -> None:
    for name, source in sources(tmp_path).items():
        found = backtest(source, quick_parameters(), partitions=PARTITIONS)
        assert found.digest == run.digest, name


def test_rows_of_a_frame_that_make_no_tick_become_dead_letters() -> None:
    frame = pd.DataFrame({"ts_event": [10**18, None, 10**18 + 2], "bid": [1.0, 1.0, np.nan], "ask": [2.0, 2.0, 2.0]})
    items = list(frame_ticks(frame, Columns(symbol="X")))
    assert [type(item) for item in items] == [Quote, RawTick, RawTick]
    with pytest.raises(ConfigurationError, match="--time-unit ms"):
        list(frame_ticks(frame.assign(ts_event=1_723_161_255_088), Columns(symbol="X", time_unit="ns")))


def test_ticks_of_numpys_numbers_are_those_of_pythons() -> None:
    times = [NOON + at for at in range(5)]
    own = [Quote("X", at, 1.0, 1.0, 2.0, 3.0) for at in times]
    theirs = [Quote("X", np.int64(at), np.float64(1), np.float32(1), np.float64(2), np.int32(3)) for at in times]  # type: ignore[arg-type]
    assert backtest(theirs, quick_parameters()).digest == backtest(own, quick_parameters()).digest


def test_files_are_merged_as_publishing_merges_them(tmp_path: Path) -> None:
    halves = [MARKET[::2], MARKET[1::2]]
    assert list(merged(halves)) == MARKET


def test_every_kind_of_record_that_follows_from_the_ticks_has_a_table() -> None:
    """A kind without a table once stopped a backtest when the first accuracy window closed."""
    written = {
        kind for node in following(nodes(Parameters()), TICKS) for topic in node.outputs for kind in topic.records
    }
    roots = {kind for topic in TOPICS if topic.is_root for kind in topic.records}
    assert written - roots <= set(TABLES)
