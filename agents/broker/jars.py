"""The jars of Apache Kafka: from Maven Central into the user's cache once, checked against the lock file always."""

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from agents.broker.exclusive import exclusive
from agents.broker.lock import KAFKA_VERSION, Jar, locked
from agents.broker.progress import download_progress
from agents.broker.unobtainable import Unobtainable
from schemas.errors import EnvironmentProblem

PARALLEL_DOWNLOADS = 6
TIMEOUT_S = 20
ATTEMPTS = 3

Advance = Callable[[int], None]


def cache_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Where the jars are kept: `$XDG_CACHE_HOME/tickloop`, else `~/.cache/tickloop`.

    >>> str(cache_folder({"XDG_CACHE_HOME": "/var/cache"}))
    '/var/cache/tickloop'
    """
    base = environment.get("XDG_CACHE_HOME", "")
    # The base directory specification says that a relative path is to be ignored.
    return (Path(base) if base.startswith("/") else Path.home() / ".cache") / "tickloop"


def jar_folder() -> Path:
    """Folder of the jars of the pinned version of Kafka."""
    return cache_folder() / f"kafka-{KAFKA_VERSION}"


def missing(folder: Path, jars: Iterable[Jar]) -> list[Jar]:
    """The jars that are not in `folder` yet."""
    return [jar for jar in jars if not (folder / jar.name).is_file()]


def class_path() -> list[Path]:
    """Every jar of the lock file, downloaded when it is not in the cache, each one's SHA-256 verified.

    Needs no network once the jars are cached. Two processes may call it at once: one downloads, the other waits.

    Raises:
        Unobtainable: a jar is not cached and cannot be downloaded.
        EnvironmentProblem: a jar is not the one that was locked; it is not used.
    """
    jars, folder = locked(), jar_folder()
    if missing(folder, jars):
        with exclusive(folder / ".lock"):
            download(folder, missing(folder, jars))
    for jar in jars:
        verify(folder / jar.name, jar)
    return [folder / jar.name for jar in jars]


def verify(path: Path, jar: Jar) -> None:
    """Raise `EnvironmentProblem` unless the file is the jar that was locked (all 46 take 50 ms)."""
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != jar.sha256:
        raise EnvironmentProblem(
            f"expected SHA-256 {jar.sha256} for {jar.name}, was {found} ({path.stat().st_size} bytes): it is not used; "
            f"fix: delete {path} and start again; when it comes back, your Maven mirror serves another file"
        )


def download(folder: Path, jars: list[Jar]) -> None:
    """Fetch `jars` into `folder`; each appears there in one move, after its hash was verified."""
    if not jars:
        return
    folder.mkdir(parents=True, exist_ok=True)
    with (
        TemporaryDirectory(dir=folder, prefix=".download-") as staging,
        download_progress(f"Apache Kafka {KAFKA_VERSION}", sum(jar.size for jar in jars)) as advance,
        ThreadPoolExecutor(PARALLEL_DOWNLOADS) as threads,
    ):
        fetched = [(jar, threads.submit(fetch, jar, Path(staging), advance)) for jar in jars]
        try:
            for jar, future in fetched:
                path = future.result()
                verify(path, jar)
                path.replace(folder / jar.name)
        except BaseException:
            threads.shutdown(cancel_futures=True)
            raise


def fetch(jar: Jar, staging: Path, advance: Advance) -> Path:
    """Download one jar with the user's Maven mirrors (`[repositories]` of jgo's configuration), else Maven Central."""
    # Imported here because it brings `requests` along, which a start from the cache does not need.
    from jgo.config import GlobalSettings
    from jgo.constants import MAVEN_CENTRAL_URL
    from jgo.maven import MavenContext, PythonResolver
    from requests import RequestException

    @contextmanager
    def progress(_name: str, _size: int) -> Iterator[Advance]:
        yield advance

    callback: Callable[[str, int], AbstractContextManager[Advance]] = progress
    maven = MavenContext(
        resolver=PythonResolver(progress_callback=callback),
        repo_cache=staging,
        remote_repos={**GlobalSettings.load().repositories, "central": MAVEN_CENTRAL_URL},
        timeout=TIMEOUT_S,
    )
    artifact = maven.project(jar.group, jar.artifact).at_version(jar.version).artifact()
    reasons = []
    for _ in range(ATTEMPTS):
        try:
            path: Path = artifact.resolve()
        except (RequestException, RuntimeError) as error:
            # jgo says RuntimeError for every answer but 200, and takes half a file for a cached one.
            reasons.append(str(error))
            (staging / artifact.component.path_prefix / artifact.filename).unlink(missing_ok=True)
        else:
            return path
    raise Unobtainable(
        f"expected to download {jar.name} in {ATTEMPTS} attempts, the last said: {reasons[-1]}; fix: connect to the "
        f"network once, name a mirror in [repositories] of ~/.config/jgo.conf, copy {jar_folder()} from another "
        "machine, or point TICKLOOP_BOOTSTRAP to a running Kafka"
    )
