"""Check that the largest possible state of a symbol under given parameters fits into one Kafka record."""

from msgspec import msgpack

from schemas.errors import ConfigurationError
from schemas.limits import LONGEST_ID, LONGEST_NAME, LONGEST_SYMBOL, MOST_FIELDS
from schemas.models import LONGEST_EXPERT, MOST_EXPERTS
from schemas.ticks import Quote
from schemas.topics import LARGEST_SNAPSHOT, MIB
from streams.engine.judged import MOST_JUDGED
from streams.market.arm_parameters import LARGEST, ROOM, ArmParameters
from streams.market.directives import MOST_ARMS, REMEMBERED
from streams.market.parameters import MarketParameters
from streams.market.pending import ArmPrediction, Opinion, Pending
from streams.market.pipeline import Pipeline
from streams.market.recall import RecallState
from streams.market.symbol_state import SymbolState
from streams.market.tick_order import REMEMBERED as REMEMBERED_TICKS
from streams.scoring.called import Called

OF_OTHERS = 2 * MIB
"""Bytes that the states of the nodes after the market node may take, which are stored in one record with its own."""

LARGEST_STATE = LARGEST_SNAPSHOT - OF_OTHERS

_NAME, _ID, _FIGURE = "n" * LONGEST_NAME, "i" * LONGEST_ID, 0.1


def room_for_models(pipeline: Pipeline, parameters: MarketParameters, where: str) -> int:
    """Bytes that the models of `[market.models]` may take in the state of a symbol, all variants together.

    Variants of the pipeline run side by side on a symbol, each with models of its own. The result is the
    largest allowed size of a state, less the largest size that the rest of the state can reach.

    Args:
        pipeline: built from `parameters`.
        parameters: parameters of one symbol, or of all symbols.
        where: table of the configuration that holds `parameters`, for errors.

    Raises:
        ConfigurationError: a state could become too large for one record of the changelog even without
            these models, and the message names its largest part; or the models could take more bytes than
            are left; or there are more features than a record may name.
    """
    if len(pipeline._features.names) > MOST_FIELDS:
        raise ConfigurationError(
            f"{where}: expected at most {MOST_FIELDS} features, was {len(pipeline._features.names)}"
        )
    state = full_state(pipeline, parameters)
    waiting = _size(state.pending) * (parameters.scored_per_horizon + 1)
    features, arms = _size(state.features), _size(state.arms)
    total = _size(state) + waiting
    if total <= LARGEST_STATE:
        room = min(ROOM, LARGEST_STATE - total)
        if (wanted := pipeline.largest_models) > room:
            raise ConfigurationError(
                f"[{where.strip('[]')}.models]: expected models whose states take at most {room:,} bytes together, "
                f"they could take {wanted:,}; fix: fewer models, or smaller largest_bytes"
            )
        return room
    shares = {
        f"predictions that wait for their outcome (scored_per_horizon = {parameters.scored_per_horizon})": waiting,
        "windows of features ([market.features])": features,
        f"{MOST_ARMS} arms ({len(parameters.model.features)} features of the model, recall.most = "
        f"{parameters.recall.most})": arms,
    }
    largest = max(shares, key=lambda each: shares[each])
    raise ConfigurationError(
        f"{where}: expected the state of a symbol to take at most {LARGEST_STATE} bytes, it could take {total}: "
        f"{shares[largest]} of them for {largest}; fix: less of that"
    )


def limited_arm_parameters(parameters: MarketParameters, where: str) -> ArmParameters:
    """Parameters for the variants of a symbol's pipeline, with the limit on the size of their models set.

    The limit is what `room_for_models` returns.

    Args:
        parameters: parameters of one symbol or of all.
        where: their table in the configuration, for errors.

    Raises:
        ConfigurationError: for the reasons that `room_for_models` gives.
    """
    pipeline = Pipeline(parameters)
    pipeline.give_models(room_for_models(pipeline, parameters, where))
    return pipeline._variants


def full_state(pipeline: Pipeline, parameters: MarketParameters) -> SymbolState:
    """Return a state as large as it can become in every part, except that only one prediction waits for its outcome.

    Args:
        pipeline: built from `parameters`.
        parameters: parameters of one symbol, or of all symbols.
    """
    state = pipeline.open()
    state.features = pipeline._features.fullest(100.0)
    live = state.arms.arms[0]
    live.name, live.version, live.overrides = _NAME, _NAME, b"o" * LARGEST
    live.models = []
    model, copies = live.model, parameters.recall.most
    live.recall = RecallState([model] * copies, [_FIGURE] * (copies + 2), 0, model)
    state.arms.arms = [live] * MOST_ARMS
    state.arms.applied = [_ID] * REMEMBERED
    state.arms.judged.ids = {f"{number:0{LONGEST_ID}}": ("ticks", 2**62) for number in range(MOST_JUDGED)}
    admission = state.admission
    admission.latest = Quote("s" * LONGEST_SYMBOL, 2**62, _FIGURE, _FIGURE, _FIGURE, _FIGURE, 2**62)
    admission.packet = [admission.latest] * REMEMBERED_TICKS
    admission.row = [(2**62, _FIGURE)] * REMEMBERED_TICKS
    opinion = Opinion(0, _FIGURE, _FIGURE, _FIGURE, _FIGURE, _FIGURE, _FIGURE, (_FIGURE,) * MOST_EXPERTS)
    models = ("m" * LONGEST_EXPERT,) * MOST_EXPERTS
    state.pending = [
        Pending(
            _ID,
            2**62,
            _FIGURE,
            _NAME,
            _FIGURE,
            list(state.features.vector),
            [_FIGURE] * len(parameters.strategies.enabled),
            [ArmPrediction(2**62, _NAME, _NAME, opinion, _FIGURE, models)] * MOST_ARMS,
            Called((_FIGURE,) * 3, (1, 1, 1)),
        )
    ]
    return state


def _size(state: object) -> int:
    return len(msgpack.encode(state))
