"""Components that failed, and models that reached their largest size, as the page shows them beside the version."""

from agents.pages.fault_words import fault_words
from schemas.faults import ComponentFailed

MOST = 4_000
"""Most faults kept: the last ones."""

MODEL_WORD = "model "
"""With this word the component of a model begins; the name of the model follows."""


class FaultsSeen:
    """The newest record of each fault: of each component, version and effect.

    Attributes:
        change: counter that grows with every record kept.
    """

    def __init__(self) -> None:
        self.change = 0
        self._seen: dict[bytes, ComponentFailed] = {}

    def take(self, failed: ComponentFailed) -> None:
        """Keep a record, in place of the older one of the same fault."""
        self._seen.pop(failed.key, None)
        self._seen[failed.key] = failed
        if len(self._seen) > MOST:
            del self._seen[next(iter(self._seen))]
        self.change += 1

    def by_version(self) -> dict[tuple[str, str], tuple[str, ...]]:
        """Faults of the parts of each version, in words, by symbol and version."""
        found: dict[tuple[str, str], list[str]] = {}
        for each in self._seen.values():
            if each.version:
                found.setdefault((each.symbol, each.version), []).append(f"{each.component} {fault_words(each)}")
        return {key: tuple(said) for key, said in found.items()}

    def of_model(self, symbol: str, version: str, model: str) -> str:
        """What has become of one model of a version, in words; empty if nothing has.

        Args:
            symbol: symbol of the version.
            version: name of the version.
            model: name of the model among the experts.
        """
        named = f"{MODEL_WORD}{model}"
        said = [
            fault_words(each)
            for each in self._seen.values()
            if each.symbol == symbol and each.version == version and each.component == named
        ]
        return "; ".join(said)
