"""Compressed batches reach readers unpacked, or as one refused record, so that none can fill the memory."""

import ast
import gzip
import zlib
from types import SimpleNamespace
from typing import Any

import cramjam
import pytest
from aiokafka.consumer import fetcher
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords

from agents.kafka import unpacking
from agents.kafka.unpacking import GZIP, LZ4, MOST_OF_A_BATCH, MOST_OF_A_FETCH, PLACE, SNAPPY, ZSTD, unpacked
from schemas.codec import decoder
from schemas.errors import Refused
from schemas.ticks import Tick
from tests.support.places import ROOT

CODECS = [GZIP, SNAPPY, LZ4, ZSTD]


def batch(codec: int, *values: bytes | None, first: int = 0, key: bytes | None = b"X") -> bytes:
    """A compressed batch as a transactional producer writes it and a broker stores it."""
    builder: Any = DefaultRecordBatchBuilder(2, codec, 1, 77, 3, 5, 1 << 30)
    for number, value in enumerate(values):
        builder.append(number, 1_000 + number, key, value, [("h", b"1")])
    written = bytes(builder.build())
    return PLACE.pack(first, len(written) - PLACE.size) + written[PLACE.size :]


def read(fetched: bytes) -> list[Any]:
    """Records as aiokafka reads them, with checked checksums."""
    found: list[Any] = []
    records: Any = MemoryRecords(fetched)
    while records.has_next():
        each = records.next_batch()
        assert each.validate_crc()
        found += each
    return found


def with_content(plain: bytes, codec: int, content: bytes) -> bytes:
    """A batch whose header names a codec, but with other content."""
    packed = bytearray(plain[: unpacking.HEAD.size] + content)
    packed[8:12] = (len(packed) - PLACE.size).to_bytes(4, "big")
    packed[22] |= codec
    return bytes(packed)


def described(record: Any) -> tuple[Any, ...]:
    return record.offset, record.timestamp, record.key, record.value, record.headers


@pytest.mark.parametrize("codec", CODECS)
def test_a_batch_within_bounds_is_unpacked_to_its_records(codec: int) -> None:
    values = [b"one", None, b"three" * 1_000, bytes(range(256)) * 1_000]
    plain, packed = batch(0, *values, first=41), batch(codec, *values, first=41)
    assert list(map(described, read(unpacked(packed)))) == list(map(described, read(plain)))
    told: Any = MemoryRecords(unpacked(packed)).next_batch()
    assert (told.compression_type, told.is_transactional, told.producer_id, told.next_offset) == (0, True, 77, 45)


def test_snappy_that_is_not_framed_is_read_as_well() -> None:
    plain = batch(0, b"one" * 100)
    raw = bytes(cramjam.snappy.compress_raw(plain[unpacking.HEAD.size :]))
    assert read(unpacked(with_content(plain, SNAPPY, raw)))[0].value == b"one" * 100


@pytest.mark.parametrize(
    ("codec", "values"),
    [
        *((codec, [bytes(MOST_OF_A_BATCH + 1)]) for codec in CODECS),
        *((codec, [b"1", bytes(30_000_000), b"3"]) for codec in CODECS),
        (ZSTD, [bytes(9)] * 500_000),
    ],
)
def test_a_bomb_becomes_one_record_at_its_last_offset(codec: int, values: list[bytes]) -> None:
    packed = batch(codec, *values, first=100)
    (record,) = read(unpacked(packed))
    assert record.offset == 100 + len(values) - 1
    with pytest.raises(Refused) as refused:
        decoder(Tick)(record.value)
    assert refused.value.reason == "too_large"
    assert f"of {len(values)} records up to offset {record.offset} was not unpacked" in refused.value.detail
    assert len(unpacked(packed)) < 500


@pytest.mark.parametrize("codec", [*CODECS, 5])
@pytest.mark.parametrize("at", [unpacking.HEAD.size, unpacking.HEAD.size + 20, -1])
def test_a_damaged_batch_stops_no_reader(codec: int, at: int) -> None:
    packed = bytearray(batch(codec % 5, bytes(range(256)) * 20, first=9))
    packed[22] = packed[22] & ~7 | codec
    packed[at] ^= 0xFF
    packed = packed if codec == GZIP and at == -1 else packed[:-2]
    packed[8:12] = (len(packed) - PLACE.size).to_bytes(4, "big")
    (record,) = read(unpacked(bytes(packed)))
    assert record.offset == 9
    with pytest.raises(Refused, match="too_large: a compressed batch of 1 records"):
        decoder(Tick)(record.value)


def test_fifty_thousand_empty_members_are_unpacked_in_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A megabyte of them once took half a minute, since the rest was copied after each."""
    seen: list[int] = []

    class Counted:
        def __init__(self, wbits: int) -> None:
            self._member = zlib.decompressobj(wbits)

        def decompress(self, piece: bytes, most: int) -> bytes:
            seen.append(len(piece))
            return self._member.decompress(piece, most)

        eof = property(lambda self: self._member.eof)
        unused_data = property(lambda self: self._member.unused_data)

    library = SimpleNamespace(decompressobj=Counted, MAX_WBITS=zlib.MAX_WBITS, error=zlib.error)
    monkeypatch.setattr(unpacking, "zlib", library)
    plain, member = batch(0, b"one"), gzip.compress(b"", mtime=0)
    content = member * 1_000 + gzip.compress(plain[unpacking.HEAD.size :]) + member * 1_000
    assert [each.value for each in read(unpacked(with_content(plain, GZIP, content)))] == [b"one"]
    assert sum(seen) < 2_010 * 1_024 < len(content) * 1_000


@pytest.mark.parametrize("codec", [LZ4, ZSTD])
def test_a_small_batch_takes_little_room(codec: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of ten thousand batches in a fetch once got a buffer of eight megabytes, which took seven seconds."""
    rooms: list[int] = []
    within = unpacking._within

    def noted(room: int, library: Any, packed: bytes) -> bytes:
        rooms.append(room)
        return within(room, library, packed)

    monkeypatch.setattr(unpacking, "_within", noted)
    values = [b"small"], [bytes(range(256)) * 200], [bytes(1_000_000)]
    for each in values:
        assert [record.value for record in read(unpacked(batch(codec, *each)))] == each
    assert rooms[0] < 8_192
    assert rooms[-1] == MOST_OF_A_BATCH, "what unpacks to more than usual gets what there is"


def test_many_small_bombs_are_unpacked_a_few_at_a_time() -> None:
    packed = batch(GZIP, bytes(2_700_000))
    whole = [PLACE.pack(number, len(packed) - PLACE.size) + packed[PLACE.size :] for number in range(60)]
    log, taken, rounds = b"".join(whole), 0, 0
    while taken < len(whole):
        answer = unpacked(log[sum(map(len, whole[:taken])) :])
        assert len(answer) <= MOST_OF_A_FETCH
        offsets = [record.offset for record in read(answer)]
        assert offsets == list(range(taken, taken + len(offsets)))
        assert offsets
        taken += len(offsets)
        rounds += 1
    assert rounds >= 5


def test_an_uncompressed_batch_and_a_part_of_one_stay_as_they_are() -> None:
    plain = batch(0, b"one") + batch(0, b"two", first=1)
    assert unpacked(plain) is plain
    assert unpacked(b"") == b""
    assert unpacked(plain[:-1]) == plain[:-1]
    cut = batch(GZIP, b"one") + plain[:40]
    assert unpacked(cut).endswith(plain[:40])
    assert [record.value for record in read(unpacked(cut))] == [b"one"]


def test_every_consumer_unpacks_in_this_way() -> None:
    assert fetcher.MemoryRecords is unpacking._records
    others = [
        str(path.relative_to(ROOT))
        for path in sorted((ROOT / "agents").rglob("*.py"))
        if path.parent.name != "kafka"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom)
        and node.module == "aiokafka"
        and {"AIOKafkaConsumer", "AIOKafkaProducer"} & {each.name for each in node.names}
    ]
    assert others == []
