"""One retrain as a pure function: takes outcomes and the reason for the retrain, returns a result."""

from collections.abc import Iterator, Sequence

from msgspec import UNSET
from msgspec.structs import replace

from schemas.models import ModelState, state_sha256
from schemas.retraining import BackwardTransfer, RetrainingResult
from schemas.windows import Breach
from streams.market.models import signed_logistic
from streams.market.parameters import MarketParameters
from streams.retraining.beginning import Beginning, overrides_of
from streams.retraining.contenders import Contender, Fits, contenders
from streams.retraining.gates import HeldOut, finite, gates, metrics
from streams.retraining.labels import Labelled
from streams.retraining.parameters import RetrainParameters
from streams.retraining.rerun import opinions_alone
from streams.retraining.split import split
from streams.scoring import overlapping_mean
from streams.scoring.scores import mean_log_loss

LOOKED_BACK = 2_000
"""Outcomes before the change that backward transfer is measured on."""


def retrain(
    symbol: str,
    breach: Breach,
    log: Sequence[Labelled],
    market: MarketParameters,
    parameters: RetrainParameters | None = None,
    pool: Sequence[ModelState] = (),
) -> RetrainingResult:
    """Train models, choose the best on held-out outcomes, and check whether it meets all conditions (gates).

    Compared are a logistic regression fitted to all labels, one fitted to the labels since the change in the market,
    each of these two with one further model beside it (trees fitted to the same labels, or a model of `[market.models]`
    that was taught them anew), and each earlier version in `pool`. If the best is fitted, it is fitted again with the
    held-out labels included; an earlier version is taken unchanged. Should that fail, the next best takes its place.
    Only one is checked. Where a further model could not be fitted or taught, the sentence of the result says why.

    Args:
        symbol: symbol of the outcomes.
        breach: why the retrain is needed; its id becomes the id of the job.
        log: outcomes known when the need arose, the oldest first.
        market: parameters of the symbol.
        parameters: parameters of the retrain; None: defaults.
        pool: states of earlier versions; those that the symbol cannot run are left out.

    Returns:
        The result, whose status is `candidate` if the best model passed all gates, `rejected` if it failed one, and
        `too_few_samples` if there were too few labels.
    """
    parameters = parameters or RetrainParameters()
    moved = [each for each in log if each.label][-parameters.labels :]
    held_out = _hold_out(breach, moved, parameters)
    parent = log[-1].version if log else ""
    begun = RetrainingResult(
        job_id=breach.id, symbol=symbol, status="too_few_samples", sentence="", trigger=breach.trigger, parent=parent
    )
    needed = held_out + parameters.least_trained
    if len(moved) < needed:
        return replace(begun, sentence=f"{len(moved):,} labels are too few: {needed:,} are needed")
    log = log[_index_of(log, moved[0].ts) :]
    parts = split(log, held_out)
    fits = Fits(market, parameters)
    compared = list(contenders(parts, breach, market, fits, parameters, pool))
    if not compared:
        return replace(
            begun, sentence=f"too few labels before the hold-out: fewer than {parameters.least_trained:,} left"
        )
    ranked = sorted(compared, key=lambda each: each.loss)
    best, final, trained = next(_fitted_again(ranked, moved, fits))
    learned = [each for each in parts.trained if each.label]
    usual = sum(abs(each.return_bps) for each in learned) / max(1, len(learned))
    held = HeldOut(parts.held_out, best.told, usual)
    candidate = _candidate(symbol, breach, best, final, parent, market)
    rows = gates(held, final, parameters, len(compared))
    sound = finite(final)
    failed = [row.name for row in rows if not row.passed]
    figures = metrics(held)
    sentence = (
        f"{candidate.version} ({best.recipe}): log-loss {figures['candidate.log_loss']:.4f} against "
        f"{figures['current.log_loss']:.4f} of {parent} on {held_out:,} held-out labels; "
        + (f"failed: {', '.join(failed)}" if failed else f"all {len(rows)} gates passed")
        + "".join(f"; {why}" for why in fits.untried.values())
    )
    return RetrainingResult(
        job_id=breach.id,
        symbol=symbol,
        status="rejected" if failed else "candidate",
        sentence=sentence,
        trigger=breach.trigger,
        # Numbers that are not finite have no form on the wire.
        candidate=candidate if sound else None,
        sha256=state_sha256(candidate) if sound else "",
        parent=parent,
        recipe=best.recipe,
        contenders=len(compared),
        trained_from=trained[0].ts if trained else 0,
        trained_until=max((each.matured for each in trained), default=0),
        n_trained=len(trained),
        n_validated=held_out,
        purged=parts.purged,
        metrics=figures,
        gates=rows,
        backward_transfer=_backward(final, trained, log, breach.since or parts.held_out[0].ts, market, parameters),
    )


def _hold_out(breach: Breach, moved: Sequence[Labelled], parameters: RetrainParameters) -> int:
    """Number of labels to hold out: a fraction of those since the change, so that some of these are left for training.

    The held-out labels span at least 18 of the longest horizons, so that a statistical bound can be computed from them.
    """
    longest = max((each.horizon_ns for each in moved), default=0)
    span = (overlapping_mean.FEWEST + 6) * overlapping_mean.HORIZONS * longest
    spanned = sum(each.ts > moved[-1].ts - span for each in moved) if moved else 0
    since = sum(each.ts >= breach.since for each in moved) if breach.since else 0
    counted = since or breach.since_outcomes or len(moved)
    share = round(counted * parameters.validation_share)
    return max(parameters.least_validated, min(parameters.most_validated, max(share, spanned)))


def _index_of(log: Sequence[Labelled], ts: int) -> int:
    return next(index for index, each in enumerate(log) if each.ts >= ts)


def _fitted_again(
    ranked: Sequence[Contender], moved: Sequence[Labelled], fits: Fits
) -> Iterator[tuple[Contender, Beginning, Sequence[Labelled]]]:
    """Contenders with the models to be run and the labels that these were fitted to, the held-out ones included.

    A contender whose further model cannot be taught these labels is left out.
    """
    for each in ranked:
        if each.stored is not None:
            yield each, each.beginning, ()
            continue
        trained = [label for label in moved if label.ts >= each.trained[0].ts]
        final = fits.again(each, trained)
        if final is not None:
            yield each, final, trained


def _candidate(
    symbol: str, breach: Breach, best: Contender, final: Beginning, parent: str, market: MarketParameters
) -> ModelState:
    if best.stored is not None:
        return best.stored
    wire = signed_logistic.to_wire(final.model, market.model.features)
    # Named by what it is, so that the same job names it alike and another job cannot.
    unnamed = ModelState(f"{symbol}-{breach.id}", wire, parent, final.expert or UNSET)
    return replace(unnamed, version=f"{symbol}-{state_sha256(unnamed)[:12]}")


def _backward(
    final: Beginning,
    trained: Sequence[Labelled],
    log: Sequence[Labelled],
    until: int,
    market: MarketParameters,
    parameters: RetrainParameters,
) -> tuple[BackwardTransfer, ...]:
    """Log-loss of the candidate's model in each regime before the market changed, without further learning.

    Of a candidate with a further model (trees, or a taught model) it is that of this model.

    Args:
        final: models of the candidate.
        trained: labels that they were fitted to; empty for an earlier version.
        log: all outcomes.
        until: time of the change, or of the first held-out prediction if no change is known, ns.
        market: parameters of the symbol.
        parameters: parameters of the retrain.
    """
    earlier = [each for each in log if each.matured <= until][-LOOKED_BACK:]
    told = opinions_alone(final, earlier, market, overrides_of(final.expert, market, parameters))
    from_ts = trained[0].ts if trained else None
    rows = []
    for regime in sorted({each.regime for each in earlier}):
        moved = [(each, p) for each, p in zip(earlier, told, strict=True) if each.label and each.regime == regime]
        if moved:
            rows.append(
                BackwardTransfer(
                    regime,
                    len(moved),
                    mean_log_loss((p for _, p in moved), (each.label for each, _ in moved)),
                    mean_log_loss((each.live for each, _ in moved), (each.label for each, _ in moved)),
                    in_sample=from_ts is not None and moved[-1][0].ts >= from_ts,
                )
            )
    return tuple(rows)
