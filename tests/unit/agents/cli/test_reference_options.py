"""References by options and by the configuration file, in backtests and for what publishes ticks."""

import csv
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from agents.cli import cli
from agents.cli.reference_options import references_of, with_references
from agents.config.settings import config_table
from schemas.errors import ConfigurationError
from schemas.ticks import Quote, Trade
from streams.parameters import Parameters, load_parameters
from tests.support.references import led_market


def configured(folder: Path, text: str) -> dict[str, str]:
    path = folder / "given.toml"
    path.write_text(text)
    return {"TICKLOOP_CONFIG": str(path)}


def test_what_publishes_finds_the_references_of_the_file_without_its_plugins(tmp_path: Path) -> None:
    environment = configured(
        tmp_path,
        '[plugins]\nmodules = ["nowhere"]\n[references]\nSPY = ["*"]\n[market.features.references]\nof = ["GLD"]\n'
        '[symbols.NEM.market.features.references]\nof = ["SLV"]\n',
    )
    assert references_of(["QQQ"], environment) == ("QQQ", "SPY", "GLD", "SLV")
    assert references_of([], configured(tmp_path, "[market]\nwarmup_ticks = 5\n")) == ()
    assert config_table(configured(tmp_path, '[references]\nSPY = ["*"]\n')) == {"references": {"SPY": ["*"]}}


def test_a_wrong_reference_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"\[references\]"):
        references_of(["S|Y"], {"TICKLOOP_CONFIG": ""})
    with pytest.raises(ConfigurationError, match="delay_ns"):
        with_references(Parameters(), ["SPY"], "10s")
    with pytest.raises(ConfigurationError, match="--reference-delay: expected a duration"):
        with_references(Parameters(), ["SPY"], "5x")


def test_options_are_what_the_file_would_say() -> None:
    table = {"references": {"SPY": ["*"]}, "market": {"features": {"references": {"delay_ns": 5_000_000}}}}
    assert with_references(Parameters(), ["SPY"], "5ms") == load_parameters(table)
    assert with_references(load_parameters(table), ["SPY"]) == load_parameters(table)
    assert with_references(Parameters(), []) == Parameters()


def write(path: Path, ticks: list[Quote | Trade]) -> None:
    names = ("ts_event", "symbol", "kind", "bid", "bid_size", "ask", "ask_size", "price", "size", "side")
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(names)
        for tick in ticks:
            kind = "quote" if isinstance(tick, Quote) else "trade"
            rows.writerow([kind if name == "kind" else getattr(tick, name, "") for name in names])


def test_a_backtest_of_two_files_sees_the_reference_and_can_be_repeated_from_its_own_file(tmp_path: Path) -> None:
    ticks = [tick for tick in led_market(41, 1_500, ["IBM"]) if isinstance(tick, Quote) or tick.size]
    write(tmp_path / "ibm.csv", [tick for tick in ticks if tick.symbol == "IBM"])
    write(tmp_path / "spy.csv", [tick for tick in ticks if tick.symbol == "SPY"])
    files = [str(tmp_path / "ibm.csv"), str(tmp_path / "spy.csv")]

    def run(name: str, *more: str) -> dict[str, object]:
        out = tmp_path / name
        done = CliRunner().invoke(cli, ["backtest", *files, "--out", str(out), "--json", "--jobs", "1", *more])
        assert done.exit_code == 0, done.output
        found: dict[str, object] = json.loads((out / "summary.json").read_text())
        return found

    seen, unseen = run("seen", "--reference", "SPY"), run("unseen")
    delayed = run("late", "--reference", "SPY", "--reference-delay", "200ms")
    again = run("again", "--config", str(tmp_path / "seen" / "run.toml"))
    assert again["digests"] == seen["digests"]
    assert len({json.dumps(each["digests"]) for each in (seen, unseen, delayed)}) == 3
    assert seen["ticks"] == len(ticks)


def test_a_backtest_without_a_tick_of_its_reference_says_so(tmp_path: Path) -> None:
    write(tmp_path / "ibm.csv", [each for each in led_market(41, 1_500, ["IBM"]) if each.symbol == "IBM"])
    arguments = ["backtest", str(tmp_path / "ibm.csv"), "--out", str(tmp_path / "run"), "--jobs", "1"]
    done = CliRunner().invoke(cli, [*arguments, "--reference", "SPX"])
    assert done.exit_code == 0, done.output
    assert "no tick of the reference SPX came, so its features were 0 throughout" in done.output
