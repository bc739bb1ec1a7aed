"""`tickloop models river` shows tables that can be pasted into the configuration."""

import tomllib

import pytest
from click.testing import CliRunner
from msgspec import json

from agents.cli.river import command
from streams.market.models.river_catalogue import EXAMPLES
from streams.market.node import MarketNode
from streams.parameters import load_parameters


@pytest.mark.parametrize("name", ["ensemble.StackingClassifier", "imblearn.RandomOverSampler", "forest.ARFClassifier"])
def test_what_is_shown_of_a_classifier_is_a_table_that_works(name: str) -> None:
    shown = CliRunner().invoke(command, [name])
    assert shown.exit_code == 0
    table = tomllib.loads(shown.output.replace("NAME", "mine"))
    assert table["market"]["models"]["mine"].get("parameters", {}) == EXAMPLES.get(name, {})
    MarketNode(load_parameters(table))


def test_a_classifier_that_cannot_be_used_is_shown_with_the_reason() -> None:
    shown = CliRunner().invoke(command, ["naive_bayes.MultinomialNB", "--json"])
    (found,) = json.decode(shown.output)
    assert found["problem"].startswith("cannot learn from signed numbers")
    assert "alpha" in found["parameters"]
    assert "cannot be used: cannot learn" in CliRunner().invoke(command, ["naive_bayes.MultinomialNB"]).output
