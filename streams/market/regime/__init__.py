"""Detectors of regimes (calm or volatile, ranging or trending markets), and the registry that finds them by name."""

from typing import Any

from msgspec import Struct

from streams.engine.registry import Registry
from streams.market.regime.ewma import Ewma
from streams.market.regime.hmm import Hmm
from streams.market.regime.labels import REGIMES, Regime
from streams.market.regime.parameters import EwmaParameters, HmmParameters
from streams.market.regime.protocol import Detector

__all__ = [
    "DETECTORS",
    "REGIMES",
    "Detector",
    "Regime",
    "RegimeParameters",
    "detector",
    "register",
]


class RegimeParameters(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Parameters of regime detection: which detector runs, and how.

    Attributes:
        detector: name of the detector that runs: `ewma`, `hmm` or one that a plug-in registered.
        ewma, hmm: parameters of these two detectors.
        own: parameters of detectors that plug-ins registered, one table for each detector, by its name.
    """

    detector: str = "ewma"
    ewma: EwmaParameters = EwmaParameters()
    hmm: HmmParameters = HmmParameters()
    own: dict[str, dict[str, Any]] = {}


DETECTORS: Registry[Detector] = Registry(
    "market.regime",
    "detectors",
    {
        "ewma": (Ewma, lambda parameters: Ewma(parameters.ewma)),
        "hmm": (Hmm, lambda parameters: Hmm(parameters.hmm)),
    },
)

register = DETECTORS.register
"""See `Registry.register`: `[market.regime] detector` can name it then."""


def detector(parameters: RegimeParameters) -> Detector:
    """Build the regime detector that `parameters.detector` names.

    >>> type(detector(RegimeParameters(detector="hmm"))).__name__
    'Hmm'

    Raises:
        ConfigurationError: no detector has this name.
    """
    return DETECTORS.build(parameters.detector, parameters)
