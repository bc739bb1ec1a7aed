"""Signatures of commands, directives, partials and jobs: HMACs for one deployment, one topic and one place of its log.

A signature is `KEY/AS_OF/HEX`: the id of the key, the place in the log as of which the record was signed, and an
HMAC-SHA256 over the deployment, the topic, these two and the record. Signatures of releases before this one are the hex
digits alone, over the record alone; they count as those of a key that is `plain`.
"""

import hmac
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, TypeVar

from msgspec import Struct, to_builtins
from msgspec.structs import fields, replace

from schemas.codec import encode
from schemas.commands import Command
from schemas.errors import Refused
from schemas.experiments import ExperimentPartial
from schemas.positions import AsOf, as_of, is_root, root_of
from schemas.retraining import RetrainJob
from schemas.ticks import Directive
from schemas.topics import COMMANDS, EXPERIMENT_PARTIALS, RETRAIN_JOBS, TICKS
from streams.engine.judged import Judged
from streams.engine.partitioner import partition_of

AnyRecord = TypeVar("AnyRecord", bound=Struct)
AnyCommand = TypeVar("AnyCommand", bound=Command)

LONGEST_KEY_ID = 32
"""Characters of the id of a key: letters, digits, `-`, `_`."""

ADDED_SINCE = ("overrides", "from_live", "version")
"""Fields of a directive that the earliest plain signatures did not cover."""

TOPIC_OF = {
    Directive: TICKS.name,
    ExperimentPartial: EXPERIMENT_PARTIALS.name,
    RetrainJob: RETRAIN_JOBS.name,
}
"""Topic that each type of record is signed for; all other types are commands."""

REASONS = {
    TICKS.name: "unsigned_directive",
    EXPERIMENT_PARTIALS.name: "unsigned_partial",
    RETRAIN_JOBS.name: "unsigned_job",
}
"""Reason code for each type of record whose signature is not valid; `unsigned_command` for all others."""


class Key(Struct, frozen=True):
    """A signing key: a secret with an id.

    Attributes:
        id: name of the key in signatures.
        secret: of the HMAC; never shown.
        until: for a retired key, by topic the offsets, one a partition, from which on it is not accepted; None: it is
            accepted everywhere.
        plain: whether it is for signatures over the record alone; without a secret: for unsigned records.
    """

    id: str
    secret: str
    until: Mapping[str, tuple[int, ...]] | None = None
    plain: bool = False

    def __repr__(self) -> str:
        return f"Key({self.id!r}, '***', {self.until!r}, {self.plain!r})"

    def ends(self, topic: str, partition: int) -> int | None:
        """Offset from which on the key is not accepted; None: it always is.

        >>> Key("old", "secret", {"ticks": (40, 7)}).ends("ticks", 1), Key("new", "secret").ends("ticks", 1)
        (7, None)
        """
        if self.until is None:
            return None
        ends = self.until.get(topic, ())
        return ends[partition] if partition < len(ends) else 0


class Signing:
    """Signs the records of a deployment and checks signatures.

    Args:
        deployments: name of the deployment, then those whose log it copied and whose signatures it accepts.
        keys: known keys; without any, nothing is signed and everything is accepted.
        signs: id of the key to sign with.
        partitions: of every topic of the deployment, which determine the partition of a partial; 0: not known, then a
            partial is accepted on any partition.

    >>> signing = Signing(("prod",), [Key("2026a", "secret")], "2026a")
    >>> signed = signing.sign(Directive("d1", "X", 1, "stop_arm", "b", "because"), "commands:0:7:0")
    >>> signed.signature[:29]
    '2026a/commands:0:7/bf846584d3'
    >>> signing.check(signed)
    >>> Signing(("test",), [Key("2026a", "secret")], "2026a").check(signed)
    Traceback (most recent call last):
    ...
    schemas.errors.Refused: unsigned_directive: expected a signature of deployment 'test' for ticks, 'd1' has none
    """

    def __init__(
        self,
        deployments: tuple[str, ...] = ("",),
        keys: tuple[Key, ...] | list[Key] = (),
        signs: str = "",
        partitions: int = 0,
    ) -> None:
        self.deployments = deployments
        self._partitions = partitions
        self._keys = {key.id: key for key in keys if not key.plain}
        self._plain = tuple(key for key in keys if key.plain)
        self._own = self._keys.get(signs)

    def __bool__(self) -> bool:
        """Whether anything is signed at all."""
        return self._own is not None

    def sign(self, record: AnyRecord, record_id: str) -> AnyRecord:
        """The record with its signature; unchanged without a key.

        Args:
            record: a command, a directive, a partial or a job.
            record_id: id of the record that it follows from, or of the place that it is written to.
        """
        key = self._own
        if key is None:
            return record
        place = root_of(record_id)
        return replace(record, signature=f"{key.id}/{place}/{self._mac(record, key, place, self.deployments[0])}")

    def ask(self, command: AnyCommand, record_id: str) -> AnyCommand:
        """`sign` for a command of a node, which is marked as automatic."""
        return self.sign(replace(command, automatic=True), record_id)

    def check(self, record: Struct) -> None:
        """Check the signature of a record, wherever the record lies; without a key every record passes.

        Raises:
            Refused: it has no valid signature.
        """
        if self._own is not None:
            self._key_of(record)

    def admit(self, record: Any, record_id: str) -> AsOf | None:
        """Check that the signature of a record holds at the place where the record lies.

        Args:
            record: one that has passed `check`.
            record_id: id that names its place.

        Returns:
            The place as of which it was signed; None for a plain signature, or without a key.

        Raises:
            Refused: the key was retired before, or it was signed for another partition, or as of a later place. A
                partial is signed for the partition where its experiment is: in another one it would open the
                experiment a second time, with a verdict of its own.
        """
        if self._own is None:
            return None
        topic, partition, offset = as_of(record_id)
        key = self._key_of(record)
        end = key.ends(topic, partition)
        if end is not None and offset >= end:
            raise _refused(record, f"the key {key.id!r} of {record.id!r:.80} is taken before offset {end} only")
        if key.plain:
            return None
        signed = as_of(record.signature.split("/")[1])
        home = self._home(record, partition) if topic == EXPERIMENT_PARTIALS.name else signed.partition
        if home != partition:
            raise _refused(record, f"expected partition {home}, {record.id!r:.80} lies on {partition}")
        if signed.topic == topic and signed.offset > offset:
            raise _refused(record, f"expected {record.id!r:.80} at {signed.offset} or behind, it lies at {offset}")
        return signed

    def _home(self, partial: ExperimentPartial, partition: int) -> int:
        """Partition of a partial: the partition of its experiment, not of its symbol."""
        return partition_of(partial.experiment, self._partitions) if self._partitions else partition

    def meet(self, judged: Judged, record: Any, record_id: str) -> bool:
        """Remember that a record is judged now, if `admit` lets it pass; whether that is the first time.

        Raises:
            Refused: as `admit` and `Judged.meet` do.
        """
        if self._own is None:
            return True
        return judged.meet(record.id, self.admit(record, record_id))

    def _key_of(self, record: Any) -> Key:
        """Key that the signature was made with."""
        signature = record.signature or ""
        parts = signature.split("/")
        if len(parts) == 3:
            key_id, place, mac = parts
            key = self._keys.get(key_id)
            if key is not None and is_root(place):
                for deployment in self.deployments:
                    if hmac.compare_digest(mac.encode(), self._mac(record, key, place, deployment).encode()):
                        return key
        for key in self._plain:
            expected = _plain_mac(record, key) if key.secret else ""
            if hmac.compare_digest(signature.encode(), expected.encode()):
                return key
        where = f"deployment {self.deployments[0]!r:.80} for {_topic_of(record)}"
        raise _refused(record, f"expected a signature of {where}, {record.id!r:.80} has none")

    @staticmethod
    def _mac(record: Struct, key: Key, place: str, deployment: str) -> str:
        signed = (deployment, _topic_of(record), key.id, place, type(record).__name__, _said(record))
        return hmac.new(key.secret.encode(), encode(signed), sha256).hexdigest()


UNSIGNED = Signing()
"""Signing of a deployment without keys."""


def _topic_of(record: Struct) -> str:
    return TOPIC_OF.get(type(record), COMMANDS.name)


def _refused(record: Struct, detail: str) -> Refused:
    return Refused(REASONS.get(_topic_of(record), "unsigned_command"), detail)


def _said(record: Struct) -> dict[str, Any]:
    """Fields as they are signed: those at their defaults are left out, so that new fields may be added."""
    defaults = {field.name: field.default for field in fields(record)}
    defaults |= {field.name: field.default_factory() for field in fields(record) if callable(field.default_factory)}
    named = {field.name: field.encode_name for field in fields(record)}
    builtins = to_builtins(record)
    return {
        named[name]: builtins[named[name]]
        for name in record.__struct_fields__
        if name != "signature" and not (name in defaults and getattr(record, name) == defaults[name])
    }


def _plain_mac(record: Any, key: Key) -> str:
    signed = to_builtins(replace(record, signature=""))
    covered = {name: value for name, value in signed.items() if value or name not in ADDED_SINCE}
    return hmac.new(key.secret.encode(), encode(covered), sha256).hexdigest()
