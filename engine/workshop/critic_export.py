"""The trained critic as an ONNX graph, its table of figures, and the manifest that binds both.

The graph rates one bar at a time, so a bar's rating cannot depend on what is rated beside it.
"""

import hashlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from engine.compose.composer import Composer
from engine.critique.strokes import FEATURES, OFFSETS
from engine.critique.traits import TRAITS
from engine.workshop.critics import CLASSES, Critic, answers
from engine.workshop.examples import HUMAN, MODEL, SPOILT, Examples
from engine.workshop.spoiling import FAULTS

NAME = "cuesmith-bars-1"
LEVELS = tuple(round(0.01 * n, 2) for n in range(51))  # quantiles that are kept
FEWEST = 120  # bars of people that make a distribution of their own
_FLOAT, _INT, _NORM = TensorProto.FLOAT, TensorProto.INT64, 1e-5


def export(
    model: Critic, tested: Examples, models: Path, facts: dict[str, Any], composer: Composer
) -> dict[str, Any]:
    """Write ``critic.onnx`` and ``manifest.json`` into ``models``; returns the manifest."""
    models.mkdir(parents=True, exist_ok=True)
    file = models / "critic.onnx"
    onnx.save(graph(model), file)
    error = parity(model, tested, file)
    if error > 1e-3:
        raise RuntimeError(f"the exported critic differs from torch by {error:.2e}")
    said = answers(model, tested)
    manifest = {
        "name": NAME,
        "files": {file.name: hashlib.sha256(file.read_bytes()).hexdigest()},
        "made_at": datetime.now(UTC).date().isoformat(),
        "features": [list(one) for one in FEATURES],
        "traits": list(TRAITS),
        "config": msgspec.to_builtins(model.config),
        "parameters": sum(p.numel() for p in model.parameters()),
        "parity_max_abs": float(f"{error:.3g}"),
        "composer": composer.digest,
        "levels": list(LEVELS),
        "people": quantiles(tested, faultless(said), HUMAN),
        "own": quantiles(tested, odds(said), MODEL),
        "auc": table(tested, said),
        **facts,
        "licence": "Apache-2.0",
    }
    (models / "manifest.json").write_bytes(
        msgspec.json.format(msgspec.json.encode(manifest), indent=1) + b"\n"
    )
    return manifest


def odds(said: np.ndarray) -> np.ndarray:
    """(bars, classes) log-probabilities → (bars,) log-odds of people against all else."""
    return said[:, HUMAN] - np.logaddexp(said[:, SPOILT], said[:, MODEL])


def faultless(said: np.ndarray) -> np.ndarray:
    """(bars,) log-odds of people against spoilt bars alone."""
    return said[:, HUMAN] - said[:, SPOILT]


def quantiles(tested: Examples, rated: np.ndarray, label: int) -> dict[str, list[float]]:
    """Quantiles of one class's bars by what sounds and by energy: ``lead 3``, ``other 5``, …; a
    cell with too few bars takes its neighbours in."""
    asked = tested.labels == label
    found: dict[str, list[float]] = {}
    for name, kind in (("lead", tested.leads), ("other", ~tested.leads)):
        for energy in range(1, 8):
            cell = asked
            for reach in range(7):
                cell = asked & kind & (np.abs(tested.energies - energy) <= reach)
                if cell.sum() >= FEWEST:
                    break
            values = rated[cell] if cell.any() else rated[asked]
            found[f"{name} {energy}"] = np.quantile(values, LEVELS).round(4).tolist()
    return found


def table(tested: Examples, said: np.ndarray) -> dict[str, dict[str, float]]:
    """AUC of people's bars against each fault and against the model's, by the odds of people
    against all else and by the opinion of that one question; ``bars`` were set against."""
    rated, human = odds(said), tested.labels == HUMAN
    found: dict[str, dict[str, float]] = {}
    for number, fault in enumerate(FAULTS):
        found[fault] = _auc(rated, faultless(said), human, tested.faults == number)
    found["model"] = _auc(rated, said[:, HUMAN] - said[:, MODEL], human, tested.labels == MODEL)
    return found


def _auc(
    rated: np.ndarray, own: np.ndarray, human: np.ndarray, other: np.ndarray
) -> dict[str, float]:
    return {
        "rating": round(auc(rated[human], rated[other]), 3),
        "own": round(auc(own[human], own[other]), 3),
        "bars": int(other.sum()),
    }


def auc(better: np.ndarray, worse: np.ndarray) -> float:
    """Chance that one of the better is rated above one of the worse; ties count half."""
    if not len(better) or not len(worse):
        return 0.5
    ordered = np.sort(worse)
    below = np.searchsorted(ordered, better, "left") + np.searchsorted(ordered, better, "right")
    return float(below.mean() / 2 / len(worse))


def parity(model: Critic, tested: Examples, file: Path) -> float:
    """Largest absolute difference between torch and the graph over some bars."""
    from engine.critique.trained import Graph

    graph_ = Graph(file)
    said, worst = answers(model, tested), 0.0
    for at in range(0, len(tested.labels), max(1, len(tested.labels) // 200)):
        own = slice(tested.starts[at], tested.starts[at] + tested.counts[at])
        got = graph_.answers(tested.ids[own].astype(np.int64), tested.here[own], tested.traits[at])
        worst = max(worst, float(np.abs(got - said[at]).max()))
    return worst


def graph(model: Critic) -> onnx.ModelProto:
    """ids (notes, features), here (notes, 1), traits (1, TRAITS) → log-probabilities (1, 3)."""
    made = _Graph(model)
    width, heads = model.config.width, model.config.heads
    x = made.node("Gather", made.weight("table.weight"), "ids")
    x = made.node("ReduceSum", x, made.ints([1]), keepdims=0)
    x = made.node("Add", x, made.node("Mul", "here", made.weight("now")))
    for layer in range(model.config.layers):
        at = f"blocks.{layer}"
        normed = made.norm(x, f"{at}.attention_norm.weight")
        q, k, v = made.parts(made.times(normed, f"{at}.qkv.weight"), 3, width)
        q, k, v = (made.heads(one, heads, width // heads) for one in (q, k, v))
        near = made.node("MatMul", q, made.node("Transpose", k, perm=[0, 2, 1]))
        near = made.node("Mul", near, made.floats(np.array((width // heads) ** -0.5)))
        y = made.node("MatMul", made.node("Softmax", near, axis=-1), v)
        y = made.node("Transpose", y, perm=[1, 0, 2])
        y = made.node("Reshape", y, made.ints([-1, width]))
        x = made.node("Add", x, made.times(y, f"{at}.out.weight"))
        normed = made.norm(x, f"{at}.feed_norm.weight")
        wide = made.node("Relu", made.times(normed, f"{at}.up.weight"))
        x = made.node("Add", x, made.times(wide, f"{at}.down.weight"))
    x = made.norm(x, "norm.weight")
    count = made.node("ReduceSum", "here", made.ints([0]), keepdims=1)
    mean = made.node("ReduceSum", made.node("Mul", x, "here"), made.ints([0]), keepdims=1)
    mean = made.node("Div", mean, count)
    away = made.node("Mul", made.node("Sub", "here", made.floats(np.array(1.0))),
                     made.floats(np.array(1e4)))  # fmt: skip
    top = made.node("ReduceMax", made.node("Add", x, away), made.ints([0]), keepdims=1)
    figures = made.node("Relu", made.linear("traits", "figures"))
    both = made.node("Concat", mean, top, figures, axis=-1)
    logits = made.linear(made.node("Relu", made.linear(both, "join")), "answer")
    made.node("LogSoftmax", logits, axis=-1, output="answers")
    proto = helper.make_model(
        helper.make_graph(
            made.nodes, "critic",
            [helper.make_tensor_value_info("ids", _INT, ["notes", len(FEATURES)]),
             helper.make_tensor_value_info("here", _FLOAT, ["notes", 1]),
             helper.make_tensor_value_info("traits", _FLOAT, [1, len(TRAITS)])],
            [helper.make_tensor_value_info("answers", _FLOAT, [1, len(CLASSES)])],
            made.initializers,
        ),
        opset_imports=[helper.make_opsetid("", 18)], ir_version=10,
    )  # fmt: skip
    helper.set_model_props(proto, {"offsets": " ".join(map(str, OFFSETS))})
    return proto


class _Graph:
    """Nodes and initializers, named as they come."""

    def __init__(self, model: Critic) -> None:
        self._state = {name: one.detach().numpy() for name, one in model.state_dict().items()}
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
        return self.floats(self._state[name])

    def times(self, x: str, name: str) -> str:
        return self.node("MatMul", x, self.floats(np.ascontiguousarray(self._state[name].T)))

    def linear(self, x: str, name: str) -> str:
        return self.node("Add", self.times(x, f"{name}.weight"), self.weight(f"{name}.bias"))

    def norm(self, x: str, name: str) -> str:
        square = self.node("ReduceMean", self.node("Mul", x, x), self.ints([-1]), keepdims=1)
        root = self.node("Sqrt", self.node("Add", square, self.floats(np.array(_NORM))))
        return self.node("Mul", self.node("Div", x, root), self.weight(name))

    def parts(self, x: str, count: int, width: int) -> tuple[str, ...]:
        return tuple(
            self.node("Slice", x, self.ints([at * width]), self.ints([(at + 1) * width]),
                      self.ints([1]))
            for at in range(count)
        )  # fmt: skip

    def heads(self, x: str, heads: int, head: int) -> str:
        x = self.node("Reshape", x, self.ints([-1, heads, head]))
        return self.node("Transpose", x, perm=[1, 0, 2])

    def _kept(self, values: np.ndarray) -> str:
        name = f"w{len(self.initializers)}"
        self.initializers.append(numpy_helper.from_array(values, name))
        return name
