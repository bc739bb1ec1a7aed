"""Equity of the paper account, from which several charts are drawn."""

import pandas as pd

from agents.pages.insufficient_data import NotEnough
from streams.reports.track_record import frames
from streams.reports.track_record.equity import Curve, at_every_moment

NOTHING = NotEnough(0, 1, "trades")


def equity_at_every_record(account: pd.DataFrame, predictions: pd.DataFrame) -> Curve | NotEnough:
    """Equity of the paper account over time, as the mean over all symbols.

    There is a value at the time of every record of the account and of every prediction.

    Args:
        account: records of the paper account.
        predictions: predictions, whose mid prices value the positions held.

    Returns:
        The equity, or a note that there is not enough data if nothing was ever traded.
    """
    if not account["turnover"].any():
        return NOTHING
    return at_every_moment(frames.tracks(account), frames.prices(predictions))
