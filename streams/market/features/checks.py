"""Checks of a family of features (a group that is computed together), whether built-in or from a plug-in.

Values must be finite, must not depend on later ticks, and must be the same after a restart. The state must stay small.
Values must also behave as the descriptions of the features declare: when prices or sizes are multiplied by a constant,
and when the market is mirrored. `tickloop features check` runs these checks.
"""

from collections.abc import Callable, Sequence
from functools import partial

from msgspec import Struct, msgpack
from msgspec.structs import replace

from schemas.ticks import Quote, Trade
from streams.engine.faults import Faults
from streams.market.features import Features, FeatureState
from streams.market.features.registry import FeatureParameters, features_of

Ticks = Sequence[Quote | Trade]

RESTARTS = 25
"""How often the restart check puts the state through bytes."""

LARGEST_STATE = 16_384
"""Largest state of a family, bytes; 16 such families are well within the bound of a symbol's state."""


class FeatureFinding(Struct, frozen=True):
    """Result of one check of one family of features (group that is computed together).

    Attributes:
        family: name of the family.
        check: name of the check, such as `look-ahead` or `restart`.
        passed: whether the family passed the check.
        detail: the first violation that was found, as a sentence; empty if the family passed.
    """

    family: str
    check: str
    passed: bool
    detail: str


def check(family: str, ticks: Ticks, parameters: FeatureParameters | None = None) -> list[FeatureFinding]:
    """Run all checks on one family of features (group that is computed together); return one result for each check.

    Args:
        family: name of a registered family.
        ticks: quotes and trades of one symbol, in the order of time, at least one.
        parameters: parameters of the features; None for the defaults.

    >>> from streams.sources.synthetic import synthetic_market
    >>> from itertools import islice
    >>> ticks = list(islice(synthetic_market(seed=1), 500))
    >>> [finding.check for finding in check("book", ticks) if finding.passed]
    ['look-ahead', 'restart', 'finite', 'bounded', 'scale', 'sign']
    """
    names = [feature.name for feature in features_of(family)]
    build = partial(Features, parameters or FeatureParameters(), names)
    found = []
    for name, examine in CHECKS.items():
        detail = examine(build, family, ticks)
        found.append(FeatureFinding(family, name, not detail, detail))
    return found


Build = Callable[[], Features]


def _look_ahead(build: Build, family: str, ticks: Ticks) -> str:
    """Check that values do not depend on later ticks, even if the same object has already seen other ones."""
    features = build()
    before = vectors(features, ticks)
    for cut in (len(ticks) // 3, len(ticks) // 2, len(ticks) - 1):
        changed = [*ticks[:cut], *(_scaled(tick, 1.01, 3.0) for tick in ticks[cut:])]
        for at, (one, other) in enumerate(zip(before[:cut], vectors(features, changed)[:cut], strict=True)):
            if one != other:
                return f"ticks from {cut} on were changed and {_first(features, one, other)} at tick {at} with them"
    return ""


def _restart(build: Build, family: str, ticks: Ticks) -> str:
    """Check that a state restored from bytes into another object gives the same values, bit for bit."""
    features = build()
    uninterrupted = vectors(features, ticks)
    pause = max(1, len(ticks) // RESTARTS)
    state: FeatureState | None = None
    for at, tick in enumerate(ticks):
        if state is not None and at % pause == 0:
            features = build()
            state = msgpack.decode(msgpack.encode(state), type=FeatureState)
            features.revive(state)
        state = _step(features, state, tick)
        if state.vector != uninterrupted[at]:
            return f"after a restart {_first(features, uninterrupted[at], state.vector)} at tick {at}"
    return ""


def _finite(build: Build, family: str, ticks: Ticks) -> str:
    """Check that nothing fails and every value is finite, also with the smallest and largest prices and sizes."""
    for prices, sizes in ((1.0, 1.0), (1e-12, 0.0), (1e-8, 1e9), (1e6, 1e-300)):
        features, faults, state = build(), Faults(), None
        for at, tick in enumerate(ticks):
            state = _step(features, state, _scaled(tick, prices, sizes), faults)
            if faults.latest:
                return f"with prices times {prices:g} and sizes times {sizes:g}, tick {at}: {faults.latest[0]}"
    return ""


def _bounded(build: Build, family: str, ticks: Ticks) -> str:
    """Check that the encoded state never exceeds `LARGEST_STATE` bytes."""
    features, state = build(), None
    largest = 0
    for tick in [*ticks, *ticks]:
        state = _step(features, state, tick)
        largest = max(largest, len(msgpack.encode(state.families)))
    return f"the state grew to {largest:,} bytes, more than {LARGEST_STATE:,}" if largest > LARGEST_STATE else ""


def _scale(build: Build, family: str, ticks: Ticks) -> str:
    """Check that `scale_free` features stay the same when all prices, or all sizes, are multiplied by a constant."""
    features = build()
    free = [feature.scale_free for feature in features_of(family)]
    before = vectors(features, ticks)
    for prices, sizes in ((4.0, 1.0), (1.0, 0.25)):
        scaled = vectors(features, [_scaled(tick, prices, sizes) for tick in ticks])
        for one, other in zip(before, scaled, strict=True):
            for promised, name, left, right in zip(free, features.names, one, other, strict=True):
                if promised and abs(left - right) > 1e-6 * max(1.0, abs(left)):
                    return f"{name} is {left:g}, with prices times {prices:g} and sizes times {sizes:g} {right:g}"
    return ""


def _sign(build: Build, family: str, ticks: Ticks) -> str:
    """Check that signed features change their sign in a mirrored market (rises are falls), and others keep it."""
    features = build()
    first = ticks[0]
    level = first.bid * first.ask if isinstance(first, Quote) else first.price * first.price
    before, mirrored = vectors(features, ticks), vectors(features, [_mirrored(tick, level) for tick in ticks])
    for at, feature in enumerate(features_of(family)):
        one = [vector[at] for vector in before]
        other = [-vector[at] if feature.signed else vector[at] for vector in mirrored]
        # Mirrored returns differ in the second order; a wrong flag is wrong by twice the size of the feature.
        if sum(abs(left - right) for left, right in zip(one, other, strict=True)) > 0.2 * sum(map(abs, one)) + 1e-9:
            return f"{feature.name} {'keeps its sign' if feature.signed else 'flips'} when the market is mirrored"
    return ""


CHECKS: dict[str, Callable[[Build, str, Ticks], str]] = {
    "look-ahead": _look_ahead,
    "restart": _restart,
    "finite": _finite,
    "bounded": _bounded,
    "scale": _scale,
    "sign": _sign,
}


def vectors(features: Features, ticks: Ticks) -> list[list[float]]:
    """Return one list for each tick: the values of all features after the tick, starting from a new state.

    Args:
        features: computes the features.
        ticks: quotes and trades of one symbol, in the order of time.
    """
    state: FeatureState | None = None
    found = []
    for tick in ticks:
        state = _step(features, state, tick)
        found.append(state.vector.copy())
    return found


def _step(
    features: Features, state: FeatureState | None, tick: Quote | Trade, faults: Faults | None = None
) -> FeatureState:
    faults = faults or Faults()
    if isinstance(tick, Quote):
        state = state or features.start(0.5 * (tick.bid + tick.ask))
        features.quote(state, tick, faults)
    else:
        state = state or features.start(tick.price)
        features.trade(state, tick, faults)
    return state


def _scaled(tick: Quote | Trade, prices: float, sizes: float) -> Quote | Trade:
    if isinstance(tick, Trade):
        return replace(tick, price=tick.price * prices, size=tick.size * sizes)
    return replace(
        tick,
        bid=tick.bid * prices,
        bid_size=tick.bid_size * sizes,
        ask=tick.ask * prices,
        ask_size=tick.ask_size * sizes,
    )


def _mirrored(tick: Quote | Trade, level: float) -> Quote | Trade:
    if isinstance(tick, Trade):
        side = {"buy": "sell", "sell": "buy"}.get(tick.side, tick.side)
        return replace(tick, price=level / tick.price, side=side)
    return replace(tick, bid=level / tick.ask, bid_size=tick.ask_size, ask=level / tick.bid, ask_size=tick.bid_size)


def _first(features: Features, one: Sequence[float], other: Sequence[float]) -> str:
    for name, left, right in zip(features.names, one, other, strict=True):
        if left != right:
            return f"{name} went from {left!r} to {right!r}"
    return "nothing"
