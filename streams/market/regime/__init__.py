"""Which kind of market it is, a detector a file, and the register that parameters name them by."""

from collections.abc import Callable
from typing import Any

from msgspec import Struct

from schemas.errors import ConfigurationError
from streams.market.features.registry import built
from streams.market.regime.ewma import Ewma
from streams.market.regime.hmm import Hmm
from streams.market.regime.labels import REGIMES, Regime
from streams.market.regime.parameters import EwmaParameters, HmmParameters
from streams.market.regime.protocol import Detector

__all__ = [
    "DETECTORS",
    "DETECTORS_BUILT_IN",
    "REGIMES",
    "Detector",
    "Regime",
    "RegimeParameters",
    "detector",
    "register",
]


class RegimeParameters(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which detector runs, and how.

    Attributes:
        detector: name of the detector.
        ewma, hmm: parameters of each.
        own: parameters of detectors of the user, a table for each.
    """

    detector: str = "ewma"
    ewma: EwmaParameters = EwmaParameters()
    hmm: HmmParameters = HmmParameters()
    own: dict[str, dict[str, Any]] = {}


DETECTORS: dict[str, Callable[[RegimeParameters], Detector]] = {
    "ewma": lambda parameters: Ewma(parameters.ewma),
    "hmm": lambda parameters: Hmm(parameters.hmm),
}

DETECTORS_BUILT_IN = tuple(DETECTORS)
"""Names of those that no plug-in brings."""


def register(name: str, detector: Callable[..., Detector]) -> None:
    """Make a detector of the user known, so that `[market.regime] detector` can name it.

    Args:
        name: unique among all detectors.
        detector: its class. One with an attribute `Parameters`, a `msgspec.Struct`, is given them, filled from
            `[market.regime.own.<name>]`.

    Raises:
        ConfigurationError: the name is taken.
    """
    if name in DETECTORS:
        raise ConfigurationError(f"regime: expected a new name, was {name!r}")
    DETECTORS[name] = lambda parameters: built(detector, name, parameters.own.get(name, {}), "regime")


def detector(parameters: RegimeParameters) -> Detector:
    """The detector that the parameters name.

    >>> type(detector(RegimeParameters(detector="hmm"))).__name__
    'Hmm'

    Raises:
        ConfigurationError: no detector has this name.
    """
    make = DETECTORS.get(parameters.detector)
    if make is None:
        raise ConfigurationError(
            f"regime: expected the detector to be one of {', '.join(DETECTORS)}, was {parameters.detector!r}; "
            "fix: name the module that registers another one in [plugins] modules"
        )
    return make(parameters)
