"""Parameters of an experiment: its plan, which must not change once the experiment has begun."""

from hashlib import sha256
from typing import Annotated, Literal

from msgspec import Meta, Struct, json, to_builtins

from schemas.errors import ConfigurationError
from streams.engine.bounds import MOST, Count, Duration, NotNegative, Positive
from streams.experiments.engines.batches import FEWEST
from streams.experiments.engines.group_sequential import Spending
from streams.experiments.scores import Metric

Level = Annotated[float, Meta(gt=0.0, lt=0.5)]

ADDED_SINCE = {"scope": "symbol", "clock_ns": 0}
"""Parameters that digests leave out at these values, as earlier releases did not have them."""


class ExperimentParameters(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Table `[experiments.NAME.test]`: plan of one experiment of challenger A against champion B.

    A pair is the results of A and B on one prediction; its score is above 0 when A was better. Scores
    of the metrics `returns` and `log_growth` are in standard deviations of the difference between A and
    B in the warm-up.

    Attributes:
        primary: metric that decides.
        guardrails: metrics that can only block a winner, each with the most by which A may be worse in
            it.
        plan: `always_valid` decides after any batch; `group_sequential` decides only at a few looks,
            which are equally spaced up to `longest` pairs.
        alpha: largest probability that the challenger wins although its true mean score is not above
            `margin`.
        beta: probability that a true effect of `worth` is given up as futile; 0: no test is given up.
        margin: by how much the mean primary score must exceed 0 for a winner.
        worth: smallest mean primary score that is worth finding.
        batch: pairs that are averaged to one observation; at least 5 times the pairs that overlap in
            time.
        clock_ns: length of windows of event time, ns. A batch closes at the end of a window, once it
            has `batch` pairs; 0: it closes as soon as it has `batch` pairs.
        scope: `symbol`: each symbol decides by its own pairs; `pooled`: all declared symbols decide
            together. Pairs of all symbols at the same time are then in one batch, so that symbols that
            move together count once.
        expected: pairs after which a decision is expected; the test is most powerful there.
        longest: pairs after which the experiment ends without a decision.
        warmup: pairs before the first batch, from which the scale of the scores is estimated.
        minimum_batches: fewest batches before a winner is named.
        recent: number of latest batches that are looked at before a winner is named: none is named
            while their mean lies significantly below `margin`.
        challengers: number of challengers against the same champion at once; each then needs that many
            times the evidence.
        bound: c, where every primary score is at least `margin` - c; 0: no such bound is known, and the
            second e-process, for bounded scores, is left out.
        spending: how a `group_sequential` plan spreads alpha over its looks.
        looks: number of looks of a `group_sequential` plan.
        memory: pairs over which the volatilities of the metric `risk_adjusted` decay.
        rejected: largest fraction, 0 to 1, of pairs rejected for numbers out of range; above it no
            winner is named.
    """

    primary: Metric = "risk_adjusted"
    guardrails: dict[Metric, Positive] = {}
    plan: Literal["always_valid", "group_sequential"] = "always_valid"
    alpha: Level = 0.05
    beta: Annotated[float, Meta(ge=0.0, lt=0.5)] = 0.1
    margin: NotNegative = 0.0
    worth: Positive = 0.1
    batch: Count = 100
    expected: Positive = 5_000.0
    longest: Count = 100_000
    warmup: Annotated[int, Meta(ge=2, le=MOST)] = 500
    minimum_batches: Annotated[int, Meta(ge=FEWEST, le=MOST)] = 30
    recent: Annotated[int, Meta(ge=5, le=50)] = 20
    challengers: Annotated[int, Meta(ge=1, le=1_000)] = 1
    bound: NotNegative = 0.0
    spending: Spending = "obrien_fleming"
    looks: Annotated[int, Meta(ge=1, le=20)] = 5
    memory: Annotated[int, Meta(ge=10, le=MOST)] = 1_000
    rejected: Annotated[float, Meta(ge=0.0, le=1.0)] = 0.01
    scope: Literal["symbol", "pooled"] = "symbol"
    clock_ns: Duration = 0

    def __post_init__(self) -> None:
        """Check that the parameters do not contradict one another.

        Raises:
            ConfigurationError: two parameters contradict one another.
        """
        needed = self.batch * self.fewest_batches
        if self.longest < needed:
            raise ConfigurationError(
                f"experiment: expected longest of at least {needed} pairs, was {self.longest}; "
                "fix: smaller batches, fewer looks, or a longer run"
            )
        if self.primary in self.guardrails:
            raise ConfigurationError(f"experiment: expected guardrails besides the primary metric {self.primary!r}")
        if self.worth <= self.margin:
            raise ConfigurationError(
                f"experiment: expected an effect worth finding above the margin of {self.margin}, was {self.worth}"
            )
        if self.primary == "sharpe":
            raise ConfigurationError(
                "experiment: expected a primary metric with batches, was 'sharpe'; fix: primary 'risk_adjusted', and "
                "'sharpe' as a guardrail"
            )
        if self.bound and self.primary == "drawdown":
            raise ConfigurationError("experiment: expected no bound, a drawdown is no score of a pair")
        if self.clock_ns and self.plan == "group_sequential":
            raise ConfigurationError(
                "experiment: expected planned looks at batches of a known size, was clock_ns, by which they differ; "
                "fix: clock_ns = 0, or plan = 'always_valid'"
            )
        if self.scope == "pooled":
            self._check_pooled()

    @property
    def fewest_batches(self) -> int:
        """Fewest batches that the plan needs in all; `longest` must be at least this number times `batch`."""
        # A look at fewer batches than the dependence check needs would be lost.
        looks = self.looks * FEWEST if self.plan == "group_sequential" else 1
        return max(self.minimum_batches, looks)

    def _check_pooled(self) -> None:
        if not self.clock_ns:
            raise ConfigurationError(
                "experiment: expected clock_ns with scope = 'pooled': event time is what symbols have in common; "
                "fix: clock_ns of some horizons, for example 60_000_000_000"
            )
        if "drawdown" in (self.primary, *self.guardrails) or self.bound:
            raise ConfigurationError(
                "experiment: expected scores that add up over symbols with scope = 'pooled', was a drawdown or a bound"
            )

    def digest(self) -> str:
        """First 16 hex digits of a SHA-256 over the parameters, by which a stored state is matched with its plan."""
        fields = to_builtins(self, order="deterministic")
        registered = {name: value for name, value in fields.items() if ADDED_SINCE.get(name) != value}
        return sha256(json.encode(registered)).hexdigest()[:16]
