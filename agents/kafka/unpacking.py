"""Changes aiokafka so that compressed batches are unpacked within bounds before a consumer sees them.

A message of 1 MB may unpack to a gigabyte; a damaged one, or one of an unknown codec, cannot be unpacked at
all. Either would end the worker that reads it, and every later worker, since the message stays in the log.
So each fetched batch is rewritten first. A batch that unpacks within bounds becomes an uncompressed batch. Any
other batch becomes a single record at its last offset, which every reader refuses as `too_large`. What a
batch becomes depends on nothing but its bytes, so a replay sees the same records as the live run.

References:
    Apache Kafka documentation, section Message Format: record batch of magic 2.
"""

import struct
import zlib
from collections.abc import Iterator
from typing import Any

import cramjam
from aiokafka.consumer import fetcher
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.record.util import calc_crc32c

from schemas.codec import NOT_UNPACKED

MOST_OF_A_BATCH = 8 * 1024 * 1024
"""Bytes that a batch may unpack to: eight times what a topic takes, more than any producer packs into one."""

PIECE_OF_GZIP = 1024
"""Bytes that are unpacked at a time."""

LITTLE, USUALLY = 4_096, 16
"""Bytes that LZ4 and Zstandard get at first, and for each packed one; what needs more gets `MOST_OF_A_BATCH`."""

MOST_OF_A_FETCH = 32 * 1024 * 1024
"""Bytes after which no more of a partition's fetch is unpacked: the rest is fetched again, in its turn."""

HEAD = struct.Struct(">qiibIhiqqqhii")
PLACE = struct.Struct(">qi")
"""Of a batch: its first offset, and the length of what follows."""

MAGIC, MAGIC_AT, ATTRIBUTES_AT = 2, 16, 22
CODEC = 0b111
GZIP, SNAPPY, LZ4, ZSTD = 1, 2, 3, 4
XERIAL = b"\x82SNAPPY\x00"
"""How Java frames blocks of Snappy; two versions of 4 bytes follow, then blocks with their lengths."""


class Unreadable(Exception):
    """Error: a batch cannot be unpacked, or would exceed the bound of 8 MiB."""


def unpacked(fetched: bytes) -> bytes:
    """Return the bytes of a fetch of one partition with its compressed batches replaced by uncompressed ones.

    After 32 MiB the remaining batches are left off; the consumer fetches them again. A batch that cannot be
    unpacked becomes a single record that says why.

    >>> builder = DefaultRecordBatchBuilder(2, GZIP, 0, -1, -1, 0, 1 << 20)
    >>> _ = builder.append(0, 1, b"key", b"value" * 1_000, [])
    >>> packed = bytes(builder.build())
    >>> len(packed) < 200, len(unpacked(packed)), next(iter(MemoryRecords(unpacked(packed)).next_batch())).value[:7]
    (True, 5073, b'valueva')
    """
    whole: list[bytes] = []
    size, done, rewritten = 0, 0, False
    for start, end in _batches(fetched):
        if fetched[start + MAGIC_AT] == MAGIC and fetched[start + ATTRIBUTES_AT] & CODEC:
            batch, rewritten = _without_codec(fetched[start:end]), True
        else:
            batch = fetched[start:end]
        size += len(batch)
        if rewritten and whole and size > MOST_OF_A_FETCH:
            return b"".join(whole)
        whole.append(batch)
        done = end
    # What is left is part of a batch, as it fitted into the answer.
    return b"".join([*whole, fetched[done:]]) if rewritten else fetched


def _batches(fetched: bytes) -> Iterator[tuple[int, int]]:
    """Yield where each complete batch of a fetch begins and ends; a batch that is cut off at the end is left out."""
    start = 0
    while len(fetched) - start >= HEAD.size:
        _, length = PLACE.unpack_from(fetched, start)
        end = start + PLACE.size + length
        if end > len(fetched) or length <= 0:
            return
        yield start, end
        start = end


def _without_codec(batch: bytes) -> bytes:
    first, _, epoch, magic, _, attributes, last, began, ended, producer, generation, sequence, count = HEAD.unpack_from(
        batch
    )
    codec, records = attributes & CODEC, memoryview(batch)[HEAD.size :]
    try:
        content = _content(codec, bytes(records))
    except Unreadable as problem:
        told = f"a compressed batch of {count} records up to offset {first + last} was not unpacked: {problem}"
        content, count, first, last, began = _one_record(told.encode()), 1, first + last, 0, ended
    checked = struct.pack(">hiqqqhii", attributes & ~CODEC, last, began, ended, producer, generation, sequence, count)
    length = HEAD.size - PLACE.size + len(content)
    head = struct.pack(">qiibI", first, length, epoch, magic, calc_crc32c(checked + content))
    return head + checked + content


def _one_record(told: bytes) -> bytes:
    builder: Any = DefaultRecordBatchBuilder(MAGIC, 0, 0, -1, -1, 0, 1 << 16)
    builder.append(0, 0, None, NOT_UNPACKED + told, [])
    return bytes(builder.build())[HEAD.size :]


def _content(codec: int, packed: bytes) -> bytes:
    try:
        if codec == GZIP:
            return _gunzip(packed)
        if codec == SNAPPY:
            return _unsnappy(packed)
        if codec in (LZ4, ZSTD):
            library = cramjam.lz4 if codec == LZ4 else cramjam.zstd
            try:
                return _within(min(MOST_OF_A_BATCH, LITTLE + USUALLY * len(packed)), library, packed)
            except cramjam.DecompressionError:
                return _within(MOST_OF_A_BATCH, library, packed)
    except (zlib.error, struct.error, cramjam.DecompressionError) as error:
        raise Unreadable(f"it is damaged, or holds more than {MOST_OF_A_BATCH} bytes: {error!s:.100}") from error
    raise Unreadable(f"codec {codec} is unknown")


def _within(room: int, library: Any, packed: bytes) -> bytes:
    # Room costs time, a small batch of ten thousand in a fetch gets little of it.
    into = bytearray(room)
    return bytes(memoryview(into)[: library.decompress_into(packed, into)])


def _gunzip(packed: bytes) -> bytes:
    # In pieces: what lies after a member is copied at its end, and a message may be made of fifty thousand empty ones.
    parts, room, at = [], MOST_OF_A_BATCH, 0
    while at < len(packed):
        member = zlib.decompressobj(zlib.MAX_WBITS | 16)
        while not member.eof:
            if at >= len(packed):
                raise Unreadable("it is cut off")
            piece = packed[at : at + PIECE_OF_GZIP]
            parts.append(member.decompress(piece, room + 1))
            at += len(piece) - len(member.unused_data)
            room -= len(parts[-1])
            if room < 0:
                raise Unreadable(f"it holds more than {MOST_OF_A_BATCH} bytes")
    return b"".join(parts)


def _unsnappy(packed: bytes) -> bytes:
    if not packed.startswith(XERIAL):
        blocks = [packed]
    else:
        blocks, at = [], len(XERIAL) + 8
        while at < len(packed):
            (length,) = struct.unpack_from(">i", packed, at)
            if length < 0:
                raise Unreadable("it is damaged")
            blocks.append(packed[at + 4 : at + 4 + length])
            at += 4 + length
    if sum(map(cramjam.snappy.decompress_raw_len, blocks)) > MOST_OF_A_BATCH:
        raise Unreadable(f"it holds more than {MOST_OF_A_BATCH} bytes")
    return b"".join(bytes(cramjam.snappy.decompress_raw(block)) for block in blocks)


def install() -> None:
    """Change aiokafka so that every consumer of this process passes what it fetches through `unpacked`."""
    fetcher.MemoryRecords = _records


def _records(fetched: bytes) -> Any:
    return MemoryRecords(unpacked(fetched))
