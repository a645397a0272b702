"""The trained critic as an ONNX graph that reads one bar after the bars before it.

The graph takes what it made of the bars before (keys and values, already turned by where they
stood) and rates one bar at a time, so a bar's rating cannot depend on what is rated beside it. The
weights are kept in half precision and used in single.
"""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

from engine.critique.grid import FEATURES, OFFSETS
from engine.workshop.critic_net import KINDS, Critic

_FLOAT, _INT, _NORM = TensorProto.FLOAT, TensorProto.INT64, 1e-5


class Taste(torch.nn.Module):
    """What is told from a bar's state: log-odds that our model wrote it, against people."""

    def __init__(self, width: int, hidden: int = 48) -> None:
        super().__init__()
        self.up = torch.nn.Linear(2 * width, hidden)
        self.down = torch.nn.Linear(hidden, 1)

    def forward(self, state: torch.Tensor) -> torch.Tensor:
        """state (bars, 2 × width) → (bars,)."""
        return self.down(torch.relu(self.up(state)))[:, 0]


def write(model: Critic, taste: Taste, file: Path) -> None:
    """Write the graph."""
    file.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(graph(model, taste), file)


def graph(model: Critic, taste: Taste) -> onnx.ModelProto:
    """ids (strokes, features), turns (1 + strokes, half a head), past keys and values → keys,
    values, answers (1, 3) log-probabilities, state (1, 2 × width). The bar's mark comes first."""
    width, heads = model.config.width, model.config.heads
    head = width // heads
    made = _Graph(_weights(model, taste))
    rows = made.node("Add", "ids", made.ints([int(one) for one in OFFSETS]))
    x = made.node("Gather", made.weight("table"), rows)
    x = made.node("ReduceSum", x, made.ints([1]), keepdims=0)
    mark = made.node("Unsqueeze", made.weight("mark"), made.ints([0]))
    x = made.node("Concat", mark, x, axis=0)
    cos, sin = made.node("Cos", "turns"), made.node("Sin", "turns")
    past_keys = made.split("past_keys", model.config.layers, 0)
    past_values = made.split("past_values", model.config.layers, 0)
    keys, values = [], []
    for layer in range(model.config.layers):
        at = f"blocks.{layer}"
        qkv = made.times(made.norm(x, f"{at}.attention_norm.weight"), f"{at}.qkv.weight")
        # Queries and keys are turned together: 3 × heads, strokes, head.
        qkv = made.node("Reshape", qkv, made.ints([-1, 3 * heads, head]))
        qkv = made.node("Transpose", qkv, perm=[1, 0, 2])
        both, v = made.split(qkv, 2, 0, sizes=[2 * heads, heads])
        q, k = made.split(made.turned(both, cos, sin), 2, 0)
        one, other = (made.node("Unsqueeze", part, made.ints([0])) for part in (k, v))
        keys.append(one)
        values.append(other)
        k = made.node("Concat", past_keys[layer], one, axis=2)
        v = made.node("Concat", past_values[layer], other, axis=2)
        near = made.node("MatMul", q, made.node("Transpose", k, perm=[0, 1, 3, 2]))
        y = made.node("MatMul", made.node("Softmax", near, axis=-1), v)
        y = made.node("Transpose", y, perm=[0, 2, 1, 3])
        y = made.node("Reshape", y, made.ints([-1, width]))
        x = made.node("Add", x, made.times(y, f"{at}.out.weight"))
        normed = made.norm(x, f"{at}.feed_norm.weight")
        wide = made.node("Relu", made.times(normed, f"{at}.up.weight"))
        x = made.node("Add", x, made.times(wide, f"{at}.down.weight"))
    x = made.norm(x, "norm.weight")
    first, rest = made.cut(x, 0, 1, 0), made.cut(x, 1, 10**9, 0)
    mean = made.node("ReduceMean", rest, made.ints([0]), keepdims=1)
    state = made.node("Concat", first, mean, axis=1, output="state")
    _answer(made, first, state)
    made.node("Concat", *keys, axis=0, output="keys")
    made.node("Concat", *values, axis=0, output="values")
    past = [model.config.layers, heads, "past", head]
    now = [model.config.layers, heads, "marked", head]
    return helper.make_model(
        helper.make_graph(
            made.nodes, "critic",
            [helper.make_tensor_value_info("ids", _INT, ["strokes", len(FEATURES)]),
             helper.make_tensor_value_info("turns", _FLOAT, ["marked", head // 2]),
             helper.make_tensor_value_info("past_keys", _FLOAT, past),
             helper.make_tensor_value_info("past_values", _FLOAT, past)],
            [helper.make_tensor_value_info("keys", _FLOAT, now),
             helper.make_tensor_value_info("values", _FLOAT, now),
             helper.make_tensor_value_info("answers", _FLOAT, [1, 3]),
             helper.make_tensor_value_info("state", _FLOAT, [1, 2 * width])],
            made.initializers,
        ),
        opset_imports=[helper.make_opsetid("", 18)], ir_version=10,
    )  # fmt: skip


def _weights(model: Critic, taste: Taste) -> dict[str, Any]:
    """All weights; the attention's scale stands in those of the queries."""
    found = dict(model.state_dict())
    for name in found:
        if name.endswith("qkv.weight"):
            scaled = found[name].clone()
            scaled[: model.config.width] *= (model.config.width // model.config.heads) ** -0.5
            found[name] = scaled
    return found | {f"taste.{name}": one for name, one in taste.state_dict().items()}


def _answer(made: "_Graph", first: str, state: str) -> None:
    """Log-probabilities of people, spoilt, our model: people's odds against each are the
    network's, the two against each other follow."""
    kinds = made.linear(made.node("Relu", made.linear(first, "hidden")), "kind")
    faults = made.node("ReduceLogSumExp", made.cut(kinds, 1, KINDS, 1), made.ints([1]), keepdims=1)
    wrong = made.node("Sub", faults, made.cut(kinds, 0, 1, 1))
    ours = made.linear(made.node("Relu", made.linear(state, "taste.up")), "taste.down")
    people = made.node("Mul", wrong, made.floats(np.array(0.0)))
    every = made.node("Concat", people, wrong, ours, axis=1)
    made.node("LogSoftmax", every, axis=1, output="answers")


class _Graph:
    """Nodes and initializers, named as they come."""

    def __init__(self, state: dict[str, Any]) -> None:
        self._state = {name: one.detach().cpu().float().numpy() for name, one in state.items()}
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[TensorProto] = []

    def node(self, kind: str, *inputs: str, output: str = "", **attributes: object) -> str:
        output = output or f"n{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [output], **attributes))
        return output

    def floats(self, values: np.ndarray) -> str:
        return self._kept(values.astype(np.float32))

    def ints(self, values: list[int]) -> str:
        return self._kept(np.array(values, np.int64))

    def weight(self, name: str) -> str:
        return self._half(self._state[name])

    def times(self, x: str, name: str) -> str:
        return self.node("MatMul", x, self._half(np.ascontiguousarray(self._state[name].T)))

    def linear(self, x: str, name: str) -> str:
        return self.node("Add", self.times(x, f"{name}.weight"), self.weight(f"{name}.bias"))

    def norm(self, x: str, name: str) -> str:
        square = self.node("ReduceMean", self.node("Pow", x, self.floats(np.array(2.0))),
                           self.ints([-1]), keepdims=1)  # fmt: skip
        root = self.node("Sqrt", self.node("Add", square, self.floats(np.array(_NORM))))
        return self.node("Mul", self.node("Div", x, root), self.weight(name))

    def cut(self, x: str, begin: int, end: int, axis: int) -> str:
        bounds = (self.ints([begin]), self.ints([end]), self.ints([axis]))
        return self.node("Slice", x, *bounds)

    def split(self, x: str, count: int, axis: int, sizes: list[int] | None = None) -> list[str]:
        names = [f"n{len(self.nodes)}.{at}" for at in range(count)]
        told = [self.ints(sizes)] if sizes else []
        how = {} if sizes else {"num_outputs": count}
        self.nodes.append(helper.make_node("Split", [x, *told], names, axis=axis, **how))
        return names

    def turned(self, x: str, cos: str, sin: str) -> str:
        one, other = self.split(x, 2, 2)
        back = self.node("Sub", self.node("Mul", one, cos), self.node("Mul", other, sin))
        front = self.node("Add", self.node("Mul", other, cos), self.node("Mul", one, sin))
        return self.node("Concat", back, front, axis=2)

    def _half(self, values: np.ndarray) -> str:
        return self.node("Cast", self._kept(values.astype(np.float16)), to=_FLOAT)

    def _kept(self, values: np.ndarray) -> str:
        name = f"w{len(self.initializers)}"
        self.initializers.append(numpy_helper.from_array(values, name))
        return name
