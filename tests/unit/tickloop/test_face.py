"""`import tickloop` offers every public name, typed and documented, and loads none before it is used."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import tickloop
from tests.support.places import ROOT

NAMES = [
    "ABTestResults",
    "Backtest",
    "MarketParameters",
    "ModelVersionManager",
    "Parameters",
    "Pipeline",
    "PipelinePrediction",
    "Quote",
    "TickFile",
    "TickloopError",
    "Trade",
    "ab_test",
    "backtest",
    "load_parameters",
    "register",
    "retraining",
    "synthetic_market",
]
"""Public names, which users' programs import: removing one breaks them."""


def test_the_public_names_are_those_that_people_use() -> None:
    assert tickloop.__all__ == NAMES
    assert dir(tickloop) == sorted([*NAMES, "__version__"])


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_there_and_says_what_it_is(name: str) -> None:
    found = getattr(tickloop, name)
    assert len((found.__doc__ or "").strip()) > 20


def test_type_checkers_see_the_same_names() -> None:
    tree = ast.parse(Path(tickloop.__file__ or "").read_text())
    (typed,) = [node for node in tree.body if isinstance(node, ast.If)]
    told = [alias.asname for node in typed.body if isinstance(node, ast.ImportFrom) for alias in node.names]
    assert sorted(filter(None, told)) == NAMES


def test_an_unknown_name_is_answered_with_those_that_there_are() -> None:
    with pytest.raises(AttributeError, match="'tickloop' has no attribute 'backtets'; it has ABTestResults"):
        _ = tickloop.backtets


def test_nothing_is_loaded_before_it_is_used() -> None:
    program = "import sys, tickloop; print(*{each.partition('.')[0] for each in sys.modules})"
    loaded = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    assert "tickloop" in loaded
    assert not {"numpy", "pandas", "scipy", "river", "streams", "faust", "aiokafka"} & {*loaded}


def test_a_notebook_is_checked_with_our_types(tmp_path: Path) -> None:
    notebook = tmp_path / "notebook.py"
    notebook.write_text(
        "import tickloop\n"
        "run = tickloop.backtest(tickloop.synthetic_market(seed=1, ticks=10))\n"
        "digest: dict[str, str] = run.digest\n"
        "wrong: int = tickloop.Pipeline().predict('X', {}).strategy\n"
    )
    # With the settings of this repository: what `make lint` has checked need not be checked again.
    checked = subprocess.run(
        [sys.executable, "-m", "mypy", str(notebook)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    (complaint,) = checked.stdout.splitlines()[:-1]
    # Only the text: what mypy has kept of an earlier run names the folder of that run.
    assert complaint.partition("notebook.py:")[2] == (
        '4: error: Incompatible types in assignment (expression has type "str", variable has type "int")  [assignment]'
    )


def test_a_part_of_ones_own_is_registered_in_a_line(request: pytest.FixtureRequest) -> None:
    from streams.market.costs import COSTS
    from streams.market.costs.fees import Fees

    tickloop.register.cost("mine", lambda parameters: Fees(parameters.fee_bps))
    request.addfinalizer(lambda: COSTS.pop("mine"))
    assert "mine" in COSTS
