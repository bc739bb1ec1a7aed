"""Parameters of an experiment, registered before it starts, hashed into its state and never changed."""

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
    """Plan of one experiment. Scores are per pair; money is in standard deviations of the warm-up.

    Attributes:
        primary: metric that decides.
        guardrails: metrics in which the challenger must not be worse by more than a margin, each with its margin.
        plan: `always_valid` decides after any batch, `group_sequential` at `looks` equal steps to `longest`.
        alpha: probability that a challenger that is no better than `margin` wins.
        beta: probability that an effect of `worth` is given up as futile; 0: never stop for futility.
        margin: by how much the primary score must be above 0.
        worth: smallest effect on the primary score that is worth finding.
        batch: pairs a batch: at least 5 times the pairs that overlap, see `dependence.batch_for`.
        clock_ns: batches close at multiples of so much event time, ns, as soon as they have `batch` pairs; 0: with the
            pair that completes them.
        scope: `symbol`: each symbol is decided by its own pairs; `pooled`: all declared symbols together by all their
            pairs, where all pairs of one window of event time are in one batch, so that symbols that move together do
            not count twice.
        expected: pairs after which a decision is expected; engine 1 is most powerful there.
        longest: pairs after which the experiment ends.
        warmup: pairs before the first batch, from which scales are estimated.
        minimum_batches: fewest batches before a winner is named.
        recent: latest batches, which must not contradict a winner.
        challengers: number tested at once against the same champion; each needs that many times the evidence.
        bound: every primary score is at least the margin less this; 0: unknown, and engine 2 is not used.
        spending: how a `group_sequential` plan spreads alpha over its looks.
        looks: number of looks of such a plan.
        memory: pairs over which the volatilities of `risk_adjusted` decay.
        rejected: largest fraction of unreadable pairs with which a winner may be named.
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
        """Raises `ConfigurationError` for parameters that contradict one another."""
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
        """Fewest batches that `longest` pairs must make."""
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
        """SHA-256 over all parameters, the first 16 hex digits."""
        fields = to_builtins(self, order="deterministic")
        registered = {name: value for name, value in fields.items() if ADDED_SINCE.get(name) != value}
        return sha256(json.encode(registered)).hexdigest()[:16]
