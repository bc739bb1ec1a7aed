"""The second section of the page: do the predictions beat simple baselines?"""

from collections.abc import Mapping, Sequence

import numpy as np
from msgspec import Struct

from agents.dashboard.bands.figures import Figure, panel
from agents.dashboard.state.forecasts import frame
from agents.dashboard.state.shown_fields import MarkFields, OutcomeFields
from agents.pages.charts.reliability import reliability
from agents.pages.charts.skill import forecasters, skill_over_time
from agents.pages.expert_names import NO_KINDS
from agents.pages.wording import NONE, between, lasting, number
from schemas.names import LIVE
from streams.reports.track_record.forecasts import Forecasts, forecasts
from streams.reports.track_record.skill_over_time import skill_over_time as ratio_over_time
from streams.scoring.wilson import wilson


class Good(Struct, frozen=True):
    """Content of the second section of the page: how good the predictions are.

    Attributes:
        verdict: sentence on whether the predictions beat the best baseline.
        facts: figures, each with name, value and note.
        figures: three charts: skill over time, skill of each forecaster, and calibration.
    """

    verdict: str
    facts: tuple[tuple[str, str, str], ...]
    figures: tuple[Figure, ...]


def good(
    outcomes: tuple[OutcomeFields, ...],
    marks: Sequence[MarkFields],
    sampled: int,
    aside: int,
    kinds: Mapping[str, str] = NO_KINDS,
) -> Good:
    """Compute the second section of the page. The computation can take seconds, so it runs in a thread.

    Args:
        outcomes: the newest outcomes (what the price did after each scored prediction), oldest first.
        marks: the newest valuation of the paper account of each symbol.
        sampled: number of predictions that the page has looked at.
        aside: number of these that led to no position, because neither up nor down could be excluded.
        kinds: kind, such as `trees`, of each model beside the built-in logistic regression, by name.
    """
    table = frame(outcomes)
    found = forecasts(table) if len(table) else None
    facts = (
        _skill(found),
        _earned(outcomes, "net"),
        _earned(outcomes, "gross"),
        _accounts(marks),
        _aside(sampled, aside),
    )
    figures = (
        panel("skill", skill_over_time(table)) if found is not None else _nothing("skill"),
        panel("forecasters", forecasters(table, kinds)) if found is not None else _nothing("forecasters"),
        panel("reliability", reliability(table)) if found is not None else _nothing("reliability"),
    )
    return Good(verdict(found), facts, figures)


def verdict(found: Forecasts | None) -> str:
    """Sentence on whether the predictions beat the best baseline, with the 95 % interval of their skill.

    Args:
        found: forecasts with their outcomes; None if no predicted price has moved yet.
    """
    if found is None:
        return "Nothing that was predicted has moved yet."
    block, best = found.skill(LIVE)[0], found.best.replace("_", " ")
    span = lasting(int(found.made[-1] - found.made[0]))
    size = f"over {span}: {len(found.up):,} scored predictions that moved, {found.independent:,} of them independent"
    if block.low is None or block.high is None:
        return f"Too little has moved to tell the live mixture from the baselines, {size}."
    interval = between(block.low, block.high, "+.3f")
    if block.low > 0.0:
        return f"The live mixture beats the best baseline ({best}): skill {block.skill:+.3f}, 95 % {interval}, {size}."
    if block.high < 0.0:
        return f"The live mixture is worse than {best}: skill {block.skill:+.3f}, 95 % {interval}, {size}."
    return f"No improvement over {best} is shown: skill {block.skill:+.3f}, 95 % {interval}, {size}."


def _skill(found: Forecasts | None) -> tuple[str, str, str]:
    if found is None:
        return "Skill", NONE, "nothing moved yet"
    block = found.skill(LIVE)[0]
    against = f"against {found.best.replace('_', ' ')}"
    return "Skill", number(block.skill, "+.3f"), f"95 % {between(block.low, block.high, '+.3f')}; {against}"


def _earned(outcomes: tuple[OutcomeFields, ...], which: str) -> tuple[str, str, str]:
    name = {"net": "After cost", "gross": "Before cost"}[which]
    live = sorted(
        ((each.ts_prediction, getattr(each.arms[0], f"{which}_bps"), each.horizon_ns) for each in outcomes),
        key=lambda row: row[0],
    )
    if not live:
        return name, NONE, "no scored prediction yet"
    if not any(row[1] for row in live):
        return name, "0 bps", f"no position was held in {len(live):,} scored predictions"
    made = np.array([row[0] for row in live], dtype=np.int64)
    values = np.array([row[1] for row in live])
    whole = np.array([made[0], made[-1] + 1])
    # Skill is 1 less a ratio of sums. With a reference of ones the ratio is the mean gain, with its interval.
    found = ratio_over_time(made, values, np.ones(len(values)), max(row[2] for row in live), whole)[0]
    low = None if found.high is None else 1.0 - found.high
    high = None if found.low is None else 1.0 - found.low
    note = f"a scored prediction, bps of capital; 95 % {between(low, high, '+.4f')}; n = {len(values):,}"
    return name, number(1.0 - found.skill, "+.4f", "bps"), note


def _accounts(marks: Sequence[MarkFields]) -> tuple[str, str, str]:
    if not marks:
        return "Paper accounts", NONE, "no mark yet"
    net = sum(each.net_bps for each in marks) / len(marks)
    gross = sum(each.gross_bps for each in marks) / len(marks)
    trades, wins = sum(each.trades for each in marks), sum(each.wins for each in marks)
    won = wilson(wins / trades, trades) if trades else None
    rate = f"; {wins / trades:.0%} won, 95 % {between(won.low, won.high, '.0%')}" if won is not None else ""
    note = (
        f"net of {len(marks):,} accounts on average, of capital; {gross:+.2f} before cost; {trades:,} round trips{rate}"
    )
    return "Paper accounts", number(net, "+.2f", "bps"), note


def _aside(sampled: int, aside: int) -> tuple[str, str, str]:
    if not sampled:
        return "Stands aside", NONE, "no prediction yet"
    return (
        "Stands aside",
        f"{aside / sampled:.1%}",
        f"of {sampled:,} predictions looked at: neither side can be excluded",
    )


def _nothing(name: str) -> Figure:
    return Figure(name, missing="Not enough data yet: 0 outcomes that moved.")
