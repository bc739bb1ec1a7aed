"""Every classifier of River goes on exactly from what is stored of it, or is listed with the reason why not."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from streams.market.models.river_catalogue import described, names

ROOT = Path(__file__).parents[5]
QUICK = 2_000

LABELS = {
    "drift.DriftRetrainingClassifier": 1_000,
    "dummy.NoChangeClassifier": QUICK,
    "dummy.PriorClassifier": QUICK,
    "ensemble.ADWINBaggingClassifier": QUICK,
    "ensemble.ADWINBoostingClassifier": QUICK,
    "ensemble.AdaBoostClassifier": 100,
    "ensemble.BOLEClassifier": 100,
    "ensemble.BaggingClassifier": QUICK,
    "ensemble.LeveragingBaggingClassifier": 400,
    "ensemble.SRPClassifier": 60,
    "ensemble.StackingClassifier": 300,
    "facto.FFMClassifier": 200,
    "facto.FMClassifier": 300,
    "facto.FwFMClassifier": 200,
    "facto.HOFMClassifier": 100,
    "forest.AMFClassifier": 100,
    "forest.ARFClassifier": 200,
    "imblearn.HardSamplingClassifier": QUICK,
    "imblearn.RandomOverSampler": QUICK,
    "imblearn.RandomSampler": QUICK,
    "imblearn.RandomUnderSampler": QUICK,
    "linear_model.ALMAClassifier": QUICK,
    "linear_model.AdPredictor": QUICK,
    "linear_model.LogisticRegression": QUICK,
    "linear_model.PAClassifier": QUICK,
    "linear_model.Perceptron": QUICK,
    "linear_model.SoftmaxRegression": QUICK,
    "model_selection.BanditClassifier": QUICK,
    "model_selection.SuccessiveHalvingClassifier": 400,
    "multiclass.OneVsRestClassifier": QUICK,
    "naive_bayes.BernoulliNB": QUICK,
    "naive_bayes.GaussianNB": QUICK,
    "neighbors.KNNClassifier": 80,
    "tree.ExtremelyFastDecisionTreeClassifier": QUICK,
    "tree.HoeffdingAdaptiveTreeClassifier": QUICK,
    "tree.HoeffdingTreeClassifier": QUICK,
    "tree.LASTClassifier": QUICK,
    "tree.SGTClassifier": 300,
}
"""Labels of each classifier in this test: fewer for those that are slow."""

UNUSABLE = {
    "active.EntropySampler": "gives no probability of an upward move",
    "ensemble.VotingClassifier": "gives no probabilities",
    "misc.ZstdClassifier": "requires Python 3.14",
    "multiclass.OneVsOneClassifier": "gives no probabilities",
    "multiclass.OutputCodeClassifier": "gives no probabilities",
    "naive_bayes.ComplementNB": "cannot learn from signed numbers",
    "naive_bayes.MultinomialNB": "cannot learn from signed numbers",
}
"""Why the others cannot be experts."""


def test_every_classifier_is_tried_or_listed_with_the_reason() -> None:
    found = {name: described(name).problem for name in names()}
    assert list(found) == sorted({**LABELS, **UNUSABLE}, key=list(found).index)
    for name, problem in found.items():
        assert bool(problem) == (name in UNUSABLE), f"{name}: {problem}"
        assert UNUSABLE.get(name, "") in problem, f"{name}: {problem}"


@pytest.mark.slow
def test_all_go_on_exactly_whatever_the_seed_of_the_hashes() -> None:
    plain, restored = _started("1", "plain"), _started("2", "restored")
    once, again = _answered(plain), _answered(restored)
    for name in LABELS:
        assert once[name]["opinions"] == again[name]["opinions"], f"{name}: other opinions after a restore"
        assert once[name]["state"] == again[name]["state"], f"{name}: another state after a restore"
        assert once[name]["bytes"] <= 786_432, name


def _started(seed: str, how: str) -> subprocess.Popen[bytes]:
    environment = os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}
    asked = [f"{name}={count}" for name, count in LABELS.items()]
    command = [sys.executable, "-W", "ignore", "-m", "tests.support.river_trials", how, *asked]
    return subprocess.Popen(command, env=environment, cwd=ROOT, stdout=subprocess.PIPE)


def _answered(process: subprocess.Popen[bytes]) -> Any:
    written, _ = process.communicate(timeout=250)
    assert process.returncode == 0
    return json.loads(written)
