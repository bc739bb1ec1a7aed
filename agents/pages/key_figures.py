"""Figures of a backtest as HTML: the most important ones, and tables of all figures with intervals and sample
sizes.
"""

from collections.abc import Mapping
from html import escape

from msgspec import Struct

from agents.pages.document import table
from agents.pages.expert_names import NO_KINDS, expert_words
from agents.pages.wording import NONE, between, lasting, number, part
from schemas.names import LIVE
from streams.reports.track_record.forecasts import Forecasts
from streams.reports.track_record.record import FEWEST_RETURNS, Ratios, Record
from streams.reports.track_record.skill_over_time import Block
from streams.scoring import score_arrays
from streams.scoring.wilson import Z, wilson


class Tile(Struct, frozen=True):
    """One of the figures at the top of the tear sheet.

    Attributes:
        name: name of the figure.
        value: value with its unit.
        note: interval and sample size, or why there are none.
    """

    name: str
    value: str
    note: str


def tiles(record: Record, forecasts: Forecasts | None) -> str:
    """HTML of the six figures at the top: gain, Sharpe ratio, drawdown, win rate, cost, and skill.

    Args:
        record: figures of the paper account.
        forecasts: predictions with their outcomes; None if no predicted price moved.
    """
    rate, rate_interval, trades = part(record.win_rate)
    fall = record.drawdown
    won = f"95 % {rate_interval}, {trades} round trips" if record.trades else "no round trip closed"
    share = f"{record.cost_share:.0%} of the gain before it" if record.cost_share is not None else "no gain before it"
    paid = f"{share}; {record.turnover:,.1f} capitals traded" if record.turnover else "nothing was traded"
    fell = f"longest below a peak {lasting(fall.longest_ns)}" if fall.depth_bps else "it never fell"
    chosen = (
        Tile(
            "Gain after cost",
            number(record.net_bps, unit="bps"),
            f"of capital in {_span(record)}; {number(record.gross_bps)} before cost",
        ),
        _sharpe_tile(record),
        Tile("Deepest fall", number(fall.depth_bps, ".2f", "bps"), fell),
        Tile("Win rate", rate, won),
        Tile("Cost", number(record.cost_bps, ".2f", "bps"), paid),
        _skill_tile(forecasts),
    )
    return '<dl class="tiles">' + "".join(map(_tile, chosen)) + "</dl>"


def verdict(record: Record, forecasts: Forecasts | None) -> str:
    """HTML of one or two sentences: gain of the paper account, and whether predictions beat the best baseline.

    Args:
        record: figures of the paper account.
        forecasts: predictions with their outcomes; None if no predicted price moved.
    """
    gained = "gained" if record.net_bps > 0.0 else "lost" if record.net_bps < 0.0 else "neither gained nor lost:"
    amount = f"{abs(record.net_bps):,.2f} bps of capital{_shared(record)}"
    said = [f"After cost the paper account {gained} {amount} in {_span(record)}"]
    said[0] += f", on {record.trades:,} round trips." if record.trades else "; it closed no round trip."
    skill = _live(forecasts)
    if skill is not None and forecasts is not None:
        best = _words(forecasts.best)
        if skill.low is None or skill.high is None:
            said.append("Too little moved to tell its predictions from the baselines.")
        elif skill.low > 0.0:
            interval = between(skill.low, skill.high, ".3f")
            said.append(f"Its predictions beat the best baseline ({best}): skill {interval} (95 %).")
        elif skill.high < 0.0:
            said.append(f"Its predictions are worse than the best baseline ({best}).")
        else:
            said.append(f"That its predictions are better than the best baseline ({best}) is not shown.")
    return f'<p class="verdict">{escape(" ".join(said))}</p>'


def forecasting_table(forecasts: Forecasts, kinds: Mapping[str, str] = NO_KINDS) -> str:
    """HTML table that compares the live predictions with the baselines, and with the experts mixed into them.

    Columns are hit rate, log-loss and skill, with 95 % intervals. All forecasters are judged on the
    same price moves, except for an expert that was mixed into only some of the predictions. The number
    of moves on which such an expert is judged stands beside the expert's name.

    Args:
        forecasts: predictions with their outcomes.
        kinds: kind, such as `trees`, of each model beside the built-in logistic regression, by name.
    """
    rows = []
    for name, told in forecasts.probabilities.items():
        skill = forecasts.skill(name)[0]
        some = forecasts.parts.get(name)
        at = slice(None) if some is None else some.at
        hit = float(score_arrays.hits(told[at], forecasts.up[at]).mean())
        share, interval, _ = part(wilson(hit, forecasts.independent if some is None else some.independent))
        label = escape(expert_words(name, kinds)) + ("" if some is None else f", {some.count:,} of the moves")
        rows.append(
            (
                f"<strong>{label}</strong>"
                if name == LIVE
                else label + (" (baseline)" if name in forecasts.baselines else ""),
                share,
                interval,
                number(float(forecasts.losses[name][at].mean()), ".4f"),
                number(skill.skill, "+.4f") if name != forecasts.best else "0",
                "reference" if name == forecasts.best else between(skill.low, skill.high, "+.4f"),
            )
        )
    caption = (
        f"{forecasts.scored:,} scored predictions, {len(forecasts.up):,} of which moved, about "
        f"{forecasts.independent:,} of them independent; skill is 1 - log-loss / log-loss of {_words(forecasts.best)}"
    )
    return table(("forecaster", "right", "95 %", "log-loss, nats", "skill", "95 %"), rows, caption)


def all_figures(record: Record) -> str:
    """HTML table of every figure of the paper account, with interval, sample size and meaning."""
    every = lasting(record.interval_ns)
    rate, rate_interval, trades = part(record.win_rate)
    fall = record.drawdown
    back = (
        "not recovered"
        if fall.recovered_ns is None
        else f"recovered after {lasting(fall.recovered_ns - fall.trough_ns)}"
    )
    trips, spans = f"{record.trades:,} round trips", f"{record.returns:,} x {every}"
    rows = [
        (
            "Gain after cost",
            number(record.net_bps, unit="bps"),
            "measured",
            spans,
            "of capital, nothing reinvested; mean over the symbols",
        ),
        ("Gain before cost", number(record.gross_bps, unit="bps"), "measured", trips, "valued at the mid"),
        (
            "Cost",
            number(record.cost_bps, ".2f", "bps"),
            "measured",
            trips,
            "fees, half the spread and slippage, as configured",
        ),
        ("Turnover", number(record.turnover, ",.1f", "capitals"), "measured", trips, "sum of the sizes of all trades"),
        ("Cost share", number(record.cost_share, ".1%"), "measured", trips, "of the gain before cost"),
        (
            "Break-even cost",
            number(record.break_even_bps, ".3f", "bps"),
            "measured",
            trips,
            "of trading the whole capital once, at which nothing would be left",
        ),
        ("Time with a position", number(record.exposure, ".1%"), "measured", spans, "of the event time"),
        ("Win rate", rate, rate_interval, trades, "round trips closed with a gain after cost; Wilson interval"),
        (
            "Deepest fall",
            number(fall.depth_bps, ".2f", "bps"),
            "measured",
            spans,
            f"below the peak; {back}; longest below a peak {lasting(fall.longest_ns)}"
            if fall.depth_bps
            else "it never fell",
        ),
        *(_of_ratios(record.ratios, record, every) if record.ratios else ()),
    ]
    return table(("figure", "value", "95 % interval", "n", "what it is"), rows, "The paper account", says=True)


def _of_ratios(ratios: Ratios, record: Record, every: str) -> list[tuple[str, str, str, str, str]]:
    count = f"{record.returns:,} x {every}"
    low, high = ratios.sharpe - Z * ratios.robust_standard_error, ratios.sharpe + Z * ratios.robust_standard_error
    annual = between(None, None)
    if ratios.annual_sharpe is not None and ratios.annual_standard_error is not None:
        half = Z * ratios.annual_standard_error
        annual = between(ratios.annual_sharpe - half, ratios.annual_sharpe + half, "+.1f")
    needs = NONE if ratios.shortest_record is None else f"{ratios.shortest_record:,.0f} returns"
    return [
        (
            f"Sharpe ratio, per {every}",
            number(ratios.sharpe, "+.3f"),
            between(low, high, "+.3f"),
            count,
            f"standard error {ratios.robust_standard_error:.3f} with autocorrelation and fat tails, "
            f"{ratios.standard_error:.3f} if returns were independent and normal (Lo 2002)",
        ),
        (
            "Sharpe ratio, per year",
            number(ratios.annual_sharpe, "+.1f"),
            annual,
            count,
            ratios.year.sentence
            if ratios.year
            else "not annualised: less than a day of ticks says nothing about a year",
        ),
        (
            "Probabilistic Sharpe",
            number(ratios.probabilistic, ".3f"),
            "a probability",
            count,
            "that the true ratio is above 0, given skew and fat tails (Bailey, López de Prado 2012)",
        ),
        (
            "Deflated Sharpe",
            number(ratios.deflated, ".3f"),
            "a probability",
            f"{ratios.trials:,} tried",
            "the same, taking off what the best of so many trials reaches by chance (2014)",
        ),
        ("Shortest record", needs, "at 95 %", count, "returns like these until a ratio above 0 would be shown"),
        ("Sortino ratio", number(ratios.sortino, "+.3f"), "no interval known", count, f"of {every}, target 0"),
        ("Skew, kurtosis", f"{ratios.skewness:+.2f}, {ratios.kurtosis:.2f}", "measured", count, "0 and 3 for a normal"),
    ]


def _sharpe_tile(record: Record) -> Tile:
    ratios, every = record.ratios, lasting(record.interval_ns)
    if ratios is None:
        return Tile(
            "Sharpe ratio", NONE, f"{record.returns:,} returns of {every}; needs {FEWEST_RETURNS} with gains or losses"
        )
    if ratios.annual_sharpe is not None and ratios.annual_standard_error is not None:
        half = Z * ratios.annual_standard_error
        interval = between(ratios.annual_sharpe - half, ratios.annual_sharpe + half, "+.1f")
        return Tile(
            "Sharpe ratio, per year",
            number(ratios.annual_sharpe, "+.2f"),
            f"95 % {interval}, {record.returns:,} x {every}",
        )
    half = Z * ratios.robust_standard_error
    interval = between(ratios.sharpe - half, ratios.sharpe + half)
    return Tile(
        f"Sharpe ratio, per {every}", number(ratios.sharpe), f"95 % {interval}, n {record.returns:,}; not annualised"
    )


def _skill_tile(forecasts: Forecasts | None) -> Tile:
    skill = _live(forecasts)
    if forecasts is None or skill is None:
        return Tile("Skill", NONE, "no outcome moved")
    interval = "no interval yet" if skill.low is None else f"95 % {between(skill.low, skill.high, '+.3f')}"
    beside = f"against {_words(forecasts.best)}, {interval}; {forecasts.independent:,} effective outcomes"
    return Tile("Skill", number(skill.skill, "+.3f"), beside)


def _tile(tile: Tile) -> str:
    value, _, unit = tile.value.partition(" ")
    small = f" <small>{escape(unit)}</small>" if unit else ""
    return (
        f'<div class="tile"><dt>{escape(tile.name)}</dt><dd class="value">{escape(value)}{small}</dd>'
        f'<dd class="note">{escape(tile.note)}</dd></div>'
    )


def _live(forecasts: Forecasts | None) -> Block | None:
    return None if forecasts is None else forecasts.skill(LIVE)[0]


def _span(record: Record) -> str:
    return lasting(record.end_ns - record.start_ns)


def _shared(record: Record) -> str:
    return f", the mean of {len(record.symbols)} symbols," if len(record.symbols) > 1 else ""


def _words(name: str) -> str:
    return name.replace("_", " ")
