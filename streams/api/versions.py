"""Registry of model versions in memory: state, parent, status, and the reason for each change of status."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

from msgspec import DecodeError, Struct, ValidationError, json
from msgspec.structs import replace

from schemas.codec import encode
from schemas.errors import ModelRefused
from schemas.models import ModelState, state_sha256
from schemas.retraining import RetrainingResult
from streams.lifecycle.version_states import without_arms
from streams.market.models import signed_logistic

SCHEMA = 1
"""Schema of a stored version; a record of another schema is refused."""

VersionStatus = Literal["candidate", "shadow", "champion", "frozen", "rejected", "rolled_back"]

NEXT: dict[VersionStatus, tuple[VersionStatus, ...]] = without_arms()  # type: ignore[assignment]
"""States that may follow each state: those of the loop that need no running arm."""


class VersionChange(Struct, frozen=True):
    """One change of a version's status.

    Attributes:
        ts_event: event time of the change, ns since 1970, UTC.
        status: status from then on.
        reason: why it changed, a sentence.
        cause: id of the job or record that caused the change; empty: none.
    """

    ts_event: int
    status: VersionStatus
    reason: str
    cause: str = ""


class Version(Struct, frozen=True):
    """One model version of one symbol, with all changes of its status.

    Attributes:
        schema: version number of the format in which it is stored.
        symbol: symbol that the model predicts.
        state: name, parent and numbers of the model.
        sha256: SHA-256 of the canonical JSON of `state`, 64 hex digits.
        changes: changes of the version's status, the oldest first, at least one.
        recipe, trained_from, trained_until, n_trained, metrics: fields of the `RetrainingResult` that holds the
            version; empty for a version that no retrain made.
    """

    schema: int
    symbol: str
    state: ModelState
    sha256: str
    changes: tuple[VersionChange, ...]
    recipe: str = ""
    trained_from: int = 0
    trained_until: int = 0
    n_trained: int = 0
    metrics: dict[str, float] = {}

    @property
    def name(self) -> str:
        """Name of the version, unique per symbol."""
        return self.state.version

    @property
    def status(self) -> VersionStatus:
        """Present status: that of the last change."""
        return self.changes[-1].status


class ModelVersionManager:
    """Registry of the model versions of all symbols, in memory.

    To keep a version, write the bytes of `dump` to a file or a topic; `load` adds it again.

    >>> from schemas.models import SignedLogisticState
    >>> numbers = SignedLogisticState(("queue_imbalance",), (1.2,), (0.4,), 100)
    >>> manager = ModelVersionManager()
    >>> for name in ("v1", "v2"):
    ...     _ = manager.add("X", ModelState(name, numbers), 1, "made by hand")
    ...     _ = manager.promote("X", name, 2, "shown to be better")
    >>> [(each.name, each.status) for each in manager.versions("X")]
    [('v1', 'frozen'), ('v2', 'champion')]
    >>> manager.roll_back("X", 3, "worse than v1: alarm of the e-detector").name
    'v1'
    >>> print(manager.why("X"))
    v1 is live: v2 was rolled back: worse than v1: alarm of the e-detector
    """

    def __init__(self) -> None:
        self._versions: dict[tuple[str, str], Version] = {}

    def register(self, result: RetrainingResult, ts_event: int) -> Version:
        """Add the version that a retrain made: as `candidate` if the retrain accepted it, else as `rejected`.

        Args:
            result: result of the retrain.
            ts_event: event time of the status, ns since 1970, UTC.

        Raises:
            ModelRefused: the result has no model, the model's SHA-256 differs from the stated one, or another version
                has its name.
        """
        if result.candidate is None:
            raise ModelRefused(f"expected a result with a candidate, was {result.status}: {result.sentence}")
        status: VersionStatus = "candidate" if result.status == "candidate" else "rejected"
        return self.keep(
            Version(
                SCHEMA,
                result.symbol,
                result.candidate,
                result.sha256,
                (VersionChange(ts_event, status, result.sentence, result.job_id),),
                result.recipe,
                result.trained_from,
                result.trained_until,
                result.n_trained,
                result.metrics,
            )
        )

    def add(self, symbol: str, state: ModelState, ts_event: int, reason: str) -> Version:
        """Add a version that no retrain made, with the status `candidate`.

        Args:
            symbol: symbol that the model predicts.
            state: name, parent and numbers of the model.
            ts_event: event time of the status, ns since 1970, UTC.
            reason: why it is added, a sentence.

        Raises:
            ModelRefused: the numbers are not those of a valid model, or another version has its name.
        """
        return self.keep(
            Version(SCHEMA, symbol, state, state_sha256(state), (VersionChange(ts_event, "candidate", reason),))
        )

    def load(self, record: bytes) -> Version:
        """Add a version from the bytes that `dump` made.

        Raises:
            ModelRefused: the bytes are malformed, of another schema or kind, do not fit their SHA-256, or contradict a
                version in the registry; nothing has changed.
        """
        try:
            schema = json.decode(record, type=_Schema).schema
            if schema != SCHEMA:
                raise ModelRefused(f"expected a version record of schema {SCHEMA}, was {schema}; fix: upgrade")
            version = json.decode(record, type=Version)
        except (DecodeError, ValidationError, UnicodeDecodeError) as error:
            raise ModelRefused(f"expected a version record, was something else: {error}") from error
        return self.keep(version)

    def dump(self, symbol: str, name: str) -> bytes:
        """A version as JSON bytes, which `load` reads.

        Raises:
            ModelRefused: the symbol has no version of that name.
        """
        return encode(self.get(symbol, name))

    def get(self, symbol: str, name: str) -> Version:
        """The version that has a given name among the versions of a symbol.

        Raises:
            ModelRefused: the symbol has no version of that name.
        """
        found = self._versions.get((symbol, name))
        if found is None:
            known = ", ".join(each.name for each in self.versions(symbol)) or "none"
            raise ModelRefused(f"expected a version of {symbol} ({known}), was {name!r:.80}")
        return found

    def versions(self, symbol: str) -> list[Version]:
        """All versions of a symbol, in the order in which they were added."""
        return [each for (of, _), each in self._versions.items() if of == symbol]

    def champion(self, symbol: str) -> Version | None:
        """The live version of a symbol, or None if no version in the registry is live."""
        return next((each for each in self.versions(symbol) if each.status == "champion"), None)

    def pool(self, symbol: str, most: int = 6) -> list[ModelState]:
        """Model states of a symbol's frozen versions. In later retrains, new models have to compete with these.

        A frozen version was live until another one was promoted in its place.

        Args:
            symbol: symbol that the models predict.
            most: largest number of states. If there are more, those that were live most recently are taken. The latest
                is last.
        """
        frozen = [each for each in self.versions(symbol) if each.status == "frozen"]
        return [each.state for each in sorted(frozen, key=lambda each: each.changes[-1].ts_event)[-most:]]

    def lineage(self, symbol: str, name: str) -> list[str]:
        """Names of a version and of its known ancestors, from the version itself back to the first ancestor."""
        names: list[str] = []
        while (symbol, name) in self._versions and name not in names:
            names.append(name)
            name = self._versions[symbol, name].state.parent
        return names + ([name] if name and name not in names else [])

    def change(
        self, symbol: str, name: str, status: VersionStatus, ts_event: int, reason: str, cause: str = ""
    ) -> Version:
        """Change the status of a version and return the changed version.

        Nothing is changed if the same `cause` has given the version the same status before.

        Args:
            symbol, name: symbol and name of the version.
            status: new status.
            ts_event: event time of the change, ns since 1970, UTC.
            reason: why, a sentence.
            cause: id of the job or record that caused the change; empty: none.

        Raises:
            ModelRefused: there is no such version, `reason` is empty, or the status may not follow the present one.
        """
        version = self.get(symbol, name)
        if cause and any(each.cause == cause and each.status == status for each in version.changes):
            return version
        if not reason:
            raise ModelRefused(f"{name}: expected a reason for {status}, was none")
        if status not in NEXT[version.status]:
            allowed = " or ".join(NEXT[version.status]) or "nothing: that is final"
            raise ModelRefused(f"{name} is {version.status}: expected {allowed}, was {status}")
        changed = replace(version, changes=(*version.changes, VersionChange(ts_event, status, reason, cause)))
        self._versions[symbol, name] = changed
        return changed

    def promote(self, symbol: str, name: str, ts_event: int, reason: str, cause: str = "") -> Version:
        """Make a version the live one (`champion`); the one that was live becomes `frozen`, kept for later retrains.

        Args:
            symbol, name: symbol and name of the version.
            ts_event: event time of the change, ns since 1970, UTC.
            reason: why, a sentence.
            cause: id of the job or record that caused the change; empty: none.

        Raises:
            ModelRefused: there is no such version, its present status does not allow it to become live, or `reason` is
                empty; nothing has changed.
        """
        before = self.champion(symbol)
        promoted = self.change(symbol, name, "champion", ts_event, reason, cause)
        if before is not None and before.name != name:
            self.change(symbol, before.name, "frozen", ts_event, f"{name} was promoted: {reason}", cause)
        return promoted

    def roll_back(self, symbol: str, ts_event: int, reason: str, cause: str = "") -> Version:
        """Withdraw the live version for good, and make its predecessor live again; return the predecessor.

        Args:
            symbol: symbol of the versions.
            ts_event: event time of the change, ns since 1970, UTC.
            reason: why, a sentence.
            cause: id of the job or record that caused the change; empty: none.

        Raises:
            ModelRefused: no version is live, or there is no earlier one to go back to; nothing has changed.
        """
        worse = self.champion(symbol)
        if worse is not None and cause and worse.changes[-1].cause == cause:
            return worse
        if worse is None:
            raise ModelRefused(f"{symbol}: expected a champion to roll back, was none")
        frozen = [each for each in self.versions(symbol) if each.status == "frozen"]
        if not frozen:
            raise ModelRefused(f"{symbol}: expected an earlier version to go back to from {worse.name}, was none")
        earlier = max(frozen, key=lambda each: each.changes[-1].ts_event)
        self.change(symbol, worse.name, "rolled_back", ts_event, reason, cause)
        return self.change(symbol, earlier.name, "champion", ts_event, f"{worse.name} was rolled back: {reason}", cause)

    def why(self, symbol: str) -> str:
        """One sentence on why the live version of a symbol is live.

        If no version was promoted, the sentence says that the symbol runs its built-in version.
        """
        live = self.champion(symbol)
        if live is None:
            return f"{symbol} runs its built-in version: no version of the registry was promoted"
        return f"{live.name} is live: {live.changes[-1].reason}"

    def difference(self, symbol: str, one: str, other: str) -> dict[str, tuple[float, float]]:
        """The weights of the logistic regression that differ between two versions: by feature, the weight in each.

        A feature that a version does not have counts as weight 0.

        Args:
            symbol: symbol of both versions.
            one: name of a version.
            other: name of the version that it is compared with.

        Raises:
            ModelRefused: there is no version of one of the names.
        """
        states = [self.get(symbol, name).state.model for name in (one, other)]
        weights = [{} if each is None else dict(zip(each.features, each.weights, strict=True)) for each in states]
        names = dict.fromkeys((*weights[0], *weights[1]))
        pairs = {name: (weights[0].get(name, 0.0), weights[1].get(name, 0.0)) for name in names}
        return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}

    def keep(self, version: Version) -> Version:
        """Add a complete version, or replace a known version by a later state of it; return the version that is kept.

        A later state has all changes of status that the known version has, and further ones. If it is the known version
        that has further changes, the known one is kept.

        Raises:
            ModelRefused: the version does not fit its SHA-256, is no valid model, has changes of status that are not
                allowed, or contradicts a version in the registry; nothing has changed.
        """
        name = version.name
        if not 0 < len(name) <= 200 or not version.symbol:
            raise ModelRefused(f"expected a symbol and a version name of 1 to 200 characters, was {name!r:.80}")
        if not version.changes:
            raise ModelRefused(f"{name}: expected at least one change of status, was none")
        _check_way(name, version.changes)
        found = state_sha256(version.state)
        if version.sha256 != found:
            raise ModelRefused(f"{name}: expected a state of SHA-256 {version.sha256[:12]}, was {found[:12]}: corrupt")
        try:
            if version.state.model is not None:
                signed_logistic.from_wire(version.state.model, version.state.model.features)
        except ValueError as error:
            raise ModelRefused(f"{name}: {error}") from error
        known = self._versions.get((version.symbol, name))
        if known is not None:
            if known.sha256 != version.sha256:
                raise ModelRefused(f"{name}: expected a new name, another state has it (SHA-256 {known.sha256[:12]})")
            if version.changes[: len(known.changes)] != known.changes:
                if known.changes[: len(version.changes)] == version.changes:
                    return known
                raise ModelRefused(f"{name}: expected its history to go on from {known.status}, was another one")
        live = self.champion(version.symbol)
        if version.status == "champion" and live is not None and live.name != name:
            raise ModelRefused(f"{name}: expected one champion of {version.symbol}, {live.name} is it")
        self._versions[version.symbol, name] = version
        return version


class _Schema(Struct):
    schema: int


def _check_way(name: str, changes: Sequence[VersionChange]) -> None:
    for before, after in pairwise(changes):
        if after.status not in NEXT[before.status]:
            raise ModelRefused(f"{name}: expected no change from {before.status} to {after.status}")
