"""Writes `jars.lock`: which jars make the broker, and the SHA-256 that each must have.

Run `python -m agents.broker.lock` after changing `COORDINATES`, read the difference, commit it. Nothing else ever
resolves dependencies: the broker starts from exactly the jars that were locked.
"""

import hashlib
from pathlib import Path

import msgspec
from msgspec import Struct

KAFKA_VERSION = "4.3.1"
COORDINATES = f"org.apache.kafka:kafka_2.13:{KAFKA_VERSION}+org.slf4j:slf4j-simple:1.7.36"
LOCK_FILE = Path(__file__).with_name("jars.lock")


class Jar(Struct, frozen=True):
    """One line of the lock file: Maven coordinates, length in bytes, SHA-256 in hex."""

    group: str
    artifact: str
    version: str
    size: int
    sha256: str

    @property
    def name(self) -> str:
        return f"{self.artifact}-{self.version}.jar"

    @property
    def line(self) -> str:
        return f"{self.group} {self.artifact} {self.version} {self.size} {self.sha256}"


def parse(text: str) -> tuple[Jar, ...]:
    """Jars of a lock file.

    >>> parse("# comment\\norg.slf4j slf4j-api 1.7.36 41125 d3ef\\n")[0].name
    'slf4j-api-1.7.36.jar'
    """
    rows = (line.split() for line in text.splitlines() if line and not line.startswith("#"))
    return tuple(msgspec.convert(dict(zip(Jar.__struct_fields__, row, strict=True)), Jar, strict=False) for row in rows)


def locked() -> tuple[Jar, ...]:
    """The jars that the broker is made of."""
    return parse(LOCK_FILE.read_text())


def resolve() -> list[Jar]:
    """Ask Maven Central which jars `COORDINATES` need, transitively, and hash them."""
    import jgo

    jars = []
    for artifact in jgo.resolve(COORDINATES):
        content = artifact.resolve().read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        jars.append(Jar(artifact.groupId, artifact.artifactId, artifact.version, len(content), digest))
    return sorted(jars, key=lambda jar: (jar.group, jar.artifact))


if __name__ == "__main__":
    lines = [f"# {COORDINATES}, resolved by `python -m agents.broker.lock`", *(jar.line for jar in resolve())]
    LOCK_FILE.write_text("\n".join(lines) + "\n")
