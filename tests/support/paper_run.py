"""Results of a small backtest with a paper account, for tests of the pages."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
from msgspec.structs import asdict

from schemas.outcomes import OutcomeMatured
from schemas.predictions import Prediction
from schemas.ticks import Quote, Trade
from streams.engine.replay import replay_events
from streams.market.costs import CostParameters
from streams.market.node import MarketNode
from streams.market.parameters import MarketParameters
from streams.market.sizing import SizingParameters

SECOND = 1_000_000_000

CHEAP = MarketParameters(
    costs=CostParameters(fee_bps=0.0, slippage_bps=0.0), sizing=SizingParameters(kelly_fraction=0.001)
)
"""Parameters without fees, with which the account trades at a horizon of half a second."""

IDLE = MarketParameters(sizing=SizingParameters(max_position=0.0))
"""Parameters with which the account never holds a position."""


@dataclass
class PaperRun:
    """Tables and summary of a backtest."""

    predictions: pd.DataFrame
    outcomes: pd.DataFrame
    account: pd.DataFrame
    summary: dict[str, Any]
    decisions: pd.DataFrame = field(default_factory=pd.DataFrame)


def paper_run(ticks: Iterable[Quote | Trade], parameters: MarketParameters = CHEAP) -> PaperRun:
    """Replay ticks, and trade on paper: take the predicted position and hold it until the horizon has passed."""
    fed = list(ticks)
    records = list(replay_events(MarketNode(parameters), fed))
    predictions = [record for record in records if isinstance(record, Prediction)]
    outcomes = [record for record in records if isinstance(record, OutcomeMatured)]
    return PaperRun(
        predictions=_timed([asdict(each) for each in predictions]),
        outcomes=_timed([_flat(each) for each in outcomes]),
        account=_timed(_account(predictions)),
        summary={
            "title": "a replay without fees",
            "ticks": len(fed),
            "counts": {"predictions": len(predictions), "dead-letters": 0},
            "parameters": {"market": parameters.digest()},
            "inputs": {"ticks.csv.gz": "0f" * 32},
            "digests": {"predictions": {"all": "1e" * 32}, "outcomes": {"all": "2d" * 32}},
        },
    )


def _timed(rows: list[dict[str, Any]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows)
    for name in ("ts_event", "ts_prediction"):
        if name in frame:
            frame[name] = pd.to_datetime(frame[name], utc=True)
    return frame


def _flat(outcome: OutcomeMatured) -> dict[str, Any]:
    row = asdict(outcome)
    for name in ("baselines", "features", "experts", "weights"):
        row |= {f"{name[:-1]}.{key}": value for key, value in row.pop(name).items()}
    for arm in row.pop("arms"):
        row |= {f"arm.{arm.arm}.{key}": value for key, value in asdict(arm).items() if key != "arm"}
    return row


def _account(predictions: Iterable[Prediction]) -> list[dict[str, Any]]:
    books: dict[str, dict[str, float]] = {}
    rows = []
    for each in predictions:
        book = books.setdefault(each.symbol, dict.fromkeys(COUNTED, 0.0) | {"mid": each.mid, "marked": -1.0})
        moved = book["position"] * (each.mid / book["mid"] - 1.0)
        book["gross_bps"] += moved * 1e4
        book["position"] += moved
        book["mid"] = each.mid
        target = each.position_size if each.ts_event >= book["due"] else book["position"]
        traded = target - book["position"]
        paid = 0.5 * abs(traded) * each.cost_bps
        if traded:
            closes = book["position"] and book["position"] * target <= 0.0
            book["due"] = each.ts_event + each.horizon_ns
            book["position"] = target
            book["cost_bps"] += paid
            book["turnover"] += abs(traded)
            if closes:
                net = book["gross_bps"] - book["cost_bps"]
                book["trades"] += 1
                book["wins"] += net > book["began"]
                book["began"] = net
        net = book["gross_bps"] - book["cost_bps"]
        book["peak_bps"] = max(book["peak_bps"], net)
        if traded or each.ts_event >= book["marked"] + 60 * SECOND or book["marked"] < 0:
            book["marked"] = each.ts_event
            rows.append(
                {"id": each.id, "symbol": each.symbol, "ts_event": each.ts_event}
                | {name: book[name] for name in ("mid", *COUNTED) if name not in ("due", "began")}
                | {"traded": traded, "fill": each.mid, "trade_cost_bps": paid, "net_bps": net}
                | {"drawdown_bps": book["peak_bps"] - net, "strategy": each.strategy, "regime": each.regime}
                | {"model_version": each.model_version}
            )
    return rows


COUNTED = ("position", "gross_bps", "cost_bps", "peak_bps", "turnover", "trades", "wins", "due", "began")
