"""Scores of every model version in every market regime, beside those of the baselines, updated by every outcome."""

from collections.abc import Iterable

from msgspec import Struct

from schemas.outcomes import ArmOutcome, OutcomeMatured
from streams.scoring import tally
from streams.scoring.baselines import BASELINES
from streams.scoring.effective_sample_size import occupied_until
from streams.scoring.figures import Figures
from streams.scoring.tally import Tally

ALL = ""
"""As a version: the live arm, whichever version it was. As a regime: all of them."""

MOST_GROUPS = 64
"""Most groups of a symbol; a new one replaces the one that was updated longest ago."""


class Metrics(Struct, frozen=True):
    """Scores of one model version in one market regime.

    Attributes:
        symbol: symbol of the predictions.
        regime: regime at prediction time; empty: all regimes.
        version: name of the model version; empty: the live version, whichever it was at prediction time.
        scored: number of outcomes.
        moved: number of outcomes in which the mid moved.
        independent: effective sample size: the largest number of outcomes in which the mid moved and no two of which
            overlap in time.
        positions: number of outcomes with a position.
        gross_bps, net_bps: mean return of the outcomes with a position, before and after cost, bps of capital.
        skill: `1 - log-loss / log-loss of the best baseline`; 0 as long as the mid has not moved.
        figures: scores of the version, then of each baseline on the same outcomes; empty as long as the mid has not
            moved.
    """

    symbol: str
    regime: str
    version: str
    scored: int
    moved: int
    independent: int
    positions: int
    gross_bps: float
    net_bps: float
    skill: float
    figures: tuple[Figures, ...]


class Group(Struct, array_like=True):
    """Sums over the outcomes of one model version in one market regime.

    Attributes:
        scored: number of outcomes.
        independent: effective sample size so far: the largest number of outcomes in which the mid moved and no two of
            which overlap in time.
        positions: number of outcomes with a position.
        free_from: event time from which a new prediction overlaps with no outcome that `independent` counts, ns.
        gross_bps, net_bps: summed returns of the positions before and after cost, bps of capital.
        tallies: sums of the scores of the version, then of each baseline.
    """

    scored: int
    independent: int
    positions: int
    free_from: int
    gross_bps: float
    net_bps: float
    tallies: list[Tally]


class MetricsState(Struct, array_like=True):
    """Sums over the outcomes of one symbol, for each model version in each market regime.

    Attributes:
        groups: sums by version and regime, at most 64 groups, ordered by their last update, the latest last. An empty
            version stands for the live version, an empty regime for all regimes.
    """

    groups: dict[tuple[str, str], Group]


class MetricsCollector:
    """Keeps the scores of all versions and regimes of a symbol up to date, in constant time for each outcome.

    Every version that predicted is counted. The version that was live (its predictions were published) is also counted
    under the empty name. Every outcome is counted for its regime, and for the empty regime, which stands for all
    regimes.

    >>> from streams.market.node import MarketNode
    >>> from streams.engine.replay import replay_events
    >>> from streams.sources.synthetic import synthetic_market
    >>> ticks = synthetic_market(seed=1, symbols=["ACORN"], ticks=2_000)
    >>> outcomes = [each for each in replay_events(MarketNode(), ticks) if isinstance(each, OutcomeMatured)]
    >>> live = collect(outcomes)[0]
    >>> live.symbol, live.version, live.regime, live.scored == len(outcomes)
    ('ACORN', '', '', True)
    >>> [each.name for each in live.figures]
    ['live', 'majority', 'last_move', 'imbalance_sign']
    """

    def start(self) -> MetricsState:
        """State of a symbol before the first outcome."""
        return MetricsState({})

    def update(self, state: MetricsState, outcome: OutcomeMatured) -> None:
        """Add one outcome of a symbol to the symbol's sums."""
        opinions = [outcome.baselines.get(name, 0.5) for name in BASELINES]
        for number, arm in enumerate(outcome.arms):
            for version in (ALL, arm.model_version) if number == 0 else (arm.model_version,):
                for regime in (ALL, outcome.regime):
                    _update(_group(state, version, regime), outcome, arm, opinions)

    def metrics(self, state: MetricsState, symbol: str) -> list[Metrics]:
        """Scores of each version in each regime, sorted by version and regime.

        The first entry, with version and regime empty, is that of the live version over all regimes.
        """
        return [_metrics(symbol, *key, group) for key, group in sorted(state.groups.items(), key=lambda item: item[0])]


def collect(outcomes: Iterable[OutcomeMatured]) -> list[Metrics]:
    """Scores of each symbol, model version and market regime over the outcomes; `MetricsCollector` computes them."""
    collector = MetricsCollector()
    states: dict[str, MetricsState] = {}
    for outcome in outcomes:
        state = states.get(outcome.symbol)
        if state is None:
            state = states[outcome.symbol] = collector.start()
        collector.update(state, outcome)
    return [metrics for symbol, state in states.items() for metrics in collector.metrics(state, symbol)]


def _group(state: MetricsState, version: str, regime: str) -> Group:
    groups = state.groups
    group = groups.pop((version, regime), None)
    if group is None:
        if len(groups) >= MOST_GROUPS:
            del groups[next(iter(groups))]
        group = Group(0, 0, 0, 0, 0.0, 0.0, [tally.start() for _ in range(1 + len(BASELINES))])
    groups[version, regime] = group
    return group


def _update(group: Group, outcome: OutcomeMatured, arm: ArmOutcome, opinions: list[float]) -> None:
    group.scored += 1
    if outcome.label:
        group.independent += outcome.ts_prediction >= group.free_from
        group.free_from = occupied_until(group.free_from, outcome.ts_prediction, outcome.horizon_ns)
    if arm.position_size:
        group.positions += 1
        group.gross_bps += arm.gross_bps
        group.net_bps += arm.net_bps
    for each, probability in zip(group.tallies, (arm.probability, *opinions), strict=True):
        tally.update(each, probability, outcome.label, outcome.return_bps, outcome.cost_bps)


def _metrics(symbol: str, version: str, regime: str, group: Group) -> Metrics:
    moved = group.tallies[0].moved
    names = (version or "live", *BASELINES)
    found = [tally.figures(each, name) for each, name in zip(group.tallies, names, strict=True)] if moved else []
    return Metrics(
        symbol=symbol,
        regime=regime,
        version=version,
        scored=group.scored,
        moved=moved,
        independent=group.independent,
        positions=group.positions,
        gross_bps=group.gross_bps / max(1, group.positions),
        net_bps=group.net_bps / max(1, group.positions),
        skill=1.0 - found[0].log_loss / min(each.log_loss for each in found[1:]) if found else 0.0,
        figures=tuple(found),
    )
