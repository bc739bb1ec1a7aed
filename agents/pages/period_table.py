"""Table of the paper account's gains by minute, hour, day or month."""

import pandas as pd

from agents.pages.document import table
from agents.pages.wording import lasting, number
from streams.reports.track_record.frames import nanoseconds
from streams.reports.track_record.periods import periods, periods_of, unit_of
from streams.reports.track_record.record import regular_curve

MOST_PERIODS = 400


def period_table(account: pd.DataFrame, predictions: pd.DataFrame) -> str:
    """HTML table of the gain in each minute, hour, day or month, whichever suits the length of the backtest.

    Periods in which the market was closed, with neither predictions nor gains, are left out. Of more than 400
    periods, the last 400 are shown. The text is empty if nothing was traded, or if the backtest is too short for
    a single return.
    """
    curve = regular_curve(account, predictions)
    if len(curve.times) < 2 or not account["turnover"].any():
        return ""
    seen = periods_of(curve, nanoseconds(predictions["ts_event"]))
    found = [each for each in periods(curve) if each.name in seen or each.net_bps or each.gross_bps]
    most = max((abs(each.net_bps) for each in found), default=0.0) or 1.0
    every = lasting(int(curve.times[1] - curve.times[0]))
    unit = unit_of(int(curve.times[-1] - curve.times[0]))

    def bar(net: float) -> str:
        width = round(100.0 * abs(net) / most, 1)
        drawn = f'<span class="bar{" down" if net < 0.0 else ""}" style="width:{width}%"></span>'
        left, right = (drawn, "") if net < 0.0 else ("", drawn)
        return f'<div class="halves" aria-hidden="true"><span>{left}</span><span>{right}</span></div>'

    rows = [
        (each.name, number(each.net_bps), number(each.gross_bps), number(each.worst_bps, ".2f"), bar(each.net_bps))
        for each in found[-MOST_PERIODS:]
    ]
    left_out = f"; the first {len(found) - MOST_PERIODS:,} are left out" if len(found) > MOST_PERIODS else ""
    caption = f"By {unit}, UTC; bps of capital; as seen every {every}, whole intervals only{left_out}"
    return table((unit, "after cost", "before cost", "deepest fall", ""), rows, caption)
