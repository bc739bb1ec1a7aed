"""Small ONNX files for tests: a logistic regression, and files that are wrong in one way each."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

FEATURES = ("queue_imbalance", "trade_flow_imbalance", "return_1")


def file(
    nodes: Sequence[onnx.NodeProto],
    outputs: Sequence[str] = ("up",),
    inputs: Sequence[str] = ("x",),
    numbers: Sequence[onnx.TensorProto] = (),
    metadata: dict[str, str] | None = None,
    features: int = len(FEATURES),
) -> bytes:
    """A file of one graph whose inputs are rows of 32-bit numbers, one for each feature."""
    graph = helper.make_graph(
        list(nodes),
        "graph",
        [helper.make_tensor_value_info(each, TensorProto.FLOAT, [None, features]) for each in inputs],
        [helper.make_tensor_value_info(each, TensorProto.FLOAT, None) for each in outputs],
        initializer=list(numbers),
    )
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid("of.nobody", 1)], ir_version=8
    )
    for name, text in (metadata or {}).items():
        model.metadata_props.add(key=name, value=text)
    content: bytes = model.SerializeToString()
    return content


def weights(values: Sequence[float] = (1.5, 0.4, 0.1)) -> onnx.TensorProto:
    return numpy_helper.from_array(np.array(values, dtype=np.float32).reshape(-1, 1), "w")


def logistic(values: Sequence[float] = (1.5, 0.4, 0.1), metadata: dict[str, str] | None = None) -> bytes:
    """A logistic regression without an intercept, which puts out the probability of an upward move."""
    nodes = [helper.make_node("MatMul", ["x", "w"], ["z"]), helper.make_node("Sigmoid", ["z"], ["up"])]
    return file(nodes, numbers=[weights(values)], metadata=metadata, features=len(values))


def node(operator: str, inputs: Sequence[str], outputs: Sequence[str], **attributes: Any) -> onnx.NodeProto:
    return helper.make_node(operator, list(inputs), list(outputs), **attributes)


def numbers_elsewhere() -> bytes:
    """A file whose weights lie in a file beside it."""
    outside = weights()
    outside.ClearField("raw_data")
    outside.data_location = TensorProto.EXTERNAL
    outside.external_data.add(key="location", value="weights.bin")
    nodes = [helper.make_node("MatMul", ["x", "w"], ["z"]), helper.make_node("Sigmoid", ["z"], ["up"])]
    return file(nodes, numbers=[outside])


def right_below_a_threshold() -> bytes:
    """A file that is right unless a feature is above 5, where it fails."""
    nodes = [
        node("ReduceMax", ["x"], ["most"], axes=[1], keepdims=1),
        node("Greater", ["most", "limit"], ["above"]),
        node("Cast", ["above"], ["index"], to=TensorProto.INT64),
        node("Gather", ["one", "index"], ["up"]),
    ]
    held = [
        numpy_helper.from_array(np.array([5.0], dtype=np.float32), "limit"),
        numpy_helper.from_array(np.array([0.75], dtype=np.float32), "one"),
    ]
    return file(nodes, numbers=held)
