"""Declaration of an experiment in the configuration: the challenger, the test, and what follows from its verdict."""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from schemas.errors import ConfigurationError
from schemas.limits import MOST_FIELDS, Symbol
from streams.engine.bounds import Count, CountOrNone, NotNegative, Positive
from streams.experiments.parameters import ExperimentParameters


class WatchParameters(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Parameters of the watch over a winner once it is live.

    Attributes:
        run: average run length, pairs before a false alarm.
        canary: pairs before the winner counts as promoted.
        confirmed: pairs before it counts as confirmed; the watch goes on.
        block: pairs that are averaged to one observation of the watch; 0: as many as a batch of the test.
        calibration: nats by which its surprise (log-loss less the expected log-loss) may exceed that of the version
            before; 0: not watched.
    """

    run: Positive = 20_000.0
    canary: Count = 500
    confirmed: Count = 5_000
    block: CountOrNone = 0
    calibration: NotNegative = 0.0


class Declaration(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Table `[experiments.NAME]`: one declared experiment.

    Attributes:
        symbols: on which it runs; empty: every symbol on which its arm is started, each by itself.
        arm: overrides of the challenger: tables of `[market]` that an arm may have of its own.
        starts: from a copy of the champion's learned state, or from nothing.
        apply: whether a winner goes live without a person, or is only recommended.
        test: parameters of the test, registered before the start.
        watch: parameters of the watch over a winner.
    """

    symbols: Annotated[tuple[Symbol, ...], Meta(max_length=MOST_FIELDS)] = ()
    arm: dict[str, dict[str, Any]] = {}
    starts: Literal["from_live", "from_nothing"] = "from_live"
    apply: Literal["automatic", "recommend"] = "recommend"
    test: ExperimentParameters = ExperimentParameters()
    watch: WatchParameters = WatchParameters()

    def __post_init__(self) -> None:
        """Raises `ConfigurationError` if a winner could not be watched, or a pooled experiment has one symbol."""
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
        """Whether the experiment runs on a symbol."""
        return not self.symbols or symbol in self.symbols
