"""Parts of the evaluation: block bootstrap, ablations, fitted models, verdicts, and the command."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from msgspec.structs import replace

from agents.cli import cli
from agents.cli.skill_tables import markdown
from schemas.codec import encode
from schemas.errors import TickloopError
from schemas.ticks import Quote, Trade
from streams.market.features import SIGNED
from streams.market.models import signed_logistic
from streams.market.models.parameters import SignedLogisticParameters, TreesParameters
from streams.market.models.signed_logistic import SignedLogisticLearner
from streams.market.parameters import MarketParameters
from streams.parameters import Parameters
from streams.reports.prequential import ablations, verdicts
from streams.reports.prequential import run as prequential
from streams.reports.prequential.run import PrequentialRun
from streams.reports.prequential.table import SkillReport, report
from streams.retraining.fitting import PASSES, fit
from streams.scoring import block_bootstrap, score_arrays
from tests.support.market_ticks import seeded_ticks

PARAMETERS = Parameters(MarketParameters(horizon_ns=20_000_000, scored_per_horizon=5, warmup_ticks=10))


def _ticks(seed: int, count: int) -> list[Quote | Trade]:
    return [tick for tick in seeded_ticks(seed, count, odd=0.0) if isinstance(tick, (Quote, Trade))]


def _report(runs: list[PrequentialRun]) -> SkillReport:
    return report("some.csv", runs, resamples=50)


def test_means_of_circular_blocks_by_hand() -> None:
    random = np.random.default_rng(3)
    column = random.normal(size=60)
    cells = np.sort(np.concatenate((np.arange(23), random.integers(23, size=37))))
    (means,) = block_bootstrap.resampled_means([column], cells, resamples=40, seed=11, block=5)
    starts = np.random.default_rng(11).integers(23, size=(40, 5))
    for mean, drawn in zip(means, starts, strict=True):
        chosen = [(start + each) % 23 for start in drawn for each in range(5)][:23]
        assert mean == pytest.approx(np.concatenate([column[cells == cell] for cell in chosen]).mean())


def test_columns_are_resampled_alike() -> None:
    column = np.random.default_rng(1).normal(size=200)
    one, other = block_bootstrap.resampled_means([column, column + 1.0], np.arange(200), 50, 5)
    assert other - one == pytest.approx(1.0)
    assert one.std() > 0.01


def test_a_block_of_everything_has_no_spread() -> None:
    (means,) = block_bootstrap.resampled_means([np.arange(10.0)], np.arange(10), 20, 1, block=10)
    assert means == pytest.approx(4.5)


def test_the_sentence_of_a_report_follows_the_interval() -> None:
    better, worse = np.linspace(0.1, 0.2), np.linspace(-0.2, -0.1)
    assert verdicts.comparison(0.1, better).verdict == "shown"
    assert verdicts.comparison(-0.1, worse).verdict == "refuted"
    assert verdicts.comparison(0.1, better - 0.15).verdict == "not shown"
    few = verdicts.comparison(0.1, better, enough=False)
    assert (few.low, few.high, few.verdict) == (None, None, "not shown")
    shown, refuted = verdicts.comparison(0.15, better), verdicts.comparison(-0.15, worse)
    said = verdicts.sentences("majority", "rule flat", shown, refuted, refuted, 0.25)
    assert "skill +0.1500 [+0.1025, +0.1975]: improvement shown." in said[0]
    assert said[1].endswith("no improvement shown: it is worse.")
    assert "skill 0.1500 against 1.2 x 0.2500 = 0.3000: not met" in said[2]
    assert said[2].endswith("refuted.")
    assert "no skill (-0.0100)" in verdicts.sentences("majority", "rule flat", shown, refuted, refuted, -0.01)[2]


def test_variants_change_parameters_of_every_symbol_and_nothing_else() -> None:
    parameters = Parameters(PARAMETERS.market, {"X": replace(PARAMETERS.market, warmup_ticks=7)})
    assert ablations.FULL.parameters(parameters) == parameters
    for variant in ablations.VARIANTS[1:]:
        changed = variant.parameters(parameters).for_symbol("X")
        assert changed.warmup_ticks == 7
        assert changed.regime == ablations.ONE_REGIME
        assert (changed.horizon_ns, changed.costs) == (parameters.market.horizon_ns, parameters.market.costs)
    assert ablations.WITHOUT_REGIME.parameters(parameters).market.strategies == parameters.market.strategies
    assert ablations.MODEL.parameters(parameters).market.strategies.enabled == ()
    assert not ablations.FROZEN.parameters(parameters).market.model.learns


def test_a_fit_is_the_learner_over_the_log_several_times() -> None:
    random = np.random.default_rng(1)
    labels = [
        (random.normal(size=len(SIGNED)).tolist(), bool(random.random() < 0.5), random.random()) for _ in range(50)
    ]
    parameters = SignedLogisticParameters()
    model, learner = signed_logistic.start(parameters), SignedLogisticLearner(parameters)
    for values, up, uniqueness in labels * PASSES:
        learner.learn(model, values, up, uniqueness)
    assert fit(labels, replace(parameters, learns=False)) == model
    assert model.n_seen == 50 * PASSES


def test_a_frozen_model_is_fitted_to_what_came_before_and_to_nothing_else() -> None:
    ticks = _ticks(5, 3_000)
    frozen = prequential.run(ticks, PARAMETERS, ablations.FROZEN)
    opinions = frozen.probabilities["signed_logistic"]
    assert np.unique(opinions[frozen.tested]).size > 50
    # Another end of the file changes nothing that was said before it: nothing is fitted to what comes later.
    other = prequential.run(ticks[:2_000] + _ticks(6, 3_000)[2_000:], PARAMETERS, ablations.FROZEN)
    until = ticks[1_999].ts_event - PARAMETERS.market.horizon_ns
    same = frozen.made < until
    assert same.sum() > 100
    assert (opinions[same] == other.probabilities["signed_logistic"][: same.sum()]).all()
    assert (same & frozen.tested).sum() > 20


def test_a_report_needs_runs_over_the_same_outcomes() -> None:
    ticks = _ticks(5, 2_000)
    runs = [prequential.run(ticks, PARAMETERS, variant) for variant in ablations.VARIANTS]
    found = _report(runs)
    assert [row.kind for row in found.rows] == ["baseline"] * 3 + ["component"] * 7 + ["stage"] * 4
    assert found.rows[0].log_loss == pytest.approx(
        score_arrays.log_losses(runs[0].probabilities["majority"][runs[0].tested], runs[0].up[runs[0].tested]).mean()
    )
    assert found == _report(runs)
    with pytest.raises(TickloopError, match="expected every run to score the same outcomes"):
        _report([*runs[:-1], prequential.run(_ticks(6, 2_000), PARAMETERS, ablations.VARIANTS[-1])])


def test_a_further_model_has_a_row_of_its_own_and_no_part_in_those_of_the_online_model() -> None:
    ticks = _ticks(5, 2_000)
    mixed = replace(PARAMETERS.market, models={"deep": TreesParameters()})
    with_model = Parameters(mixed)
    found = _report([prequential.run(ticks, with_model, variant) for variant in ablations.VARIANTS])
    rows = {row.name: row for row in found.rows}
    assert rows["model deep"].log_loss == pytest.approx(0.6931, abs=1e-4), "without trees it says one half"
    without = {
        row.name: row for row in _report([prequential.run(ticks, PARAMETERS, each) for each in ablations.VARIANTS]).rows
    }
    assert set(rows) - set(without) == {"model deep"}
    for name in ("online model", "online + calibration", "frozen model", "scheduled refit"):
        assert rows[name] == without[name]
    assert rows["+ mixture"] != without["+ mixture"]


def test_a_model_of_one_symbol_of_two_has_no_row_and_is_named() -> None:
    ticks = sorted(
        _ticks(5, 1_500) + [replace(each, symbol="Y") for each in _ticks(6, 1_500)], key=lambda each: each.ts_event
    )
    mixed = replace(PARAMETERS.market, models={"deep": TreesParameters()})
    parameters = Parameters(PARAMETERS.market, {"Y": mixed})
    found = _report([prequential.run(ticks, parameters, variant) for variant in ablations.VARIANTS])
    assert "model deep" not in [row.name for row in found.rows]
    assert found.sentences[-1] == "No row, since the pipeline had them at some of the moves only: deep."


def test_a_report_of_a_price_that_never_moves_is_refused() -> None:
    still = [Quote("X", 1 + 1_000_000 * number, 99.0, 1.0, 101.0, 1.0) for number in range(300)]
    runs = [prequential.run(still, PARAMETERS, variant) for variant in ablations.VARIANTS]
    with pytest.raises(TickloopError, match=r"some\.csv: expected outcomes that moved .* fix: a longer horizon"):
        _report(runs)


def test_a_report_of_fewer_ticks_than_the_warm_up_is_refused() -> None:
    runs = [prequential.run(_ticks(5, 80), Parameters(), variant) for variant in ablations.VARIANTS]
    with pytest.raises(TickloopError, match="none among 0 outcomes of 80 ticks; fix: more ticks than the warm-up"):
        _report(runs)


@pytest.fixture(scope="module")
def file_of_ticks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ticks") / "some.jsonl"
    path.write_bytes(b"\n".join(map(encode, _ticks(5, 2_000))))
    return path


def test_the_command_writes_json_and_markdown(file_of_ticks: Path) -> None:
    out = file_of_ticks.with_suffix(".md")
    result = CliRunner().invoke(
        cli, ["skill", str(file_of_ticks), "--horizon", "20ms", "--processes", "2", "--json", "--out", str(out)]
    )
    assert result.exit_code == 0, result.output
    (found,) = json.loads(result.stdout)
    assert (found["horizon_ns"], found["ticks"], found["symbols"]) == (20_000_000, 2_000, ["X"])
    assert found["rows"][-1]["name"] == "+ regime = full"
    assert found["metrics"][0]["figures"][0]["name"] == "live"
    text = out.read_text()
    assert "### some.jsonl: X, 0.02 s ahead" in text
    assert all(sentence in text for sentence in found["sentences"])


def test_the_table_fits_a_terminal(file_of_ticks: Path) -> None:
    result = CliRunner().invoke(cli, ["skill", str(file_of_ticks), "--horizon", "20ms"], env={"COLUMNS": "80"})
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert all(len(line) <= 80 and "…" not in line for line in lines)
    assert any(line.lstrip().startswith("+ regime = full") for line in lines)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["absent.csv"], "expected a readable file"),
        (["absent.csv", "--horizon", "soon"], "expected a duration such as 500ms"),
    ],
)
def test_wrong_usage_is_answered_with_one_sentence(arguments: list[str], sentence: str) -> None:
    result = CliRunner().invoke(cli, ["skill", *arguments])
    assert isinstance(result.exception, TickloopError)
    assert sentence in str(result.exception)


def test_markdown_marks_the_full_pipeline() -> None:
    runs = [prequential.run(_ticks(5, 1_000), PARAMETERS, variant) for variant in ablations.VARIANTS]
    lines = markdown(_report(runs), "2026-01-02").splitlines()
    assert sum(line.startswith("| **+ regime = full** |") for line in lines) == 1
    assert "Evaluated on 2026-01-02." in lines
