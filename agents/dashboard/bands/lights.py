"""Green, amber or red, by stated rules, and since when."""

from typing import Literal

from msgspec import Struct

Colour = Literal["idle", "good", "attention", "act"]

ORDER: tuple[Colour, ...] = ("idle", "good", "attention", "act")


class LightRule(Struct, frozen=True):
    """When a figure deserves attention, and when a person should act.

    Attributes:
        attention, act: limits that the figure has to reach.
        what: what the figure is, for people.
        unit, scale: unit in which people are told the limits, and its number in one unit of the figure.

    >>> LightRule(1_000.0, 5_000.0, "p99", scale=1e-3).says
    'p99: amber from 1 s, red from 5 s'
    """

    attention: float
    act: float
    what: str
    unit: str = "s"
    scale: float = 1.0

    @property
    def says(self) -> str:
        """The rule, for people."""
        amber, red = (f"{limit * self.scale:g} {self.unit}" for limit in (self.attention, self.act))
        return f"{self.what}: amber from {amber}, red from {red}"

    def colour(self, value: float | None) -> Colour:
        """Colour of a value; none has none.

        >>> rule = LightRule(1.0, 5.0, "")
        >>> [rule.colour(each) for each in (None, 0.3, 2.0, 5.0)]
        ['idle', 'good', 'attention', 'act']
        """
        if value is None:
            return "idle"
        return "act" if value >= self.act else "attention" if value >= self.attention else "good"


LATENCY = LightRule(1_000.0, 5_000.0, "p99", scale=1e-3)
BEHIND = LightRule(6.0, 30.0, "ticks without a checkpoint, in seconds of the present rate")
CHECKPOINT = LightRule(8.0, 30.0, "where something waits for one")
SILENCE = LightRule(5.0, 15.0, "ticks come and predictions do not")
REFUSED = LightRule(0.001, 0.05, "part of the ticks of the last minute", "%", 100.0)


class Lights:
    """Since when each light has its colour.

    >>> lights = Lights()
    >>> lights.since("lag", "good", 10.0), lights.since("lag", "good", 15.0), lights.since("lag", "act", 20.0)
    (10.0, 10.0, 20.0)
    """

    def __init__(self) -> None:
        self._since: dict[str, tuple[str, float]] = {}

    def since(self, name: str, colour: str, now: float) -> float:
        """When this light took the colour that it has now."""
        held = self._since.get(name)
        if held is None or held[0] != colour:
            held = self._since[name] = (colour, now)
        return held[1]
