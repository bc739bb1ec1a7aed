"""Finds local brokers of other home folders on this machine, so that error messages can name them.

A user who runs a command in the wrong folder finds no broker there; the message then says where a broker runs.
"""

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
    """A local broker that runs on this machine for another home folder.

    Attributes:
        home: the home folder that the broker belongs to.
        address: address at which clients reach it, `host:port`.
    """

    home: str
    address: str


def neighbours(home: Path) -> list[Neighbour]:
    """Local brokers that run on this machine for home folders other than `home`, sorted by folder.

    Brokers whose processes or files this user may not read are left out.
    """
    homes = {found for each in psutil.process_iter(["cmdline"]) if (found := home_of(each.info["cmdline"] or []))}
    brokers = {other: _running(other) for other in homes - {home}}
    return sorted(Neighbour(str(other), broker.address) for other, broker in brokers.items() if broker is not None)


def home_of(words: list[str]) -> Path | None:
    """Home folder of the local broker whose process has the command line `words`; None for any other process.

    A local broker is one that Tickloop started: Kafka with a file `broker/server.properties` in its home
    folder, or the mock broker. A Kafka that somebody installed elsewhere is not.

    >>> home_of(["java", "-Xmx512m", "kafka.Kafka", "/srv/loop/broker/server.properties"]).as_posix()
    '/srv/loop'
    >>> home_of(["python", "-m", "agents.broker.mock", "/srv/mock"]).as_posix()
    '/srv/mock'
    >>> print(home_of(["java", "kafka.Kafka", "/etc/kafka/server.properties"]), home_of(["vi", "notes"]))
    None None
    """
    if len(words) < 3:
        return None
    last = Path(words[-1])
    if words[-2] == MOCK:
        return last
    return last.parent.parent if words[-2] == KAFKA and last.parts[-2:] == ("broker", "server.properties") else None


def no_broker(home: Path) -> EnvironmentProblem:
    """Return (do not raise) the error to raise when no local broker runs for the folder `home`.

    Its message names the brokers that run for other home folders, and how to reach or start one.
    """
    found = neighbours(home)
    others = "".join(f"; one runs for {each.home} ({each.address})" for each in found)
    there = f"the same command with `--home {found[0].home}` reaches that one, " if found else ""
    return EnvironmentProblem(
        f"expected a broker, none runs for {home}{others}; fix: {there}`tickloop up` or `tickloop broker start` starts "
        "one here, TICKLOOP_BOOTSTRAP names a Kafka that runs elsewhere"
    )


def holder(home: Path, port: int) -> str:
    """Description, for an error message, of the program that uses or has reserved `port`.

    The description names the broker of another home folder, a Tickloop that is starting, or else `another program`.

    Args:
        home: home folder of the broker that wants the port.
        port: port of the loopback interface.
    """
    found = (each.home for each in neighbours(home) if each.address.endswith(f":{port}"))
    unknown = reserved_by(port) if is_free(port) else "another program"
    return next((f"the broker of {other}" for other in found), unknown)


def _running(home: Path) -> RunningBroker | None:
    """The running broker of a home folder; None also if its record is damaged or belongs to another user."""
    try:
        return running(home)
    except (EnvironmentProblem, OSError):
        return None
