"""Reads and writes `jars.lock`, the list of the jars that the broker is made of, each with its SHA-256.

To change to another version of Kafka, change `COORDINATES`, run `python -m agents.broker.lock`, read what changed in
`jars.lock`, and commit the file. Maven dependencies are resolved only by that command: the broker starts with exactly
the jars in the file.
"""

import hashlib
from pathlib import Path

import msgspec
from msgspec import Struct

KAFKA_VERSION = "4.3.1"
COORDINATES = f"org.apache.kafka:kafka_2.13:{KAFKA_VERSION}+org.slf4j:slf4j-simple:1.7.36"
LOCK_FILE = Path(__file__).with_name("jars.lock")


class Jar(Struct, frozen=True):
    """One jar as a line of `jars.lock` describes it.

    Attributes:
        group, artifact, version: Maven coordinates of the jar.
        size: length of the file in bytes.
        sha256: SHA-256 of the file, hexadecimal.
    """

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
    r"""The jars listed in `text`, the content of a `jars.lock` file; lines that begin with `#` are comments.

    >>> parse("# comment\norg.slf4j slf4j-api 1.7.36 41125 d3ef\n")[0].name
    'slf4j-api-1.7.36.jar'
    """
    rows = (line.split() for line in text.splitlines() if line and not line.startswith("#"))
    return tuple(msgspec.convert(dict(zip(Jar.__struct_fields__, row, strict=True)), Jar, strict=False) for row in rows)


def locked() -> tuple[Jar, ...]:
    """The jars that the broker is made of, from the file `jars.lock` of this package."""
    return parse(LOCK_FILE.read_text())


def resolve() -> list[Jar]:
    """Ask Maven Central which jars `COORDINATES` need, with all indirect dependencies; download and hash each jar.

    Returns:
        The jars, sorted by group and artifact.
    """
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
