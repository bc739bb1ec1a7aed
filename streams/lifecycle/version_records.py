"""Makes the registry records of the versions that a command changes."""

from collections.abc import Callable

from msgspec import UNSET, json

from schemas.commands import Command, PinVersion, Retrain, StopVariant
from schemas.versions import ModelVersion
from streams.lifecycle.arm_states import RunningArm, SymbolArms

Shown = Callable[[str, str], str]
"""Name of a version as predictions carry it, given the symbol."""


class VersionRecords:
    """Collects a record for each version whose status one command changes.

    Args:
        command: the command that is carried out.
        record_id: id of the command's record.
        state: the lifecycle node's state of the symbol.
        shown: function of a symbol and a version, which returns the name that the version has in predictions.

    Attributes:
        record_id: id of the command's record.
        records: version records collected so far.
    """

    def __init__(self, command: Command, record_id: str, state: SymbolArms, shown: Shown) -> None:
        self.record_id = record_id
        self._command, self._state, self._shown = command, state, shown
        self.records: list[ModelVersion] = []

    def now(self, command: Command) -> None:
        """Let the records that are added from now on refer to another command."""
        self._command = command

    def add(self, arm: RunningArm, reason: str) -> None:
        """Add a record of the present status of an arm's version.

        Args:
            arm: the arm (running variant of the pipeline).
            reason: why the status changed, a sentence.
        """
        command, symbol = self._command, self._command.symbol
        lineage = tuple(self._shown(symbol, version) for version in arm.lineage)
        silent = isinstance(command, (StopVariant, Retrain, PinVersion))
        self.records.append(
            ModelVersion(
                id=f"{self.record_id}:{len(self.records)}",
                symbol=symbol,
                version=self._shown(symbol, arm.version),
                parent=lineage[-1] if lineage else "",
                status=self._state.status(arm),
                reason=reason,
                ts_event=command.ts_event,
                command=command.id,
                metrics={} if silent else command.metrics,  # type: ignore[union-attr]
                lineage=lineage,
                arm=self._shown(symbol, arm.name),
                experiment=arm.experiment,
                overrides=json.decode(arm.overrides) if arm.overrides else {},
                sha256=arm.sha256,
                automatic=command.automatic,
                manual_steps=arm.manual_steps,
                change=str(command.__struct_config__.tag),
                pinned=self._state.pinned and arm is self._state.arms[0],
                held=True if self._state.is_held(arm) else UNSET,
            )
        )
