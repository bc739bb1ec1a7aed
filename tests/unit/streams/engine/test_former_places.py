"""Plugins that import modules from where they were in earlier releases get the modules of today."""

import subprocess
import sys
from importlib import import_module
from importlib.util import find_spec

import pytest

from streams.engine.former_places import PLACES, place_of
from tests.support.places import ROOT

PLUGIN = """
import warnings
warnings.simplefilter("always")
from streams.strategies import register
from streams.features.family import Feature
import streams.market.strategies, streams.market.features.family
assert register is streams.market.strategies.register
assert Feature is streams.market.features.family.Feature
assert streams.market.strategies.__spec__.name == "streams.market.strategies"
import streams.features
assert streams.features is streams.market.features
"""


@pytest.mark.parametrize(("former", "place"), PLACES.items())
def test_a_module_that_moved_is_found_under_its_former_name(former: str, place: str) -> None:
    assert find_spec(place) is not None
    sys.modules.pop(former, None)
    with pytest.warns(DeprecationWarning, match=f"{former} has moved; fix: import {place}"):
        found = import_module(former)
    assert found is import_module(place)
    sys.modules.pop(former, None)


def test_a_plugin_of_before_registers_where_the_loop_looks() -> None:
    done = subprocess.run([sys.executable, "-c", PLUGIN], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "streams.strategies has moved; fix: import streams.market.strategies" in done.stderr


def test_a_module_that_never_existed_is_not_found() -> None:
    assert place_of("streams.strategiesx") == ""
    with pytest.raises(ModuleNotFoundError, match=r"streams\.strategies\.nowhere|streams\.market\.strategies\.nowhere"):
        import_module("streams.strategies.nowhere")
