"""One retrain as a pure function: takes outcomes and the reason for the retrain, returns a result."""

from collections.abc import Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from schemas.models import ModelState, state_sha256
from schemas.retraining import BackwardTransfer, RetrainingResult
from schemas.windows import Breach
from streams.market.models import signed_logistic
from streams.market.models.parameters import SignedLogisticParameters
from streams.market.models.signed_logistic import SignedLogistic, SignedLogisticLearner
from streams.market.parameters import MarketParameters
from streams.retraining.fitting import PASSES, fit
from streams.retraining.gates import HeldOut, gates, metrics
from streams.retraining.labels import Labelled
from streams.retraining.parameters import RetrainParameters
from streams.retraining.rerun import rerun
from streams.retraining.split import Split, split
from streams.scoring import overlapping_mean
from streams.scoring.scores import mean_log_loss

LEARNED = 6_000
"""Fewest learning steps of a fit, about 0.1 s."""

LOOKED_BACK = 2_000
"""Outcomes before the change that backward transfer is measured on."""


class Contender(Struct, frozen=True):
    """A model that may be chosen by a retrain, with its result on the held-out outcomes.

    Attributes:
        recipe: where the model is from: `all`: fitted to all labels; `since`: fitted to the labels since the change in
            the market; `stored`: an earlier version.
        model: the model; if it is fitted, then to labels of the training part only.
        trained: labels that the model was fitted to; empty for an earlier version.
        stored: state of the earlier version; None for a fitted model.
        told: the model's probability of an upward move for each held-out outcome.
        loss: mean log-loss of these probabilities where the mid moved, nats.
    """

    recipe: str
    model: SignedLogistic
    trained: Sequence[Labelled]
    stored: ModelState | None
    told: Sequence[float]
    loss: float


def retrain(
    symbol: str,
    breach: Breach,
    log: Sequence[Labelled],
    market: MarketParameters,
    parameters: RetrainParameters | None = None,
    pool: Sequence[ModelState] = (),
) -> RetrainingResult:
    """Train models, choose the best on held-out outcomes, and check whether it meets all conditions (gates).

    Three sorts of models are compared: a model fitted to all labels, a model fitted to the labels since the change in
    the market, and each earlier version in `pool`. If the best is a fitted model, it is fitted again with the held-out
    labels included; an earlier version is taken unchanged. Only the best model is checked.

    Args:
        symbol: symbol of the outcomes.
        breach: why the retrain is needed; its id becomes the id of the job.
        log: outcomes known when the need arose, the oldest first.
        market: parameters of the symbol.
        parameters: parameters of the retrain; None: defaults.
        pool: states of earlier versions over the same features.

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
    learner = _learner(market.model, parameters)
    contenders = list(_contenders(parts, breach, market, learner, parameters, pool))
    if not contenders:
        return replace(
            begun, sentence=f"too few labels before the hold-out: fewer than {parameters.least_trained:,} left"
        )
    best = min(contenders, key=lambda each: each.loss)
    learned = [each for each in parts.trained if each.label]
    usual = sum(abs(each.return_bps) for each in learned) / max(1, len(learned))
    held = HeldOut(parts.held_out, best.told, usual)
    candidate, final, trained = _candidate(symbol, breach, best, moved, parent, learner)
    rows = gates(held, final, parameters, len(contenders))
    failed = [row.name for row in rows if not row.passed]
    figures = metrics(held)
    sentence = (
        f"{candidate.version} ({best.recipe}): log-loss {figures['candidate.log_loss']:.4f} against "
        f"{figures['current.log_loss']:.4f} of {parent} on {held_out:,} held-out labels; "
        + (f"failed: {', '.join(failed)}" if failed else f"all {len(rows)} gates passed")
    )
    return RetrainingResult(
        job_id=breach.id,
        symbol=symbol,
        status="rejected" if failed else "candidate",
        sentence=sentence,
        trigger=breach.trigger,
        # Numbers that are not finite have no form on the wire.
        candidate=candidate if final.sound else None,
        sha256=state_sha256(candidate) if final.sound else "",
        parent=parent,
        recipe=best.recipe,
        contenders=len(contenders),
        trained_from=trained[0].ts if trained else 0,
        trained_until=max((each.matured for each in trained), default=0),
        n_trained=len(trained),
        n_validated=held_out,
        purged=parts.purged,
        metrics=figures,
        gates=rows,
        backward_transfer=_backward(best, final, trained, log, breach, parts, market),
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


def _contenders(
    parts: Split,
    breach: Breach,
    market: MarketParameters,
    learner: SignedLogisticParameters,
    parameters: RetrainParameters,
    pool: Sequence[ModelState],
) -> Iterator[Contender]:
    learned = [each for each in parts.trained if each.label]
    since = _since(breach, learned, sum(each.label != 0 for each in parts.held_out) + parts.purged)
    recipes = {"all": learned} if since is learned else {"all": learned, "since": since}
    for recipe, labels in recipes.items():
        if len(labels) >= parameters.least_trained:
            yield _contender(recipe, _fit(labels, learner), labels, None, parts, market)
    for state in pool:
        assert state.model is not None
        model = signed_logistic.from_wire(state.model, market.model.features)
        yield _contender("stored", model, (), state, parts, market)


def _since(breach: Breach, learned: list[Labelled], after: int) -> list[Labelled]:
    if breach.since:
        return [each for each in learned if each.ts >= breach.since]
    if breach.since_outcomes > after:
        return learned[-(breach.since_outcomes - after) :]
    return learned


def _contender(
    recipe: str,
    model: SignedLogistic,
    trained: Sequence[Labelled],
    stored: ModelState | None,
    parts: Split,
    market: MarketParameters,
) -> Contender:
    told = rerun(model, parts.held_out, market)
    moved = [(p, each.label) for p, each in zip(told, parts.held_out, strict=True) if each.label]
    return Contender(recipe, model, trained, stored, told, mean_log_loss(*zip(*moved, strict=True)))


def _learner(model: SignedLogisticParameters, parameters: RetrainParameters) -> SignedLogisticParameters:
    return replace(model, learning_rate=parameters.learning_rate or model.learning_rate, learns=True)


def _fit(labels: Sequence[Labelled], learner: SignedLogisticParameters) -> SignedLogistic:
    """Fit a model; fewer labels get more passes."""
    passes = max(PASSES, LEARNED // len(labels))
    return fit([(each.features, each.label > 0, each.uniqueness) for each in labels], learner, passes)


def _candidate(
    symbol: str,
    breach: Breach,
    best: Contender,
    moved: Sequence[Labelled],
    parent: str,
    learner: SignedLogisticParameters,
) -> tuple[ModelState, SignedLogistic, Sequence[Labelled]]:
    if best.stored is not None:
        return best.stored, best.model, ()
    trained = [each for each in moved if each.ts >= best.trained[0].ts]
    final = _fit(trained, learner)
    wire = signed_logistic.to_wire(final, learner.features)
    # Named by what it is, so that the same job names it alike and another job cannot.
    unnamed = ModelState(f"{symbol}-{breach.id}", wire, parent)
    version = f"{symbol}-{state_sha256(unnamed)[:12]}"
    return ModelState(version, wire, parent), final, trained


def _backward(
    best: Contender,
    final: SignedLogistic,
    trained: Sequence[Labelled],
    log: Sequence[Labelled],
    breach: Breach,
    parts: Split,
    market: MarketParameters,
) -> tuple[BackwardTransfer, ...]:
    """Log-loss of the candidate's model in each regime before the market changed, without further learning.

    If no time of a change is known, outcomes before the hold-out are used.
    """
    until = breach.since or parts.held_out[0].ts
    earlier = [each for each in log if each.matured <= until][-LOOKED_BACK:]
    learner = SignedLogisticLearner(market.model)
    told = [learner.opinion(final, each.features) for each in earlier]
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
