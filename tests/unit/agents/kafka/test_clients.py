"""Every Kafka client is made in one place, with the security settings that were given for its address."""

import ast
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiokafka.errors import KafkaConnectionError

from agents.broker import bootstrap
from agents.config.settings import Settings
from agents.kafka import clients
from agents.kafka.security import Security, speak
from agents.runtime.app import create_app
from tests.support.places import ROOT

NOBODY = "127.0.0.1:1"

CLIENTS = {"AIOKafkaAdminClient", "AIOKafkaClient", "AIOKafkaConsumer", "AIOKafkaProducer"}
APPS = {"App", "LoopApp"}
OPTIONS = {"bootstrap_servers", "broker", "broker_credentials", "sasl_mechanism", "security_protocol", "ssl_context"}
"""Options of aiokafka and Faust for the address of a cluster and for authentication."""


class Sealed(Security, frozen=True):
    """Security settings of a cluster that does not accept plain text."""

    def options(self) -> dict[str, Any]:
        return {"security_protocol": "SASL_PLAINTEXT", "sasl_plain_username": "ann", "sasl_plain_password": "secret"}

    def faust_options(self) -> dict[str, Any]:
        return {"broker_client_id": "sealed"}


@pytest.fixture
def sealed(monkeypatch: pytest.MonkeyPatch) -> str:
    """An address for which security settings were given."""
    monkeypatch.setattr("agents.kafka.security._by_address", {})
    return speak(NOBODY, Sealed())


def made_of(client: Any) -> Any:
    """The object that holds the connections of a client."""
    return next((getattr(client, name) for name in ("_client", "client") if hasattr(client, name)), client)


@pytest.mark.parametrize("make", [clients.consumer, clients.log_reader, clients.producer, clients.administrator])
async def test_every_client_uses_the_security_settings_of_its_address(make: Callable[[str], Any], sealed: str) -> None:
    for address, expected in ((sealed, "SASL_PLAINTEXT"), ("127.0.0.1:2", "PLAINTEXT")):
        below = made_of(make(address))
        assert below._security_protocol == expected
        assert below._client_id == clients.CLIENT_ID
        assert below._bootstrap_servers == address


def test_a_worker_uses_the_security_settings_of_its_address(sealed: str, tmp_path: Path) -> None:
    app = create_app(Settings(home=str(tmp_path)), sealed, [])
    assert app.conf.broker_client_id == "sealed"
    assert [str(each) for each in app.conf.broker] == [f"kafka://{NOBODY}"]


def test_security_settings_are_kept_where_the_address_is_found(sealed: str) -> None:
    assert bootstrap(Settings(bootstrap=sealed)) == sealed
    assert clients.connection(sealed)["security_protocol"] == "PLAINTEXT", "settings have no other yet"


async def test_a_client_that_cannot_connect_is_closed() -> None:
    client = clients.producer(NOBODY, request_timeout_ms=500)
    with pytest.raises(KafkaConnectionError):
        async with clients.started(client):
            pytest.fail("nobody answers there")
    assert client._closed


def doors(source: str) -> Iterator[tuple[int, str]]:
    """Lines at which a module makes a Kafka client itself or sets an option of one, with what it does there."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ClassDef):
            yield from ((node.lineno, name) for base in node.bases if (name := last_name(base)) in CLIENTS)
        if not isinstance(node, ast.Call):
            continue
        name = last_name(node.func)
        if name in CLIENTS:
            yield node.lineno, name
        yield from ((node.lineno, each.arg) for each in node.keywords if each.arg in OPTIONS)
        spread = [ast.unparse(each.value) for each in node.keywords if each.arg is None]
        if name in APPS and not any(each.startswith("faust_connection(") for each in spread):
            yield node.lineno, f"{name} without faust_connection"


def last_name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def test_no_other_module_makes_a_client() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}: {what}"
        for path in sorted((ROOT / "agents").rglob("*.py"))
        if path.parent.name != "kafka"
        for line, what in doors(path.read_text(encoding="utf-8"))
    ]
    assert found == [], "agents.kafka.clients makes it"


@pytest.mark.parametrize(
    "source",
    [
        "AIOKafkaConsumer()",
        "aiokafka.AIOKafkaProducer(**options)",
        "make(bootstrap_servers=address)",
        "faust.App('mine')",
        "App('mine', **other(address))",
        "class Mine(AIOKafkaConsumer): ...",
    ],
)
def test_a_client_that_another_module_makes_would_be_found(source: str) -> None:
    assert list(doors(source))
