"""Models of River by name: parameters of all shapes from TOML, sentences, growth to the bound, panics, states."""

import tomllib
from typing import Any

import pytest
from msgspec import convert
from msgspec.structs import replace

from schemas.errors import ConfigurationError, ModelRefused
from schemas.models import RiverState
from streams.engine.faults import Faults
from streams.market.expert_models import ExpertModels
from streams.market.models.parameters import ExpertParameters
from streams.market.models.protocol import SizeLimit
from streams.market.models.river_model import RiverModel
from streams.parameters import load_parameters
from tests.support.river_trials import labelled

FEATURES = ("a", "b", "c", "d", "e")
LABELS = list(labelled(600, len(FEATURES)))


def _built(text: str) -> RiverModel:
    table = tomllib.loads(f'kind = "river"\nfeatures = ["a", "b", "c", "d", "e"]\n{text}')
    return RiverModel(convert(table, ExpertParameters), "market.models.mine")


def _learned(model: RiverModel, labels: int) -> tuple[Any, list[SizeLimit]]:
    live = model.start()
    said = [model.learn(live, row, up, uniqueness) for row, up, uniqueness in LABELS[:labels]]
    return live, [each for each in said if each]


@pytest.mark.parametrize(
    "text",
    [
        'model = "linear_model.LogisticRegression"\nscaler = ""',
        'model = "linear_model.LogisticRegression"\nparameters = { l2 = 0.1, loss = { model = "optim.losses.Hinge" } }',
        'model = "linear_model.LogisticRegression"\n[parameters.optimizer]\nmodel = "optim.SGD"\nparameters.lr = '
        '{ model = "optim.schedulers.InverseScaling", parameters = { learning_rate = 0.05 } }',
        'model = "forest.ARFClassifier"\n[parameters]\nn_models = 2\nseed = 7\n'
        'drift_detector = { model = "drift.ADWIN", '
        "parameters = { delta = 0.01 } }",
        'model = "ensemble.BaggingClassifier"\n[parameters.model]\nmodel = "compose.Pipeline"\nparameters.steps = '
        '[{ model = "preprocessing.MinMaxScaler" }, { model = "tree.HoeffdingTreeClassifier" }]',
        'model = "compose.Pipeline"\nparameters.steps = [{ model = "preprocessing.AdaptiveStandardScaler" }, '
        '{ model = "linear_model.PAClassifier" }]',
        'model = "ensemble.StackingClassifier"\n[parameters]\nmodels = [{ model = "naive_bayes.GaussianNB" }, '
        '{ model = "linear_model.PAClassifier", parameters = { C = 0.1 } }]\n'
        'meta_classifier = { model = "linear_model.LogisticRegression" }',
    ],
    ids=["no scaler", "loss", "schedule", "detector", "pipelines in a bag", "pipeline", "lists"],
)
def test_parameters_of_all_shapes_are_built_and_go_on_exactly(text: str) -> None:
    model, again = _built(text), _built(text)
    live, _ = _learned(model, 100)
    restored = again.load(live.stored())
    for row, up, uniqueness in LABELS[100:160]:
        assert model.opinion(live, row) == again.opinion(restored, row)
        model.learn(live, row, up, uniqueness)
        again.learn(restored, row, up, uniqueness)
    assert restored.stored() == live.stored()


WRONG = {
    'model = "forest.ARFClasifier"': r"\[market.models.mine\] model: .*fix: forest.ARFClassifier",
    'model = "forrest.ARFClassifier"': "fix: forest.ARFClassifier",
    'model = "ARFClassifier"': "expected a class of River such as forest.ARFClassifier",
    'model = "tree.HoeffdingTreeRegressor"': "expected a classifier of River",
    'model = "naive_bayes.MultinomialNB"': "MultinomialNB cannot learn from signed numbers",
    'model = "multiclass.OneVsOneClassifier"': "multiclass.OneVsOneClassifier cannot be built, classifier",
    'model = "datasets.Phishing"': "expected a class of River",
    'model = "forest.ARFClassifier"\nparameters = { n_model = 3 }': "was n_model; fix: n_models",
    'model = "forest.ARFClassifier"\nparameters = { max_features = "most" }': "forest.ARFClassifier",
    'model = "linear_model.LogisticRegression"\nparameters = { l2 = 1.0, l1 = 1.0 }': "can be built with",
    'model = "ensemble.BaggingClassifier"\nparameters = { model = { model = 3 } }': r"model\]: expected a name",
    'model = "ensemble.BaggingClassifier"\n'
    'parameters = { model = { model = "linear_model.LogisticRegression", seed = 1 } }': "was also seed",
    'model = "linear_model.LogisticRegression"\nscaler = "linear_model.LogisticRegression"': "scaler: expected a trans",
    'model = "linear_model.LogisticRegression"\nscaler = "preprocessing.Nothing"': "expected a class of river.preproc",
}


@pytest.mark.parametrize("text", list(WRONG))
def test_what_cannot_be_built_is_refused_with_table_and_fix(text: str) -> None:
    with pytest.raises(ConfigurationError, match=WRONG[text]) as refused:
        _built(text)
    assert "[market.models.mine" in str(refused.value)
    assert "; fix: " in str(refused.value)


def test_seeds_change_a_forest_and_one_is_given_where_none_is() -> None:
    forest = 'model = "forest.ARFClassifier"\nparameters = { n_models = 2'
    states = [
        _learned(_built(f"{forest}{seed} }}"), 60)[0].stored().state for seed in ("", "", ", seed = 1", ", seed = 2")
    ]
    assert states[0] == states[1] == states[2] != states[3]


def test_a_label_counts_by_its_uniqueness_where_the_class_takes_a_weight() -> None:
    model = _built('model = "linear_model.LogisticRegression"')
    light, heavy = model.start(), model.start()
    for row, up, _ in LABELS[:20]:
        model.learn(light, row, up, 0.1)
        model.learn(heavy, row, up, 1.0)
    row = [1.0] * len(FEATURES)
    assert abs(model.opinion(light, row) - 0.5) < abs(model.opinion(heavy, row) - 0.5)


@pytest.mark.parametrize(
    ("text", "bound"),
    [
        (
            'model = "neighbors.KNNClassifier"\nparameters.engine = { model = "neighbors.LazySearch", '
            "parameters = { window_size = 1000 } }",
            20_000,
        ),
        ('model = "forest.AMFClassifier"\nparameters = { n_estimators = 2 }', 50_000),
    ],
    ids=["neighbours", "mondrian forest"],
)
def test_a_model_that_grows_is_frozen_before_its_bound_and_says_so_once(text: str, bound: int) -> None:
    model = _built(f"largest_bytes = {bound}\n{text}")
    live, said = _learned(model, 500)
    assert live.full
    assert len(said) == 1
    assert (said[0].effect, live.limited) == ("frozen", "frozen")
    assert "learns no more" in said[0].says
    frozen = live.stored()
    assert len(frozen.state) <= model.largest_bytes
    assert model.load(frozen).stored() == frozen
    assert model.learn(live, *LABELS[0]) is None
    assert live.stored() == frozen


def test_a_model_that_leaps_over_its_bound_has_no_opinion_any_more() -> None:
    model = _built('largest_bytes = 30000\nmodel = "tree.SGTClassifier"')
    live, said = _learned(model, 300)
    assert [each.says.partition("at once")[2] for each in said] == [" and has no opinion any more"]
    assert (said[0].effect, live.limited) == ("emptied", "emptied")
    assert said[0].size > 45_000
    assert model.opinion(live, LABELS[0][0]) == 0.5
    assert len(live.stored().state) < 30_000


def test_a_snapshot_between_two_measurements_is_restored_whatever_its_size() -> None:
    model = _built('largest_bytes = 1000\nmodel = "neighbors.KNNClassifier"\nparameters = { engine = '
                   '{ model = "neighbors.LazySearch" } }')  # fmt: skip
    live = model.start()
    for row, up, uniqueness in LABELS[:40]:
        model.learn(live, row, up, uniqueness)
        assert model.load(live.stored()).stored() == live.stored()


class Panic(BaseException):
    """As River's parts in Rust raise it."""


class Panicking:
    """A model of River whose Rust parts give up."""

    def predict_proba_one(self, features: Any) -> Any:
        """Give up."""
        raise Panic("index out of bounds")

    def learn_one(self, features: Any, label: bool, w: float = 1.0) -> None:
        """Give up."""
        raise Panic("index out of bounds")


def test_a_panic_of_a_part_in_rust_is_a_fault_and_stops_nothing() -> None:
    table = {"kind": "river", "model": "linear_model.LogisticRegression"}
    parameters = load_parameters({"market": {"models": {"mine": table}}}).market
    models, faults = ExpertModels(parameters, parameters.models["mine"].features), Faults()
    lives = models.start()
    lives[0].model, lives[0].n_seen = Panicking(), 1
    row = [0.1] * len(parameters.models["mine"].features)
    assert models.opinions(lives, row, faults) == [0.5]
    models.learn(lives, row, True, 1.0, faults)
    assert faults.counts == {"model mine": 2}
    assert "RiverPanic" in faults.latest[0]


def test_a_state_with_which_the_model_does_not_go_on_is_refused() -> None:
    model = _built('model = "linear_model.LogisticRegression"')
    live, _ = _learned(model, 30)
    del live.model["model"].optimizer
    state = live.stored()
    came = RiverState(state.features, state.declared, state.state, state.n_seen)
    with pytest.raises(ModelRefused, match="expected a state that the model goes on from"):
        model.load(came)
    with pytest.raises(ModelRefused, match=r"\[market.models.mine\] and of River"):
        model.load(replace(came, declared="of another version"))
