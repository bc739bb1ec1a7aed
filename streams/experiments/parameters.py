"""What an experiment is: registered before it starts, hashed into its state, and never changed."""

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
"""Parameters that earlier experiments were registered without, with what they stood for."""


class ExperimentParameters(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The contract of one experiment. Scores are per pair; those of money in standard deviations of the warm-up.

    Attributes:
        primary: metric that decides.
        guardrails: metrics in which the challenger must not be worse, each with the margin that is let pass.
        plan: `always_valid` decides after any batch, `group_sequential` at `looks` equal steps to `longest`.
        alpha: how often a challenger that is no better than `margin` may win.
        beta: how often an effect of `worth` may be given up as futile; 0: never stop for futility.
        margin: by how much the primary score must be above 0.
        worth: effect on the primary score that is worth finding.
        batch: pairs a batch: at least 5 times the pairs that overlap, see `dependence.batch_for`.
        clock_ns: batches close at multiples of so much event time, ns, as soon as they have `batch` pairs; 0: with the
            pair that completes them.
        scope: who is decided for: `symbol` each symbol by its own pairs, `pooled` all declared symbols by the pairs of
            all of them; pairs of one window of the clock then are in one batch, so that symbols which move together do
            not count twice.
        expected: pairs after which a decision is expected; sharpens engine 1 there.
        longest: pairs after which it ends.
        warmup: pairs that fix scales before the first batch.
        minimum_batches: before a winner is named.
        recent: batches that must not say the opposite.
        challengers: tried at once against the same champion: each needs so many times the evidence.
        bound: every primary score is at least the margin less this; 0: none is known, and there is no certificate.
        spending: of alpha over the looks of a `group_sequential` plan.
        looks: of such a plan.
        memory: pairs that the volatilities of `risk_adjusted` look back on.
        rejected: part of the pairs that may make no sense before no winner is named any more.
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
        """Raises `ConfigurationError` for what contradicts itself."""
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
        """Batches that the longest run has to hold."""
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
