"""The states of a model version: which may follow which, said once for the loop and for the registry in memory."""

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
"""Every way from one state to another. A record of a version may also say the state again in which it was."""

OF_ARMS: frozenset[tuple[Status, Status]] = frozenset(
    {
        ("shadow", "stopped"),
        ("champion", "shadow"),
        ("rolled_back", "shadow"),
        ("rolled_back", "champion"),
        ("rolled_back", "stopped"),
    }
)
"""Ways that only a version takes that runs as an arm of the loop.

There a champion that is succeeded or taken back runs on in shadow until its arm is stopped. In a registry in memory
nothing runs beside the champion: one that is succeeded is frozen at once, one that is taken back has come to its end.
"""


def without_arms() -> dict[Status, tuple[Status, ...]]:
    """Ways of versions of which none runs as an arm, and the states that they come to.

    >>> without_arms()["champion"], without_arms()["rolled_back"], "stopped" in without_arms()
    (('frozen', 'rolled_back'), (), False)
    """
    ways = {
        before: tuple(after for after in following if (before, after) not in OF_ARMS)
        for before, following in FOLLOWS.items()
    }
    reached = {"candidate", *(after for following in ways.values() for after in following)}
    return {before: following for before, following in ways.items() if before in reached}
