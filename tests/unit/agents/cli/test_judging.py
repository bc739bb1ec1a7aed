"""`publish` and `replay` check ticks until the first good one before they call a file usable."""

import asyncio
from collections.abc import AsyncGenerator, Sequence

import pytest

from agents.cli import judging
from agents.cli.judging import Judge, JudgedSource
from agents.clients.publisher import Addressed, Sendable
from schemas.errors import ConfigurationError
from schemas.ticks import Quote, Trade
from streams.engine.feed import RawTick

GOOD = Quote("X", 1, 9.0, 1.0, 10.0, 1.0)
CROSSED = Quote("X", 1, 9.0, 1.0, 8.0, 1.0)
NEGATIVE = Trade("X", 1, -1.0, 1.0, "buy")


def test_the_error_names_the_most_frequent_reason() -> None:
    judge = Judge()
    judge.look([CROSSED, NEGATIVE])
    judge.look([NEGATIVE])
    with pytest.raises(
        ConfigurationError, match=r"a.csv: .* all 3 will come back .*, 2 as bad_price: .*; fix: see what"
    ):
        judge.expect_good("a.csv")


def test_rows_that_made_no_tick_count_with_those_that_did() -> None:
    judge = Judge()
    judge.look([RawTick("X", b"{}", 1, "expected a price, found none"), CROSSED, RawTick("X", b"{}", 2, "a")])
    with pytest.raises(ConfigurationError, match=r"all 3 .*, 2 as malformed: expected a price, found none; fix: "):
        judge.expect_good("a.csv")


@pytest.mark.parametrize("good", [GOOD, Addressed(0, b"X", b"{}", 1)], ids=["tick", "record"])
def test_one_good_tick_is_enough_and_no_later_one_is_checked(good: Sendable, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[Sendable] = []
    refusal = judging.refusal

    def counted(tick: Sendable) -> object:
        looked.append(tick)
        return refusal(tick)

    monkeypatch.setattr(judging, "refusal", counted)
    judge = Judge()
    judge.look([CROSSED, good, CROSSED])
    judge.look([CROSSED] * 1_000)
    judge.expect_good("a.csv")
    assert looked == [CROSSED, good]


def test_a_file_without_rows_is_not_judged() -> None:
    Judge().expect_good("a.csv")


def test_a_source_that_is_read_again_is_judged_by_its_last_reading() -> None:
    async def blocks() -> AsyncGenerator[Sequence[Sendable], None]:
        yield [CROSSED]
        yield [CROSSED]

    async def read() -> JudgedSource:
        source = JudgedSource(blocks)
        first = source()
        await anext(first)
        await first.aclose()
        assert [block async for block in source()] == [[CROSSED], [CROSSED]]
        return source

    with pytest.raises(ConfigurationError, match="all 2 will come back"):
        asyncio.run(read()).judge.expect_good("a.csv")
