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


def in_pipeline(ticks: list[Any], models: dict[str, Any], state: ExpertState | None = None) -> list[int]:
    """Nanoseconds of each tick's step of the market node whose live arm has a model."""
    node = MarketNode(load_parameters({"market": {"models": models}}))
    symbol = node.open(SYMBOL)
    node.step(symbol, ticks[0], "ticks:0:0")
    if state is not None:
        brought = ModelState("brought-1", None, expert=ExpertModel("brought", state))
        directives = (
            Directive("d1", SYMBOL, ticks[0].ts_event, "start_arm", "brought", "bench", model=brought, from_live=True),
            Directive("d2", SYMBOL, ticks[0].ts_event, "promote_arm", "brought", "bench"),
            Directive("d3", SYMBOL, ticks[0].ts_event, "stop_arm", symbol.arms.arms[0].version, "bench"),
        )
        for directive in directives:
            node.step(symbol, directive, "ticks:0:0")
    spent = []
    gc.disable()
    for offset, tick in enumerate(ticks[1:], 1):
        started = perf_counter_ns()
        node.step(symbol, tick, f"ticks:0:{offset}")
        spent.append(perf_counter_ns() - started)
    gc.enable()
    assert not symbol.faults.counts, symbol.faults.counts
    return spent


def trees() -> tuple[TreesState, lightgbm.Booster]:
    """Trees that LightGBM fitted, and the same as the pipeline takes them."""
    inputs = np.array(rows(4_000))
    up = inputs[:, 0] + 0.7 * inputs[:, 3] * inputs[:, 1] + np.random.default_rng(3).normal(size=len(inputs)) > 0.0
    options = {"objective": "binary", "num_leaves": LEAVES, "num_threads": 1, "deterministic": True, "verbose": -1}
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


def told(name: str, spent: list[int], base: tuple[float, float]) -> None:
    """Print the time of a tick, and how much more it is than without further models."""
    middle, high = quantiles(spent)
    print(f"{name:44} p50 {middle:8.1f} us  p99 {high:8.1f} us  mean {np.mean(spent) / 1e3:8.1f} us", end="")
    print(f"  (+{middle - base[0]:.1f} at p50)")


def main(arguments: list[str]) -> None:
    """Measure and print; the first argument: number of ticks."""
    count = int(arguments[0]) if arguments else 6_000
    ticks = list(islice(synthetic_market(1, [SYMBOL]), count))
    given = rows(3_000)
    print(f"{count:,} ticks of a synthetic market; {compiled.described()}")
    none = in_pipeline(ticks, {})
    base = quantiles(none)
    told("a tick without further models", none, base)

    ensemble, booster = trees()
    told(f"a tick with {TREES} trees of {LEAVES} leaves", in_pipeline(ticks, {}, ensemble), base)
    ours, theirs = own_calls(ensemble, given), timed(booster.predict, list(np.array(given)[:, None, :]))
    compared("  their evaluation alone", ours, "LightGBM, predict of a row, one thread", theirs)

    file = onnx()
    told("a tick with a small ONNX model", in_pipeline(ticks, {}, file), base)
    session = onnxruntime.InferenceSession(file.file, providers=["CPUExecutionProvider"])
    inputs = np.array(given, dtype=np.float32)[:, None, :]
    entry = session.get_inputs()[0].name
    theirs = timed(lambda row: session.run(None, {entry: row}), list(inputs))
    compared("  its evaluation alone", own_calls(file, given), "onnxruntime, run of a row", theirs)

    told("a tick with a forest of River (10 trees)", in_pipeline(ticks, {"forest": FOREST}), base)
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
