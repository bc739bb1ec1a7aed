"""Confidence: calibrators by name, the rule to stand aside, and the accuracy to expect before labels mature."""

from typing import Any

from msgspec import Struct

from streams.engine.registry import Registry
from streams.market.confidence.bins import Bins
from streams.market.confidence.parameters import BinsParameters, ConformalParameters, TemperatureParameters
from streams.market.confidence.protocol import Calibrator
from streams.market.confidence.temperature import Temperature


class ConfidenceParameters(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How probabilities are calibrated.

    Attributes:
        calibrator: name of the calibrator.
        temperature, bins: parameters of these calibrators.
        conformal: parameters of the rule to stand aside.
        own: parameters of calibrators of the user, a table for each.
    """

    calibrator: str = "temperature"
    temperature: TemperatureParameters = TemperatureParameters()
    bins: BinsParameters = BinsParameters()
    conformal: ConformalParameters = ConformalParameters()
    own: dict[str, dict[str, Any]] = {}


CALIBRATORS: Registry[Calibrator] = Registry(
    "market.confidence",
    "calibrators",
    {
        "temperature": (Temperature, lambda parameters: Temperature(parameters.temperature)),
        "bins": (Bins, lambda parameters: Bins(parameters.bins)),
    },
)

register = CALIBRATORS.register
"""See `Registry.register`: `[market.confidence] calibrator` can name it then."""


def calibrator(parameters: ConfidenceParameters) -> tuple[Calibrator, Any]:
    """The calibrator that the parameters name, and the type of its states.

    >>> calibrator(ConfidenceParameters(calibrator="bins"))[1].__name__
    'BinsState'

    Raises:
        ConfigurationError: there is none of that name.
    """
    found = CALIBRATORS.find(parameters.calibrator)
    made = found.build(parameters)
    return made, found.state or type(made.start())
