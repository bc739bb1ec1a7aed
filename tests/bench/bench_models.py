"""What further models cost a tick, beside what the library's own call costs: `python -m tests.bench.bench_models`.

The market node takes ticks of a synthetic market with a forest of 10 trees of River, with 100 trees of 15 leaves, with
a small ONNX model, and without any. Of each the difference of a tick's time to that without is what the model costs,
prediction and label together; beside it stands the library's own call on the same features in the same process.
"""

import gc
import sys
from collections.abc import Callable
from itertools import islice
from random import Random
from time import perf_counter_ns
from typing import Any

import lightgbm
import numpy as np
import onnxruntime
from msgspec import convert
from river import compose, forest, preprocessing
from skl2onnx import to_onnx
from sklearn.linear_model import LogisticRegression

from schemas.models import ExpertModel, ExpertState, ModelState, OnnxState, TreesState
from schemas.ticks import Directive
from streams.engine import compiled
from streams.market.features import SIGNED
from streams.market.models.experts import built, implied
from streams.market.models.parameters import ExpertParameters, RiverParameters
from streams.market.models.river_model import RiverModel
from streams.market.node import MarketNode
from streams.parameters import load_parameters
from streams.sources.synthetic import synthetic_market

SYMBOL = "SYM0"
TREES, LEAVES = 100, 15
FOREST = {"kind": "river", "model": "forest.ARFClassifier"}


def rows(count: int) -> list[list[float]]:
    """Rows of signed numbers, as many as a model has features."""
    random = Random(4)
    return [[random.gauss(0.0, 1.0) for _ in SIGNED] for _ in range(count)]


def quantiles(spent: list[int]) -> tuple[float, float]:
    """Median and 99th percentile, us."""
    ordered = sorted(spent)
    return ordered[len(ordered) // 2] / 1e3, ordered[len(ordered) * 99 // 100] / 1e3


def timed(call: Callable[[Any], object], items: list[Any]) -> list[int]:
    """Nanoseconds of a call with each item."""
    spent = []
    for item in items:
        started = perf_counter_ns()
        call(item)
        spent.append(perf_counter_ns() - started)
    return spent


class Stepped:
    """The market node on one symbol, whose live arm has a model or none.

    Args:
        first: the first tick.
        models: tables of `[market.models]`.
        state: of a model that comes trained; None: none.
    """

    def __init__(self, first: Any, models: dict[str, Any], state: ExpertState | None = None) -> None:
        self.node = MarketNode(load_parameters({"market": {"models": models}}))
        self.state = symbol = self.node.open(SYMBOL)
        self.spent: list[int] = []
        self.node.step(symbol, first, "ticks:0:0")
        if state is None:
            return
        brought = ModelState("brought-1", None, expert=ExpertModel("brought", state))
        for directive in (
            Directive("d1", SYMBOL, first.ts_event, "start_arm", "brought", "bench", model=brought, from_live=True),
            Directive("d2", SYMBOL, first.ts_event, "promote_arm", "brought", "bench"),
            Directive("d3", SYMBOL, first.ts_event, "stop_arm", symbol.arms.arms[0].version, "bench"),
        ):
            self.node.step(symbol, directive, "ticks:0:0")

    def step(self, tick: Any, offset: int) -> None:
        """Take a tick, and note how long it took."""
        started = perf_counter_ns()
        self.node.step(self.state, tick, f"ticks:0:{offset}")
        self.spent.append(perf_counter_ns() - started)


def in_pipeline(ticks: list[Any], *stepped: Stepped) -> None:
    """Give every tick to each of them in turn, so that all of them meet the same disturbances."""
    gc.disable()
    for offset, tick in enumerate(ticks[1:], 1):
        for each in stepped:
            each.step(tick, offset)
    gc.enable()
    for each in stepped:
        assert not each.state.faults.counts, each.state.faults.counts


def trees() -> tuple[TreesState, lightgbm.Booster]:
    """Trees that LightGBM fitted, and the same as the pipeline takes them."""
    inputs = np.array(rows(4_000))
    up = inputs[:, 0] + 0.7 * inputs[:, 3] * inputs[:, 1] + np.random.default_rng(3).normal(size=len(inputs)) > 0.0
    options = {
        "objective": "binary",
        "num_leaves": LEAVES,
        "num_threads": 1,
        "seed": 1,
        "deterministic": True,
        "verbose": -1,
    }
    booster = lightgbm.train(options, lightgbm.Dataset(inputs, up.astype(float)), num_boost_round=TREES)
    flat: dict[str, list[Any]] = {each: [] for each in ("roots", "feature", "threshold", "left", "right", "leaves")}

    def add(node: dict[str, Any]) -> int:
        if "leaf_value" in node:
            flat["leaves"].append(node["leaf_value"])
            return -len(flat["leaves"])
        at = len(flat["feature"])
        flat["feature"].append(node["split_feature"])
        flat["threshold"].append(node["threshold"])
        flat["left"].append(0)
        flat["right"].append(0)
        flat["left"][at], flat["right"][at] = add(node["left_child"]), add(node["right_child"])
        return at

    for tree in booster.dump_model()["tree_info"]:
        flat["roots"].append(add(tree["tree_structure"]))
    return convert({"kind": "trees", "features": SIGNED, **flat}, TreesState), booster


def onnx() -> OnnxState:
    """A logistic regression of scikit-learn as an ONNX file."""
    inputs = np.array(rows(500), dtype=np.float32)
    fitted = LogisticRegression().fit(inputs, inputs[:, 0] > 0.0)
    return OnnxState(SIGNED, to_onnx(fitted, inputs[:1], options={"zipmap": False}).SerializeToString())


def own_calls(state: ExpertState, given: list[list[float]]) -> list[int]:
    """Nanoseconds of each opinion of a model of ours."""
    parameters: ExpertParameters = convert(dict(implied(state)), ExpertParameters)
    model = built("brought", parameters)
    live = model.load(state)
    return timed(lambda row: model.opinion(live, row), given)


def told(name: str, stepped: Stepped, without: Stepped) -> None:
    """Print the time of a tick, and how much more it is at the median than without further models."""
    (middle, high), (base, _) = quantiles(stepped.spent), quantiles(without.spent)
    print(f"{name:42} p50 {middle:8.1f} us  p99 {high:8.1f} us  (+{middle - base:.1f} at p50)")


def main(arguments: list[str]) -> None:
    """Measure and print; the first argument: number of ticks."""
    count = int(arguments[0]) if arguments else 6_000
    ticks = list(islice(synthetic_market(1, [SYMBOL]), count))
    given = rows(3_000)
    print(f"{count:,} ticks of a synthetic market; {compiled.described()}")
    ensemble, booster = trees()
    file = onnx()
    first = ticks[0]
    none, of_trees, of_onnx = Stepped(first, {}), Stepped(first, {}, ensemble), Stepped(first, {}, file)
    in_pipeline(ticks, none, of_trees, of_onnx)
    of_river, beside = Stepped(first, {"forest": FOREST}), Stepped(first, {})
    in_pipeline(ticks[: count // 2], beside, of_river)

    told("a tick without further models", none, none)
    told(f"a tick with {TREES} trees of {LEAVES} leaves", of_trees, none)
    theirs = timed(booster.predict, list(np.array(given)[:, None, :]))
    compared("  their evaluation alone", own_calls(ensemble, given), "LightGBM, predict of a row", theirs)

    told("a tick with a small ONNX model", of_onnx, none)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(file.file, options, providers=["CPUExecutionProvider"])
    entry = session.get_inputs()[0].name
    theirs = timed(lambda row: session.run(None, {entry: row}), list(np.array(given, dtype=np.float32)[:, None, :]))
    compared("  its evaluation alone", own_calls(file, given), "onnxruntime, run of a row", theirs)

    told("a tick with a forest of River (10 trees)", of_river, beside)
    _river(given[:600])


def _river(given: list[list[float]]) -> None:
    river = compose.Pipeline(preprocessing.StandardScaler(), forest.ARFClassifier(seed=1))
    model = RiverModel(RiverParameters(model="forest.ARFClassifier"), "market.models.forest")
    live = model.start()

    def theirs(row: list[float]) -> None:
        named = dict(zip(SIGNED, row, strict=True))
        river.predict_proba_one(named)
        river.learn_one(named, row[0] > 0.0)

    def ours(row: list[float]) -> None:
        model.opinion(live, row)
        model.learn(live, row, row[0] > 0.0, 1.0)

    gc.disable()
    own, library = [], []
    for row in given:
        own += timed(ours, [row])
        library += timed(theirs, [row])
    gc.enable()
    compared("  its opinion and label alone", own, "River, predict_proba_one and learn_one", library)


def compared(name: str, ours: list[int], library: str, theirs: list[int]) -> None:
    """Print the time of a model's own evaluation beside that of the library, and the ratio."""
    (middle, high), (other, other_high) = quantiles(ours), quantiles(theirs)
    print(f"{name:44} p50 {middle:8.1f} us  p99 {high:8.1f} us")
    print(f"    {library:40} p50 {other:8.1f} us  p99 {other_high:8.1f} us  ({middle / other:.2f} times that)")


if __name__ == "__main__":
    main(sys.argv[1:])
