"""What fails is replaced by something harmless and reported; it never stops the stream."""

from dataclasses import dataclass, field


@dataclass
class Faults:
    """Which components of one symbol failed.

    Attributes:
        counts: for each component that ever failed, at how many ticks its fallback stood in.
        latest: what failed at the tick in hand, and what stood in for it.

    >>> faults = Faults()
    >>> faults.note("strategy rumour", "ZeroDivisionError", "one half")
    >>> faults.counts, faults.latest
    ({'strategy rumour': 1}, ['strategy rumour (ZeroDivisionError): one half'])
    """

    counts: dict[str, int] = field(default_factory=dict)
    latest: list[str] = field(default_factory=list)

    def note(self, component: str, problem: str, fallback: str) -> None:
        """Report that `component` failed at this tick and what stood in for it."""
        self.counts[component] = self.counts.get(component, 0) + 1
        self.latest.append(f"{component} ({problem}): {fallback}")
