"""Checks that snapshots were computed by the present code; a setting can accept snapshots of other code."""

from collections.abc import Mapping

from faust.types import TP

from agents.identity.computing import Identity
from schemas.errors import StateError
from schemas.limits import cut
from schemas.log_events import ComputedBy


def began(node: str, log: str, partition: int, offset: int, identity: Identity) -> ComputedBy:
    """The record for the topic `log-events` which says that a node begins a partition without snapshots.

    Args:
        node: name of the node (a computation over one topic).
        log: name of the topic that it reads.
        partition: number of the partition.
        offset: first offset that it will read.
        identity: digests of the present code.
    """
    return ComputedBy(
        node=node,
        topic=log,
        partition=partition,
        offset=offset,
        code=identity.digest,
        before="",
        parts=identity.parts,
        sentence=f"{node} began at offset {offset} of {log}-{partition}, with no state",
    )


def check_code(
    tp: TP, before: str, identity: Identity, accepted: str, parts_of: Mapping[str, Mapping[str, str]]
) -> str | None:
    """Compare the present code with the code that computed the snapshots of a partition.

    Args:
        tp: the partition.
        before: digest of the code that computed the snapshots; empty if it was not stored with them
            (old versions did not store it). Then nothing is compared.
        identity: digests of the present code.
        accepted: digest of the one code that the setting allows to go on from snapshots of other
            code; empty if the setting allows none.
        parts_of: for earlier codes, from the digest of the whole code to the digests of its parts. A
            code whose parts were not recorded is missing.

    Returns:
        A phrase that lists the changes, if the code differs and is accepted; None if the code is the
        same or `before` is empty.

    Raises:
        StateError: the code differs and is not accepted; the message says what changed and what can
            be done.
    """
    if before in ("", identity.digest):
        return None
    parts = parts_of.get(before)
    changes = "what, nobody has written down" if parts is None else identity.changes_since(parts)
    if accepted == identity.digest:
        return changes
    raise StateError(
        f"{tp.topic}-{tp.partition}: expected the code that its snapshots were computed by ({before}), was other code "
        f"({identity.digest}); changed: {changes}; fix: put the old code back; or `tickloop topics reset`, which "
        f"computes everything anew; or go on from what the old code made, with TICKLOOP_ACCEPT_CODE={identity.digest}"
    )


def changed(
    node: str, log: str, partition: int, offset: int, before: str, identity: Identity, changes: str
) -> ComputedBy:
    """The record for the topic `log-events` which says that the present code goes on from snapshots of other code.

    Args:
        node: name of the node (a computation over one topic).
        log: name of the topic that it reads.
        partition: number of the partition.
        offset: first offset that the present code will apply.
        before: digest of the code that computed the snapshots.
        identity: digests of the present code.
        changes: phrase that lists the changes.
    """
    return ComputedBy(
        node=node,
        topic=log,
        partition=partition,
        offset=offset,
        code=identity.digest,
        before=before,
        parts=identity.parts,
        sentence=cut(f"other code computes {node} from offset {offset} of {log}-{partition} on: {changes}"),
    )
