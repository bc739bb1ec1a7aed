"""Malformed payloads: handmade ones, and valid records with bytes changed, removed and inserted."""

from random import Random

from schemas.codec import encode
from tests.support.market_ticks import seeded_ticks, start_arm

HANDMADE = [
    None,
    b"",
    b"null",
    b"[]",
    b"{}",
    b"\xff\xfe",
    b"\x00" * 50,
    b'"' + b"a" * 100_000,
    b"[" * 100_000,
    b'{"kind":"quote"}',
    b'{"kind":"rumour","symbol":"FUZZ","ts_event":1}',
    b'{"kind":"trade","symbol":"FUZZ","ts_event":1,"price":NaN,"size":1}',
    b'{"kind":"trade","symbol":"FUZZ","ts_event":1,"price":1e999,"size":1}',
    b'{"kind":"trade","symbol":"FUZZ","ts_event":1,"price":-0.0,"size":1}',
    b'{"kind":"trade","symbol":"FUZZ","ts_event":1,"price":1e308,"size":1}',
    b'{"kind":"trade","symbol":"FUZZ","ts_event":1,"price":5e-324,"size":1}',
    b'{"kind":"trade","symbol":"FUZZ","ts_event":1,"price":1,"size":-1}',
    b'{"kind":"trade","symbol":"FUZZ","ts_event":1,"price":"1","size":1}',
    b'{"kind":"trade","symbol":"FUZZ","ts_event":1e3,"price":null,"size":1}',
    b'{"kind":"trade","symbol":"FUZZ","ts_event":-1,"price":1,"size":1}',
    b'{"kind":"trade","symbol":"FUZZ","ts_event":0,"price":1,"size":1}',
    b'{"kind":"trade","symbol":"FUZZ","ts_event":9223372036854775808,"price":1,"size":1}',
    b'{"kind":"trade","symbol":"FUZZ","ts_event":1,"price":1,"size":1,"seq":1000000000000000000000}',
    b'{"kind":"trade","symbol":"","ts_event":1,"price":1,"size":1}',
    b'{"kind":"trade","symbol":"A B","ts_event":1,"price":1,"size":1}',
    b'{"kind":"trade","symbol":"\\u0000","ts_event":1,"price":1,"size":1}',
    b'{"kind":"trade","symbol":"\\ud800","ts_event":1,"price":1,"size":1}',
    '{"kind":"trade","symbol":"€","ts_event":1,"price":1,"size":1}'.encode(),
    b'{"kind":"trade","symbol":"' + b"A" * 33 + b'","ts_event":1,"price":1,"size":1}',
    b'{"kind":"quote","symbol":"FUZZ","ts_event":1,"bid":2,"bid_size":1,"ask":1,"ask_size":1}',
    b'{"kind":"quote","symbol":"FUZZ","ts_event":1,"bid":1,"bid_size":1e300,"ask":2,"ask_size":1}',
    b'{"kind":"directive","id":"","symbol":"FUZZ","ts_event":1,"action":"stop_arm","arm":"b","cause":""}',
    b'{"kind":"directive","id":"d","symbol":"FUZZ","ts_event":1,"action":"stop_arm","arm":"live","cause":""}',
    b'{"kind":"directive","id":"d","symbol":"FUZZ","ts_event":1,"action":"start_arm","arm":"b","cause":""}',
    b'{"kind":"directive","id":"d","symbol":"FUZZ","ts_event":1,"action":"fly","arm":"b","cause":""}',
]


def spoiled_payloads(count: int) -> list[bytes]:
    """Make `count` payloads from valid ticks and directives, each spoiled somewhere; the same at each call."""
    random = Random(20_240_808)
    models = [encode(tick) for tick in seeded_ticks(2, count, "FUZZ")]
    models[::100] = [encode(start_arm("b", "FUZZ"))] * (count // 100)
    return [spoiled(random, model) for model in models]


def spoiled(random: Random, value: bytes) -> bytes:
    """Change, remove or insert bytes at one to five places of a value."""
    found = bytearray(value)
    for _ in range(random.choice((1, 1, 1, 2, 5))):
        at = random.randrange(len(found))
        kind = random.randrange(4)
        if kind == 0:
            found[at] = random.randrange(256)
        elif kind == 1:
            del found[at : at + random.randrange(1, 9)]
        elif kind == 2:
            found[at:at] = random.choice((b"0", b"9" * 20, b"-", b"e308", b".", b'"', b"null", b"{", b"\x00"))
        else:
            found = bytearray(value.replace(b'"bid"', b'"ask"', 1))
        if not found:
            break
    return bytes(found)
