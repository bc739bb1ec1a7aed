"""In docs/experiments.md, programs print the output that is shown below them, and tables are valid configuration."""

import re
from contextlib import redirect_stdout
from io import StringIO
from typing import Any

import msgspec

from streams.parameters import load_parameters
from streams.topology import nodes
from tests.support.places import ROOT

PAGE = ROOT / "docs" / "experiments.md"
TEXT = PAGE.read_text()


def test_every_example_prints_what_stands_below_it() -> None:
    examples = re.findall(r"^```python\n(.*?)^```\n\n```text\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)
    assert len(examples) == TEXT.count("```python") == 3
    names: dict[str, Any] = {}
    for source, printed in examples:
        found = StringIO()
        with redirect_stdout(found):
            exec(compile(source, str(PAGE), "exec"), names)
        assert found.getvalue() == printed


def test_every_table_declares_an_experiment_or_the_parameters_of_an_arm() -> None:
    tables = [msgspec.toml.decode(each) for each in re.findall(r"^```toml\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)]
    assert ["experiments" in each for each in tables] == [False, False, False, True, True]
    for table in tables:
        arm = table.get("market", table)
        declared = table if "experiments" in table else {"experiments": {"calmer": {"arm": arm}}}
        parameters = load_parameters(declared)
        assert parameters.experiments["calmer"].covers("BTCUSDT")
        assert nodes(parameters), "an arm that could not be started is refused here"
