"""The plugins of docs/extending.md work as they are printed, loaded by the configuration that the document shows."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from agents.cli.parameters_in_use import parameters_in_use
from agents.config.plugins import configured_parameters, declared_experiments, import_plugins, plugins_seen_from
from schemas.errors import ConfigurationError
from streams.parameters import Parameters
from tests.support.places import ROOT

pytestmark = pytest.mark.slow

GUIDE = (ROOT / "docs" / "extending.md").read_text()


def run(folder: Path, *command: str) -> str:
    """Output of a Python process that runs in `folder`, where the configuration is."""
    done = subprocess.run(
        [sys.executable, *command],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def extended(tmp_path: Path) -> Path:
    """A folder with the files that docs/extending.md has its reader write."""
    files = re.findall(r"`(\w+\.(?:py|toml))`:\n\n```\w+\n(.*?)^```", GUIDE, re.DOTALL | re.MULTILINE)
    for name, text in files:
        (tmp_path / name).write_text(text)
    assert len(files) == 8
    return tmp_path


def test_the_strategy_of_the_guide_works(extended: Path) -> None:
    lines = [line for line in (extended / "my_strategies.py").read_text().splitlines() if line.strip()]
    assert len(lines) <= 14
    program = (
        "from agents.config.plugins import configured_parameters\n"
        "from streams.sources.synthetic import SYMBOLS, synthetic_market\n"
        "from streams.api.pipeline import UnifiedMLPipeline\n"
        "pipeline, said = UnifiedMLPipeline(configured_parameters()), []\n"
        "for tick in synthetic_market(3, SYMBOLS[:1], ticks=3_000):\n"
        "    pipeline.predict(tick.symbol, tick)\n"
        "    said += [outcome.experts['fade'] for outcome in pipeline.outcomes]\n"
        "print(len(said), *sorted(set(said)), pipeline.faults(tick.symbol))"
    )
    count, *opinions = run(extended, "-c", program).split()
    assert int(count) > 100
    assert opinions == ["0.4", "0.5", "0.6", "{}"]


def test_the_command_line_lists_the_strategy_of_the_guide(extended: Path) -> None:
    listed = run(extended, "-m", "agents.cli", "features", "list")
    assert re.search(r"return_10 .*\n.*\n    used by .*\bfade\b", listed)


def test_the_strategy_of_the_guide_keeps_the_promises_of_a_component(extended: Path) -> None:
    program = (
        "from streams.components.kinds import components; from streams.components.promises import PROMISES\n"
        "from agents.config.plugins import configured_parameters\n"
        "(mine,) = [each for each in components(configured_parameters().market) if each.name == 'fade']\n"
        "print([promise(mine) for promise in PROMISES])"
    )
    assert run(extended, "-c", program) == "['', '', '', '']\n"


def test_the_pipeline_is_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    (program,) = re.findall(r"^```python\n(import tickloop\n.*?)^```", GUIDE, re.DOTALL | re.MULTILINE)
    exec(compile(program, "docs/extending.md", "exec"), {})
    assert re.fullmatch(r"imbalance calm-range 0\.6\d+ 0\.0\n", capsys.readouterr().out)


def test_parts_of_ones_own_decide_what_is_predicted(extended: Path) -> None:
    with (extended / "tickloop.toml").open("a") as configuration:
        configuration.write("\n[market.costs]\nenabled = []\n")  # else no position pays on this market
    program = (
        "from agents.config.plugins import configured_parameters\n"
        "from schemas.outcomes import OutcomeMatured\n"
        "from schemas.predictions import Prediction\n"
        "from streams.topology import nodes\n"
        "from streams.engine.loop_partition import LoopPartition\n"
        "from streams.sources.synthetic import SYMBOLS, synthetic_market\n"
        "loop = LoopPartition(nodes(configured_parameters()), 0)\n"
        "market = synthetic_market(3, SYMBOLS[:1], ticks=3_000)\n"
        "written = [record for tick in market for record in loop.receive(tick)]\n"
        "predictions = [each for each in written if type(each) is Prediction]\n"
        "outcomes = [each for each in written if type(each) is OutcomeMatured]\n"
        "print(len(predictions), *sorted({each.regime for each in predictions}),\n"
        "      max(each.confidence for each in predictions) < 0.85,\n"
        "      all('failed' not in each.reason for each in predictions),\n"
        "      'calm_only' in {each.sizing for each in predictions},\n"
        "      min(each.features['depth'] for each in outcomes) > 0.0)"
    )
    assert run(extended, "-c", program).split() == ["3000", "calm-range", "volatile-range", *["True"] * 4]


def test_parts_of_ones_own_are_listed_and_declared(extended: Path) -> None:
    listed = run(extended, "-m", "agents.cli", "features", "list")
    assert re.search(r"^depth .*\n.*log\(1 \+ bid_size", listed, re.MULTILINE)
    program = (
        "from agents.config.plugins import configured_parameters as c; print(c().experiments['bolder'].covers('X'))"
    )
    assert run(extended, "-c", program) == "True\n"


def test_a_node_of_ones_own_follows_the_others(extended: Path) -> None:
    said = run(extended, "my_replay.py")
    assert re.fullmatch(r"SidesCounted\(id='ticks:0:499', symbol='BTCUSDT', ups=\d+\)\n", said)


@pytest.mark.parametrize(
    ("plugins", "sentence"),
    [
        ({"modules": ["module_that_is_nowhere"]}, "expected a module 'module_that_is_nowhere' in"),
        ({"modules": "my_strategies"}, r"\[plugins\]: expected nothing but a list `modules`"),
        ({"module": []}, r"\[plugins\]: expected nothing but a list `modules`"),
        ({"modules": [1]}, r"\[plugins\]: expected nothing but a list `modules`"),
        (3, r"\[plugins\]: expected nothing but a list `modules`"),
    ],
)
def test_unusable_plugins_are_named(plugins: object, sentence: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=sentence):
        import_plugins({"plugins": plugins}, tmp_path)


def test_modules_stand_in_the_folder_that_the_file_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parts, run = tmp_path / "parts", tmp_path / "a" / "run"
    parts.mkdir()
    (parts / "module_elsewhere.py").write_text("")
    (tmp_path / "tickloop.toml").write_text('[plugins]\nmodules = ["module_elsewhere"]\nfolder = "parts"\n')
    monkeypatch.setattr("sys.path", [*sys.path])
    environment = {"TICKLOOP_CONFIG": str(tmp_path / "tickloop.toml")}
    seen = plugins_seen_from(run, environment)
    assert seen == {"modules": ["module_elsewhere"], "folder": "../../parts"}
    import_plugins({"plugins": seen}, run)
    assert str(parts) in sys.path
    assert plugins_seen_from(run, {"TICKLOOP_CONFIG": ""}) == {}


def test_a_configuration_file_that_was_not_named_runs_no_modules_of_a_folder_that_others_can_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    parts = tmp_path / "parts"
    parts.mkdir()
    parts.chmod(0o777)
    (tmp_path / "tickloop.toml").write_text('[plugins]\nmodules = ["module_of_all"]\nfolder = "parts"\n')
    with pytest.raises(ConfigurationError, match=r"anybody may change \(.*parts\)"):
        configured_parameters({})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[market.costs]\nfee_bsp = 2\n", r"\[market.costs\]: expected fields among .*, was also fee_bsp; fix: fee"),
        ("[experiments.calm]\nsymbls = []\n", r"\[experiments.calm\]: expected fields among"),
        ("[plugins]\nmodules = 3\n", r"\[plugins\]: expected nothing but a list"),
        ("[market.strategies]\nenabled = ['momentm']\n", r"\[market.strategies\]: expected .*was momentm"),
        ("[market\n", r".*\(line 1|.*\(at line 1"),
    ],
)
def test_an_error_in_a_configuration_file_names_the_file(text: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(text)
    with pytest.raises(ConfigurationError, match=f"^{re.escape(str(file))}: {said}"):
        parameters_in_use({"TICKLOOP_CONFIG": str(file)})


def test_without_a_file_everything_is_as_built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert configured_parameters({}) == Parameters()


def test_modules_of_a_configuration_file_that_others_can_change_run_only_if_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "tickloop.toml"
    file.write_text('[plugins]\nmodules = ["module_of_nobody"]\n')
    file.chmod(0o666)
    with pytest.raises(ConfigurationError, match=r"anybody may change .*fix: TICKLOOP_CONFIG=tickloop.toml"):
        configured_parameters({})
    with pytest.raises(ConfigurationError, match="expected a module 'module_of_nobody'"):
        configured_parameters({"TICKLOOP_CONFIG": "tickloop.toml"})
    file.chmod(0o644)
    said: list[str] = []
    with pytest.raises(ConfigurationError, match="expected a module 'module_of_nobody'"):
        configured_parameters({}, said.append)
    assert said == ["using ./tickloop.toml"]
    file.write_text("[market]\nwarmup_ticks = 7\n")
    file.chmod(0o666)
    assert configured_parameters({}).market.warmup_ticks == 7  # numbers are no programs


def test_commands_that_compute_nothing_import_no_plugin(tmp_path: Path) -> None:
    (tmp_path / "loud.py").write_text("open('imported', 'w').close()")
    (tmp_path / "tickloop.toml").write_text('[plugins]\nmodules = ["loud"]\n[experiments.calm]\n')
    environment = os.environ | {"PYTHONPATH": str(ROOT), "TICKLOOP_HOME": str(tmp_path / "home")}
    for arguments in (["--help"], ["doctor", "--json"], ["broker", "status"], ["experiment", "list"], ["publish", "x"]):
        subprocess.run(
            [sys.executable, "-P", "-m", "agents.cli", *arguments],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            check=False,
        )
        assert not (tmp_path / "imported").exists(), arguments
    assert list(declared_experiments({"TICKLOOP_CONFIG": str(tmp_path / "tickloop.toml")})) == ["calm"]
    done = subprocess.run(
        [sys.executable, "-P", "-m", "agents.cli", "features", "list"],
        cwd=tmp_path, env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert (tmp_path / "imported").exists()
    assert "using ./tickloop.toml" in done.stderr
