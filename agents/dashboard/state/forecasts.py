"""The newest outcomes of predictions, and a table made of them, from which skill and calibration are computed."""

from collections import deque
from collections.abc import Iterable

import pandas as pd

from agents.dashboard.state.shown_fields import OutcomeFields
from schemas.names import LIVE

MOST = 20_000
"""Most outcomes kept. With a thousand symbols at 5,000 ticks/s these cover a few seconds; the page shows their
number."""

WINDOW_NS = 6 * 3600 * 10**9
"""Outcomes further than this from the present are left out, ns: a symbol whose clock jumped ahead may have later
ones."""

LATEST = 500
"""Number of newest outcomes whose median time counts as the present; a single one may have any time."""

MOST_NAMES = 64
"""Most experts, and most baselines, that have a column; only names that somebody made up could be more."""


class Outcomes:
    """Keeps the newest outcomes (what the price did after scored predictions).

    Args:
        most: largest number of outcomes kept.

    Attributes:
        taken: number of outcomes taken so far, including those no longer kept.
    """

    def __init__(self, most: int = MOST) -> None:
        self.taken = 0
        self._kept: deque[OutcomeFields] = deque(maxlen=most)

    def __len__(self) -> int:
        return len(self._kept)

    def take(self, outcome: OutcomeFields) -> None:
        """Keep an outcome; the oldest one is dropped if there are too many."""
        self.taken += 1
        self._kept.append(outcome)

    def find(self, prediction_id: str) -> OutcomeFields | None:
        """Outcome of the prediction with this id; None if it is not known or no longer kept."""
        return next((each for each in reversed(self._kept) if each.prediction_id == prediction_id), None)

    def snapshot(self) -> tuple[OutcomeFields, ...]:
        """Copy of the outcomes kept, oldest first, which another thread may read."""
        return tuple(self._kept)


def frame(outcomes: tuple[OutcomeFields, ...]) -> pd.DataFrame:
    """Table with a row for each outcome, and with the column names that a backtest uses.

    Only outcomes within six hours of the median time of the last 500 are included. Others are of another market
    phase, or of a symbol whose clock is wrong.

    Args:
        outcomes: oldest first.

    >>> from agents.dashboard.state.shown_fields import ArmFields
    >>> arm = ArmFields("live", "v1", probability=0.6, gross_bps=0.0, net_bps=0.0)
    >>> one = OutcomeFields("ticks:0:7", "X", 105, 5, 100, 1, (arm,), {"momentum": 0.7}, {"majority": 0.5})
    >>> frame((one,)).columns.tolist()
    ['symbol', 'ts_prediction', 'horizon_ns', 'label', 'arm.live.probability', 'expert.momentum', 'baseline.majority']
    """
    latest = sorted(each.ts_prediction for each in outcomes[-LATEST:])
    middle = latest[len(latest) // 2] if latest else 0
    recent = [each for each in outcomes if abs(each.ts_prediction - middle) <= WINDOW_NS]
    columns: dict[str, list[object]] = {
        "symbol": [each.symbol for each in recent],
        "ts_prediction": [each.ts_prediction for each in recent],
        "horizon_ns": [each.horizon_ns for each in recent],
        "label": [each.label for each in recent],
        f"arm.{LIVE}.probability": [each.arms[0].probability for each in recent],
    }
    for name in _names(each.experts for each in recent):
        columns[f"expert.{name}"] = [each.experts.get(name) for each in recent]
    for name in _names(each.baselines for each in recent):
        columns[f"baseline.{name}"] = [each.baselines.get(name) for each in recent]
    return pd.DataFrame(columns)


def _names(of: Iterable[dict[str, float]]) -> list[str]:
    found: dict[str, None] = {}
    for each in of:
        for name in each:
            if name not in found and len(found) < MOST_NAMES:
                found[name] = None
    return list(found)
