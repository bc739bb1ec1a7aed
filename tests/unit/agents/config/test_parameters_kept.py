"""If stored state was computed with other parameters, the error names them, both values, and what can be done."""

import errno
import logging
import os
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agents.config.parameters_kept import explained, folder, keep
from agents.config.plugins import configured_parameters, plugins_seen_from
from agents.runtime import crash
from schemas.errors import StateError
from streams.experiments.pooling_node import PoolingNode
from streams.parameters import Parameters, load_parameters
from streams.topology import nodes

Table = dict[str, Any]
EARLIER: Table = {
    "market": {"costs": {"fee_bps": 0.5}},
    "symbols": {"X": {"market": {"warmup_ticks": 9}}},
    "experiments": {"bold": {"arm": {"sizing": {"kelly_fraction": 0.001}}}},
}


def pooling(parameters: Parameters) -> Any:
    (found,) = [each for each in nodes(parameters) if isinstance(each, PoolingNode)]
    return found


def explanation(home: Path, earlier: Table, now: Table, node: int, key: str = "Y") -> str:
    keep(load_parameters(earlier), home)
    keep(load_parameters(now), home)
    before, after = nodes(load_parameters(earlier))[node], nodes(load_parameters(now))[node]
    with pytest.raises(StateError) as caught:
        after.load(before.dump(before.open(key)))
    return explained(caught.value, home, load_parameters(now))


@pytest.mark.parametrize(
    ("node", "key", "changed", "said"),
    [
        (0, "Y", {"market": {"costs": {"fee_bps": 2.0}}}, "market.costs.fee_bps (was 0.5, is 2.0)"),
        (0, "X", {"symbols": {"X": {"market": {"warmup_ticks": 7}}}}, "symbols.X.market.warmup_ticks (was 9, is 7)"),
        (1, "Y", {"account": {"least_change": 0.5}}, "account.least_change (was 0.001, is 0.5)"),
        (2, "Y", {"monitor": {"window": 321}}, "monitor.window (was 1000, is 321)"),
    ],
    ids=["market", "symbol", "account", "monitor"],
)
def test_differing_parameters_are_named_field_by_field(
    node: int, key: str, changed: Table, said: str, tmp_path: Path
) -> None:
    sentence = explanation(tmp_path, EARLIER, EARLIER | changed, node, key)
    assert f"; changed since: {said}" in sentence
    assert f"; {tmp_path / 'parameters'}" in sentence
    assert sentence.endswith(".toml has the earlier ones")
    assert all(way in sentence for way in ("fix: restore the earlier", "`tickloop topics reset`", "another prefix"))


def test_the_error_names_what_was_changed_in_an_experiment_also_in_a_pooled_one(tmp_path: Path) -> None:
    def declared(symbols: list[str], alpha: float) -> Table:
        test = {"scope": "pooled", "alpha": alpha, "clock_ns": 60_000_000_000}
        return {"experiments": {"bold": {"arm": {}, "symbols": symbols, "test": test}, "calm": {"arm": {}}}}

    earlier, now = declared(["A", "B"], 0.05), declared(["A", "B", "C"], 0.01)
    now["experiments"]["calm"]["symbols"] = ["Z"]
    keep(load_parameters(earlier), tmp_path)
    before, after = (pooling(load_parameters(each)) for each in (earlier, now))
    with pytest.raises(StateError) as caught:
        after.load(before.dump(before.open("bold")))
    said = explained(caught.value, tmp_path, load_parameters(now))
    assert "experiments.bold.symbols (was ['A', 'B'], is ['A', 'B', 'C'])" in said
    assert "experiments.bold.test.alpha (was 0.05, is 0.01)" in said
    assert "calm" not in said


def test_parameters_of_tables_that_the_state_does_not_use_are_not_named(tmp_path: Path) -> None:
    now = EARLIER | {"market": {"costs": {"fee_bps": 2.0}}, "monitor": {"window": 321}}
    assert "monitor.window" not in explanation(tmp_path, EARLIER, now, 0)


def test_the_error_names_a_symbol_that_has_got_parameters_of_its_own(tmp_path: Path) -> None:
    now = {**EARLIER, "market": {"costs": {"fee_bps": 2.0}}, "symbols": {}}
    assert "symbols.X.market.warmup_ticks (was 9, is not there)" in explanation(tmp_path, EARLIER, now, 0, "X")


def test_parameters_that_were_not_kept_are_not_invented(tmp_path: Path) -> None:
    earlier, now = load_parameters(EARLIER), load_parameters({})
    keep(now, tmp_path)
    (tmp_path / "parameters" / "damaged.toml").write_bytes(b"\xff[")
    with pytest.raises(StateError) as caught:
        nodes(now)[0].load(nodes(earlier)[0].dump(nodes(earlier)[0].open("X")))
    said = explained(caught.value, tmp_path, now)
    assert said == f"{caught.value}; which differ, nothing in {tmp_path / 'parameters'} says"
    assert explained(StateError("another log"), tmp_path, now) == "another log"


def test_kept_parameters_are_a_parameter_file_and_the_same_ones_the_same_file(tmp_path: Path) -> None:
    parameters = load_parameters(EARLIER)
    keep(parameters, tmp_path)
    (path,) = (tmp_path / "parameters").iterdir()
    before = path.stat().st_mtime_ns
    keep(parameters, tmp_path)
    assert (path.stat().st_mtime_ns, load_parameters(msgspec.toml.decode(path.read_bytes()))) == (before, parameters)


def test_a_home_folder_that_cannot_be_written_stops_no_worker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    keep(load_parameters({}), tmp_path)
    assert "will not be told field by field" in caplog.text


def test_the_last_words_of_a_worker_are_the_sentence(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    codes: list[int] = []
    monkeypatch.setattr(os, "_exit", codes.append)
    monkeypatch.setattr(logging, "shutdown", lambda: None)
    monkeypatch.setattr(crash, "_explain", str)
    crash.explain_with(lambda error: f"{error}; changed since: all")
    crash.stop_the_process(StateError("expected other parameters"))
    assert (codes, caplog.records[-1].exc_info) == ([crash.EXIT_STATE], None)
    assert caplog.messages[-1] == "stopping at once: expected other parameters; changed since: all"
    crash.stop_the_process(ValueError("a bug"))
    assert codes[-1] == crash.EXIT_CRASHED
    assert caplog.records[-1].exc_info is not None


def test_kept_parameters_name_the_plugins_that_they_need(tmp_path: Path) -> None:
    (tmp_path / "module_of_a_home.py").write_text("")
    (tmp_path / "tickloop.toml").write_text("[plugins]\nmodules = ['module_of_a_home']\n[market]\nwarmup_ticks = 9\n")
    home = tmp_path / "home"
    environment = {"TICKLOOP_CONFIG": str(tmp_path / "tickloop.toml")}
    parameters = configured_parameters(environment)
    keep(parameters, home, plugins_seen_from(folder(home), environment))
    (path,) = folder(home).iterdir()
    assert msgspec.toml.decode(path.read_bytes())["plugins"] == {"modules": ["module_of_a_home"], "folder": "../.."}
    assert configured_parameters({"TICKLOOP_CONFIG": str(path)}) == parameters
