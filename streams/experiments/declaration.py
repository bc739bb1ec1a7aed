"""Table `[experiments.NAME]` of the configuration: what is tested, how, and what happens to a winner."""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from schemas.errors import ConfigurationError
from schemas.limits import MOST_FIELDS, Symbol
from streams.engine.bounds import Count, CountOrNone, NotNegative, Positive
from streams.experiments.parameters import ExperimentParameters


class WatchParameters(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Table `[experiments.NAME.watch]`: how a winner is watched once it is the live version.

    A pair is two results on the same prediction: that of the winner, and that of the version which it replaced.

    Attributes:
        run: pairs between two false alarms on average (average run length).
        canary: pairs without an alarm after which the winner counts as promoted.
        confirmed: pairs without an alarm after which the winner counts as confirmed; the watch goes on after that.
        block: neighbouring pairs that are averaged to one observation; 0: as many as a batch of the test has.
        calibration: largest amount, nats, by which the winner's surprise may exceed that of the replaced version.
            Surprise is the log-loss less the log-loss expected under a version's own probability. 0: surprise is not
            watched.
    """

    run: Positive = 20_000.0
    canary: Count = 500
    confirmed: Count = 5_000
    block: CountOrNone = 0
    calibration: NotNegative = 0.0


class Declaration(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Table `[experiments.NAME]`: one declared experiment, which tests a challenger version against the live one.

    Attributes:
        symbols: symbols that the experiment covers; empty: every symbol on which the challenger is started. Each
            symbol decides by itself, unless `test.scope` is `pooled`.
        arm: parameters in which the challenger differs from the live version, by table of `[market]`.
        starts: `from_live`: the challenger starts from a copy of what the live version has learned; `from_nothing`: it
            starts without having learned anything.
        apply: `automatic` promotes a winner without a person, `recommend` only reports the winner.
        test: parameters of the test; they must not change once the experiment has begun.
        watch: parameters of the watch over a winner after its promotion.
    """

    symbols: Annotated[tuple[Symbol, ...], Meta(max_length=MOST_FIELDS)] = ()
    arm: dict[str, dict[str, Any]] = {}
    starts: Literal["from_live", "from_nothing"] = "from_live"
    apply: Literal["automatic", "recommend"] = "recommend"
    test: ExperimentParameters = ExperimentParameters()
    watch: WatchParameters = WatchParameters()

    def __post_init__(self) -> None:
        """Check that the fields fit together.

        Raises:
            ConfigurationError: several symbols are to decide together, but fewer than two are declared; or winners go
                live automatically, but the primary metric is the drawdown, which cannot be watched pair by pair.
        """
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
        """Whether the experiment runs on a symbol: it is in `symbols`, or `symbols` is empty."""
        return not self.symbols or symbol in self.symbols
