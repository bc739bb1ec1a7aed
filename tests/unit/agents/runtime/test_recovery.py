"""A worker recovers from the records of its own partitions in the changelog."""

import pytest
from msgspec import msgpack

from agents.runtime.recovery import SnapshotsIncomplete, recover
from agents.runtime.snapshots import EpochWriter
from streams.engine.partition import KeySnapshot, PartitionRoster


def epoch(partition: int, offset: int) -> dict[bytes, bytes]:
    """Records of a complete set of snapshots that one owner of a partition stored, up to an offset."""
    filing = EpochWriter(partition, f"{partition:08x}")
    snapshot = msgpack.encode(KeySnapshot(b"state", 0, offset, ()))
    stored = filing.snapshots({"X": snapshot, "Y": snapshot}, PartitionRoster(offset), "XY") | filing.manifest(offset)
    return {key: value for key, value in stored.items() if value is not None}


def test_incomplete_snapshots_of_a_partition_that_went_elsewhere_stop_no_worker() -> None:
    gone = epoch(3, 41)
    del gone[b"3|00000003|1|Y"]  # as its new owner leaves it
    table = epoch(5, 7) | gone
    assert {number: found.offset for number, found in recover(table.items(), [5]).items()} == {5: 7}
    assert recover(table.items(), [6]) == {}
    for assigned in ([3], [3, 5], None):
        with pytest.raises(SnapshotsIncomplete, match="partition 3"):
            recover(table.items(), assigned)
