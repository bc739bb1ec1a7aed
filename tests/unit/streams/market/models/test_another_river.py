"""Another version of River is another model: its snapshots are refused with a sentence."""

import pytest

from schemas.errors import StateError
from streams.market.models import river_model
from streams.market.node import MarketNode
from streams.parameters import load_parameters
from streams.sources.synthetic import synthetic_market

TABLES = {"market": {"models": {"mine": {"kind": "river", "model": "linear_model.PAClassifier"}}}}


def test_a_snapshot_of_another_version_of_river_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    node = MarketNode(load_parameters(TABLES))
    state = node.open("CEDAR")
    for number, tick in enumerate(synthetic_market(1, ["CEDAR"], ticks=5)):
        node.step(state, tick, f"ticks:0:{number}")
    snapshot = node.dump(state)
    monkeypatch.setattr(river_model, "version", lambda library: "0.27.0")
    with pytest.raises(StateError, match=r"\[market.models.mine\] and of River 0.27.0"):
        MarketNode(load_parameters(TABLES)).load(snapshot)
