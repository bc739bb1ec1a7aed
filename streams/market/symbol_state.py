"""State of the market node for one symbol."""

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
    """State of one symbol: of bounded size, and bit for bit the same after a restore.

    Attributes:
        made_with: digest of the parameters of the symbol.
        admission: clock, sequence number and refused ticks that the next tick is compared with.
        features: rolling features; none before the first tick.
        regime: state of the regime detector, of the detector's own type.
        ticks: ticks since the symbol started, up to the warm-up.
        scored_at: event time of the last scored prediction, ns.
        pending: scored predictions that have not matured, the oldest first.
        moves: size of moves within the horizon.
        arms: the live arm and those in shadow.
        baselines: state of the baselines.
        strategies: states of the strategies that learn.
        faults: which components failed, and how often.
        overlap: state from which the uniqueness of a label is computed.
        traded: estimate of the spread from trades, for times without a valid quote.
        sized: whether a trade with a size came; from then on trades of size 0 are ignored.
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
