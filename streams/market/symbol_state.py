"""Everything that the market node remembers about one symbol."""

from dataclasses import dataclass, field
from typing import Any

from streams.engine.faults import Faults
from streams.market.costs.traded_spread import TradedSpread
from streams.market.directives import ArmsState
from streams.market.features import FeatureState
from streams.market.pending import Pending
from streams.market.sizing.moves import MoveState
from streams.market.tick_order import AdmissionState
from streams.scoring.baselines import BaselineState
from streams.scoring.label_uniqueness import UniquenessState


@dataclass
class SymbolState:
    """Everything that is remembered about one symbol: bounded, and bit for bit the same after a restore.

    Attributes:
        made_with: digest of the parameters that it was computed with.
        admission: what the next tick is compared with.
        features: rolling features; none before the first tick.
        regime: what the regime is told by; its type is the detector's.
        ticks: ticks since the symbol started, up to the warm-up.
        scored_at: event time of the last scored prediction, ns.
        pending: scored predictions that have not matured, the oldest first.
        moves: size of moves within the horizon.
        arms: the live arm and those in shadow.
        baselines: records of the baselines.
        strategies: what the strategies that learn have learned.
        faults: which components failed, and how often.
        overlap: what a label is worth.
        traded: what the spread is while no quote stands.
        sized: whether a trade with a size came: from then on one of size 0 is none.
    """

    made_with: str
    admission: AdmissionState
    features: FeatureState | None
    regime: Any
    ticks: int
    scored_at: int
    pending: list[Pending]
    moves: MoveState
    arms: ArmsState
    baselines: BaselineState
    strategies: list[Any]
    faults: Faults
    overlap: UniquenessState
    traded: TradedSpread = field(default_factory=TradedSpread)
    sized: bool = False
