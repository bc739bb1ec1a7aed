"""Confidence of predictions: calibrators, and conformal sets, which tell when a prediction is too unsure to act on.

A calibrator turns log-odds into probabilities that come true as often as they say.
"""

from typing import Any

from msgspec import Struct

from streams.engine.registry import Registry
from streams.market.confidence.bins import Bins
from streams.market.confidence.parameters import BinsParameters, ConformalParameters, TemperatureParameters
from streams.market.confidence.protocol import Calibrator
from streams.market.confidence.temperature import Temperature


class ConfidenceParameters(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How probabilities are calibrated, and when no position is taken because the direction is too unsure.

    Attributes:
        calibrator: name of the calibrator that runs: `temperature`, `bins` or one that a plug-in registered.
        temperature, bins: parameters of these two calibrators.
        conformal: parameters of the conformal sets. A set holds the sides (up, down, both or none) that are probable
            enough; no position is taken unless it holds exactly one.
        own: parameters of calibrators that plug-ins registered, one table for each calibrator, by its name.
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
    """Build the calibrator that `parameters.calibrator` names; return the calibrator and the type of its states.

    >>> calibrator(ConfidenceParameters(calibrator="bins"))[1].__name__
    'BinsState'

    Raises:
        ConfigurationError: no calibrator has this name.
    """
    found = CALIBRATORS.find(parameters.calibrator)
    made = found.build(parameters)
    return made, found.state or type(made.start())
