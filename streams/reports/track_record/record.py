"""The track record of a run in one structure: every figure with its unit, size and uncertainty, or none."""

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
    """Ratios computed from the returns of regular intervals.

    Attributes:
        sharpe: of one interval.
        standard_error: of it, for independent normal returns.
        robust_standard_error: of it, allowing for autocorrelation, skew and fat tails.
        year: what a year was taken to be; none when nothing is annualised.
        annual_sharpe, annual_standard_error: scaled to a year, given the autocorrelation.
        probabilistic: probability that the true ratio is above 0.
        deflated: the same, given the number of trials.
        trials: independent configurations that were tried.
        shortest_record: returns until it would be shown at 95 %; none when it points the other way.
        sortino: of one interval.
        skewness, kurtosis: of the returns; 0 and 3 for a normal.
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
    """A track record; amounts in bps of capital, equal capital for each symbol.

    Attributes:
        symbols: with an account.
        start_ns, end_ns: event times of the first and last record of the account.
        interval_ns: length of the intervals that returns are of.
        returns: how many.
        net_bps, gross_bps, cost_bps: after cost, before cost, and cost.
        turnover: capitals traded, mean over the symbols.
        cost_share: part of the gross gain that cost took; none without a gross gain.
        break_even_bps: cost of trading the whole capital once at which nothing would be left; none without a trade.
        exposure: part of the time with a position.
        trades: round trips closed, all symbols.
        win_rate: part of them closed with a gain after cost; none without one.
        drawdown: deepest fall of the whole.
        calmar: gain a year over it; none for less than a day, or without a drawdown.
        ratios: of the returns; none when fewer than `FEWEST_RETURNS` of them are a gain or a loss.
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
    """Equity at regular moments over all symbols.

    Args:
        account: records of the paper account.
        predictions: their mids value the positions between the records.
        interval_ns: length of an interval; chosen from the span if none is given.

    Raises:
        TickloopError: the account has no record.
    """
    tracks, prices = frames.tracks(account), frames.prices(predictions)
    first, last = _ends(account, predictions)
    return equity(tracks, prices, regular_moments(first, last, interval_ns or interval_of(last - first)))


def record(account: pd.DataFrame, predictions: pd.DataFrame, trials: int = 1) -> Record:
    """The track record of a run.

    Args:
        account: records of the paper account, any number of symbols.
        predictions: every prediction: their mids value the positions, their times say when the market was open.
        trials: independent configurations that were tried before this one was chosen, it included.

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
