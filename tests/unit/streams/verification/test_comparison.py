"""The comparison of `tickloop verify` finds and names every disturbance, and nothing else."""

import random
from collections.abc import Callable

import msgspec
import pytest

from schemas.codec import encode
from streams.engine.replay import SourceRecord, replay
from streams.parameters import Parameters
from streams.sources.synthetic import synthetic_market
from streams.topology import nodes
from streams.verification import comparison
from streams.verification.comparison import Compared, TopicComparison
from streams.verification.expected import Expected

TICKS = 400


@pytest.fixture(scope="module")
def predictions() -> list[bytes]:
    """Predictions of one symbol in partition 0, encoded."""
    loop = Expected(nodes(Parameters()), 0)
    emitted = [
        each
        for offset, tick in enumerate(synthetic_market(3, ["X"], ticks=TICKS))
        for each in loop.take(offset, b"X", encode(tick))
    ]
    return [each.value for each in emitted if each.topic == "predictions"]


def compared(
    wanted: list[bytes], held: list[bytes], *, first: int = 0, before: int = TICKS, settled: bool = True, block: int = 7
) -> Compared:
    """Compare expected and stored records, both given in blocks as a broker delivers them.

    Args:
        wanted: expected records.
        held: stored records.
        first: offset of the first stored record.
        before: offset of the tick at which the comparison ends.
        settled: whether no more records are expected to come.
        block: records in a block.
    """
    sides = TopicComparison("predictions", 0, first, before)
    offset = 0
    for start in range(0, len(wanted), block):
        for value in wanted[start : start + block]:
            sides.expect(value)
        while sides.is_hungry and offset < len(held):
            for value in held[offset : offset + block]:
                sides.hold(first + offset, value)
                offset += 1
    for value in held[offset:]:
        sides.hold(first + offset, value)
        offset += 1
    return sides.end(settled)


def test_equal_records_have_no_finding(predictions: list[bytes]) -> None:
    result = compared(predictions, predictions)
    assert (result.expected, result.held, result.counts) == (TICKS, TICKS, {})
    assert result.digest == result.expected_digest


def test_repeats_of_a_crash_are_dropped(predictions: list[bytes]) -> None:
    result = compared(predictions, predictions[:200] + predictions[150:300] + predictions[300:] + predictions[390:])
    assert (result.held, result.repeats, result.counts) == (TICKS, 60, {})
    assert result.digest == result.expected_digest


@pytest.mark.parametrize("seed", range(40))
def test_any_flipped_bit_is_found_and_named(predictions: list[bytes], seed: int) -> None:
    rng = random.Random(seed)
    at = rng.randrange(TICKS)
    damaged = bytearray(predictions[at])
    # Every other one in the id, where it moves the record to another place or makes it unreadable.
    byte = rng.randrange(8, 20) if seed % 2 else rng.randrange(len(damaged))
    damaged[byte] ^= 1 << rng.randrange(8)
    result = compared(predictions, [*predictions[:at], bytes(damaged), *predictions[at + 1 :]])
    assert result.counts == {"other_bytes": 1}
    (finding,) = result.findings
    assert (finding.id, finding.offset, finding.bits) == (f"ticks:0:{at}", at, 1)
    assert len(finding.fields) >= 1
    assert result.digest != result.expected_digest


def test_the_field_that_differs_is_named(predictions: list[bytes]) -> None:
    changed = predictions[5].replace(b'"horizon_ns":500000000', b'"horizon_ns":500000001')
    (finding,) = compared(predictions, [*predictions[:5], changed, *predictions[6:]]).findings
    assert [(each.field, each.expected, each.found) for each in finding.fields] == [
        ("horizon_ns", "500000000", "500000001")
    ]


FORGED = b'{"id":"ticks:0:%s","mid":1}'


@pytest.mark.parametrize(
    ("disturb", "expected"),
    [
        (lambda held: held.pop(0), {"missing": 1}),
        (lambda held: held.pop(100), {"missing": 1}),
        (lambda held: held.pop(), {"missing": 1}),
        (lambda held: held.__delitem__(slice(50, 80)), {"missing": 30}),
        (lambda held: held.insert(0, FORGED % b"0:3"), {"too_many": 1}),
        (lambda held: held.insert(100, FORGED % b"99:7"), {"too_many": 1}),
        (lambda held: held.append(FORGED % b"399:1"), {"too_many": 1}),
        (lambda held: held.append(b"no record at all"), {"too_many": 1}),
        (lambda held: held.insert(30, b""), {"too_many": 1}),
        (lambda held: held.insert(200, held[150].replace(b"500000000", b"500000001")), {"repeat_differs": 1}),
        (lambda held: held.__setitem__(9, held[9].replace(b"X", b"Y")), {"other_bytes": 1}),
        (lambda held: held.clear(), {"missing": 400}),
        (lambda held: held.append(held.pop(0)), {"missing": 1}),
    ],
    ids=[
        "first lost", "one lost", "last lost", "many lost", "one too early", "one too many", "one at the end",
        "no record at the end", "empty record", "two contents", "other symbol", "nothing there", "out of order",
    ],
)  # fmt: skip
def test_every_disturbance_has_its_name(
    predictions: list[bytes], disturb: Callable[[list[bytes]], object], expected: dict[str, int]
) -> None:
    held = list(predictions)
    disturb(held)
    for block in (1, 7, 1000):
        assert compared(predictions, held, block=block).counts == expected


def test_records_deleted_by_retention_do_not_count_as_missing(predictions: list[bytes]) -> None:
    result = compared(predictions, predictions[120:], first=120)
    assert (result.expected, result.expired, result.counts) == (280, 120, {})
    lost = compared(predictions, predictions[120:200] + predictions[201:], first=120)
    assert lost.counts == {"missing": 1}
    assert compared(predictions, [], first=400).expired == TICKS


def test_outputs_of_later_ticks_are_left_out(predictions: list[bytes]) -> None:
    assert compared(predictions[:300], predictions, before=300).counts == {}


def test_workers_that_are_behind_have_not_lost_anything(predictions: list[bytes]) -> None:
    assert compared(predictions, predictions[:350], settled=False).counts == {"not_computed": 50}
    gap = predictions[:100] + predictions[101:350]
    assert compared(predictions, gap, settled=False).counts == {"missing": 1, "not_computed": 50}


def test_repeats_that_reach_too_far_back_are_reported_as_uncompared(
    predictions: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comparison, "REMEMBERED", 50)
    assert compared(predictions, [*predictions, predictions[360]]).counts == {}
    assert compared(predictions, [*predictions, predictions[3]]).counts == {"repeat_uncompared": 1}


def test_two_nodes_on_one_topic_may_interleave_in_any_way() -> None:
    mine = [b'{"id":"ticks:0:%d","node":"market"}' % n for n in range(20)]
    theirs = [b'{"id":"ticks:0:%d","node":"account"}' % n for n in range(20)]
    wanted = [each for pair in zip(mine, theirs, strict=True) for each in pair]
    result = compared(wanted, mine + theirs)
    assert (result.counts, result.digest) == ({}, compared(wanted, theirs + mine).digest)
    assert compared(wanted, mine + theirs[:-1]).counts == {"missing": 1}


def test_the_chain_of_nodes_begins_with_what_replay_gives() -> None:
    market, *_ = loop = nodes(Parameters())
    ticks = [SourceRecord(2, n, b"X", encode(tick)) for n, tick in enumerate(synthetic_market(4, ["X"], ticks=500))]
    chain = Expected(loop, 2)
    written = {topic.name for topic in market.outputs}
    chained = [each for tick in ticks for each in chain.take(*tick[1:]) if each.topic in written]
    assert chained == list(replay(market, ticks))
    assert msgspec.json.decode(chained[0].value)["id"] == "ticks:2:0"
