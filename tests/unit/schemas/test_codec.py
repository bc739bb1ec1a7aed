"""Bytes from outside are decoded to a record or refused with a sentence; no other error occurs."""

import math
import struct
import sys
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from schemas.codec import MOST_BRACKETS, decoder, encode
from schemas.errors import Refused
from schemas.ticks import Quote, Trade
from schemas.topics import TICKS

decode = decoder(TICKS.record)


def trade(**fields: bytes) -> bytes:
    """An encoded trade with these values in its fields, whether they are valid JSON or not."""
    shown = {"kind": b'"trade"', "symbol": b'"X"', "ts_event": b"1", "price": b"2.5", "size": b"1"} | fields
    return b"{" + b",".join(b'"%s":%s' % (name.encode(), value) for name, value in shown.items()) + b"}"


def refusal(value: bytes | None) -> tuple[str, str]:
    with pytest.raises(Refused) as caught:
        decode(value)
    return caught.value.reason, caught.value.detail


def taken_or_refused(value: bytes) -> Any:
    try:
        return decode(value)
    except Refused as refused:
        return refused


@pytest.mark.parametrize(
    ("value", "reason", "detail"),
    [
        (None, "empty", "expected a JSON record, was a null value"),
        (b"", "not_json", "Input data was truncated"),
        (b"\x00", "not_json", "invalid character (byte 0)"),
        (b"\xef\xbb\xbf" + trade(), "not_json", "invalid character (byte 0)"),
        (trade().decode().encode("utf-16"), "not_json", "invalid character (byte 0)"),
        (trade()[:-1], "not_json", "truncated"),
        (trade() + b"{}", "not_json", "trailing characters"),
        (b"null", "malformed", "Expected `object`, got `null`"),
        (b"[]", "malformed", "Expected `object`, got `array`"),
        (b"{}", "malformed", "missing required field `kind`"),
        (trade(kind=b'"bar"'), "malformed", "Invalid value 'bar' - at `$.kind`"),
        (trade(kind=b"7"), "malformed", "Expected `str` - at `$.kind`"),
        (trade(price=b'"2.5"'), "malformed", "Expected `float`, got `str` - at `$.price`"),
        (trade(price=b"true"), "malformed", "Expected `float`, got `bool` - at `$.price`"),
        (trade(price=b"null"), "malformed", "Expected `float`, got `null` - at `$.price`"),
        (trade(price=b"[2.5]"), "malformed", "Expected `float`, got `array` - at `$.price`"),
        (trade(price=b"NaN"), "not_json", "invalid character"),
        (trade(price=b"Infinity"), "not_json", "invalid character"),
        (trade(price=b"-Infinity"), "not_json", "invalid character (byte 51)"),
        (trade(price=b"1e999"), "malformed", "Number out of range - at `$.price`"),
        (trade(price=b"1" * 400), "malformed", "Number out of range - at `$.price`"),
        (trade(price=b".5"), "not_json", "invalid character"),
        (trade(price=b"0x10"), "not_json", "expected ',' or '}'"),
        (trade(ts_event=b"1.0"), "malformed", "Expected `int`, got `float` - at `$.ts_event`"),
        (trade(ts_event=b'"1"'), "malformed", "Expected `int`, got `str` - at `$.ts_event`"),
        (trade(ts_event=b"9" * 5_000), "malformed", "Integer value out of range - at `$.ts_event`"),
        (trade(symbol=b'"\xff"'), "not_json", "can't decode byte 0xff"),
        (trade(symbol=b'"\\ud800"'), "not_json", "surrogate"),
        (trade(symbol=b'"a\nb"'), "not_json", "invalid character"),
        (trade(symbol=b"7"), "malformed", "Expected `str`, got `int` - at `$.symbol`"),
        (trade(seq=b'"1"'), "malformed", "at `$.seq`"),
    ],
)
def test_a_record_that_does_not_fit_its_schema_is_refused_with_a_sentence(
    value: bytes | None, reason: str, detail: str
) -> None:
    found_reason, found_detail = refusal(value)
    assert found_reason == reason
    assert detail in found_detail


@pytest.mark.parametrize(
    ("value", "field", "expected"),
    [
        (trade(price=b"2"), "price", 2.0),
        (trade(price=b"25e-1"), "price", 2.5),
        (trade(price=b"-0.0"), "price", -0.0),
        (trade(price=b"1.7976931348623157e308"), "price", sys.float_info.max),
        (trade(price=b"5e-324"), "price", 5e-324),
        (trade(price=b"1e-999"), "price", 0.0),
        (trade(ts_event=b"9223372036854775808"), "ts_event", 2**63),
        (trade(symbol=b'"\\u20ac\xe2\x82\xac"'), "symbol", "€€"),
        (trade(seq=b"null"), "seq", None),
        (trade(unknown=b'{"a":[1,{"b":null}]}'), "price", 2.5),
        (trade()[:-1] + b',"price":3}', "price", 3.0),
        (b" \r\n\t" + trade() + b"\n", "price", 2.5),
        (b'{"symbol":"X","size":1,"price":2.5,"ts_event":1,"kind":"trade"}', "price", 2.5),
    ],
)
def test_a_record_that_fits_its_schema_is_taken(value: bytes, field: str, expected: Any) -> None:
    found = getattr(decode(value), field)
    assert type(found) is type(expected)
    assert repr(found) == repr(expected)


def test_integers_where_floats_are_expected_become_floats() -> None:
    assert type(decode(trade(price=b"2")).price) is float


def under(frames: int, call: Callable[[], Any]) -> Any:
    """Call a function from `frames` further frames up the stack."""
    return under(frames - 1, call) if frames else call()


@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}")])
def test_how_deep_a_record_may_be_does_not_hang_on_the_stack_of_the_caller(opening: bytes, closing: bytes) -> None:
    deep = MOST_BRACKETS - 1
    accepted = trade(unknown=opening * deep + b"0" + closing * deep)
    refused = trade(unknown=opening * (deep + 1) + b"0" + closing * (deep + 1))
    room = sys.getrecursionlimit() - MOST_BRACKETS - 200
    for frames in (0, room):
        assert under(frames, lambda: decode(accepted)) == decode(trade())
        assert "opening brackets" in under(frames, lambda: refusal(refused))[1]


def test_a_bomb_of_brackets_is_refused() -> None:
    assert refusal(b"[" * 1_000_000)[0] == "malformed"


@given(st.binary(max_size=200))
@example(b'{"kind":')
def test_arbitrary_bytes_are_a_record_or_refused(value: bytes) -> None:
    assert isinstance(taken_or_refused(value), Quote | Trade | Refused)


@given(st.data())
def test_a_good_record_with_one_byte_changed_is_a_record_or_refused(data: st.DataObject) -> None:
    value = bytearray(trade(side=b'"sell"', seq=b"12"))
    value[data.draw(st.integers(0, len(value) - 1))] = data.draw(st.integers(0, 255))
    assert isinstance(taken_or_refused(bytes(value)), Trade | Refused)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_double_comes_back_bit_for_bit(price: float) -> None:
    back = decode(encode(Trade(symbol="X", ts_event=1, price=price, size=1.0))).price
    assert struct.pack("<d", back) == struct.pack("<d", price)


@pytest.mark.parametrize("price", [math.nan, math.inf, -math.inf])
def test_a_value_that_is_no_number_is_never_read_as_one(price: float) -> None:
    assert refusal(encode(Trade(symbol="X", ts_event=1, price=price, size=1.0))) == (
        "malformed",
        "Expected `float`, got `null` - at `$.price`",
    )


def test_the_same_record_is_the_same_bytes_and_fields_keep_their_declared_order() -> None:
    quote = Quote(symbol="X", ts_event=1, bid=1.0, bid_size=2.0, ask=3.0, ask_size=4.0)
    assert (
        encode(quote)
        == encode(msgspec.structs.replace(quote))
        == (b'{"kind":"quote","symbol":"X","ts_event":1,"bid":1.0,"bid_size":2.0,"ask":3.0,"ask_size":4.0,"seq":null}')
    )
