"""Counts failures of components (strategies, features, sizing rules). After each, a harmless fallback is used."""

from dataclasses import dataclass, field


@dataclass
class Faults:
    """Failures of the components (strategies, features, sizing rules ...) of one symbol.

    Each time that a component fails, a harmless fallback is used in place of its result.

    Attributes:
        counts: number of failures of each component that ever failed.
        latest: failures at the present tick, each as one line: component, problem and fallback; and what else is
            missing at it.

    >>> faults = Faults()
    >>> faults.note("strategy rumour", problem="ZeroDivisionError", fallback="one half")
    >>> faults.counts, faults.latest
    ({'strategy rumour': 1}, ['strategy rumour (ZeroDivisionError): one half'])
    """

    counts: dict[str, int] = field(default_factory=dict)
    latest: list[str] = field(default_factory=list)

    def note(self, component: str, problem: str, fallback: str) -> None:
        """Count a failure of a component at the present tick, and remember it in `latest`.

        Args:
            component: kind and name of the component that failed.
            problem: what went wrong, such as the name of an exception.
            fallback: what is used instead of the component's result.
        """
        self.counts[component] = self.counts.get(component, 0) + 1
        self.latest.append(f"{component} ({problem}): {fallback}")

    def remark(self, sentence: str) -> None:
        """Remember in `latest` what is missing at the present tick, although no component failed."""
        self.latest.append(sentence)
