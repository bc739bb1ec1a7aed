"""What happened to a version after its verdict: live, replaced, rolled back or stopped; when, why and by whom."""

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from agents.pages.wording import moment
from schemas.versions import ModelVersion


class Became(Struct):
    """The history of one version by the registry.

    Attributes:
        latest: the newest record.
        ended: the record that ended its last time as live version; None if it is live or never was.
    """

    latest: ModelVersion
    ended: ModelVersion | None = None

    @property
    def live(self) -> bool:
        """Whether it is live now."""
        return self.latest.status == "champion"

    @property
    def shadow(self) -> str:
        """Name of the arm in which it runs in shadow, empty where it is live or runs no more."""
        return "" if self.live else self.latest.arm


Lives = Mapping[tuple[str, str], Became]
"""By symbol and version."""


def followed(before: Became | None, record: ModelVersion) -> Became:
    """The history of a version with one more record.

    >>> one = ModelVersion("commands:0:7:0", "X", "v2", "v1", "champion", "a winner", 5, "c1", arm="live")
    >>> back = ModelVersion("commands:0:9:1", "X", "v2", "v1", "rolled_back", "too bold", 10**18, "c2", arm="v2")
    >>> found = followed(followed(None, one), back)
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
    """What happened to a version that was live, as a sentence; empty if it is live or never was."""
    ended, latest = became.ended, became.latest
    if ended is None:
        return ""
    said = f"{what_ended(ended)} {by(ended)} at {moment(ended.ts_event)} UTC: {ended.reason}"
    if not latest.arm:
        said += f"; runs no more since {moment(latest.ts_event)} UTC"
    return said


def what_ended(ended: ModelVersion) -> str:
    """How a version stopped to be live, given the record that says so."""
    return {"rolled_back": "rolled back", "shadow": "replaced"}.get(ended.status, "taken out")


def of_experiment(lives: Lives, symbols: Iterable[str], challengers: Sequence[str]) -> dict[str, Became]:
    """History of the challengers of an experiment, by symbol.

    Args:
        lives: of all versions that are known.
        symbols: of the experiment.
        challengers: versions of its challenger.
    """
    found = {symbol: [lives[symbol, each] for each in challengers if (symbol, each) in lives] for symbol in symbols}
    return {symbol: of[0] for symbol, of in found.items() if of}


def by(record: ModelVersion) -> str:
    """Whether the system asked for a change, or a person."""
    return "by itself" if record.automatic else "by hand"
