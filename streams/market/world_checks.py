"""Loads the state of a world that comes with a record, and refuses it if it cannot be what it claims to be.

A world is what an arm (one of the variants of the pipeline that run side by side on a symbol) computes for itself if it
differs from its symbol in features, regime, strategies or costs.
"""

from copy import deepcopy
from math import isfinite
from typing import Any

from msgspec import MsgspecError, msgpack

from schemas.errors import Refused
from schemas.limits import END_OF_TIME, HIGHEST_PRICE, LOWEST_PRICE
from schemas.models import WarmedWorld
from schemas.ticks import Quote, Trade
from streams.engine.faults import Faults
from streams.market.costs.traded_spread import TradedSpread
from streams.market.worlds import World, WorldState


def loaded(world: World, made_with: str, brought: WarmedWorld) -> WorldState:
    """Return the state of a world that a command or directive brings.

    The state must have been computed with the same parameters, must not be larger than a state of this world may
    become, and may hold finite numbers only. In addition it is tried on a copy: a trade, a quote and a label that
    follow must not make any component fail.

    Args:
        world: computes with the state.
        made_with: digest of the parameters that `world` was built from.
        brought: the state as bytes, with the digest of the parameters that it was computed with.

    Raises:
        Refused: `bad_directive`: the state does not fit, and the sentence says why.
    """
    if brought.made_with != made_with:
        raise _refused(
            f"a state computed with the parameters that the arm has here ({made_with[:12]})",
            brought.made_with[:12] or "of none",
            "run the command with the configuration of the workers",
        )
    if len(brought.state) > world.largest_state:
        raise _refused(f"a state of at most {world.largest_state:,} bytes", f"{len(brought.state):,}")
    try:
        if odd := _odd_part(msgpack.decode(brought.state)):
            raise _refused("finite numbers, names and lists of them", odd)
        state = msgpack.decode(brought.state, type=WorldState)
        world.revive(state)
    except (MsgspecError, ValueError, RecursionError) as error:
        raise _refused("a state that fits the components of the arm", f"another one: {error}") from error
    features = state.features
    if features is None:
        raise _refused("a state that has seen a tick", "one that has seen none")
    if len(features.vector) != len(world.features.names):
        raise _refused(f"the values of {len(world.features.names)} features", str(len(features.vector)))
    now = features.now
    if not LOWEST_PRICE <= now.mid <= HIGHEST_PRICE or not 0 < now.ts_event < END_OF_TIME or state.ticks < 0:
        raise _refused("price, time and number of ticks of a market", f"{now.mid}, {now.ts_event}, {state.ticks}")
    if failed := _failing(world, deepcopy(state)):
        raise _refused("a state with which every component goes on at the next tick", f"one with which {failed} fails")
    return state


def _failing(world: World, state: WorldState) -> str:
    """Name of a component that fails when a trade, a quote and a label follow on a state; empty if none does."""
    assert state.features is not None, "checked before"
    faults, traded = Faults(), TradedSpread()
    mid, at = state.features.now.mid, state.features.now.ts_event
    quote = Quote(symbol="X", ts_event=at, bid=mid, bid_size=1.0, ask=mid, ask_size=1.0)
    for tick in (Trade(symbol="X", ts_event=at, price=mid, size=1.0), quote):
        moved = world.take(state, tick, at, mid, False, 0, faults)
        sight = world.look(state, moved, traded, faults)
    world.panel.learn(state.strategies, sight.vector, True, faults)
    return next(iter(faults.counts), "")


def _odd_part(value: Any) -> str:
    """What in a decoded state is neither a finite number of 64 bits nor text, nor made of these; empty if nothing is.

    >>> _odd_part({"values": [0.5, 3, None]}), _odd_part({"values": [0.5, float("nan")]}), _odd_part([2**63])
    ('', 'nan', '9223372036854775808')
    """
    if isinstance(value, dict):
        return next(filter(None, map(_odd_part, (*value, *value.values()))), "")
    if isinstance(value, list | tuple):
        return next(filter(None, map(_odd_part, value)), "")
    if value is None or isinstance(value, bool | str | bytes):
        return ""
    if isinstance(value, int):
        return "" if -END_OF_TIME <= value < END_OF_TIME else str(value)
    if isinstance(value, float):
        return "" if isfinite(value) else str(value)
    return type(value).__name__


def _refused(expected: str, was: str, fix: str = "start the arm without it") -> Refused:
    return Refused("bad_directive", f"start_arm: world: expected {expected}, was {was:.200}; fix: {fix}")
