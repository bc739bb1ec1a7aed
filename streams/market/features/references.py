"""Features of one symbol from the last state of another one, its reference: SPY leads IBM.

The features of the reference SPY are named `SPY.return_1s` and so on. All of them look strictly before the time of the
symbol's tick: times of many venues are of milliseconds, and within one nobody can tell which tick came first.
"""

from dataclasses import dataclass
from math import exp, expm1, log
from typing import Final

from streams.market.features.family import Feature, Moment
from streams.market.features.parameters import ReferenceParameters
from streams.market.features.reference_history import IMBALANCE, PRICE, SPREAD, ReferenceHistory, before, price_at

MS: Final = 1_000_000

LAGS: Final = {
    "50ms": 50,
    "100ms": 100,
    "200ms": 200,
    "500ms": 500,
    "1s": 1_000,
    "2s": 2_000,
    "5s": 5_000,
    "10s": 10_000,
}
"""Times over which returns of a reference are computed, ms, by the word for them in the feature's name."""

LARGEST_BETA: Final = 10.0

OF_A_REFERENCE: Final = (
    *(
        Feature(
            f"return_{word}",
            "bps",
            True,
            f"last price of the reference / its price {word} before the tick - 1",
            "definition",
        )
        for word in LAGS
    ),
    Feature(
        "queue_imbalance", "-1..1", True, "(bid size - ask size) / (bid size + ask size) of the reference", "definition"
    ),
    Feature(
        "basis",
        "bps",
        True,
        "log(mid / price of the reference) - its exponentially weighted mean over event time",
        "definition",
    ),
    Feature(
        "residual",
        "bps",
        True,
        "return of the symbol - beta * return of the reference, over one to two steps; beta by a regression through 0",
        "definition",
    ),
    Feature("spread", "bps", False, "(ask - bid) / mid of the reference", "definition"),
    Feature("age", "0..1", False, "age of the reference's last tick / max_age_ns, 1 where it is absent", "definition"),
)
"""The features of a reference; the names that models use have the reference and a dot before them."""

DEFAULTS: Final = (*(f"return_{word}" for word in LAGS if word != "10s"), "queue_imbalance")
"""Features of a reference that models with default features get."""

WIDTH: Final = len(OF_A_REFERENCE)
ABSENT: Final = (*([0.0] * (WIDTH - 1)), 1.0)
_NAMES: Final = frozenset(each.name for each in OF_A_REFERENCE)
EVERY: Final = ".*"


def reference_of(name: str) -> str:
    """Symbol of the reference that a feature is about; empty for a feature of the symbol itself.

    >>> reference_of("SPY.return_1s"), reference_of("BRK.B.age"), reference_of("return_1"), reference_of("SPY.nonsense")
    ('SPY', 'BRK.B', '', '')
    """
    symbol, _, feature = name.rpartition(".")
    return symbol if feature in _NAMES else ""


def family_of(symbol: str) -> str:
    """Name of the family (group computed together) of the features of a reference.

    >>> family_of("SPY")
    'SPY.*'
    """
    return f"{symbol}{EVERY}"


def features_of_reference(symbol: str) -> tuple[Feature, ...]:
    """Descriptions of the features of a reference, in the order in which `ReferenceFeatures.look` returns them."""
    return tuple(
        Feature(f"{symbol}.{each.name}", each.unit, each.signed, each.formula, each.source) for each in OF_A_REFERENCE
    )


def default_features(symbol: str) -> tuple[str, ...]:
    """Names of the features of a reference that models with default features get.

    >>> default_features("SPY")[-2:]
    ('SPY.return_5s', 'SPY.queue_imbalance')
    """
    return tuple(f"{symbol}.{name}" for name in DEFAULTS)


@dataclass
class ReferenceFeatureState:
    """What the features of one reference remember for one symbol.

    Attributes:
        mean: mean of log(mid / price of the reference); meaningless while `mean_at` is 0.
        mean_at: event time of its last update, ns.
        stepped_at: event time at which the present step of the regression began, ns; 0 before the first.
        own, other: mid of the symbol and price of the reference at that time.
        own_before, other_before: the same one step earlier.
        products, squares: exponentially weighted sums of the products of both returns, and of the squares of those of
            the reference; beta is their ratio.
    """

    mean: float = 0.0
    mean_at: int = 0
    stepped_at: int = 0
    own: float = 0.0
    other: float = 0.0
    own_before: float = 0.0
    other_before: float = 0.0
    products: float = 0.0
    squares: float = 0.0


class ReferenceFeatures:
    """Computes the features of one symbol from the last seconds of a reference, in constant time.

    Args:
        symbol: the reference.
        parameters: ages, delay and time constants.

    >>> second = 1_000_000_000
    >>> spy = ReferenceHistory([7 * second, 9 * second], [(100.0, 0.5, 1.0), (101.0, -0.5, 1.0)])
    >>> features = ReferenceFeatures("SPY", ReferenceParameters())
    >>> now = Moment(50.0, ts_event=9 * second + 1)
    >>> values = features.look(features.start(50.0), now, spy)
    >>> features.features[4].name, values[4]
    ('SPY.return_1s', 100.00000000000009)
    """

    state = ReferenceFeatureState

    def __init__(self, symbol: str, parameters: ReferenceParameters) -> None:
        self.symbol = symbol
        self.features = features_of_reference(symbol)
        self.absent = f"reference {symbol} (no tick for {parameters.max_age_ns / 1e9:g} s): 0 in place of its features"
        self._lags = [ms * MS for ms in LAGS.values()]
        self._max_age = parameters.max_age_ns
        self._delay = parameters.delay_ns
        self._basis_ns = parameters.basis_ns
        self._beta_ns = parameters.beta_ns
        self._step = parameters.beta_step_ns

    def start(self, mid: float) -> ReferenceFeatureState:
        """Return the state before the first tick; it does not depend on `mid`."""
        return ReferenceFeatureState()

    def look(self, state: ReferenceFeatureState, now: Moment, history: ReferenceHistory | None) -> list[float] | None:
        """Update `state` and return the values of the features as of a tick of the symbol.

        Args:
            state: what is remembered for the symbol, which is changed.
            now: the symbol's market as of its tick.
            history: what the reference did lately; None if nothing is known of it.

        Returns:
            A number for each of `features`; None if the reference is absent.
        """
        if history is None:
            return None
        until = now.ts_event - self._delay
        newest = before(history, until)
        if newest < 0:
            return None
        age = now.ts_event - history.times[newest]
        if age > self._max_age:
            return None
        row = history.rows[newest]
        price = row[PRICE]
        values = [(price / price_at(history, until - lag, newest) - 1.0) * 1e4 for lag in self._lags]
        values.append(row[IMBALANCE])
        values.append(self._basis(state, now.ts_event, log(now.mid / price)))
        values.append(self._residual(state, now.ts_event, now.mid, price))
        values.append(row[SPREAD])
        values.append(age / self._max_age)
        return values

    def _basis(self, state: ReferenceFeatureState, at: int, ratio: float) -> float:
        if not state.mean_at:
            state.mean, state.mean_at = ratio, at
        off = ratio - state.mean
        if at > state.mean_at:
            state.mean -= expm1((state.mean_at - at) / self._basis_ns) * off
            state.mean_at = at
        return off * 1e4

    def _residual(self, state: ReferenceFeatureState, at: int, own: float, other: float) -> float:
        passed = at - state.stepped_at
        if not state.stepped_at or passed > self._max_age + 2 * self._step:
            state.own_before = state.own = own
            state.other_before = state.other = other
            state.stepped_at = at
        elif passed >= self._step:
            mine, others = log(own / state.own), log(other / state.other)
            kept = exp(-passed / self._beta_ns)
            state.products = kept * state.products + mine * others
            state.squares = kept * state.squares + others * others
            state.own_before, state.other_before = state.own, state.other
            state.own, state.other, state.stepped_at = own, other, at
        beta = state.products / state.squares if state.squares > 0.0 else 0.0
        beta = max(-LARGEST_BETA, min(LARGEST_BETA, beta))
        return (log(own / state.own_before) - beta * log(other / state.other_before)) * 1e4
