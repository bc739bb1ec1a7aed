"""Stores, for the address of each cluster, the security protocol that clients use there.

Most code that reads or writes knows only an address. So `speak` stores the protocol for an address once,
and `agents.kafka.clients` looks it up for each client that it makes.
"""

from typing import Any, Literal

from msgspec import Struct


class Security(Struct, frozen=True):
    """How clients authenticate themselves to a cluster, and whether the connection is encrypted.

    Attributes:
        protocol: Kafka's `security_protocol`. Only PLAINTEXT is supported so far: no authentication, no encryption.
    """

    protocol: Literal["PLAINTEXT"] = "PLAINTEXT"

    def options(self) -> dict[str, Any]:
        """Return these settings as options of an aiokafka client."""
        return {"security_protocol": self.protocol}

    def faust_options(self) -> dict[str, Any]:
        """Return these settings as options of a Faust app; empty for PLAINTEXT, which is Faust's default."""
        return {}


PLAIN = Security()

_by_address: dict[str, Security] = {}


def speak(bootstrap: str, security: Security) -> str:
    """Store the security settings for the address of a cluster, and return the address.

    All clients that this process makes for the address after this call use the settings.

    Args:
        bootstrap: address of the cluster.
        security: the settings for this address.
    """
    _by_address[bootstrap] = security
    return bootstrap


def spoken(bootstrap: str) -> Security:
    """Return how clients connect to an address: as set with `speak`, else with PLAINTEXT.

    >>> spoken("127.0.0.1:9092").protocol
    'PLAINTEXT'
    """
    return _by_address.get(bootstrap, PLAIN)
