"""Checks that snapshots were computed by this code; other code is accepted only by a setting."""

from collections.abc import Mapping

from faust.types import TP

from agents.identity.computing import Identity
from schemas.errors import StateError
from schemas.limits import cut
from schemas.log_events import ComputedBy


def began(node: str, log: str, partition: int, offset: int, identity: Identity) -> ComputedBy:
    """The log event of a partition that is computed without snapshots, from its first available record on."""
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
    """Hold the code that snapshots were computed by against the one that is here.

    Args:
        tp: partition that the snapshots are of.
        before: digest of the code that they were computed by; empty: an earlier version did not say.
        identity: of what computes here.
        accepted: digest of the code that may go on from any snapshots; empty: none.
        parts_of: parts of earlier identities, by digest, as far as they are known.

    Returns:
        What changed, in a sentence, if that is accepted; None: nothing did.

    Raises:
        StateError: it is other code; says what changed and the ways on.
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
    """The log event of a partition whose snapshots were accepted although other code computed them."""
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
