"""The paper account at every moment that a screen can show."""

import numpy as np
import pandas as pd

from agents.pages.thinning import MOST
from streams.performance import frames
from streams.performance.equity import Curve, every_record, regular_moments
from streams.performance.equity import equity as valued


def finely(account: pd.DataFrame, predictions: pd.DataFrame) -> Curve:
    """Equity at every record of the account and at as many moments in between as a line has points."""
    tracks, prices = frames.tracks(account), frames.prices(predictions)
    records = every_record(tracks.values())
    first = int(records[0])
    last = max([int(records[-1]), *(int(each.times[-1]) for each in prices.values())])
    between = regular_moments(first, last, max(1, (last - first) // MOST))
    return valued(tracks, prices, np.union1d(records, np.append(between[between > first], last)))
