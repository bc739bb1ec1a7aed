"""Table of model versions on the page: status, figures, rejected candidates, and what a person can do about each."""

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from msgspec import Struct
from msgspec.structs import replace

from agents.audit.lineage import failed_gates
from agents.dashboard.bands.changed import LONGEST_NAME, LONGEST_SENTENCE, STATUSES, Weight, cut, readable
from agents.pages.expert_names import with_models
from agents.pages.wording import number
from schemas.names import is_builtin
from schemas.retraining import RetrainFinished
from schemas.versions import ModelVersion
from streams.lifecycle.rosters import newest, valid_versions

MOST_ROWS = 100
MOST_VERSIONS = 4_000
MOST_REJECTED = 200
"""Most rejected candidates kept: the last ones."""

MOST_METRICS, MOST_LINEAGE = 12, 12

FaultsOf = Mapping[tuple[str, str], Sequence[str]]
NO_FAULTS: FaultsOf = MappingProxyType({})


class VersionRow(Struct, frozen=True):
    """One row of the table of versions: a model version, or a candidate that was rejected before it ever ran.

    Attributes:
        symbol, version: names.
        status: status in words; says so if the newest prediction names another version as the live one.
        weight: how strongly the row is displayed; `harm` marks something bad.
        since: event time of the status, ns since 1970.
        shadow: name under which the version runs in shadow (its predictions are scored but not
            published); the page's actions to promote or stop it need this name. Empty if it does not
            run in shadow.
        back_to: version that a roll-back of this live version would make live again; empty if there is none.
        known: whether the topic `model-versions` has a record of the version, by which the page can explain the
            status.
        lineage: names of the versions that it descends from, oldest first.
        metrics: figures as pairs of name and value.
        reason: why it has this status.
        pinned: whether only a person may replace it as the live version.
        held: whether its promotion or roll-back waits because a person has pinned the live version.
        faults: what has become of its parts that failed or reached their largest size, in words.
    """

    symbol: str
    version: str
    status: str
    weight: Weight
    since: int
    shadow: str
    back_to: str
    known: bool
    lineage: tuple[str, ...]
    metrics: tuple[tuple[str, str], ...]
    reason: str
    pinned: bool
    held: bool
    faults: tuple[str, ...] = ()


class Versions:
    """The newest record of every model version, and candidates that failed their acceptance checks.

    Attributes:
        change: counter that grows with every record kept.
    """

    def __init__(self) -> None:
        self.change = 0
        self._versions: dict[bytes, tuple[int, ModelVersion]] = {}
        self._rejected: dict[bytes, tuple[int, VersionRow]] = {}

    def take(self, version: ModelVersion, written_ms: int) -> None:
        """Keep a record of a version from the topic `model-versions`, in place of the version's older record.

        Args:
            version: the record.
            written_ms: when it was written, ms since 1970.
        """
        self._versions.pop(version.key, None)
        self._versions[version.key] = written_ms, version
        if len(self._versions) > MOST_VERSIONS:
            del self._versions[next(iter(self._versions))]
        self.change += 1

    def retrained(self, finished: RetrainFinished, written_ms: int) -> None:
        """Keep the new model of a retrain (the candidate) if it failed its acceptance checks.

        Other results are ignored: a candidate that passed has a record on the topic `model-versions`, and a failed
        training has no candidate.

        Args:
            finished: result of the retrain.
            written_ms: when it was written, ms since 1970.
        """
        if finished.result.status != "rejected":
            return
        self._rejected.pop(finished.key, None)
        self._rejected[finished.key] = written_ms, _rejected(finished)
        if len(self._rejected) > MOST_REJECTED:
            del self._rejected[next(iter(self._rejected))]
        self.change += 1

    def of(self, symbol: str) -> list[ModelVersion]:
        """Newest record of each version of a symbol.

        Each symbol begins with a built-in version, whose name depends on its parameters. It appears once, under its
        newest name.
        """
        return valid_versions(each for _, each in self._versions.values() if each.symbol == symbol)

    def get(self, symbol: str, version: str) -> ModelVersion | None:
        """Newest record of a version of a symbol; None if there is none.

        Any name of the built-in version finds its newest record, since that name changes with the parameters.
        """
        return next((each for each in self.of(symbol) if _same(each.version, version)), None)

    def symbols(self) -> list[str]:
        """Names of all symbols that have a version record."""
        return list(dict.fromkeys(each.symbol for _, each in self._versions.values()))

    def view(self, predicting: Mapping[str, str], faults: FaultsOf = NO_FAULTS) -> list[VersionRow]:
        """Rows of the table of versions, at most 100.

        Running versions come first. Among these, and among all others, the newest record comes first.

        Args:
            predicting: for each symbol, the version that its newest prediction names.
            faults: what has become of parts that failed, in words, by symbol and version.
        """
        of_symbol: dict[str, list[ModelVersion]] = {}
        for _, version in self._versions.values():
            of_symbol.setdefault(version.symbol, []).append(version)
        rows = []
        for symbol, versions in of_symbol.items():
            back = back_to(versions)
            for version in valid_versions(versions):
                written_ms, _ = self._versions[version.key]
                row = _row(version, predicting.get(symbol, ""), back)
                row = replace(row, faults=tuple(faults.get((symbol, row.version), ())[:MOST_METRICS]))
                rows.append((not version.arm, -written_ms, row))
        rows += [(True, -written_ms, row) for written_ms, row in self._rejected.values()]
        return [row for *_, row in sorted(rows, key=lambda held: held[:2])[:MOST_ROWS]]


def back_to(versions: Iterable[ModelVersion]) -> str:
    """Name of the version that a roll-back would make live again; empty if there is none.

    That is the version that was live most recently and has run in shadow since. A version that was itself
    rolled back, or was only ever tested in shadow, does not qualify.

    In the example, `change` is the command that gave a version its status. "v1" went into shadow when
    "v2" was promoted, so "v1" qualifies. "v3" was started in shadow and never live, so it does not
    qualify.

    Args:
        versions: newest record of each version of one symbol.

    >>> def stands(version, status, arm, change):
    ...     return ModelVersion("commands:0:7:0", "X", version, "", status, "", 5, "c1", arm=arm, change=change)
    >>> live = stands("v2", "champion", "live", "promote_variant")
    >>> before, tested = stands("v1", "shadow", "v1", "promote_variant"), stands("v3", "shadow", "v3", "start_variant")
    >>> back_to([live, before, tested]), back_to([live, tested])
    ('v1', '')
    """
    demoted = [
        each
        for each in valid_versions(versions)
        if each.arm and each.status == "shadow" and each.change == "promote_variant" and each.held is not True
    ]
    last = newest(demoted)
    return last.version if last is not None else ""


def _same(one: str, other: str) -> bool:
    return one == other or (is_builtin(one) and is_builtin(other))


def _row(version: ModelVersion, predicts: str, back: str) -> VersionRow:
    words, weight = STATUSES.get(version.status, (version.status, "plain"))
    live = version.status == "champion"
    same = _same(version.version, predicts)
    if predicts and live and not same:
        words, weight = f"live by the registry, but {predicts} predicts", "harm"
    elif same and not live:
        words, weight = f"{words}, but predicts now", "harm"
    return VersionRow(
        version.symbol,
        predicts if same else version.version,
        words,
        weight,
        version.ts_event,
        "" if live else version.arm,
        back if live else "",
        True,
        version.lineage[-MOST_LINEAGE:],
        _figures(version.metrics),
        cut(readable(f"{with_models(version)}{version.reason}"), LONGEST_SENTENCE),
        version.pinned,
        version.held is True,
    )


def _rejected(finished: RetrainFinished) -> VersionRow:
    result = finished.result
    return VersionRow(
        finished.symbol,
        result.candidate.version if result.candidate is not None else cut(result.job_id, LONGEST_NAME),
        "rejected by the gates",
        "plain",
        finished.ts_event,
        "",
        "",
        False,
        (result.parent,) if result.parent else (),
        _figures(result.metrics),
        cut(f"failed: {failed_gates(result) or result.sentence}", LONGEST_SENTENCE),
        pinned=False,
        held=False,
    )


def _figures(metrics: Mapping[str, float]) -> tuple[tuple[str, str], ...]:
    found = list(metrics.items())[:MOST_METRICS]
    return tuple((cut(name.replace("_", " "), LONGEST_NAME), number(value, ".4g")) for name, value in found)
