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
    """Everything that the market node remembers of one symbol; its size is bounded.

    A state that was stored and restored is the same, bit for bit.

    Attributes:
        made_with: digest of the symbol's parameters.
        admission: time and sequence number of the ticks so far, and the ticks refused last. The check of the next tick
            compares it with these.
        features: state of the features; None before the first tick.
        regime: state of the regime detector, in the type of the configured detector.
        ticks: number of ticks since the first tick, or since time or price last changed abruptly; counted up to the
            warm-up.
        scored_at: event time of the latest prediction chosen for scoring since time or price last changed abruptly, ns;
            0 if there is none.
        pending: predictions that wait for their outcome, oldest first.
        moves: average size of the mid's moves over the horizon of a prediction.
        arms: the variants of the pipeline that run side by side on the symbol: the live one, whose predictions are
            published, then the others.
        baselines: state of the baselines, simple forecasts that predictions are compared with.
        strategies: states of the strategies that learn.
        faults: how often each component failed, and what failed at the last tick.
        overlap: how much the last outcomes overlapped in time, from which the weight of the next outcome in learning is
            computed.
        traded: estimate of the spread from trades, for times without a valid quote.
        sized: whether a trade with a size has come; from then on trades of size 0 do not change the reference price.
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
