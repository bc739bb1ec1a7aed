"""Traffic lights: green, amber or red by a stated rule, and the time since which each has its colour."""

from typing import Literal

from msgspec import Struct

Colour = Literal["idle", "good", "attention", "act"]

ORDER: tuple[Colour, ...] = ("idle", "good", "attention", "act")


class LightRule(Struct, frozen=True):
    """Limits from which a figure is amber (deserves attention) or red (a person should act).

    Attributes:
        attention, act: the figure is amber from the first limit and red from the second, both in the figure's unit.
        what: name of the figure, for people.
        unit: name of the unit in which people are told the limits.
        scale: factor from the figure's unit to `unit`.

    >>> LightRule(attention=1_000.0, act=5_000.0, what="p99", unit="s", scale=1e-3).says
    'p99: amber from 1 s, red from 5 s'
    """

    attention: float
    act: float
    what: str
    unit: str = "s"
    scale: float = 1.0

    @property
    def says(self) -> str:
        """Sentence for people that says from which value on the figure is amber, and from which it is red."""
        amber, red = (f"{limit * self.scale:g} {self.unit}" for limit in (self.attention, self.act))
        return f"{self.what}: amber from {amber}, red from {red}"

    def colour(self, value: float | None) -> Colour:
        """Colour for a value of the figure: `good`, `attention` (amber) or `act` (red); `idle` for None.

        >>> rule = LightRule(attention=1.0, act=5.0, what="age")
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
    """Remembers since when each named light has had its present colour.

    >>> lights = Lights()
    >>> lights.since("lag", "good", 10.0), lights.since("lag", "good", 15.0), lights.since("lag", "act", 20.0)
    (10.0, 10.0, 20.0)
    """

    def __init__(self) -> None:
        self._since: dict[str, tuple[str, float]] = {}

    def since(self, name: str, colour: str, now: float) -> float:
        """Record the present colour of a light, and return the time at which the light took it.

        Args:
            name: name of the light.
            colour: present colour, or any other text that changes with the light's state.
            now: present time, in any unit; the result has the same unit.
        """
        held = self._since.get(name)
        if held is None or held[0] != colour:
            held = self._since[name] = (colour, now)
        return held[1]
