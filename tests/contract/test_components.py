"""Every registered component keeps every promise of its kind; a new one is tested as soon as it is registered."""

import os
import subprocess
import sys
from collections.abc import Callable

import pytest

from agents.config.plugins import configured_parameters
from streams.components.kinds import Registered, components
from streams.components.promises import PROMISES
from tests.support.places import ROOT

COMPONENTS = components(configured_parameters().market)
PRINTED = (
    "from streams.components.kinds import components; from streams.components.promises import fingerprint\n"
    "from agents.config.plugins import configured_parameters\n"
    "[print(each, fingerprint(each)) for each in components(configured_parameters().market)]"
)


def fingerprints(seed: str, **environment: str) -> dict[str, str]:
    """Digest of the results of every component, computed in a process with this seed of Python's hashes."""
    paths = {"PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", PRINTED],
        env=os.environ | paths | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return {line.rpartition(" ")[0]: line.rpartition(" ")[2] for line in done.stdout.splitlines()}


@pytest.fixture(scope="module")
def of_two_seeds() -> tuple[dict[str, str], dict[str, str]]:
    return fingerprints("0"), fingerprints("4242")


@pytest.mark.parametrize("component", COMPONENTS, ids=str)
class TestEveryComponent:
    @pytest.mark.parametrize("broken", PROMISES, ids=lambda promise: promise.__name__)
    def test_a_component_keeps_the_promise(self, component: Registered, broken: Callable[[Registered], str]) -> None:
        assert broken(component) == ""

    def test_a_component_gives_the_same_whatever_the_seed_of_the_hashes(
        self, component: Registered, of_two_seeds: tuple[dict[str, str], dict[str, str]]
    ) -> None:
        one, other = of_two_seeds
        assert one[str(component)] == other[str(component)]


def test_every_kind_of_component_is_here() -> None:
    assert {component.kind for component in COMPONENTS} == {
        "features",
        "strategy",
        "regime",
        "calibrator",
        "sizer",
        "cost",
    }
    assert len(COMPONENTS) >= 25


def test_no_plugin_of_another_test_is_registered(of_two_seeds: tuple[dict[str, str], dict[str, str]]) -> None:
    assert {str(component) for component in COMPONENTS} == set(of_two_seeds[0])


@pytest.fixture(scope="module")
def configuration(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("user") / "tickloop.toml"
    path.write_text('[plugins]\nmodules = ["tests.contract.toy_components"]\n')
    return str(path)


class TestComponentsOfTheUser:
    """Components of a module that a configuration file names, in a process of their own."""

    def test_the_suite_finds_components_of_the_user_and_the_promises_that_they_break(self, configuration: str) -> None:
        program = (
            "from streams.components.kinds import components; from streams.components.promises import PROMISES\n"
            "from agents.config.plugins import configured_parameters\n"
            "for each in components(configured_parameters().market):\n"
            "    if each.name.startswith('toy_'):\n"
            "        print(each.name, *(promise.__name__ for promise in PROMISES if promise(each)))\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", program],
            env=os.environ | {"PYTHONPATH": str(ROOT), "TICKLOOP_CONFIG": configuration},
            capture_output=True,
            text=True,
            check=True,
        )
        found = {name: broken for name, _, broken in (line.partition(" ") for line in done.stdout.splitlines())}
        assert found == {
            "toy_depth": "",
            "toy_majority": "",
            "toy_forgetful": "goes_on_after_a_restart does_not_look_ahead",
            "toy_hoarder": "stays_small",
            "toy_boundless": "answers_finite_numbers",
            "toy_moody": "",
        }

    def test_a_component_that_depends_on_hashes_is_found(self, configuration: str) -> None:
        seeds = [fingerprints(seed, TICKLOOP_CONFIG=configuration) for seed in ("0", "1", "4242")]
        assert len({found["strategy toy_moody"] for found in seeds}) > 1
        assert len({found["strategy toy_majority"] for found in seeds}) == 1
