"""Backtests: all nodes run over recorded ticks, with the code and the bytes of the live system; results are tables."""

from typing import Any

import pandas as pd
from msgspec import Struct

from schemas.accounts import AccountMarked
from schemas.dead_letters import DeadLetter
from schemas.experiments import ExperimentDecided, ExperimentMoved
from schemas.outcomes import OutcomeMatured
from schemas.predictions import Prediction
from schemas.topics import PARTITIONS
from schemas.windows import AccuracyWindow
from streams.api.ticks import Ticks, feed
from streams.engine.backtest import Decision, Engine
from streams.market.parameters import MarketParameters
from streams.parameters import Parameters
from streams.reports.backtest_columns import TABLES, columns, frame
from streams.reports.backtest_summary import summary
from streams.topology import nodes

DEFAULTS = Parameters()


class Backtest(Struct, frozen=True, eq=False):
    """Records of a backtest as DataFrames, and a summary.

    Attributes:
        predictions, outcomes, account, decisions, accuracy_windows, experiments, experiment_decisions, dead_letters:
            one row for each record, in the order of the ticks. Columns are the fields of the records; nested fields
            have dotted names such as `arm.live.probability`, `baseline.<name>`, `feature.<name>` or `weight.<name>`.
        summary: counts, digests, skill compared with baselines, and account, as in the file `summary.json`.
    """

    predictions: pd.DataFrame
    outcomes: pd.DataFrame
    account: pd.DataFrame
    decisions: pd.DataFrame
    accuracy_windows: pd.DataFrame
    experiments: pd.DataFrame
    experiment_decisions: pd.DataFrame
    dead_letters: pd.DataFrame
    summary: dict[str, Any]

    @property
    def digest(self) -> dict[str, str]:
        """Digest of all records of each topic, hex, by topic.

        Two runs, or a run and a live topic, have equal digests exactly if their records are equal.
        """
        return {topic: digests["all"] for topic, digests in self.summary["digests"].items()}


def backtest(
    ticks: Ticks,
    pipeline: Parameters | MarketParameters = DEFAULTS,
    *,
    partitions: int = PARTITIONS,
    digests: bool = True,
) -> Backtest:
    """Run all nodes of the system over recorded ticks, and return all records and a summary.

    All records are held in memory; for long files use the command `tickloop backtest`.

    Args:
        ticks: a file or several (merged by event time), a DataFrame or numpy arrays, or tick records in order of event
            time.
        pipeline: parameters of all nodes, or those of the market node alone.
        partitions: number of partitions of every topic; it affects record ids and digests.
        digests: whether to compute the digests; without them the run is faster.

    >>> from streams.sources.synthetic import synthetic_market
    >>> run = backtest(synthetic_market(seed=1, ticks=2_000))
    >>> len(run.predictions), run.summary["counts"]["predictions"], round(run.account["net_bps"].iloc[-1], 3)
    (2000, 2000, np.float64(-0.33))
    """
    parameters = Parameters(pipeline) if isinstance(pipeline, MarketParameters) else pipeline
    engine = Engine(nodes(parameters), partitions, with_digests=digests)
    records: dict[type, list[Struct]] = {kind: [] for kind in TABLES}
    for item in feed(ticks):
        for record in engine.take(item):
            if (kept := records.get(type(record))) is not None:  # what is asked of a root has no table
                kept.append(record)
    records[Decision] += engine.decisions
    tables = {kind: frame(kind, columns(kind, of_kind)) for kind, of_kind in records.items()}
    said = summary(engine.facts, parameters, tables[OutcomeMatured], tables[AccountMarked])
    return Backtest(
        predictions=tables[Prediction],
        outcomes=tables[OutcomeMatured],
        account=tables[AccountMarked],
        decisions=tables[Decision],
        accuracy_windows=tables[AccuracyWindow],
        experiments=tables[ExperimentMoved],
        experiment_decisions=tables[ExperimentDecided],
        dead_letters=tables[DeadLetter],
        summary=said,
    )
