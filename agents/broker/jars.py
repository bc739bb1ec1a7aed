"""Apache Kafka's jars: downloaded once into the user's cache, and verified by their SHA-256 at each use."""

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
    """Folder for downloaded files: `$XDG_CACHE_HOME/tickloop` if that is an absolute path, else `~/.cache/tickloop`.

    >>> str(cache_folder({"XDG_CACHE_HOME": "/var/cache"}))
    '/var/cache/tickloop'
    """
    base = environment.get("XDG_CACHE_HOME", "")
    # The base directory specification says that a relative path is to be ignored.
    return (Path(base) if base.startswith("/") else Path.home() / ".cache") / "tickloop"


def jar_folder() -> Path:
    """Folder in the user's cache for the jars of the Kafka version that this package uses."""
    return cache_folder() / f"kafka-{KAFKA_VERSION}"


def missing(folder: Path, jars: Iterable[Jar]) -> list[Jar]:
    """Those of `jars` whose files are not in `folder`."""
    return [jar for jar in jars if not (folder / jar.name).is_file()]


def class_path() -> list[Path]:
    """Paths of all jars that the broker needs, each with a verified SHA-256. Jars not in the cache are downloaded.

    No network is needed once the jars are cached. If two processes call this function at once, one downloads the jars
    and the other waits.

    Raises:
        Unobtainable: a jar is not in the cache and cannot be downloaded.
        EnvironmentProblem: the SHA-256 of a jar is not the one in `jars.lock`.
    """
    jars, folder = locked(), jar_folder()
    if missing(folder, jars):
        with exclusive(folder / ".lock"):
            download(folder, missing(folder, jars))
    for jar in jars:
        verify(folder / jar.name, jar)
    return [folder / jar.name for jar in jars]


def verify(path: Path, jar: Jar) -> None:
    """Check that the file at `path` has the SHA-256 that `jar` states; takes about 1 ms.

    Raises:
        EnvironmentProblem: the file has another SHA-256.
    """
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != jar.sha256:
        raise EnvironmentProblem(
            f"expected SHA-256 {jar.sha256} for {jar.name}, was {found} ({path.stat().st_size} bytes): it is not used; "
            f"fix: delete {path} and start again; when it comes back, your Maven mirror serves another file"
        )


def download(folder: Path, jars: list[Jar]) -> None:
    """Download `jars` into `folder`, several at a time.

    The file of a jar appears in `folder` only when it is complete and its SHA-256 is verified.

    Raises:
        Unobtainable: a jar cannot be downloaded.
        EnvironmentProblem: a downloaded jar has another SHA-256 than `jars.lock` states.
    """
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
    """Download one jar and return the path of the file, below the folder `staging`.

    The jar comes from the Maven mirrors in the user's jgo configuration (`[repositories]`), else from Maven Central.

    Args:
        jar: the jar to download.
        staging: temporary folder that the file is written to.
        advance: called with the number of bytes that arrived since the last call.

    Raises:
        Unobtainable: several attempts failed; the message has the reason of the last one.
    """
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
