"""Small real ONNX models, made by hand: the shapes of the trained ones, with random or planted weights."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from models.ensemble.levels import LEVELS
from models.features import LENGTH

OPSET: Final = 20
IR: Final = 10
Q: Final = len(LEVELS)
SPREAD: Final = np.array([-1.6, -1.0, -0.7, -0.4, 0.0, 0.4, 0.7, 1.0, 1.6], np.float32)
"""Quantiles of a change in units of its scale, about those of a normal variate."""


class Graph:
    """Nodes and weights as they come, each output named by its number."""

    def __init__(self, seed: int) -> None:
        self.nodes: list[NodeProto] = []
        self.weights: list[TensorProto] = []
        self._rng = np.random.default_rng(seed)
        self._count = 0

    def const(self, value: Any, dtype: npt.DTypeLike = np.float32) -> str:
        """A weight."""
        name = self._name()
        self.weights.append(numpy_helper.from_array(np.asarray(value, dtype), name))
        return name

    def random(self, *shape: int) -> str:
        """Weights that keep the size of what goes through them."""
        return self.const(self._rng.standard_normal(shape) / np.sqrt(shape[-1] if len(shape) > 1 else 4 * shape[0]))

    def add(self, op: str, *inputs: str, outputs: int = 1, **attributes: Any) -> str:
        """A node; the name of its first output that has one."""
        names = [self._name() for _ in range(outputs)]
        self.nodes.append(helper.make_node(op, list(inputs), names, **attributes))
        return names[0]

    def lstm(self, x: str, width: int, hidden: int) -> str:
        """One layer over [T, B, width]; [T, B, hidden]."""
        w, r, b = self.random(1, 4 * hidden, width), self.random(1, 4 * hidden, hidden), self.random(1, 8 * hidden)
        return self.add("Squeeze", self.add("LSTM", x, w, r, b, hidden_size=hidden), self.const([1], np.int64))

    def dense(self, x: str, width: int, wide: int, active: str = "") -> str:
        """[..., width] to [..., wide]."""
        y = self.add("Add", self.add("MatMul", x, self.random(width, wide)), self.random(wide))
        return self.add(active, y) if active else y

    def attend(self, x: str, width: int, heads: int) -> str:
        """Multi-head self-attention over [B, T, width]."""
        split = self.const([0, LENGTH, heads, width // heads], np.int64)
        q, k, v = (self.add("Reshape", self.dense(x, width, width), split) for _ in range(3))
        q, v = (self.add("Transpose", one, perm=[0, 2, 1, 3]) for one in (q, v))
        k = self.add("Transpose", k, perm=[0, 2, 3, 1])
        scale = self.const(1 / np.sqrt(width / heads))
        weights = self.add("Softmax", self.add("Mul", self.add("MatMul", q, k), scale), axis=-1)
        mixed = self.add("Transpose", self.add("MatMul", weights, v), perm=[0, 2, 1, 3])
        joined = self.add("Reshape", mixed, self.const([0, LENGTH, width], np.int64))
        return self.dense(joined, width, width)

    def normed(self, x: str, width: int) -> str:
        """Layer normalisation."""
        return self.add("LayerNormalization", x, self.const(np.ones(width)), self.const(np.zeros(width)), axis=-1)

    def last(self, x: str) -> str:
        """[B, T, width] to its last row, [B, width]."""
        return self.add("Gather", x, self.const(LENGTH - 1, np.int64), axis=1)

    def _name(self) -> str:
        self._count += 1
        return f"v{self._count}"


def model(graph: Graph, inputs: dict[str, list[Any]], outputs: dict[str, tuple[str, list[Any]]]) -> ModelProto:
    """The model whose outputs are such values."""
    nodes = [*graph.nodes, *(helper.make_node("Identity", [value], [name]) for name, (value, _) in outputs.items())]
    made = helper.make_graph(
        nodes,
        "made",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in inputs.items()],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, (_, shape) in outputs.items()],
        graph.weights,
    )
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR)


def _forecast(graph: Graph, features: int, middle: str) -> ModelProto:
    """A forecaster whose median is `middle`, [B, 1]."""
    said = graph.add("Add", graph.add("Mul", middle, graph.const(0.1)), graph.const(SPREAD))
    return model(graph, {"window": ["B", LENGTH, features]}, {"quantiles": (said, ["B", Q])})


def lstm(features: int, hidden: int = 32, layers: int = 3, seed: int = 1) -> ModelProto:
    """Layers of LSTM over the window, attention of the last state over all, quantiles."""
    g = Graph(seed)
    x, width = g.add("Transpose", "window", perm=[1, 0, 2]), features
    for _ in range(layers):
        x, width = g.lstm(x, width, hidden), hidden
    states = g.add("Transpose", x, perm=[1, 0, 2])  # [B, T, hidden]
    asked = g.add("Unsqueeze", g.last(states), g.const([2], np.int64))
    weights = g.add("Softmax", g.add("MatMul", states, asked), axis=1)  # [B, T, 1]
    seen = g.add("ReduceSum", g.add("Mul", states, weights), g.const([1], np.int64), keepdims=0)
    return _forecast(g, features, g.dense(g.dense(seen, hidden, hidden, "Tanh"), hidden, 1))


def transformer(features: int, width: int = 32, heads: int = 4, layers: int = 2, seed: int = 2) -> ModelProto:
    """An encoder with positions, its last row to quantiles."""
    g = Graph(seed)
    x = g.add("Add", g.dense("window", features, width), g.random(LENGTH, width))
    for _ in range(layers):
        x = g.add("Add", x, g.attend(g.normed(x, width), width, heads))
        x = g.add("Add", x, g.dense(g.dense(g.normed(x, width), width, 2 * width, "Relu"), 2 * width, width))
    return _forecast(g, features, g.dense(g.last(g.normed(x, width)), width, 1))


def autoencoder(features: int, wide: int = 32, code: int = 6, seed: int = 3) -> ModelProto:
    """A variational one at its mean: error of the reconstruction, and error with the distance of the code."""
    g = Graph(seed)
    hidden = g.dense("row", features, wide, "Tanh")
    mean, spread = g.dense(hidden, wide, code), g.dense(hidden, wide, code)
    back = g.dense(g.dense(mean, code, wide, "Tanh"), wide, features)
    error = g.add("Sub", "row", back)
    one = g.const([1], np.int64)
    missed = g.add("ReduceMean", g.add("Mul", error, error), one, keepdims=0)
    apart = g.add("Sub", g.add("Add", g.add("Mul", mean, mean), g.add("Exp", spread)), spread)
    surprise = g.add("Add", missed, g.add("ReduceMean", apart, one, keepdims=0))
    outputs: dict[str, tuple[str, list[Any]]] = {"reconstruction": (missed, ["B"]), "surprise": (surprise, ["B"])}
    return model(g, {"row": ["B", features]}, outputs)


def centred(features: int, middle: float = 0.0, spread: float = 1.0, slope: float = 0.0) -> ModelProto:
    """Always the same quantiles, moved by `slope` times the newest row's first feature."""
    g = Graph(0)
    first = g.add("Slice", g.last("window"), g.const([0], np.int64), g.const([1], np.int64), g.const([1], np.int64))
    said = g.add("Add", g.add("Mul", first, g.const(slope)), g.const(middle + spread * SPREAD))
    return model(g, {"window": ["B", LENGTH, features]}, {"quantiles": (said, ["B", Q])})


def not_finite(features: int) -> ModelProto:
    """The logarithm of what is negative wherever the newest row's first feature is below 2."""
    g = Graph(0)
    first = g.add("Slice", g.last("window"), g.const([0], np.int64), g.const([1], np.int64), g.const([1], np.int64))
    said = g.add("Add", g.add("Log", g.add("Sub", first, g.const(2.0))), g.const(SPREAD))
    return model(g, {"window": ["B", LENGTH, features]}, {"quantiles": (said, ["B", Q])})


def slow(features: int, layers: int = 60, hidden: int = 96) -> ModelProto:
    """A hundred times the work of the others."""
    return lstm(features, hidden, layers)


def slow_at_work(features: int, floats: int = 500_000) -> ModelProto:
    """Quick where the window is nothing but zeros, with half a million floats to add up where it is not."""
    g = Graph(0)
    size = g.add("ReduceMean", g.add("Abs", "window"), keepdims=0)
    wide = g.add("Mul", g.add("Cast", g.add("Greater", size, g.const(1e-6)), to=TensorProto.INT64),
                 g.const(floats, np.int64))  # fmt: skip
    many = g.add("Range", g.const(0, np.int64), g.add("Add", wide, g.const(1, np.int64)), g.const(1, np.int64))
    total = g.add("ReduceSum", g.add("Sin", g.add("Cast", many, to=TensorProto.FLOAT)), keepdims=0)
    first = g.add("Slice", g.last("window"), g.const([0], np.int64), g.const([1], np.int64), g.const([1], np.int64))
    nothing = g.add("Add", g.add("Mul", first, g.const(0.0)), g.add("Mul", total, g.const(0.0)))
    said = g.add("Add", nothing, g.const(SPREAD))
    return model(g, {"window": ["B", LENGTH, features]}, {"quantiles": (said, ["B", Q])})


def endless(features: int) -> ModelProto:
    """A loop that goes on for hours."""
    g = Graph(0)
    state = "x"
    body = helper.make_graph(
        [helper.make_node("Identity", ["go"], ["still"]), helper.make_node("Add", [state, state], ["y"])],
        "body",
        [
            helper.make_tensor_value_info("n", TensorProto.INT64, []),
            helper.make_tensor_value_info("go", TensorProto.BOOL, []),
            helper.make_tensor_value_info(state, TensorProto.FLOAT, [1]),
        ],
        [
            helper.make_tensor_value_info("still", TensorProto.BOOL, []),
            helper.make_tensor_value_info("y", TensorProto.FLOAT, [1]),
        ],
    )
    first = g.add("ReduceMean", "window", g.const([0, 1, 2], np.int64), keepdims=0)
    begun = g.add("Unsqueeze", first, g.const([0], np.int64))
    turns = g.const(1 << 40, np.int64)
    went = g.add("Loop", turns, g.const(True, np.bool_), begun, body=body)
    said = g.add("Add", g.add("Mul", g.add("ReduceMean", "window", g.const([1, 2], np.int64), keepdims=0), went),
                 g.const(0.0))  # fmt: skip
    shaped = g.add("Mul", g.add("Unsqueeze", said, g.const([1], np.int64)), g.const(SPREAD))
    return model(g, {"window": ["B", LENGTH, features]}, {"quantiles": (shaped, ["B", Q])})
