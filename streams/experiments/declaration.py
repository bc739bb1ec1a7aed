"""An experiment as the configuration declares it: the challenger, the test, and what is done with its verdict."""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from schemas.errors import ConfigurationError
from schemas.limits import MOST_FIELDS, Symbol
from streams.engine.bounds import Count, CountOrNone, NotNegative, Positive
from streams.experiments.parameters import ExperimentParameters


class WatchParameters(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How a winner is watched once it is applied.

    Attributes:
        run: average run length, pairs before a false alarm.
        canary: pairs before it counts as promoted.
        confirmed: pairs before it counts as confirmed; the alarm stays on.
        block: pairs that the alarm takes as one; 0: as many as a batch of the test.
        calibration: nats by which its log-loss may exceed what it expected, beyond the excess of the version before;
            0: not watched.
    """

    run: Positive = 20_000.0
    canary: Count = 500
    confirmed: Count = 5_000
    block: CountOrNone = 0
    calibration: NotNegative = 0.0


class Declaration(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`[experiments.NAME]`.

    Attributes:
        symbols: on which it runs; empty: on every one that its arm is started on, each by itself.
        arm: what the challenger does differently: tables of `[market]` that an arm may have for itself.
        starts: from what the champion has learned when it starts, or from nothing.
        apply: whether a winner is applied without a person, or only recommended.
        test: what is registered before the start.
        watch: of an applied winner.
    """

    symbols: Annotated[tuple[Symbol, ...], Meta(max_length=MOST_FIELDS)] = ()
    arm: dict[str, dict[str, Any]] = {}
    starts: Literal["from_live", "from_nothing"] = "from_live"
    apply: Literal["automatic", "recommend"] = "recommend"
    test: ExperimentParameters = ExperimentParameters()
    watch: WatchParameters = WatchParameters()

    def __post_init__(self) -> None:
        """Raises `ConfigurationError` for a winner that nobody could watch, and for a pool of one."""
        if self.test.scope == "pooled" and len(set(self.symbols)) < 2:
            raise ConfigurationError(
                "experiment: expected at least two symbols with scope = 'pooled', declared before anything is seen of "
                f"them, was {', '.join(self.symbols) or 'none'}; fix: symbols = [...], or scope = 'symbol'"
            )
        if self.apply == "automatic" and self.test.primary == "drawdown":
            raise ConfigurationError(
                "experiment: expected a primary metric with a score for each pair, was 'drawdown', so an applied "
                "winner could not be watched; fix: apply = 'recommend', or drawdown as a guardrail"
            )

    def covers(self, symbol: str) -> bool:
        """Whether it runs on a symbol."""
        return not self.symbols or symbol in self.symbols
