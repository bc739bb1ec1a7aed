"""A plugin for tests: a calibrator that sleeps `PONDEROUS_S` seconds and then answers as temperature scaling does."""

import os
import time

from streams.market.confidence import register
from streams.market.confidence.temperature import Temperature, TemperatureState

TAKES_S = float(os.environ.get("PONDEROUS_S", "0"))


class Ponderous:
    def __init__(self, own: Temperature) -> None:
        self.start, self.learn, self._apply = own.start, own.learn, own.apply

    def apply(self, state: TemperatureState, log_odds: float) -> float:
        time.sleep(TAKES_S)
        return self._apply(state, log_odds)


register("ponderous", lambda parameters: Ponderous(Temperature(parameters.temperature)), TemperatureState)
