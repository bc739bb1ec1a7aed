"""The track record of a run in one structure: every figure with its uncertainty, or None if too little is known."""

import numpy as np
import pandas as pd
from msgspec import Struct

from schemas.errors import TickloopError
from streams.reports.track_record import frames
from streams.reports.track_record.calendar_year import YEAR_NS, Year, year
from streams.reports.track_record.costs import break_even_bps, cost_share
from streams.reports.track_record.deflated import deflated_sharpe
from streams.reports.track_record.downside import calmar, sortino
from streams.reports.track_record.drawdown import Drawdown, drawdown
from streams.reports.track_record.equity import Curve, at_every_moment, equity, interval_of, regular_moments
from streams.reports.track_record.probabilistic import moments, probabilistic_sharpe, shortest_record
from streams.reports.track_record.sharpe import robust_standard_error, scale, sharpe, standard_error
from streams.scoring.wilson import Proportion, wilson

FEWEST_RETURNS = 30
"""Intervals with a gain or a loss below which no ratio is given: a standard error that is a guess helps nobody."""


class Ratios(Struct, frozen=True):
    """Ratios of a track record, computed from the returns of regular intervals.

    Attributes:
        sharpe: Sharpe ratio of one interval.
        standard_error: standard error of `sharpe` if returns were independent and normal.
        robust_standard_error: standard error of `sharpe` that allows for autocorrelation, skew and fat tails.
        year: number of intervals a year; None if the record is too short to annualise.
        annual_sharpe, annual_standard_error: `sharpe` and `robust_standard_error` scaled to a year, with allowance for
            autocorrelation; None without `year`.
        probabilistic: probability that the true Sharpe ratio is above 0.
        deflated: the same probability, given that the record is the best of `trials`.
        trials: independent configurations that were tried.
        shortest_record: number of returns after which a ratio above 0 would be shown at 95 %; None if `sharpe` is not
            above 0.
        sortino: Sortino ratio of one interval; None if no return is below 0.
        skewness, kurtosis: of the returns; 0 and 3 for a normal distribution.
    """

    sharpe: float
    standard_error: float
    robust_standard_error: float
    year: Year | None
    annual_sharpe: float | None
    annual_standard_error: float | None
    probabilistic: float
    deflated: float
    trials: int
    shortest_record: float | None
    sortino: float | None
    skewness: float
    kurtosis: float


class Record(Struct, frozen=True):
    """Track record of a run; every symbol has equal capital, and amounts are in bps of all capital.

    Attributes:
        symbols: symbols with a paper account.
        start_ns, end_ns: event times of the first and of the last record or prediction, ns.
        interval_ns: length of the intervals of the returns, ns.
        returns: number of returns.
        net_bps, gross_bps, cost_bps: gain after cost, gain before cost, and cost.
        turnover: how many times the capital was traded.
        cost_share: fraction of the gross gain that costs took; None without a gross gain.
        break_even_bps: cost of trading the whole capital once at which no gain would be left; None
            without a trade.
        exposure: time with a position / time with an account, 0 to 1, both added up over all symbols.
        trades: closed round trips, all symbols.
        win_rate: fraction of these trades that were closed with a gain after cost; None without a
            trade.
        drawdown: deepest fall of the equity, all symbols together.
        calmar: gain a year / deepest drawdown; None if the record is shorter than a day, or without a
            drawdown.
        ratios: ratios of the returns; None if fewer than 30 of the returns differ from 0, or if all are
            equal.
    """

    symbols: tuple[str, ...]
    start_ns: int
    end_ns: int
    interval_ns: int
    returns: int
    net_bps: float
    gross_bps: float
    cost_bps: float
    turnover: float
    cost_share: float | None
    break_even_bps: float | None
    exposure: float
    trades: int
    win_rate: Proportion | None
    drawdown: Drawdown
    calmar: float | None
    ratios: Ratios | None


def regular_curve(account: pd.DataFrame, predictions: pd.DataFrame, interval_ns: int | None = None) -> Curve:
    """Mean equity of all symbols at regular event times.

    Args:
        account: table of the records of the paper account.
        predictions: table of predictions, whose mid prices value positions between two records.
        interval_ns: length of an interval, ns; None: it is chosen by the length of the run.

    Raises:
        TickloopError: the account has no record.
    """
    tracks, prices = frames.tracks(account), frames.prices(predictions)
    first, last = _ends(account, predictions)
    return equity(tracks, prices, regular_moments(first, last, interval_ns or interval_of(last - first)))


def record(account: pd.DataFrame, predictions: pd.DataFrame, trials: int = 1) -> Record:
    """The track record of a run.

    Args:
        account: table of the records of the paper account, for any number of symbols.
        predictions: table of all predictions: their mid prices value positions, and their times show when the market
            was open.
        trials: independent configurations that were tried until this one was chosen, this one included.

    Raises:
        TickloopError: the account has no record.
    """
    tracks, prices = frames.tracks(account), frames.prices(predictions)
    first, last = _ends(account, predictions)
    interval = interval_of(last - first)
    curve = equity(tracks, prices, regular_moments(first, last, interval))
    fine = at_every_moment(tracks, prices)
    end = equity(tracks, prices, np.array([last]))
    net, gross, cost, turnover = (float(column[-1]) for column in end[1:])
    at_end = account.groupby("symbol").last()
    trades, wins = int(at_end["trades"].sum()), int(at_end["wins"].sum())
    fall = drawdown(fine.times, fine.net)
    ticks = frames.nanoseconds(predictions["ts_event"])
    calendar = year(len(np.unique(ticks // interval)), last - first, interval)
    return Record(
        symbols=tuple(tracks),
        start_ns=first,
        end_ns=last,
        interval_ns=interval,
        returns=len(curve.times) - 1,
        net_bps=net,
        gross_bps=gross,
        cost_bps=cost,
        turnover=turnover,
        cost_share=cost_share(gross, cost),
        break_even_bps=break_even_bps(gross, turnover),
        exposure=_exposure(account, last),
        trades=trades,
        win_rate=wilson(wins / trades, trades) if trades else None,
        drawdown=fall,
        calmar=calmar(net, (last - first) / YEAR_NS, fall.depth_bps) if calendar else None,
        ratios=_ratios(curve, calendar, trials),
    )


def _ends(account: pd.DataFrame, predictions: pd.DataFrame) -> tuple[int, int]:
    if account.empty:
        raise TickloopError("expected records of the paper account, was none; fix: feed more ticks")
    times = frames.nanoseconds(pd.concat([account["ts_event"], predictions["ts_event"]]))
    return int(times.min()), int(times.max())


def _ratios(curve: Curve, calendar: Year | None, trials: int) -> Ratios | None:
    returns = np.diff(curve.net)
    if np.count_nonzero(returns) < FEWEST_RETURNS or not returns.std() > 0.0:
        return None
    found = moments(returns)
    shortest = shortest_record(found)
    factor = scale(returns, calendar.periods) if calendar else None
    robust = robust_standard_error(returns)
    return Ratios(
        sharpe=sharpe(returns),
        standard_error=standard_error(found.ratio, found.count),
        robust_standard_error=robust,
        year=calendar,
        annual_sharpe=None if factor is None else factor * found.ratio,
        annual_standard_error=None if factor is None else factor * robust,
        probabilistic=probabilistic_sharpe(found),
        deflated=deflated_sharpe(found, trials),
        trials=trials,
        shortest_record=shortest if shortest < float("inf") else None,
        sortino=sortino(returns),
        skewness=found.skewness,
        kurtosis=found.kurtosis,
    )


def _exposure(account: pd.DataFrame, last: int) -> float:
    held = whole = 0
    for track in frames.tracks(account).values():
        lasted = np.diff(np.append(track.times, last))
        held += int(lasted[track.position != 0.0].sum())
        whole += int(lasted.sum())
    return held / whole if whole else 0.0
