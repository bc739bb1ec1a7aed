"""Finds local brokers of other homes on this machine, for the error of a command in the wrong folder."""

from pathlib import Path

import psutil
from msgspec import Struct

from agents.broker.ports import is_free
from agents.broker.process import RunningBroker, running
from agents.broker.reserved_ports import reserved_by
from schemas.errors import EnvironmentProblem

KAFKA, MOCK = "kafka.Kafka", "agents.broker.mock"
"""Words in the command lines of brokers that `agents.broker` starts."""


class Neighbour(Struct, frozen=True, order=True):
    """A local broker that runs.

    Attributes:
        home: its folder.
        address: for clients, `host:port`.
    """

    home: str
    address: str


def neighbours(home: Path) -> list[Neighbour]:
    """Brokers of other homes than this one that run on this machine, as far as this user may see them."""
    homes = {found for each in psutil.process_iter(["cmdline"]) if (found := home_of(each.info["cmdline"] or []))}
    brokers = {other: _running(other) for other in homes - {home}}
    return sorted(Neighbour(str(other), broker.address) for other, broker in brokers.items() if broker is not None)


def home_of(words: list[str]) -> Path | None:
    """The home of a broker, by the command line of its process; None for any other process.

    >>> home_of(["java", "-Xmx512m", "kafka.Kafka", "/srv/loop/broker/server.properties"]).as_posix()
    '/srv/loop'
    >>> home_of(["python", "-m", "agents.broker.mock", "/srv/mock"]).as_posix()
    '/srv/mock'
    >>> home_of(["java", "kafka.Kafka", "/etc/kafka/server.properties"]) is home_of(["vi", "notes"]) is None
    True
    """
    if len(words) < 3:
        return None
    last = Path(words[-1])
    if words[-2] == MOCK:
        return last
    return last.parent.parent if words[-2] == KAFKA and last.parts[-2:] == ("broker", "server.properties") else None


def no_broker(home: Path) -> EnvironmentProblem:
    """The error of a command that finds no broker for its home; names brokers of other homes and how to reach them."""
    found = neighbours(home)
    others = "".join(f"; one runs for {each.home} ({each.address})" for each in found)
    there = f"the same command with `--home {found[0].home}` reaches that one, " if found else ""
    return EnvironmentProblem(
        f"expected a broker, none runs for {home}{others}; fix: {there}`tickloop up` or `tickloop broker start` starts "
        "one here, TICKLOOP_BOOTSTRAP names a Kafka that runs elsewhere"
    )


def holder(home: Path, port: int) -> str:
    """Name, for people, of who uses a port that the broker of a home would take."""
    found = (each.home for each in neighbours(home) if each.address.endswith(f":{port}"))
    unknown = reserved_by(port) if is_free(port) else "another program"
    return next((f"the broker of {other}" for other in found), unknown)


def _running(home: Path) -> RunningBroker | None:
    """The running broker of a home; None also where its record is damaged or belongs to another user."""
    try:
        return running(home)
    except (EnvironmentProblem, OSError):
        return None
