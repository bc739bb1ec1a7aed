"""Finds how a model version stopped being live: whether it was replaced, rolled back or stopped; when, why, by whom."""

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from agents.pages.wording import moment
from schemas.versions import ModelVersion


class Became(Struct):
    """What the registry of model versions says about one version.

    Attributes:
        latest: newest record of the version.
        ended: the record by which the version last stopped being live; None if it is live or never was.
    """

    latest: ModelVersion
    ended: ModelVersion | None = None

    @property
    def live(self) -> bool:
        """Whether the version is live now."""
        return self.latest.status == "champion"

    @property
    def shadow(self) -> str:
        """Name under which the version runs beside the live one; empty if it is the live one or no longer runs."""
        return "" if self.live else self.latest.arm


Lives = Mapping[tuple[str, str], Became]
"""History of every version, by symbol and name of the version."""


def followed(before: Became | None, record: ModelVersion) -> Became:
    """Return the history of a model version with one more of its registry records.

    Args:
        before: history without the record; None if the record is the first.
        record: the next record of the same version.

    In the example a person promotes `v2`, and a person rolls it back. It goes on running beside the
    live version.

    >>> live = ModelVersion(
    ...     id="commands:0:7:0", symbol="X", version="v2", parent="v1", status="champion",
    ...     reason="a winner", ts_event=5, command="c1", arm="live",
    ... )
    >>> taken_back = ModelVersion(
    ...     id="commands:0:9:1", symbol="X", version="v2", parent="v1", status="rolled_back",
    ...     reason="too bold", ts_event=10**18, command="c2", arm="v2",
    ... )
    >>> found = followed(followed(None, live), taken_back)
    >>> found.live, found.shadow, since_then(found)
    (False, 'v2', 'rolled back by hand at 2001-09-09 01:46:40 UTC: too bold')
    """
    if record.status == "champion":
        return Became(record)
    ended = before.ended if before is not None else None
    demoted = record.status == "shadow" and record.change == "promote_variant" and record.held is not True
    kept = record.status == "frozen" and ended is None
    # Where the record of its end was compacted away, the next one stands for it.
    if record.status == "rolled_back" or demoted or kept or (before is not None and before.live):
        ended = record
    return Became(record, ended)


def since_then(became: Became) -> str:
    """Describe in a sentence how a version stopped being live; empty if it is live or never was."""
    ended, latest = became.ended, became.latest
    if ended is None:
        return ""
    said = f"{what_ended(ended)} {by(ended)} at {moment(ended.ts_event)} UTC: {ended.reason}"
    if not latest.arm:
        said += f"; runs no more since {moment(latest.ts_event)} UTC"
    return said


def what_ended(ended: ModelVersion) -> str:
    """Return "rolled back", "replaced" or "taken out": how a version stopped being live.

    Args:
        ended: the registry record by which the version stopped being live.
    """
    return {"rolled_back": "rolled back", "shadow": "replaced"}.get(ended.status, "taken out")


def of_experiment(lives: Lives, symbols: Iterable[str], challengers: Sequence[str]) -> dict[str, Became]:
    """Return what the registry says about the version that an experiment tests, by symbol.

    Args:
        lives: history of every known version, by symbol and name of the version.
        symbols: symbols of the experiment. A symbol is left out of the result if `lives` has none of
            `challengers` for it.
        challengers: names of the tested versions, which may differ from symbol to symbol. If `lives`
            has several of them for a symbol, the first one named here counts.
    """
    found = {symbol: [lives[symbol, each] for each in challengers if (symbol, each) in lives] for symbol in symbols}
    return {symbol: of[0] for symbol, of in found.items() if of}


def by(record: ModelVersion) -> str:
    """Return "by itself" if a node of the system asked for the change in `record`, "by hand" if a person did."""
    return "by itself" if record.automatic else "by hand"
