"""Faults of components, which are replaced by a harmless fallback and reported, so that the stream goes on."""

from dataclasses import dataclass, field


@dataclass
class Faults:
    """Faults of the components of one symbol.

    Attributes:
        counts: for each component that ever failed, the number of ticks at which its fallback was used.
        latest: faults at the present tick: component, problem and fallback.

    >>> faults = Faults()
    >>> faults.note("strategy rumour", "ZeroDivisionError", "one half")
    >>> faults.counts, faults.latest
    ({'strategy rumour': 1}, ['strategy rumour (ZeroDivisionError): one half'])
    """

    counts: dict[str, int] = field(default_factory=dict)
    latest: list[str] = field(default_factory=list)

    def note(self, component: str, problem: str, fallback: str) -> None:
        """Report that a component failed at this tick, with the problem and the fallback."""
        self.counts[component] = self.counts.get(component, 0) + 1
        self.latest.append(f"{component} ({problem}): {fallback}")
