"""Sections of the tear sheet, each of which answers a question about a backtest with charts."""

from collections.abc import Mapping

import pandas as pd

from agents.pages import key_figures
from agents.pages.charts.drawdown import drawdown
from agents.pages.charts.equity import equity
from agents.pages.charts.price import price
from agents.pages.charts.regimes import regimes
from agents.pages.charts.reliability import reliability
from agents.pages.charts.returns import returns
from agents.pages.charts.rolling_sharpe import rolling_sharpe
from agents.pages.charts.skill import forecasters, skill_over_time
from agents.pages.charts.strategies import strategies
from agents.pages.charts.trading import cost, position, turnover
from agents.pages.charts.versions import versions
from agents.pages.charts.win_rate import win_rate
from agents.pages.document import Panel, Section
from agents.pages.expert_names import NO_KINDS
from agents.pages.period_table import period_table
from agents.pages.wording import lasting
from streams.reports.track_record.forecasts import Forecasts
from streams.reports.track_record.record import Record


def earned(found: Record, account: pd.DataFrame, predictions: pd.DataFrame) -> Section:
    """Section "What did it earn?": equity, drawdown, returns, Sharpe ratio, and a table of gains by period.

    Args:
        found: figures of the paper account.
        account: records of the paper account.
        predictions: all predictions.
    """
    every = lasting(found.interval_ns)
    return Section(
        "earned",
        "What did it earn?",
        [
            Panel(
                "equity",
                "Equity",
                "The distance between the lines is what trading cost.",
                equity(account, predictions),
                wide=True,
            ),
            Panel(
                "drawdown",
                "Drawdown",
                "After cost, from the highest value so far.",
                drawdown(account, predictions),
                wide=True,
            ),
            Panel("returns", "Returns", f"Of intervals of {every}, after cost.", returns(account, predictions)),
            Panel(
                "rolling-sharpe",
                "Rolling Sharpe ratio",
                "The band is that of independent normal returns; where it holds zero, nothing is shown.",
                rolling_sharpe(account, predictions),
            ),
        ],
        after=period_table(account, predictions),
    )


def predicted(outcomes: pd.DataFrame, told: Forecasts | None, kinds: Mapping[str, str] = NO_KINDS) -> Section:
    """Section "Does it predict?": skill over time and of each forecaster, calibration, and a table of forecasters.

    Args:
        outcomes: all outcomes.
        told: predictions with their outcomes, for the table; None if no predicted price moved.
        kinds: kind, such as `trees`, of each model beside the built-in logistic regression, by name.
    """
    return Section(
        "predicts",
        "Does it predict?",
        [
            Panel(
                "skill",
                "Skill over event time",
                "1 - log-loss / log-loss of the best baseline, chosen with hindsight; above zero is better.",
                skill_over_time(outcomes),
                wide=True,
            ),
            Panel(
                "forecasters",
                "Skill of each forecaster",
                "Over the whole run, with 95 % intervals that allow for overlapping labels.",
                forecasters(outcomes, kinds),
            ),
            Panel(
                "reliability",
                "Calibration",
                "On the dotted line a probability means what it says.",
                reliability(outcomes),
            ),
        ],
        after=key_figures.forecasting_table(told, kinds) if told else "",
    )


def traded(account: pd.DataFrame, predictions: pd.DataFrame) -> Section:
    """Section "How did it trade?": position, turnover, cost, and win rate.

    Args:
        account: records of the paper account.
        predictions: all predictions.
    """
    return Section(
        "traded",
        "How did it trade?",
        [
            Panel("position", "Position", "After each trade and mark.", position(account), wide=True),
            Panel("turnover", "Turnover", "Sum of the sizes of all trades.", turnover(account, predictions)),
            Panel("cost", "Cost", "Where it reaches the gain, nothing is left.", cost(account, predictions)),
            Panel(
                "win-rate",
                "Win rate",
                "By the regime in which a round trip ended; Wilson intervals.",
                win_rate(account),
                wide=True,
            ),
        ],
    )


def saw_and_chose(
    predictions: pd.DataFrame,
    outcomes: pd.DataFrame,
    decisions: pd.DataFrame,
    kinds: Mapping[str, str] = NO_KINDS,
) -> Section:
    """Section "What did it see and choose?": price, regimes, weights of forecasters, model versions, and decisions.

    Args:
        predictions: all predictions.
        outcomes: all outcomes, with the weights of the forecasters that predictions are mixed from.
        decisions: decisions about versions, with at least the column `ts_event`; may be empty.
        kinds: kind, such as `trees`, of each model beside the built-in logistic regression, by name.
    """
    return Section(
        "did",
        "What did it see and choose?",
        [
            Panel("price", "Market", "What was predicted.", price(predictions), wide=True),
            Panel(
                "regimes",
                "Regime",
                "The one that most predictions of each short span named.",
                regimes(predictions),
                wide=True,
            ),
            Panel(
                "strategies",
                "Strategy mix",
                "The weight of each strategy and model in the mixture when predictions matured.",
                strategies(outcomes, kinds),
                wide=True,
            ),
            Panel(
                "versions",
                "Model versions and decisions",
                "When each version predicted; a diamond is a decision.",
                versions(predictions, decisions),
                wide=True,
            ),
        ],
    )
