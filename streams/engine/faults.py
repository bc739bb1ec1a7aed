"""Counts failures of components (strategies, features, sizing rules). After each, a harmless fallback is used."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final, Literal, NamedTuple

from msgspec import UNSET, UnsetType

from schemas.faults import FaultEffect

MOST_COUNTED: Final = 256
"""Components whose failures are counted each by itself; names of models change with the versions that have them."""

OTHERS: Final = "other components"
"""Name under which failures of any further components are counted together."""

FAILED: Final[FaultEffect] = "failed"
"""The usual effect: the component failed once, and a fallback was used in place of its result."""


class Fault(NamedTuple):
    """One failure of a component.

    Attributes:
        component: kind and name of the component.
        problem: what went wrong, such as the name of an exception.
        fallback: what is used instead of the component's result.
        effect: what has become of the component, as a code; empty: nothing that needs to be told.
        size: stored size of the component in bytes if the failure is about its size, else 0.
        number: how often the same has happened to the same component, this time included.
        owner: arm whose part the component is; None: it is common to all arms. An arm is one of the variants of the
            pipeline that run side by side on a symbol.
    """

    component: str
    problem: str
    fallback: str
    effect: FaultEffect | Literal[""]
    size: int
    number: int
    owner: Any


@dataclass
class Faults:
    """Failures of the components (strategies, features, sizing rules ...) of one symbol.

    Each time that a component fails, a harmless fallback is used in place of its result.

    An arm is one of the variants of the pipeline that run side by side on the symbol. Its own parts are counted once
    more by the number of the arm, so that a new arm begins to count at 0.

    Attributes:
        counts: number of failures of each component that ever failed.
        latest: failures at the present tick, each as one line: component, problem and fallback; and what else is
            missing at it.
        of_arms: number of failures of the parts of each arm that had any, by number of the arm; unset: no arm had.
        noted: failures at the present tick, those of all arms; unset between ticks.
        of: arm whose parts run now; unset if these parts are common to all arms, and between ticks.

    >>> faults = Faults()
    >>> faults.note("strategy rumour", problem="ZeroDivisionError", fallback="one half")
    >>> faults.counts, faults.latest
    ({'strategy rumour': 1}, ['strategy rumour (ZeroDivisionError): one half'])
    """

    counts: dict[str, int] = field(default_factory=dict)
    latest: list[str] = field(default_factory=list)
    of_arms: dict[int, dict[str, int]] | UnsetType = UNSET
    noted: list[Any] | UnsetType = UNSET
    of: Any = UNSET

    def note(
        self,
        component: str,
        problem: str,
        fallback: str,
        effect: FaultEffect | Literal[""] = FAILED,
        size: int = 0,
    ) -> None:
        """Count a failure of a component at the present tick, and remember it in `latest` and `noted`.

        Args:
            component: kind and name of the component that failed.
            problem: what went wrong, such as the name of an exception.
            fallback: what is used instead of the component's result.
            effect: what has become of the component, as a code; empty: nothing that needs to be told.
            size: stored size of the component in bytes if the failure is about its size, else 0.
        """
        owner = None if self.of is UNSET else self.of
        number = count(self.counts, component)
        if owner is not None:
            if self.of_arms is UNSET:
                self.of_arms = {}
            number = count(self.of_arms.setdefault(owner.number, {}), _counted_as(component, effect))
        elif effect not in ("", FAILED):
            number = count(self.counts, _counted_as(component, effect))
        self.latest.append(f"{component} ({problem}): {fallback}")
        if self.noted is UNSET:
            self.noted = []
        self.noted.append(Fault(component, problem, fallback, effect, size, number, owner))

    def remark(self, sentence: str) -> None:
        """Remember in `latest` what is missing at the present tick, although no component failed."""
        self.latest.append(sentence)

    def has(self, component: str, effect: str) -> bool:
        """Whether an effect on a component was noted before, of the arm whose parts run now if there is one."""
        counts = self.counts if self.of is UNSET else self.of_arm(self.of.number)
        return _counted_as(component, effect) in counts

    def of_arm(self, number: int) -> dict[str, int]:
        """Number of failures of the parts of the arm with this number, by part; empty if there were none."""
        return {} if isinstance(self.of_arms, UnsetType) else self.of_arms.get(number, {})

    def keep(self, numbers: Iterable[int]) -> None:
        """Forget the failures of all arms but those with these numbers."""
        if not isinstance(self.of_arms, UnsetType):
            kept = {number: self.of_arms[number] for number in numbers if number in self.of_arms}
            self.of_arms = kept or UNSET


def count(counts: dict[str, int], component: str) -> int:
    """Add one to the count of a component, and return it; all components beyond the first 256 share one count.

    >>> counts = {"regime": 4}
    >>> count(counts, "regime"), counts
    (5, {'regime': 5})
    """
    if component not in counts and len(counts) >= MOST_COUNTED:
        component = OTHERS
    number = counts.get(component, 0) + 1
    counts[component] = number
    return number


def _counted_as(component: str, effect: str) -> str:
    return component if effect in ("", FAILED) else f"{component} {effect}"
