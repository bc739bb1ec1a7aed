"""What a partition knows of references, and what it makes of the records that tell it."""

import json
from itertools import islice

import msgspec
import pytest

from schemas.codec import encode
from schemas.dead_letters import DeadLetter
from schemas.errors import ConfigurationError, StateError
from schemas.predictions import Prediction
from schemas.ticks import Quote, ReferenceTick, Trade
from streams.engine.partition import Partition
from streams.market.features.parameters import MOST_REFERENCES, ReferenceParameters
from streams.market.features.reference_history import MOST_ROWS, PRICE, WINDOW_NS, ReferenceHistory, before, extend
from streams.market.node import MarketNode
from streams.market.parameters import AdmissionParameters, BySymbol, MarketParameters
from streams.market.references import References
from streams.market.tick_order import Admission
from streams.parameters import Parameters, load_parameters
from tests.support.references import BEGIN, LEADER, MS, led_market, looking_at


def references(*symbols: str) -> References:
    return References({symbol: Admission(AdmissionParameters(resync_after=3)) for symbol in symbols or (LEADER,)})


def trade(at_ms: int, price: float = 100.0, size: float = 1.0, seq: int | None = None) -> Trade:
    return Trade(LEADER, BEGIN + at_ms * MS, price, size, seq=seq)


def quote(at_ms: int, mid: float = 100.0) -> Quote:
    return Quote(LEADER, BEGIN + at_ms * MS, mid - 0.5, 3.0, mid + 0.5, 1.0)


def prices(context: References) -> list[float]:
    history = context.states[LEADER].history
    return [row[PRICE] for row in history.rows[history.begins :]]


def test_the_price_is_that_of_the_last_trade_or_the_mid_where_trades_are_old() -> None:
    context = references()
    context.take(quote(0, 100.0))
    context.take(trade(1, 101.0))
    context.take(quote(2, 102.0))
    context.take(quote(3 + WINDOW_NS // MS, 103.0))
    assert prices(context)[-2:] == [101.0, 103.0]


def test_a_trade_without_a_size_is_ignored_once_trades_have_sizes() -> None:
    context = references()
    for tick in (trade(0, 100.0, 0.0), trade(1, 101.0, 5.0), trade(2, 102.0, 0.0)):
        context.take(tick)
    assert prices(context) == [100.0, 101.0]


def test_a_late_tick_is_ignored_and_a_lasting_change_of_the_clock_is_taken() -> None:
    context = references()
    context.take(trade(10_000, 100.0))
    context.take(trade(5, 101.0))
    assert prices(context) == [100.0]
    context.take(trade(6, 101.0))
    context.take(trade(7, 101.0))
    assert prices(context) == [101.0], "three ticks agree that the clock was set back: what was before is forgotten"


def test_a_wrong_price_is_ignored() -> None:
    context = references()
    context.take(trade(0, 100.0))
    context.take(trade(1, 150.0))
    context.take(trade(2, 100.5))
    assert prices(context) == [100.0, 100.5]


def test_a_copy_that_comes_again_is_passed_over_by_its_position() -> None:
    context, once = references(), references()
    copies = [(trade(1, 100.0), "ticks:3:7"), (trade(1, 101.0), "ticks:3:8"), (trade(1, 102.0), "ticks:3:9")]
    for copy in (*copies, *copies[:2]):
        context.take(*copy)
    for copy in copies:
        once.take(*copy)
    assert prices(context) == [102.0]
    assert context.dump() == once.dump()


def test_a_position_from_nowhere_hides_no_later_tick() -> None:
    context = references()
    context.take(trade(1, 100.0), "ticks:3:999999999999999999")
    context.take(trade(2, 101.0), "ticks:3:8")
    assert prices(context) == [100.0, 101.0]


def test_the_history_is_bounded_and_forgets_the_older_half_first() -> None:
    history = ReferenceHistory()
    most = 0
    for at in range(20_000):
        extend(history, BEGIN + at * MS, (float(at + 1), 0.0, 0.0))
        most = max(most, len(history.times))
    assert most <= 2 * MOST_ROWS + 1
    assert len(history.times) - history.begins <= MOST_ROWS
    newest = history.times[-200:]
    assert newest == [BEGIN + at * MS for at in range(19_800, 20_000)], "the newest are all there"
    assert history.times == sorted(set(history.times))


def test_a_quiet_reference_keeps_the_state_that_held_when_the_window_began() -> None:
    history = ReferenceHistory()
    extend(history, BEGIN, (1.0, 0.0, 0.0))
    extend(history, BEGIN + 10 * WINDOW_NS, (2.0, 0.0, 0.0))
    assert history.rows[before(history, BEGIN + 10 * WINDOW_NS)][PRICE] == 1.0


def test_a_context_goes_on_as_it_was_stored_and_refuses_other_bytes() -> None:
    context, restored = references(LEADER, "GLD"), references(LEADER, "GLD")
    ticks = [tick for tick in led_market(3, 3_000) if tick.symbol == LEADER]
    for tick in ticks[:700]:
        context.take(tick)
    restored.load(context.dump())
    for tick in ticks[700:]:
        context.take(tick)
        restored.take(tick)
    assert restored.dump() == context.dump()
    assert len(context.dump()) < 45_000
    fewer = references("GLD")
    fewer.load(context.dump())
    assert set(fewer.states) == {"GLD"}, "a reference that is one no more is dropped"
    with pytest.raises(StateError, match="expected what was known of references"):
        context.load(b"\xc1")


def test_a_copy_opens_no_key_and_makes_no_prediction() -> None:
    partition = Partition(MarketNode(looking_at(LEADER)), 0)
    assert partition.apply(0, b"SPY", encode(ReferenceTick(trade(1)))) == ()
    assert partition.keys == {}
    assert partition.offset == 0
    assert prices(partition.context) == [100.0]


def test_copies_are_passed_over_where_no_references_are_configured() -> None:
    partition = Partition(MarketNode(looking_at()), 0)
    assert partition.apply(0, b"SPY", encode(ReferenceTick(trade(1)))) == ()
    assert (partition.context, partition.keys, partition.dump_context()) == (None, {}, b"")


HOSTILE = {
    "bad_price": ReferenceTick(Trade(LEADER, 1, price=-1.0, size=1.0)),
    "bad_size": ReferenceTick(Trade(LEADER, 1, price=1.0, size=-1.0)),
    "bad_time": ReferenceTick(Trade(LEADER, 0, price=1.0, size=1.0)),
    "bad_symbol": ReferenceTick(Trade("S P Y", 1, price=1.0, size=1.0)),
    "crossed_quote": ReferenceTick(Quote(LEADER, 1, bid=9.0, bid_size=1.0, ask=8.0, ask_size=1.0)),
}


@pytest.mark.parametrize("reason", HOSTILE)
@pytest.mark.parametrize("references", [(), (LEADER,)])
def test_a_copy_of_no_valid_tick_is_a_dead_letter(reason: str, references: tuple[str, ...]) -> None:
    partition = Partition(MarketNode(looking_at(*references)), 0)
    before = partition.dump_context()
    for written in (partition.apply(0, b"x", encode(HOSTILE[reason])), partition.receive(1, HOSTILE[reason])):
        (letter,) = written
        assert isinstance(letter, DeadLetter)
        assert letter.reason == reason
    assert partition.dump_context() == before


VALID = {"kind": "trade", "symbol": "SPY", "ts_event": 1, "price": 1.0, "size": 1.0}


@pytest.mark.parametrize(
    "broken",
    [
        {"tick": {"kind": "directive"}},
        {"tick": {"kind": "reference", "tick": {}}},
        {"tick": [], "of": "ticks:3:7"},
        {"tick": VALID, "of": "commands:3:7"},
        {"tick": VALID, "of": "ticks:3:" + "9" * 99},
        {},
    ],
)
def test_a_malformed_copy_is_a_dead_letter(broken: dict[str, object]) -> None:
    partition = Partition(MarketNode(looking_at(LEADER)), 0)
    (letter,) = partition.apply(0, b"x", json.dumps({"kind": "reference", **broken}).encode())
    assert isinstance(letter, DeadLetter)
    assert letter.reason == "malformed"


def test_a_tick_of_a_reference_without_the_mark_is_to_be_copied_once_to_each_other_partition() -> None:
    partition = Partition(MarketNode(looking_at(LEADER)), 3)
    partition.copies = []
    marked = msgspec.structs.replace(trade(2), copied=True)
    for offset, tick in enumerate(
        (trade(1), marked, quote(3), ReferenceTick(trade(4)), Trade("IBM", BEGIN, 50.0, 1.0))
    ):
        partition.apply(offset, b"", encode(tick))
    assert partition.copies == [ReferenceTick(trade(1), "ticks:3:0"), ReferenceTick(quote(3), "ticks:3:2")]


def test_partitions_that_get_copies_twice_know_what_the_home_partition_knows() -> None:
    """The worker of the home partition died after its copies were written and before its checkpoint."""
    node = MarketNode(looking_at(LEADER))
    home, other = Partition(node, 0), Partition(node, 1)
    home.copies = []
    ticks = [tick for tick in led_market(4, 800) if tick.symbol == LEADER]
    for offset, tick in enumerate(ticks):
        home.receive(offset, tick)
    copies = home.copies
    assert len(copies) == len(ticks)
    for offset, copy in enumerate((*copies[:200], *copies[50:300], *copies[120:])):
        other.apply(offset, b"SPY", encode(copy))
    history = home.context.states[LEADER].history
    assert other.context.states[LEADER].history == history
    assert len(history.times) > 100


def test_without_references_nothing_is_collected_or_stored() -> None:
    partition = Partition(MarketNode(BySymbol()), 0)
    partition.copies = []
    for offset, tick in enumerate(islice(led_market(5, 50), 50)):
        partition.receive(offset, tick)
    assert partition.copies == []
    assert partition.dump_context() == b""


class TestConfiguration:
    def test_references_add_their_default_features_to_models_with_default_features(self) -> None:
        parameters = load_parameters({
            "references": {"SPY": ["*"], "GLD": ["NEM"]},
            "market": {"models": {"mine": {"kind": "trees"}, "few": {"kind": "trees", "features": ["spread"]}}},
            "symbols": {"OWN": {"market": {"model": {"features": ["queue_imbalance"]}}}},
        })  # fmt: skip
        seen = {symbol: parameters.for_symbol(symbol) for symbol in ("IBM", "NEM", "SPY", "OWN")}
        assert {symbol: own.features.references.of for symbol, own in seen.items()} == {
            "IBM": ("SPY",), "NEM": ("SPY", "GLD"), "SPY": (), "OWN": ("SPY",),
        }  # fmt: skip
        assert seen["IBM"].model.features[-1] == "SPY.queue_imbalance"
        assert seen["IBM"].models["mine"].features == seen["IBM"].model.features
        assert seen["IBM"].models["few"].features == ("spread",)
        assert seen["OWN"].model.features == ("queue_imbalance",)
        assert seen["SPY"].model.features == MarketParameters().model.features
        assert parameters.references == ("SPY", "GLD")
        MarketNode(parameters)

    def test_parameters_that_were_written_out_are_read_as_the_same(self) -> None:
        parameters = load_parameters({"references": {"SPY": ["*"], "GLD": ["NEM"]}})
        plain = json.loads(msgspec.json.encode(parameters))
        tables = {
            "market": plain["market"],
            "symbols": {name: {"market": own} for name, own in plain["symbols"].items()},
        }
        assert load_parameters(tables) == parameters

    def test_without_references_the_digests_are_what_they_were(self) -> None:
        assert load_parameters({}) == Parameters()
        assert MarketParameters().digest() == load_parameters({"references": {}}).market.digest()
        assert MarketParameters().digest() != load_parameters({"references": {"SPY": ["*"]}}).market.digest()

    @pytest.mark.parametrize(
        ("table", "said"),
        [
            ({"references": {"SPY": "IBM"}}, r"\[references\] SPY: expected a list of symbols"),
            ({"references": {"S|Y": ["*"]}}, r"\[references\]: expected symbols"),
            ({"references": {"S Y": ["*"]}}, r"\[references\]: expected symbols"),
            ({"references": {"SPY": ["a b"]}}, r"\[references\] SPY: expected a list of symbols"),
            ({"references": {f"R{at}": ["*"] for at in range(9)}}, "at most 8 references"),
            ({"market": {"features": {"references": {"delay_ns": -1}}}}, "delay_ns"),
        ],
    )
    def test_a_wrong_table_is_refused_with_the_fix(self, table: dict[str, object], said: str) -> None:
        with pytest.raises(ConfigurationError, match=said):
            load_parameters(table)

    def test_a_feature_of_a_symbol_that_is_no_reference_is_refused(self) -> None:
        parameters = load_parameters({"market": {"model": {"features": ["QQQ.return_1s"]}}})
        with pytest.raises(ConfigurationError, match=r'was one of QQQ; fix: \[references\] QQQ = \["\*"\]'):
            MarketNode(parameters)

    def test_more_references_than_a_partition_keeps_are_refused(self) -> None:
        named = {f"R{at}": [f"S{at % 5}"] for at in range(MOST_REFERENCES + 1)}
        with pytest.raises(ConfigurationError, match="at most 8 symbols"):
            MarketNode(load_parameters({"references": named}))

    def test_eight_references_fit_into_the_state_of_a_symbol(self) -> None:
        MarketNode(load_parameters({"references": {f"R{at}": ["*"] for at in range(MOST_REFERENCES)}}))

    def test_the_defaults_are_those_of_the_parameters(self) -> None:
        assert MarketParameters().features.references == ReferenceParameters()


def test_a_prediction_names_the_features_of_its_reference() -> None:
    partition = Partition(MarketNode(looking_at(LEADER)), 0)
    partition.receive(0, trade(1))
    (prediction,) = partition.receive(1, Quote("IBM", BEGIN + 5 * MS, 50.0, 1.0, 50.02, 2.0))
    assert isinstance(prediction, Prediction)
    assert "SPY.return_1s" in prediction.features
    (own,) = Partition(MarketNode(looking_at(LEADER)), 0).receive(0, trade(1))
    assert isinstance(own, Prediction)
    assert not any("SPY" in name for name in own.features)
