"""Figures of a paper account: values from papers, limiting cases, and that they depend on the records alone."""

from math import sqrt

import numpy as np
import pandas as pd
import pytest
from plotly import graph_objects as go

from agents.pages.charts.skill import forecasters
from agents.pages.key_figures import forecasting_table
from schemas.errors import TickloopError
from streams.reports.track_record import frames
from streams.reports.track_record.calendar_year import year
from streams.reports.track_record.calibration import calibration
from streams.reports.track_record.deflated import expected_best
from streams.reports.track_record.drawdown import below_peak, drawdown
from streams.reports.track_record.equity import SECOND, equity, interval_of, regular_moments
from streams.reports.track_record.forecasts import forecasts
from streams.reports.track_record.periods import periods
from streams.reports.track_record.record import FEWEST_RETURNS, record, regular_curve
from streams.reports.track_record.rolling_sharpe import rolling_sharpe
from streams.reports.track_record.sharpe import eta, robust_standard_error, sharpe, standard_error
from streams.scoring.wilson import wilson

MINUTE = 60 * SECOND


def account(rows: list[tuple[int, float, float, float]], symbol: str = "X") -> pd.DataFrame:
    """Account records of a symbol.

    Args:
        rows: event time (ns), mid, position and cost so far of each record; earnings are computed from them.
        symbol: the symbol.
    """
    made, gross, turnover = [], 0.0, 0.0
    for number, (ts, mid, position, cost) in enumerate(rows):
        before = rows[number - 1] if number else (ts, mid, 0.0, 0.0)
        gross += before[2] * (mid / before[1] - 1.0) * 1e4
        turnover += abs(position - before[2] * mid / before[1])
        made.append(
            (symbol, ts, mid, position, gross, cost, gross - cost, turnover, number // 2, number // 4, "calm-range")
        )
    names = [
        "symbol",
        "ts_event",
        "mid",
        "position",
        "gross_bps",
        "cost_bps",
        "net_bps",
        "turnover",
        "trades",
        "wins",
        "regime",
    ]
    return pd.DataFrame(made, columns=names)


def predictions(times: list[int], mids: list[float], symbol: str = "X") -> pd.DataFrame:
    return pd.DataFrame({"symbol": symbol, "ts_event": times, "mid": mids})


def test_equity_between_records_follows_the_price_of_the_units_held() -> None:
    marks = account([(0, 100.0, 0.5, 1.0), (50, 102.0, 0.0, 2.0)])
    ticks = predictions([0, 10, 50, 60], [100.0, 101.0, 102.0, 900.0])
    found = equity(frames.tracks(marks), frames.prices(ticks), np.array([0, 10, 49, 50, 60]))
    assert found.net.round(9).tolist() == [-1.0, 49.0, 49.0, 98.0, 98.0]
    assert found.gross.round(9).tolist() == [0.0, 50.0, 50.0, 100.0, 100.0]


def test_symbols_share_the_capital_and_one_that_came_later_earned_nothing_before() -> None:
    marks = pd.concat(
        [account([(0, 100.0, 1.0, 0.0), (10, 101.0, 0.0, 0.0)], "A"), account([(10, 9.0, 0.0, 4.0)], "B")]
    )
    found = equity(frames.tracks(marks), {}, np.array([5, 10]))
    assert found.net.round(9).tolist() == [0.0, 48.0]


def test_timestamps_of_any_resolution_and_integers_say_the_same() -> None:
    stamps = pd.to_datetime([1_723_161_255_088_169_167], utc=True)
    assert frames.nanoseconds(pd.Series(stamps)).tolist() == [1_723_161_255_088_169_167]
    coarse = pd.Series(pd.to_datetime([1_500], unit="ms", utc=True)).astype("datetime64[ms, UTC]")
    assert frames.nanoseconds(coarse).tolist() == [1_500_000_000]


def test_a_last_interval_that_did_not_end_is_left_out() -> None:
    assert regular_moments(0, 10 * MINUTE - 1, MINUTE)[-1] == 9 * MINUTE
    assert interval_of(60 * MINUTE) == MINUTE
    assert interval_of(0) == SECOND


def test_an_expert_is_judged_on_the_outcomes_that_have_it_against_the_baseline_on_the_same() -> None:
    count = 400
    labels = np.where(np.random.default_rng(1).random(count) < 0.5, 1, -1)
    # The baseline knows the first half and nothing of the second, in which the expert is.
    baseline = np.where(np.arange(count) < 200, 0.5 + 0.3 * labels, 0.5)
    late = pd.DataFrame({"symbol": "X", "ts_prediction": np.arange(count) * 50, "label": labels, "horizon_ns": 100})
    late["arm.live.probability"], late["baseline.majority"], late["expert.flat"] = 0.5, baseline, 0.5
    late["expert.forest"] = np.where(np.arange(count) < 200, np.nan, 0.5 + 0.1 * labels)
    late["expert.never"] = np.nan
    found = forecasts(late)
    assert found is not None
    assert "never" not in found.probabilities
    assert list(found.parts) == ["forest"]
    assert (found.parts["forest"].count, found.parts["forest"].independent) == (200, 100)
    (block,) = found.skill("forest")
    alone = forecasts(late.iloc[200:])
    assert alone is not None
    assert block.count == 200
    assert block.skill == pytest.approx(1.0 - np.log(0.6) / np.log(0.5))
    assert (block.low, block.high) == (alone.skill("forest")[0].low, alone.skill("forest")[0].high)
    page = forecasting_table(found, {"forest": "river"})
    assert "forest (River), 200 of the moves" in page
    assert "100.0 %" in page.replace("100.0%", "100.0 %"), "the expert was right at every outcome that has it"
    drawn = forecasters(late, {"forest": "river"})
    assert isinstance(drawn, go.Figure)
    assert "forest (River) " in drawn.data[1].y
    assert not drawn.layout.annotations


def test_one_bad_expert_does_not_push_the_others_together() -> None:
    labels = np.where(np.random.default_rng(1).random(400) < 0.5, 1, -1)
    told = pd.DataFrame({"symbol": "X", "ts_prediction": np.arange(400) * 50, "label": labels, "horizon_ns": 100})
    told["arm.live.probability"], told["baseline.majority"] = 0.5 + 0.1 * labels, 0.5
    told["expert.flat"], told["expert.bad"] = 0.5, 0.5 - 0.49 * labels
    drawn = forecasters(told)
    assert isinstance(drawn, go.Figure)
    (note,) = drawn.layout.annotations
    assert (note.y, note.text) == ("bad ", f"◂ {1.0 - np.log(0.01) / np.log(0.5):+.2f}")
    assert drawn.layout.xaxis.range[0] == -1.0


class TestDrawdown:
    def test_a_fall_below_the_start_counts_from_the_start(self) -> None:
        found = drawdown(np.array([10, 20, 30]), np.array([-1.0, -3.0, -2.0]))
        assert (found.depth_bps, found.peak_ns, found.trough_ns, found.recovered_ns) == (3.0, 10, 20, None)
        assert found.longest_ns == 20

    def test_a_curve_that_never_falls_has_none(self) -> None:
        found = drawdown(np.array([1, 2]), np.array([0.0, 1.0]))
        assert (found.depth_bps, found.longest_ns, found.recovered_ns) == (0.0, 0, None)

    def test_the_longest_need_not_be_the_deepest(self) -> None:
        found = drawdown(np.arange(8), np.array([0.0, 5.0, 1.0, 6.0, 5.0, 5.0, 5.0, 7.0]))
        assert (found.depth_bps, found.peak_ns, found.recovered_ns, found.longest_ns) == (4.0, 1, 3, 4)

    def test_the_drawdown_agrees_with_a_plain_loop(self) -> None:
        path = np.random.default_rng(7).normal(size=500).cumsum()
        best, worst = 0.0, 0.0
        for value in path.tolist():
            best = max(best, value)
            worst = max(worst, best - value)
        assert drawdown(np.arange(500), path).depth_bps == pytest.approx(worst)
        assert below_peak(path).max() == pytest.approx(worst)


class TestSharpe:
    def test_the_scale_of_a_first_order_autocorrelation_has_a_closed_form(self) -> None:
        """Equation 22 of Lo (2002) against the sum of equation 20."""
        for rho, periods_ in ((0.2, 12), (-0.3, 12), (0.5, 250)):
            inner = 1 + 2 * rho / (1 - rho) * (1 - (1 - rho**periods_) / (periods_ * (1 - rho)))
            rhos = [rho**lag for lag in range(1, periods_)]
            assert eta(periods_, rhos) == pytest.approx(sqrt(periods_ / inner))

    def test_without_lags_the_robust_error_is_that_of_mertens(self) -> None:
        """Mertens (2002) gives the error for independent returns with skew and fat tails."""
        returns = np.random.default_rng(3).standard_t(5, 400) + 0.2
        ratio = returns.mean() / returns.std(ddof=1)
        away = (returns - returns.mean()) / returns.std()
        skew, kurtosis = (away**3).mean(), (away**4).mean()
        expected = sqrt((1 - skew * ratio + (kurtosis - 1) / 4 * ratio**2) / 400)
        assert robust_standard_error(returns, lags=0) == pytest.approx(expected, rel=0.01)

    def test_autocorrelation_widens_the_robust_error(self) -> None:
        noise = np.random.default_rng(5).normal(size=2_000)
        returns = noise[1:] + 0.8 * noise[:-1] + 0.1
        assert robust_standard_error(returns) > 1.25 * standard_error(sharpe(returns), len(returns))

    @pytest.mark.parametrize("returns", [[], [1.0], [2.0, 2.0]])
    def test_returns_that_say_nothing_are_refused(self, returns: list[float]) -> None:
        with pytest.raises(TickloopError, match="expected two returns or more that differ"):
            sharpe(np.array(returns))

    def test_the_rolling_ratio_is_that_of_each_window(self) -> None:
        returns = np.random.default_rng(2).normal(1e6, 1.0, size=100)
        found = rolling_sharpe(returns, 20)
        assert found.ratio.tolist() == pytest.approx([sharpe(returns[i : i + 20]) for i in range(81)], rel=1e-6)

    def test_a_window_without_a_gain_has_no_ratio(self) -> None:
        found = rolling_sharpe(np.array([0.0] * 10 + [1.0, 2.0]), 5)
        assert np.isnan(found.ratio[:6]).all()
        assert np.isfinite(found.ratio[-1])


def test_the_best_of_more_trials_is_expected_to_be_better() -> None:
    found = [expected_best(trials, 1.0) for trials in (1, 2, 10, 100, 1_000)]
    assert found[0] == 0.0
    assert found == sorted(found)
    with pytest.raises(TickloopError, match="expected 1 trial or more, was 0"):
        expected_best(0, 1.0)


def test_wilson_stays_within_bounds_and_needs_a_case() -> None:
    none, everything = wilson(0.0, 3), wilson(1.0, 3)
    assert none is not None
    assert everything is not None
    assert none.low == pytest.approx(0.0, abs=1e-12)
    assert everything.high == pytest.approx(1.0)
    assert wilson(0.5, 0) is None


def test_equal_probabilities_stay_in_one_bin() -> None:
    told = np.repeat([0.3, 0.5, 0.7], [10, 500, 10])
    found = calibration(told, told > 0.4, independent=520.0, bins=10)
    assert sum(each.count for each in found) == 520
    assert len({each.low for each in found}) == len(found)
    assert calibration(np.empty(0), np.empty(0, bool), 0.0) == []


def test_a_year_is_that_of_the_ticks() -> None:
    """The ticks cover six and a half hours on five days a week, in intervals of 15 minutes."""
    day, interval = 86_400 * SECOND, 900 * SECOND
    found = year(active=26 * 20, span_ns=28 * day, interval_ns=interval)
    assert found is not None
    assert found.periods == pytest.approx(26 * 20 / 28 * 365.2425)


class TestRecord:
    def test_the_track_record_of_a_day_has_every_figure(self) -> None:
        times = [minute * MINUTE for minute in range(1_500)]
        mids = [100.0 + np.sin(number / 30.0) for number in range(1_500)]
        rows = [(times[n], mids[n], 0.5 if n // 50 % 2 else -0.5, n * 1e-3) for n in range(0, 1_500, 50)]
        found = record(account(rows), predictions(times, mids), trials=10)
        assert found.interval_ns == 900 * SECOND
        assert found.returns == 99
        assert found.net_bps == pytest.approx(found.gross_bps - found.cost_bps)
        assert found.exposure == 1.0
        assert found.ratios is not None
        assert found.ratios.year is not None
        assert found.ratios.annual_sharpe is not None
        assert found.ratios.deflated < found.ratios.probabilistic
        assert found.calmar is not None

    def test_an_account_that_never_traded_has_no_ratio(self) -> None:
        found = record(account([(0, 9.0, 0.0, 0.0)]), predictions([0, 100 * MINUTE], [9.0, 9.5]))
        assert (found.net_bps, found.turnover, found.trades, found.exposure) == (0.0, 0.0, 0, 0.0)
        assert (found.ratios, found.win_rate, found.cost_share, found.break_even_bps) == (None, None, None, None)

    def test_few_returns_give_no_ratio(self) -> None:
        found = record(account([(0, 9.0, 1.0, 0.0)]), predictions([0, 20 * SECOND], [9.0, 9.5]))
        assert found.returns == 20 < FEWEST_RETURNS
        assert found.ratios is None

    def test_without_a_record_it_is_refused(self) -> None:
        with pytest.raises(TickloopError, match="expected records of the paper account"):
            record(pd.DataFrame(columns=["symbol", "ts_event"]), predictions([1], [1.0]))

    def test_the_results_of_the_periods_add_up_to_the_whole(self) -> None:
        times = [second * SECOND for second in range(600)]
        mids = [100.0 + number * 0.01 for number in range(600)]
        curve = regular_curve(account([(0, 100.0, 1.0, 2.0)]), predictions(times, mids))
        rows = periods(curve)
        assert sum(each.net_bps for each in rows) == pytest.approx(curve.net[-1] - curve.net[0])
        assert [each.name[-5:] for each in rows] == [f"00:{minute:02}" for minute in range(10)]


def test_forecasts_need_a_baseline_and_a_move() -> None:
    outcomes = pd.DataFrame({"symbol": "X", "ts_prediction": [1], "label": [0], "horizon_ns": 5})
    assert forecasts(outcomes) is None
    with pytest.raises(TickloopError, match=r"expected columns `baseline\.NAME`"):
        forecasts(outcomes.assign(label=1))
