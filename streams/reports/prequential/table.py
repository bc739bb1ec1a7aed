"""The prequential table: scores of baselines, single components and stages of the pipeline; and conclusions."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from msgspec import Struct

from schemas.errors import ConfigurationError, TickloopError
from schemas.names import MODEL as EXPERT
from streams.reports.prequential import ablations
from streams.reports.prequential.run import PIPELINE, PrequentialRun
from streams.reports.prequential.verdicts import CLAIMED, RowComparison, comparison, sentences
from streams.scoring import block_bootstrap, score_arrays
from streams.scoring.baselines import BASELINES
from streams.scoring.block_bootstrap import Column
from streams.scoring.effective_sample_size import effective_sample_size
from streams.scoring.metrics import Metrics

Kind = Literal["baseline", "component", "stage"]


class Row(Struct, frozen=True):
    """Scores of one forecaster on the tested part of a file; all intervals are 95 % intervals.

    Attributes:
        name: name of the forecaster.
        kind: `baseline`; `component`, a single component of the pipeline; or `stage`, the pipeline up to some
            component. The last stage is the whole pipeline.
        accuracy: fraction of the moves whose direction the forecaster predicted, 0 to 1.
        accuracy_low, accuracy_high: ends of the interval of `accuracy`.
        log_loss: mean log-loss, nats.
        log_loss_low, log_loss_high: ends of the interval of `log_loss`.
        skill: 1 - log-loss / log-loss of the best baseline; above 0 the forecaster is better.
        log_loss_from_start: mean log-loss over training and tested part, nats; None if the forecaster was fitted on the
            training part.
    """

    name: str
    kind: Kind
    accuracy: float
    accuracy_low: float
    accuracy_high: float
    log_loss: float
    log_loss_low: float
    log_loss_high: float
    skill: float
    log_loss_from_start: float | None


class SkillReport(Struct, frozen=True):
    """The prequential table of one file: scores of all forecasters, and conclusions.

    Skill is 1 - log-loss / log-loss of the best baseline.

    Attributes:
        name: name of the file.
        symbols: symbols in the file.
        horizon_ns: how far ahead predictions look, ns; the longest if there are several.
        ticks: number of ticks in the file.
        scored: number of outcomes.
        moved: outcomes whose price moved.
        tested: outcomes among these that were predicted after the training part; rows are scored on them.
        independent: largest number of tested outcomes of which no two overlap in time.
        blocks: number of blocks of the block bootstrap. A block has 5 cells: stretches of time, as long as a horizon,
            in which a price moved.
        resamples, seed: number of resamples and seed of the block bootstrap.
        rows: scores of the baselines, then of the components, then of the stages.
        best_baseline, best_component: names of the baseline and of the component with the lowest log-loss.
        skill: skill of the whole pipeline.
        gain: log-loss of the best component less that of the whole pipeline, nats.
        claim: skill of the whole pipeline less 1.2 (`CLAIMED`) times the skill of the best component.
        metrics: scores of the whole pipeline by symbol and regime, over the tested part.
        sentences: conclusions for a person.
    """

    name: str
    symbols: tuple[str, ...]
    horizon_ns: int
    ticks: int
    scored: int
    moved: int
    tested: int
    independent: int
    blocks: int
    resamples: int
    seed: int
    rows: tuple[Row, ...]
    best_baseline: str
    best_component: str
    skill: RowComparison
    gain: RowComparison
    claim: RowComparison
    metrics: tuple[Metrics, ...]
    sentences: tuple[str, ...]


def report(
    name: str,
    runs: Sequence[PrequentialRun],
    resamples: int = 2_000,
    seed: int = 20_240_808,
) -> SkillReport:
    """The prequential table of one file.

    Args:
        name: name of the file.
        runs: one run for each of `ablations.VARIANTS`, over the same ticks.
        resamples: number of resamples of the block bootstrap.
        seed: seed of the block bootstrap.

    Raises:
        ConfigurationError: there is no tick, or all were refused.
        TickloopError: no price moved after the training part, or the runs scored different outcomes.
    """
    by_name = {run.variant: run for run in runs}
    full = by_name[ablations.FULL.name]
    tested = full.tested
    expect_ticks(name, full)
    if not tested.any():
        fix = "a longer horizon, over more than one tick, or more ticks"
        if not full.scored:
            fix = "more ticks than the warm-up takes ([market] warmup_ticks lowers it), or a shorter horizon"
        raise TickloopError(
            f"{name}: expected outcomes that moved after the training part, was none among {full.scored} outcomes of "
            f"{full.ticks} ticks; fix: {fix}"
        )
    for run in runs:
        if not (np.array_equal(run.made, full.made) and np.array_equal(run.up, full.up)):
            raise TickloopError(f"{name}: expected every run to score the same outcomes, {run.variant!r} did not")

    forecasts = _forecasts(by_name)
    up = full.up[tested]
    losses = {each: score_arrays.log_losses(column[tested], up) for each, (_, column) in forecasts.items()}
    hits = {each: score_arrays.hits(column[tested], up) for each, (_, column) in forecasts.items()}
    symbols, made, horizons_ns = full.symbols[tested], full.made[tested], full.horizons_ns[tested]
    cells = block_bootstrap.cells(symbols, made, horizons_ns)
    blocks = int(cells[-1] + 1) // block_bootstrap.BLOCK
    drawn = block_bootstrap.resampled_means([*losses.values(), *hits.values()], cells, resamples, seed)
    loss_means = dict(zip(losses, drawn, strict=False))
    hit_means = dict(zip(hits, drawn[len(losses) :], strict=True))

    best_baseline = _best(forecasts, losses, "baseline")
    best_component = _best(forecasts, losses, "component")
    base = float(losses[best_baseline].mean())
    rows = tuple(
        Row(
            each,
            kind,
            float(hits[each].mean()),
            *block_bootstrap.interval(hit_means[each]),
            float(losses[each].mean()),
            *block_bootstrap.interval(loss_means[each]),
            1.0 - float(losses[each].mean()) / base,
            None if each in TRAINED else float(score_arrays.log_losses(column, full.up).mean()),
        )
        for each, (kind, column) in forecasts.items()
    )
    last = rows[-1].name
    best_loss, last_loss = float(losses[best_component].mean()), float(losses[last].mean())
    enough = blocks >= block_bootstrap.FEWEST_BLOCKS
    ours, best, theirs = loss_means[last], loss_means[best_component], loss_means[best_baseline]
    skill = comparison(1.0 - last_loss / base, 1.0 - ours / theirs, enough)
    gain = comparison(best_loss - last_loss, best - ours, enough)
    of_component = 1.0 - best_loss / base
    claim = comparison(
        (1.0 - last_loss / base) - CLAIMED * of_component,
        (1.0 - ours / theirs) - CLAIMED * (1.0 - best / theirs),
        enough and of_component > 0.0,
    )
    return SkillReport(
        name=name,
        symbols=tuple(np.unique(full.symbols).tolist()),
        horizon_ns=int(full.horizons_ns.max()),
        ticks=full.ticks,
        scored=full.scored,
        moved=len(full.up),
        tested=len(up),
        independent=effective_sample_size(symbols.tolist(), made.tolist(), horizons_ns.tolist()),
        blocks=blocks,
        resamples=resamples,
        seed=seed,
        rows=rows,
        best_baseline=best_baseline,
        best_component=best_component,
        skill=skill,
        gain=gain,
        claim=claim,
        metrics=tuple(full.metrics),
        sentences=(
            *sentences(best_baseline, best_component, skill, gain, claim, of_component),
            *_left_out(full),
        ),
    )


TRAINED = (ablations.FROZEN.name, ablations.REFITTED.name)

CALIBRATED = "online + calibration"
MIXED = "+ mixture"
CORRECTED = "+ correction"
FULL = "+ regime = full"


def expect_ticks(name: str, run: PrequentialRun) -> None:
    """Check that the run of file `name` had at least one tick that was not refused.

    Raises:
        ConfigurationError: there was no tick, or all were refused; in this case the error gives the most frequent
            reason.
    """
    refused = sum(run.refused.values())
    if refused < run.ticks:
        return
    if not run.ticks:
        raise ConfigurationError(f"{name}: expected ticks, found none; fix: see whether the file is whole")
    reason, count = max(run.refused.items(), key=lambda item: item[1])
    raise ConfigurationError(
        f"{name}: expected ticks that can be predicted from, all {run.ticks:,} were refused, {count:,} as {reason}; "
        "fix: `tickloop backtest` lists them in dead-letters.jsonl; --map, --time-unit, --symbol or --kind may help"
    )


def _forecasts(runs: dict[str, PrequentialRun]) -> dict[str, tuple[Kind, Column]]:
    """Rows in the order of the table."""
    full, model = runs[ablations.FULL.name], runs[ablations.MODEL.name]
    rules = [name for name in full.probabilities if name not in (PIPELINE, EXPERT, *BASELINES)]
    rows: dict[str, tuple[Kind, Column]] = {}
    for name in BASELINES:
        rows[name] = ("baseline", full.probabilities[name])
    for name in rules:
        kind = "model" if name in full.models else "rule"
        rows[f"{kind} {name}"] = ("component", full.probabilities[name])
    for name in TRAINED:
        rows[name] = ("component", runs[name].probabilities[EXPERT])
    rows[ablations.MODEL.name] = ("component", model.probabilities[EXPERT])
    rows[CALIBRATED] = ("stage", model.probabilities[PIPELINE])
    rows[MIXED] = ("stage", runs[ablations.WITHOUT_CORRECTION.name].probabilities[PIPELINE])
    rows[CORRECTED] = ("stage", runs[ablations.WITHOUT_REGIME.name].probabilities[PIPELINE])
    rows[FULL] = ("stage", full.probabilities[PIPELINE])
    return rows


def _left_out(full: PrequentialRun) -> tuple[str, ...]:
    """A sentence on the experts without a row, if there are any."""
    if not full.partial:
        return ()
    return (f"No row, since the pipeline had them at some of the moves only: {', '.join(full.partial)}.",)


def _best(forecasts: dict[str, tuple[Kind, Column]], losses: dict[str, Column], kind: Kind) -> str:
    return min((name for name, (of, _) in forecasts.items() if of == kind), key=lambda name: float(losses[name].mean()))
