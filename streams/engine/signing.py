"""Signatures (HMAC-SHA256) of commands, directives, retrain jobs and records of the topic `experiment-partials`.

A directive is a record among the ticks that starts, promotes or stops a variant of the pipeline. A signature is
`KEY/AS_OF/HEX`: the id of the key, a place (topic, partition, offset) and the HMAC. The place is that of the input
record that led to the signed record. For a person's command it is the place in the topic from which on the command is
valid. A signed record is refused if it lies on the same topic as this place, but at an earlier offset. The HMAC covers
the deployment's name, the topic, the key id, the place and the record, so that the signed record is worthless
elsewhere.

Earlier releases signed the record alone and wrote only the hex digits. Such plain signatures are accepted with a key
that is marked as `plain`.
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
        secret: secret of the HMAC; `repr` hides it.
        until: for a retired key, by topic, one offset for each partition number: from this offset on the key is no
            longer accepted. None for a key that is still in use.
        plain: whether the key is for signatures of earlier releases, which cover the record alone. A plain key with an
            empty secret stands for unsigned records.
    """

    id: str
    secret: str
    until: Mapping[str, tuple[int, ...]] | None = None
    plain: bool = False

    def __repr__(self) -> str:
        return f"Key({self.id!r}, '***', {self.until!r}, {self.plain!r})"

    def ends(self, topic: str, partition: int) -> int | None:
        """Offset of a partition from which on the key is no longer accepted; None for a key that is not retired.

        The offset is 0, so that nothing is accepted, if `until` of a retired key does not have the topic or partition.

        >>> Key("old", "secret", {"ticks": (40, 7)}).ends("ticks", partition=1), Key("new", "secret").ends("ticks", 1)
        (7, None)
        """
        if self.until is None:
            return None
        ends = self.until.get(topic, ())
        return ends[partition] if partition < len(ends) else 0


class Signing:
    """Signs the records of a deployment (one installation, by name) and checks signatures.

    Args:
        deployments: name of this deployment, followed by the names of other deployments whose signatures
            are accepted, because their topics were copied to this one.
        keys: all known keys.
        signs: id of the key to sign with. If no key has this id, nothing is signed and every record is
            accepted.
        partitions: number of partitions of every topic, with which `admit` finds the partition on which a
            record of the topic `experiment-partials` must lie. 0: not known, and this partition is not
            checked.

    In this example a record with a signature of the deployment `prod` is refused by the deployment `test`,
    with the same message as a record without a signature:

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
        """Whether records are signed and signatures checked, which is so if there is a key to sign with."""
        return self._own is not None

    def sign(self, record: AnyRecord, record_id: str) -> AnyRecord:
        """A copy of the record with a signature; the record itself if there is no key to sign with.

        Args:
            record: a command, a directive, a retrain job, or a record of the topic `experiment-partials`.
            record_id: id whose topic, partition and offset go into the signature. It is the id of the record that led
                to the signed record, or it names the place from which on the signed record is valid.
        """
        key = self._own
        if key is None:
            return record
        place = root_of(record_id)
        return replace(record, signature=f"{key.id}/{place}/{self._mac(record, key, place, self.deployments[0])}")

    def ask(self, command: AnyCommand, record_id: str) -> AnyCommand:
        """A signed copy of a command that a node sends, marked as automatic (not asked for by a person).

        Args:
            command: command to send.
            record_id: id of the record that the command follows from.
        """
        return self.sign(replace(command, automatic=True), record_id)

    def check(self, record: Struct) -> None:
        """Check that a record has a valid signature; without a signing key every record passes.

        The place (topic, partition, offset) where the record lies does not matter here; `admit` checks it.

        Raises:
            Refused: no known key made the signature, or it was made for another deployment.
        """
        if self._own is not None:
            self._key_of(record)

    def admit(self, record: Any, record_id: str) -> AsOf | None:
        """Check that the signature of a record is valid at the place (topic, partition, offset) where the record lies.

        Args:
            record: record that has passed `check`.
            record_id: id that names the place of the record.

        Returns:
            The place that the signature names; None for a signature that names none, or without a signing key.

        Raises:
            Refused: the key was retired before the record's place, the signature names a later offset of the record's
                topic, or the record was signed for another partition. (A record of an experiment over several symbols
                is expected on the partition of the experiment: on another one, the experiment would be decided a second
                time.)
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
        """Partition on which a record of `experiment-partials` must lie: that of its experiment, not of its symbol."""
        return partition_of(partial.experiment, self._partitions) if self._partitions else partition

    def meet(self, judged: Judged, record: Any, record_id: str) -> bool:
        """Check that a record's signature is valid at the place where the record lies, and remember the record.

        Returns True if the record is new, and False if it was remembered already. Without a signing key nothing is
        checked or remembered, and the answer is always True.

        Args:
            judged: memory of requests on the record's symbol, which is changed.
            record: record that has passed `check`.
            record_id: id that names the record's place: topic, partition and offset.

        Raises:
            Refused: the signature is not valid at this place, or the record is too old to tell whether it is new
                (`expired`).
        """
        if self._own is None:
            return True
        return judged.meet(record.id, self.admit(record, record_id))

    def _key_of(self, record: Any) -> Key:
        """The key that made a record's signature.

        Raises:
            Refused: no known key did.
        """
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
