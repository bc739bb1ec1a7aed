"""The statuses of a model version, and which status may follow which.

The live system and the registry in memory (`ModelVersionManager`) use the same table.
"""

from schemas.versions import Status

FOLLOWS: dict[Status, tuple[Status, ...]] = {
    "candidate": ("shadow", "champion", "rejected"),
    "shadow": ("champion", "frozen", "rejected", "stopped"),
    "champion": ("shadow", "frozen", "rolled_back"),
    "frozen": ("shadow", "champion", "rejected"),
    "rejected": (),
    "rolled_back": ("shadow", "champion", "stopped"),
    "stopped": (),
}
"""States that may follow each state, in the loop or in memory; a version's next record may also repeat its state."""

OF_ARMS: frozenset[tuple[Status, Status]] = frozenset(
    {
        ("shadow", "stopped"),
        ("champion", "shadow"),
        ("rolled_back", "shadow"),
        ("rolled_back", "champion"),
        ("rolled_back", "stopped"),
    }
)
"""Changes that only a version that runs as an arm of the loop can make.

In the loop a champion that is succeeded or rolled back runs on in shadow until its arm is stopped. In a registry in
memory no version runs beside the champion: a champion that is succeeded is frozen at once, and one that is rolled back
stays so.
"""


def without_arms() -> dict[Status, tuple[Status, ...]]:
    """For each status, the statuses that may follow if no version runs beside the live one.

    The result is the table `FOLLOWS` less the changes that only a version which runs beside the live one
    can make, such as from `shadow` to `stopped`. A status that no version can then reach is left out.

    >>> without_arms()["champion"], without_arms()["rolled_back"], "stopped" in without_arms()
    (('frozen', 'rolled_back'), (), False)
    """
    ways = {
        before: tuple(after for after in following if (before, after) not in OF_ARMS)
        for before, following in FOLLOWS.items()
    }
    reached = {"candidate", *(after for following in ways.values() for after in following)}
    return {before: following for before, following in ways.items() if before in reached}
