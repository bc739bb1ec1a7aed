"""Lock files pin what pyproject.toml requires, with hashes, the same versions everywhere; `make lock` renews them."""

import re
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.support.places import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
EXTRAS = PROJECT["project"]["optional-dependencies"]
GROUPS = PROJECT["dependency-groups"]
RUNTIME = [*PROJECT["project"]["dependencies"], *EXTRAS["parquet"], *EXTRAS["mock"], *GROUPS["build"]]

LOCKS = {
    "requirements.lock": RUNTIME,
    "requirements-dev.lock": [*RUNTIME, *(one for one in GROUPS["dev"] if isinstance(one, str))],
    "requirements-jre.lock": EXTRAS["jre"],
}


def pinned(lock: str) -> dict[str, str]:
    """Version of each package in a lock file."""
    text = (ROOT / lock).read_text(encoding="utf-8")
    return dict(re.findall(r"^([a-z0-9-]+)==([^ ]+)", text, flags=re.MULTILINE))


def entries(lock: str) -> list[str]:
    text = (ROOT / lock).read_text(encoding="utf-8")
    return re.split(r"\n(?=[a-z0-9])", re.sub(r"^#.*\n", "", text, flags=re.MULTILINE))


@pytest.mark.parametrize(("lock", "requirements"), LOCKS.items(), ids=LOCKS)
class TestEveryLock:
    def test_a_lock_pins_what_the_project_asks_for(self, lock: str, requirements: list[str]) -> None:
        versions = pinned(lock)
        unmet = [
            one
            for one in map(Requirement, requirements)
            if (version := versions.get(canonicalize_name(one.name))) is None or not one.specifier.contains(version)
        ]
        assert not unmet, "make lock"

    def test_a_lock_has_a_hash_for_every_package(self, lock: str, requirements: list[str]) -> None:
        assert len(entries(lock)) == len(pinned(lock)) >= len(requirements)
        assert all("--hash=sha256:" in entry for entry in entries(lock))

    def test_a_lock_names_no_address_to_fetch_from(self, lock: str, requirements: list[str]) -> None:
        assert not re.search(r"://|--(extra-)?index-url|--find-links| @ ", (ROOT / lock).read_text(encoding="utf-8"))


def test_development_runs_on_what_the_product_runs_on() -> None:
    assert pinned("requirements.lock").items() <= pinned("requirements-dev.lock").items()
