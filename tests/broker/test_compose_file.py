"""docker-compose.yml, checked without Docker: it agrees with the launcher, and its settings start a Kafka."""

import asyncio
import os
import re
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from agents.broker import jars, ports
from agents.broker.cluster import cluster_id_at
from agents.broker.java import find_java
from agents.broker.kafka import server_properties
from agents.broker.lock import KAFKA_VERSION
from agents.cli.commands import COMMANDS
from agents.config.settings import ENVIRONMENT_PREFIX, Settings
from agents.operations.topics import TopicSpec, apply, plan
from tests.support.places import ROOT

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
KAFKA: dict[str, str] = COMPOSE["services"]["kafka"]["environment"]
WHERE = {"process.roles", "listeners", "advertised.listeners", "log.dirs", "node.id", "controller.listener.names"}


def properties(text: str) -> dict[str, str]:
    lines = (line.partition("=") for line in text.splitlines() if line and not line.startswith("#"))
    return {name: value for name, _, value in lines}


def test_the_broker_is_the_one_of_the_launcher() -> None:
    ours = properties(server_properties(Path("data"), 1, 2))
    del ours["controller.quorum.bootstrap.servers"]
    theirs = {name.removeprefix("KAFKA_").lower().replace("_", "."): value for name, value in KAFKA.items()}
    assert {name: theirs[name] for name in ours if name not in WHERE} == {
        name: value for name, value in ours.items() if name not in WHERE
    }
    assert COMPOSE["services"]["kafka"]["image"] == f"apache/kafka:{KAFKA_VERSION}"


@pytest.mark.parametrize("service", ["topics", "worker", "retrainer", "dashboard"])
def test_the_loop_is_started_with_commands_and_settings_that_exist(service: str) -> None:
    loop = COMPOSE["services"][service]
    assert loop["command"][0] in COMMANDS
    known = {ENVIRONMENT_PREFIX + name.upper() for name in Settings.__struct_fields__}
    assert set(loop["environment"]) <= known
    assert loop["environment"]["TICKLOOP_BOOTSTRAP"] in KAFKA["KAFKA_ADVERTISED_LISTENERS"]


@pytest.mark.parametrize(("service", "port", "path"), [("worker", 9460, "readyz"), ("dashboard", 8642, "healthz")])
def test_the_health_check_of_a_container_asks_the_right_address(service: str, port: int, path: str) -> None:
    asked = COMPOSE["services"][service]["healthcheck"]["test"]
    assert f"http://127.0.0.1:{port}/{path}" in asked[-1]
    assert port == (Settings().metrics_port if service == "worker" else Settings().dashboard_port)
    compile(asked[-1], "healthcheck", "exec")


def test_the_image_copies_exactly_the_files_that_the_build_may_see() -> None:
    recipe = COMPOSE["x-loop"]["build"]["dockerfile_inline"]
    copied = {word for line in re.findall(r"COPY (.*) \S+", recipe) for word in line.split()}
    allowed = {line.removeprefix("!") for line in (ROOT / ".dockerignore").read_text().split() if line.startswith("!")}
    assert copied == allowed
    assert all((ROOT / name).exists() for name in copied)


@pytest.mark.broker
def test_its_kafka_starts_from_its_environment(tmp_path: Path) -> None:
    """The entry point of the Kafka image, which is also in Kafka's jars, turns the environment into a configuration."""
    inside, host, controller = (ports.any_free() for _ in range(3))
    moved = {"29092": inside, "9092": host, "29093": controller}
    environment = {
        name: re.sub(r"\b(29092|9092|29093)\b", lambda found: str(moved[found[1]]), value)
        .replace("//:", "//127.0.0.1:")
        .replace("kafka:", "127.0.0.1:")
        for name, value in KAFKA.items()
    } | {"KAFKA_LOG_DIRS": str(tmp_path / "data")}
    folders = [tmp_path / name for name in ("default", "mounted", "final")]
    for folder in folders:
        folder.mkdir()
        for name in ("server.properties", "log4j2.yaml", "tools-log4j2.yaml"):
            (folder / name).touch()

    class_path = {"CLASSPATH": ":".join(map(str, jars.class_path()))}
    java = str(find_java().path)
    arguments = [word for flag, folder in zip("DMF", folders, strict=True) for word in (f"-{flag}", str(folder))]
    wrapper = [java, "kafka.docker.KafkaDockerWrapper", "setup", *arguments]
    subprocess.run(wrapper, env=os.environ | class_path | environment, check=True, capture_output=True, timeout=60)

    started = [java, "-Xmx512m", "kafka.Kafka", str(folders[2] / "server.properties")]
    with subprocess.Popen(
        started, env=os.environ | class_path, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT
    ) as server:
        try:
            deadline = time.monotonic() + 60
            while cluster_id_at(f"127.0.0.1:{inside}") != KAFKA["CLUSTER_ID"]:
                assert server.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.1)
            topic = TopicSpec("ticks", 2, 1, {})
            asyncio.run(apply(f"127.0.0.1:{inside}", [topic]))
            assert asyncio.run(plan(f"localhost:{host}", [topic])) == []
        finally:
            server.terminate()
