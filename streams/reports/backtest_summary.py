"""Summary of a backtest as plain numbers: counts, digests, skill beside baselines, the paper account."""

from typing import Any

import msgspec
import numpy as np
import pandas as pd

from schemas.errors import TickloopError
from streams.account.total import Total, total
from streams.engine import digests
from streams.engine.backtest import Facts
from streams.market.models.kinds import kinds_of_parameters, kinds_of_version
from streams.parameters import Parameters
from streams.scoring.baselines import BASELINES
from streams.scoring.skill import Scored, skill_of

OF_OUTCOMES = ("symbol", "ts_prediction", "horizon_ns", "label")
OF_LIVE_ARM = ("probability", "position_size", "gross_bps", "net_bps")

CLOSING = ("gross_bps", "cost_bps", "net_bps", "peak_bps", "drawdown_bps", "turnover", "trades", "wins", "position")


def columns_for_skill(names: list[str]) -> list[str]:
    """The columns of a table of outcomes that `summary` needs, chosen from `names`."""
    wanted = {*OF_OUTCOMES, *(f"arm.live.{name}" for name in OF_LIVE_ARM)}
    return [name for name in names if name in wanted or name.startswith(("expert.", "baseline."))]


def summary(facts: Facts, parameters: Parameters, outcomes: pd.DataFrame, account: pd.DataFrame) -> dict[str, Any]:
    """The summary of a backtest as a dictionary that can be written as JSON.

    Args:
        facts: counts and digests of the whole run.
        parameters: parameters of the run.
        outcomes: table of outcomes, at least with the columns of `columns_for_skill`.
        account: table of all records of the paper account.
    """
    return {
        "ticks": facts.ticks,
        "first": _instant(facts.first),
        "last": _instant(facts.last),
        "symbols": sorted(account["symbol"].unique().tolist()),
        "parameters": {"market": parameters.market.digest(), "account": parameters.account.digest()},
        **({"models": kinds} if (kinds := _kinds(parameters)) else {}),
        "counts": facts.counts,
        "refused": dict(sorted(facts.refused.items())),
        "digests": {
            topic: {
                "all": digests.of_topic(chains),
                "partitions": {str(number): chains[number].hex() for number in sorted(chains)},
            }
            for topic, chains in facts.digests.items()
        },
        "skill": _skill(outcomes),
        "account": _account(account),
    }


def account_total(account: pd.DataFrame) -> Total:
    """Paper accounts of all symbols added up, at every event time of a record.

    `account` is the table of all records of the paper account.
    """
    return total(
        account["symbol"].to_numpy(),
        account["ts_event"].astype("int64").to_numpy().astype(np.int64),
        *(account[name].to_numpy(np.float64) for name in ("gross_bps", "cost_bps", "turnover", "position")),
    )


def _kinds(parameters: Parameters) -> dict[str, str]:
    """Kind of each model beside the signed logistic one: of the live pipeline, and of the arms of experiments."""
    arms = [kinds_of_version(each.arm) for each in parameters.experiments.values()]
    own = kinds_of_parameters((parameters.market, *parameters.symbols.values()))
    return {name: kind for each in (*arms, own) for name, kind in each.items()}


def _instant(ts_event: int) -> str | None:
    return pd.Timestamp(ts_event, tz="UTC").isoformat() if ts_event else None


def _skill(outcomes: pd.DataFrame) -> dict[str, Any] | None:
    if outcomes.empty:
        return None
    labels = outcomes["label"].to_numpy(np.int64)
    moved = labels != 0
    experts = {
        name.removeprefix("expert."): column
        for name in outcomes.columns
        if name.startswith("expert.") and not np.isnan(column := outcomes[name].to_numpy(np.float64))[moved].all()
    }
    everything = Scored(
        symbols=outcomes["symbol"].to_numpy().astype(np.str_),
        made=outcomes["ts_prediction"].astype("int64").to_numpy().astype(np.int64),
        horizons_ns=outcomes["horizon_ns"].to_numpy(np.int64),
        labels=labels,
        pipeline=outcomes["arm.live.probability"].to_numpy(np.float64),
        experts=experts,
        baselines={name: outcomes[f"baseline.{name}"].to_numpy(np.float64) for name in BASELINES},
        positions=outcomes["arm.live.position_size"].to_numpy(np.float64),
        gross_bps=outcomes["arm.live.gross_bps"].to_numpy(np.float64),
        net_bps=outcomes["arm.live.net_bps"].to_numpy(np.float64),
    )
    try:
        figures: dict[str, Any] = msgspec.to_builtins(skill_of(everything))
    except TickloopError:  # nothing moved: there is nothing to say
        return None
    return figures


def _account(account: pd.DataFrame) -> dict[str, Any]:
    closing = account.groupby("symbol", sort=True)[list(CLOSING)].last()
    summed = account_total(account)
    symbols = closing.to_dict("index")
    capitals = max(1, summed.symbols)
    return {
        "symbols": symbols,
        # In bps of all capital: every symbol has an equal part of it.
        "total": {
            "symbols": summed.symbols,
            "gross_bps": _last(summed.gross_bps) / capitals,
            "cost_bps": _last(summed.cost_bps) / capitals,
            "net_bps": _last(summed.net_bps) / capitals,
            "turnover": _last(summed.turnover) / capitals,
            "largest_drawdown_bps": float(summed.drawdown_bps.max(initial=0.0)) / capitals,
            "trades": int(closing["trades"].sum()),
            "wins": int(closing["wins"].sum()),
        },
    }


def _last(column: Any) -> float:
    return float(column[-1]) if len(column) else 0.0
