"""Equity of the paper account at every record."""

import pandas as pd

from agents.pages.insufficient_data import NotEnough
from streams.reports.track_record import frames
from streams.reports.track_record.equity import Curve, at_every_moment

NOTHING = NotEnough(0, 1, "trades")


def equity_at_every_record(account: pd.DataFrame, predictions: pd.DataFrame) -> Curve | NotEnough:
    """Equity at every record and every prediction, all symbols together; not before the first trade."""
    if not account["turnover"].any():
        return NOTHING
    return at_every_moment(frames.tracks(account), frames.prices(predictions))
