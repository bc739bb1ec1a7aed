"""Forecasts of a run on the outcomes whose price moved: by the live version, its experts and the baselines."""

import numpy as np
import pandas as pd
from msgspec import Struct
from numpy.typing import NDArray

from schemas.errors import TickloopError
from schemas.names import LIVE
from streams.reports.track_record.equity import Column, Times
from streams.reports.track_record.frames import nanoseconds
from streams.reports.track_record.skill_over_time import Block, skill_over_time
from streams.scoring import score_arrays
from streams.scoring.effective_sample_size import effective_sample_size

LIVE_COLUMN = "arm.live.probability"


class Part(Struct, frozen=True):
    """The outcomes at which a forecaster was an expert, if these are only some of all outcomes.

    Attributes:
        at: for each outcome, whether the forecaster was an expert.
        count: number of outcomes at which the forecaster was an expert.
        independent: largest number of these outcomes of which no two overlap in time.
    """

    at: NDArray[np.bool_]
    count: int
    independent: int


class Forecasts(Struct, frozen=True):
    """Outcomes in which the price moved, with the probability and the loss of every forecaster.

    The outcomes are in the order of their predictions.

    A forecaster is the live version, one of its experts (a rule or the model), or a baseline.

    Attributes:
        scored: number of outcomes, with and without a move.
        made: event times of the predictions, ns.
        up: whether the price went up.
        horizon_ns: how far ahead the predictions look, ns; the longest if there are several.
        independent: largest number of outcomes of which no two overlap in time.
        probabilities: probabilities of an upward move, by name of the forecaster; NaN where the
            forecaster was no expert of the live version. For example, a model is new in some version:
            NaN before this version went live.
        losses: log-losses, nats, by name of the forecaster; NaN where the probability is NaN.
        parts: for each forecaster that was an expert at some of the outcomes only, by its name: these
            outcomes.
        baselines: names of the baselines.
        best: name of the baseline with the lowest mean log-loss, chosen with hindsight.
    """

    scored: int
    made: Times
    up: NDArray[np.bool_]
    horizon_ns: int
    independent: int
    probabilities: dict[str, Column]
    losses: dict[str, Column]
    baselines: tuple[str, ...]
    best: str
    parts: dict[str, Part] = {}

    def skill(self, name: str, edges: Times | None = None) -> list[Block]:
        """Skill of the forecaster `name` against the best baseline, in blocks of event time.

        Both are judged on the outcomes at which the forecaster was an expert. `edges` are the event times between the
        blocks, ns, ascending; None: one block over the whole run.
        """
        whole = np.array([self.made[0], self.made[-1] + 1]) if edges is None else edges
        at = self.parts[name].at if name in self.parts else slice(None)
        losses, reference = self.losses[name][at], self.losses[self.best][at]
        return skill_over_time(self.made[at], losses, reference, self.horizon_ns, whole)


def forecasts(outcomes: pd.DataFrame) -> Forecasts | None:
    """The forecasts of a run, from its table of outcomes; None if no price moved.

    >>> outcomes = pd.DataFrame({"symbol": "X", "ts_prediction": [0, 50, 120], "label": [1, 0, -1], "horizon_ns": 100})
    >>> outcomes["arm.live.probability"], outcomes["baseline.majority"] = 0.6, [0.5, 0.6, 0.7]
    >>> found = forecasts(outcomes)
    >>> found.scored, found.up.tolist(), found.independent, found.best
    (3, [True, False], 2, 'majority')

    Raises:
        TickloopError: the table has no column of a baseline.
    """
    if outcomes.empty or not (outcomes["label"] != 0).any():
        return None
    moved = outcomes[outcomes["label"] != 0].sort_values("ts_prediction", kind="stable")
    names = [str(name) for name in outcomes.columns]
    baselines = tuple(name.removeprefix("baseline.") for name in names if name.startswith("baseline."))
    if not baselines:
        raise TickloopError("expected columns `baseline.NAME` beside the live arm, was none; fix: do not drop them")
    up = moved["label"].to_numpy() > 0
    made = nanoseconds(moved["ts_prediction"])
    horizons = moved["horizon_ns"].to_numpy()
    columns = {LIVE: LIVE_COLUMN}
    columns |= {name.removeprefix("expert."): name for name in names if name.startswith("expert.")}
    columns |= {name: f"baseline.{name}" for name in baselines}
    told = {name: moved[column].to_numpy(float) for name, column in columns.items()}
    for name in (LIVE, *baselines):
        told[name] = np.where(np.isnan(told[name]), 0.5, told[name])
    told = {name: column for name, column in told.items() if not np.isnan(column).all()}
    symbols = moved["symbol"].to_numpy()
    parts = {
        name: Part(
            at, int(at.sum()), effective_sample_size(symbols[at].tolist(), made[at].tolist(), horizons[at].tolist())
        )
        for name, column in told.items()
        if not (at := ~np.isnan(column)).all()
    }
    losses = {name: score_arrays.log_losses(column, up) for name, column in told.items()}
    return Forecasts(
        scored=len(outcomes),
        made=made,
        up=up,
        horizon_ns=int(horizons.max()),
        independent=effective_sample_size(moved["symbol"].tolist(), made.tolist(), horizons.tolist()),
        probabilities=told,
        losses=losses,
        baselines=baselines,
        best=min(baselines, key=lambda name: float(losses[name].mean())),
        parts=parts,
    )
