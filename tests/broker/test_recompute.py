"""After `tickloop topics reset` the same ticks give the same bytes again."""

from pathlib import Path

import pytest

from agents.config.settings import Settings
from agents.operations.recompute import recompute
from schemas.errors import ConfigurationError
from schemas.topics import OUTCOMES, PREDICTIONS
from streams.parameters import Parameters
from streams.sources.synthetic import synthetic_market
from streams.topology import nodes
from tests.support.live_loop import LiveLoop

pytestmark = pytest.mark.broker


async def test_everything_is_computed_anew_to_the_same_bytes(bootstrap: str, prefix: str, tmp_path: Path) -> None:
    settings = Settings.load({}, prefix=prefix, partitions=2, checkpoint_s=0.3)
    async with LiveLoop(nodes(Parameters()), settings, bootstrap, tmp_path / "workers.log") as loop:
        loop.start(1)
        await loop.publish(synthetic_market(9, ticks=6_000))
        await loop.until_caught_up()
        first = await loop.stored(PREDICTIONS.name), await loop.stored(OUTCOMES.name)

        with pytest.raises(ConfigurationError, match="expected no worker"):
            await recompute(settings, bootstrap)
        assert await loop.stop(1) == 0
        assert prefix + PREDICTIONS.name in await recompute(settings, bootstrap)
        assert await loop.stored(PREDICTIONS.name) == []

        loop.start(1)
        await loop.until_caught_up()
        assert (await loop.verdict()).is_exact
        for before, topic in zip(first, (PREDICTIONS, OUTCOMES), strict=True):
            again = await loop.stored(topic.name)
            assert len(before) > 100
            assert sorted(record[:1] + record[2:] for record in again) == sorted(
                record[:1] + record[2:] for record in before
            )
