"""Kafka's jars are fetched from a Maven repository, here a small one on the loopback interface."""

import hashlib
import threading
from collections import Counter
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from agents.broker import jars
from agents.broker.lock import KAFKA_VERSION, Jar, locked
from agents.broker.unobtainable import Unobtainable
from schemas.errors import EnvironmentProblem

CONTENTS = {"alpha": b"first jar" * 1000, "beta": b"second jar" * 5000}
LOCKED = tuple(
    Jar("org.example", name, "1.0", len(content), hashlib.sha256(content).hexdigest())
    for name, content in CONTENTS.items()
)


class Repository:
    """A Maven repository: its folder, and how often each file was requested."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.asked = folder, Counter[str]()
        asked = self.asked

        class Handler(SimpleHTTPRequestHandler):
            def do_GET(self) -> None:
                asked[Path(self.path).name] += 1
                super().do_GET()

            def log_message(self, *_arguments: object) -> None:
                """Quiet."""

        for name, content in CONTENTS.items():
            self.file(name).parent.mkdir(parents=True)
            self.file(name).write_bytes(content)
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder)))

    def file(self, name: str) -> Path:
        return self.folder / "org" / "example" / name / "1.0" / f"{name}-1.0.jar"


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Repository]:
    """A repository that the user's configuration names as a mirror; Maven Central cannot be reached."""
    served = Repository(tmp_path / "maven")
    configuration = tmp_path / "jgo.conf"
    configuration.write_text(f"[repositories]\nmirror = http://127.0.0.1:{served.server.server_port}\n")
    monkeypatch.setenv("JGO_CONFIG_FILE", str(configuration))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("jgo.constants.MAVEN_CENTRAL_URL", "http://127.0.0.1:1")
    monkeypatch.setattr(jars, "locked", lambda: LOCKED)
    thread = threading.Thread(target=served.server.serve_forever, args=(0.01,))
    thread.start()
    yield served
    served.server.shutdown()
    served.server.server_close()
    thread.join()


def test_the_first_call_downloads_and_later_ones_need_no_network(repository: Repository) -> None:
    paths = jars.class_path()
    assert [path.read_bytes() for path in paths] == list(CONTENTS.values())
    repository.server.shutdown()
    asked = repository.asked.copy()
    assert jars.class_path() == paths
    assert repository.asked == asked


def test_a_file_that_is_not_the_locked_one_is_refused_and_not_kept(repository: Repository) -> None:
    repository.file("beta").write_bytes(b"something else")
    with pytest.raises(EnvironmentProblem, match=r"expected SHA-256 .* for beta-1\.0\.jar.*it is not used") as refusal:
        jars.class_path()
    assert not isinstance(refusal.value, Unobtainable)
    assert sorted(path.name for path in jars.jar_folder().glob("*.jar")) == ["alpha-1.0.jar"]


def test_a_cached_jar_that_changed_is_refused_with_the_fix(repository: Repository) -> None:
    path = jars.class_path()[0]
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(EnvironmentProblem, match=f"fix: delete {path} and start again"):
        jars.class_path()
    path.unlink()
    assert jars.class_path()[0].read_bytes() == CONTENTS["alpha"]


def test_a_jar_that_no_repository_has_is_tried_again_and_then_an_error(repository: Repository) -> None:
    repository.file("alpha").unlink()
    with pytest.raises(Unobtainable, match=r"expected to download alpha-1\.0\.jar in 3 attempts"):
        jars.class_path()
    assert repository.asked["alpha-1.0.jar"] == jars.ATTEMPTS


def test_many_at_once_download_each_jar_once(repository: Repository) -> None:
    threads = [threading.Thread(target=jars.class_path) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {name: repository.asked[f"{name}-1.0.jar"] for name in CONTENTS} == {"alpha": 1, "beta": 1}


def test_the_committed_lock_names_every_jar_once() -> None:
    names = [jar.name for jar in locked()]
    assert len(set(names)) == len(names) == 46
    assert all(len(bytes.fromhex(jar.sha256)) == 32 and jar.size > 0 for jar in locked())


def test_the_lock_is_of_the_version_that_is_announced() -> None:
    assert {jar.version for jar in locked() if jar.group == "org.apache.kafka"} == {KAFKA_VERSION}


def test_a_relative_cache_folder_is_ignored() -> None:
    assert jars.cache_folder({"XDG_CACHE_HOME": "here"}) == Path.home() / ".cache" / "tickloop"
