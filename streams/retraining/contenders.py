"""The models that one retrain compares: fits to its labels, and stored versions, each run over the hold-out."""

from collections.abc import Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from schemas.errors import EnvironmentProblem, TickloopError
from schemas.models import ExpertModel, ModelState, TreesState
from schemas.windows import Breach
from streams.market.arm_parameters import ArmParameters
from streams.market.feature_users import vector_of_models
from streams.market.models import signed_logistic
from streams.market.models.parameters import SignedLogisticParameters, TreesParameters
from streams.market.models.signed_logistic import SignedLogistic
from streams.market.parameters import MarketParameters
from streams.retraining.beginning import TREES, Beginning, overrides_of
from streams.retraining.fitting import PASSES, fit
from streams.retraining.labels import Labelled
from streams.retraining.parameters import RetrainParameters
from streams.retraining.rerun import rerun
from streams.retraining.split import Split
from streams.retraining.teaching import Untaught, taught, teachable
from streams.scoring.scores import mean_log_loss

LEARNED = 6_000
"""Fewest learning steps of a fit, about 0.1 s."""


class Contender(Struct, frozen=True):
    """Models that may be chosen by a retrain, with their result on the held-out outcomes.

    Attributes:
        recipe: where the models are from: `all`: fitted to all labels; `since`: fitted to the labels since the change
            in the market; `trees`: trees and a logistic regression, fitted to the same labels, which are those of `all`
            or of `since`; `stored`: an earlier version; otherwise the name of a model of `[market.models]` that was
            taught the same labels anew, with a logistic regression.
        beginning: the models; if they are fitted, then to labels of the training part only.
        trained: labels that the models were fitted to; empty for an earlier version.
        stored: state of the earlier version; None for fitted models.
        told: probability of an upward move for each held-out outcome.
        loss: mean log-loss of these probabilities where the mid moved, nats.
    """

    recipe: str
    beginning: Beginning
    trained: Sequence[Labelled]
    stored: ModelState | None
    told: Sequence[float]
    loss: float


class Fits:
    """Fits the models of one symbol.

    Args:
        market: parameters of the symbol.
        parameters: parameters of the retrain.

    Attributes:
        untried: for each further model that could not be tried so far, why, by its name.
    """

    def __init__(self, market: MarketParameters, parameters: RetrainParameters) -> None:
        self._market, self._parameters = market, parameters
        self._vector = vector_of_models(market)
        rate = parameters.learning_rate or market.model.learning_rate
        self._learner: SignedLogisticParameters = replace(market.model, learning_rate=rate, learns=True)
        self.untried: dict[str, str] = {}

    def recipes(self, recipe: str, labels: Sequence[Labelled]) -> Iterator[tuple[str, Beginning]]:
        """Yield a logistic regression fitted to the labels, then the same regression with one further model beside it.

        Further models are trees, and each model of `[market.models]` that learns, taught anew. All of them have the
        same labels. Each comes with the name of its recipe: `recipe` for the regression alone, `trees`, or the name
        of the taught model. A further model that cannot be fitted or taught is left out, for example because there
        are too few labels.

        Args:
            recipe: name for the logistic regression alone, `all` or `since`.
            labels: labels of outcomes in which the mid moved.
        """
        model = self.logistic(labels)
        yield recipe, Beginning(model)
        trees = self._trees(labels)
        if trees is not None:
            yield TREES, Beginning(model, ExpertModel(TREES, trees))
        for name in teachable(self._market):
            expert = self._taught(name, labels)
            if expert is not None:
                yield name, Beginning(model, expert)

    def again(self, contender: Contender, labels: Sequence[Labelled]) -> Beginning | None:
        """Fit the models of a contender again, to other labels; None if its further model cannot be taught these."""
        before = contender.beginning.expert
        if before is None:
            return Beginning(self.logistic(labels))
        if isinstance(before.model, TreesState):
            trees = self._trees(labels)
            expert = None if trees is None else ExpertModel(TREES, trees)
        else:
            expert = self._taught(before.name, labels)
        return None if expert is None else Beginning(self.logistic(labels), expert)

    def logistic(self, labels: Sequence[Labelled]) -> SignedLogistic:
        """Fit a logistic regression; fewer labels get more passes."""
        passes = max(PASSES, LEARNED // len(labels))
        return fit([(each.features, each.label > 0, each.uniqueness) for each in labels], self._learner, passes)

    def _trees(self, labels: Sequence[Labelled]) -> TreesState | None:
        """Fit trees; None if they are not asked for, the labels are too few, or LightGBM is missing."""
        declared = self._market.models.get(TREES, TreesParameters(features=self._vector))
        asked = self._parameters.trees
        taken = not isinstance(declared, TreesParameters) or self._market.mixture.prior.get(TREES) == 0.0
        if not asked.enabled or len(labels) < asked.least_labels or taken:
            return None
        # NumPy and LightGBM are for this process alone: the loop's processes import this module, too.
        from streams.retraining.trees_fitting import fit_trees

        try:
            return fit_trees(labels, declared.features, self._vector, asked)
        except EnvironmentProblem as problem:
            self.untried.setdefault(TREES, f"no trees were tried: {problem}")
            return None

    def _taught(self, name: str, labels: Sequence[Labelled]) -> ExpertModel | None:
        """Teach a model of `[market.models]` anew; None if that is not asked for, or it cannot be taught."""
        asked = self._parameters.models
        if not asked.enabled or len(labels) < asked.least_labels:
            return None
        try:
            return taught(name, labels, self._market, self._vector, asked.most_labels)
        except Untaught as problem:
            self.untried.setdefault(name, str(problem))
            return None


def contenders(
    parts: Split,
    breach: Breach,
    market: MarketParameters,
    fits: Fits,
    parameters: RetrainParameters,
    pool: Sequence[ModelState],
) -> Iterator[Contender]:
    """The models that a retrain compares, each with its result on the held-out outcomes.

    Args:
        parts: training part and hold-out.
        breach: why the retrain is needed; it says when the market changed, if that is known.
        market: parameters of the symbol.
        fits: fits the models.
        parameters: parameters of the retrain.
        pool: earlier versions. Versions that the symbol cannot run with its present parameters, for example
            because they need other features, are left out.
    """
    learned = [each for each in parts.trained if each.label]
    since = _since(breach, learned, sum(each.label != 0 for each in parts.held_out) + parts.purged)
    recipes = {"all": learned} if since is learned else {"all": learned, "since": since}
    for name, labels in recipes.items():
        if len(labels) >= parameters.least_trained:
            for recipe, beginning in fits.recipes(name, labels):
                yield _contender(recipe, beginning, labels, None, parts, market, parameters)
    for state, beginning in _usable(pool, market):
        yield _contender("stored", beginning, (), state, parts, market, parameters)


def _since(breach: Breach, learned: list[Labelled], after: int) -> list[Labelled]:
    if breach.since:
        return [each for each in learned if each.ts >= breach.since]
    if breach.since_outcomes > after:
        return learned[-(breach.since_outcomes - after) :]
    return learned


def _usable(pool: Sequence[ModelState], market: MarketParameters) -> Iterator[tuple[ModelState, Beginning]]:
    """Stored versions that bring a logistic regression of their own, and only what an arm of this symbol can run."""
    variants = ArmParameters(market)
    for state in pool:
        if state.model is None or state.model.features != market.model.features:
            continue
        try:
            variants.checked({}, state, from_live=False)
        except TickloopError:  # a feature or a library is there no more: the version is no contender
            continue
        yield state, Beginning(signed_logistic.from_wire(state.model, market.model.features), state.expert or None)


def _contender(
    recipe: str,
    beginning: Beginning,
    trained: Sequence[Labelled],
    stored: ModelState | None,
    parts: Split,
    market: MarketParameters,
    parameters: RetrainParameters,
) -> Contender:
    told = rerun(beginning, parts.held_out, market, overrides_of(beginning.expert, market, parameters))
    moved = [(p, each.label) for p, each in zip(told, parts.held_out, strict=True) if each.label]
    return Contender(recipe, beginning, trained, stored, told, mean_log_loss(*zip(*moved, strict=True)))
