"""How sure a prediction may be: calibrators by name, when to stand aside, and what to expect before labels come."""

from collections.abc import Callable
from typing import Any

from msgspec import Struct

from schemas.errors import ConfigurationError
from streams.market.confidence.bins import Bins, BinsState
from streams.market.confidence.parameters import BinsParameters, ConformalParameters, TemperatureParameters
from streams.market.confidence.protocol import Calibrator, RegisteredCalibrator
from streams.market.confidence.temperature import Temperature, TemperatureState


class ConfidenceParameters(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How probabilities are calibrated.

    Attributes:
        calibrator: name of the calibrator.
        temperature, bins: parameters of those that have some.
        conformal: of the rule to stand aside.
    """

    calibrator: str = "temperature"
    temperature: TemperatureParameters = TemperatureParameters()
    bins: BinsParameters = BinsParameters()
    conformal: ConformalParameters = ConformalParameters()


CALIBRATORS: dict[str, RegisteredCalibrator] = {
    "temperature": RegisteredCalibrator(lambda parameters: Temperature(parameters.temperature), TemperatureState),
    "bins": RegisteredCalibrator(lambda parameters: Bins(parameters.bins), BinsState),
}

CALIBRATORS_BUILT_IN = tuple(CALIBRATORS)
"""Names of those that no plug-in brings."""


def register(name: str, build: Callable[[ConfidenceParameters], Calibrator], state: type[Any]) -> None:
    """Make a calibrator known to parameters.

    Raises:
        ConfigurationError: the name is taken.
    """
    if name in CALIBRATORS:
        raise ConfigurationError(f"calibrators: expected a new name, was {name!r}; fix: choose another")
    CALIBRATORS[name] = RegisteredCalibrator(build, state)


def registered(parameters: ConfidenceParameters) -> RegisteredCalibrator:
    """The calibrator that the parameters name.

    >>> registered(ConfidenceParameters(calibrator="bins")).state.__name__
    'BinsState'

    Raises:
        ConfigurationError: there is none of that name.
    """
    found = CALIBRATORS.get(parameters.calibrator)
    if found is None:
        raise ConfigurationError(
            f"[market.confidence]: expected a calibrator among {', '.join(CALIBRATORS)}, was {parameters.calibrator!r}"
        )
    return found
