"""How a cluster is spoken to: decided once, where its address is found, and known to every client by that address.

Most of what reads or writes is handed an address and nothing else. So the address says how: `speak` notes it, and
`agents.kafka.clients` looks it up for every client, whichever thread or room it is made in.
"""

from typing import Any, Literal

from msgspec import Struct


class Security(Struct, frozen=True):
    """How a client proves who it is, and what it demands of the connection.

    Attributes:
        protocol: PLAINTEXT: neither encrypted nor authenticated.
    """

    protocol: Literal["PLAINTEXT"] = "PLAINTEXT"

    def options(self) -> dict[str, Any]:
        """The same for a client of aiokafka."""
        return {"security_protocol": self.protocol}

    def faust_options(self) -> dict[str, Any]:
        """The same for a Faust app, which takes plain text where it is given no credentials."""
        return {}


PLAIN = Security()

_by_address: dict[str, Security] = {}


def speak(bootstrap: str, security: Security) -> str:
    """From now on, every client of this process speaks so to this address; returns the address."""
    _by_address[bootstrap] = security
    return bootstrap


def spoken(bootstrap: str) -> Security:
    """How to speak to an address; in plain text to one that nobody has said anything about: a local broker.

    >>> spoken("127.0.0.1:9092").protocol
    'PLAINTEXT'
    """
    return _by_address.get(bootstrap, PLAIN)
