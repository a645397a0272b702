"""The trained network as ONNX graphs for serving, and the manifest that says what it is.

The graph is built by hand around com.microsoft's GroupQueryAttention: packed query-key-value,
rotary positions inside the operator, and key-value slots that the caller allocates once and binds
as both past and present. Writing a smaller length rolls a row back at no cost.

Matrices are kept in half precision, which loses nothing that can be measured, in one file that both
graphs read: ``composer.onnx`` computes in single precision, for the CPU; ``composer-gpu.onnx`` in
half precision, for CUDA, whose attention knows no other.
"""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

from engine.compose.codes import BITS, CODES, DRUMS, DURATIONS, FEATURES, OFFSETS, ROLES
from engine.workshop import train
from engine.workshop.deck import HIDDEN
from engine.workshop.model import Composer, Config
from engine.workshop.sheaf import Sheaf

NAME = "cuesmith-score-2"
CPU, GPU, DURATION = "composer.onnx", "composer-gpu.onnx", "durations.onnx"
MATRICES = "matrices.bin"
FILES = "training-files.tsv"
_FLOAT, _HALF, _INT = TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.INT64


def export(sheaf: Sheaf, run: Path, models: Path, *, seed: int) -> None:
    """Write the graphs, ``manifest.json`` and ``training-files.tsv`` into ``models``."""
    model, known = train.load(run)
    rounded(model)
    models.mkdir(parents=True, exist_ok=True)
    matrices = Matrices()
    onnx.save(graph(model, matrices), models / CPU)
    onnx.save(graph(model, matrices, half=True), models / GPU)
    (models / MATRICES).write_bytes(bytes(matrices.content))
    onnx.save(duration_graph(model), models / DURATION)
    error = parity(model, models)
    if error > 1e-3:
        raise RuntimeError(f"the exported graph differs from torch by {error:.2e}")
    (models / FILES).write_text(_files(sheaf))
    held_out = train.held_out_bits(model, sheaf)
    manifest = {
        "name": NAME,
        "files": {
            name: hashlib.sha256((models / name).read_bytes()).hexdigest()
            for name in (CPU, DURATION, GPU, MATRICES)
        },
        "graphs": {"CPUExecutionProvider": CPU, "CUDAExecutionProvider": GPU},
        "made_at": datetime.now(UTC).date().isoformat(),
        "config": msgspec.to_builtins(model.config),
        "parameters": sum(p.numel() for p in model.parameters()),
        "seed": seed,
        "training": known,
        "parity_max_abs": float(f"{error:.3g}"),
        "held_out": held_out,
        "held_out_without": {
            "harmony": totals(train.held_out_bits(model, sheaf, "harmony")),
            "any control": totals(train.held_out_bits(model, sheaf, *HIDDEN)),
        },
        "corpora": _corpora(sheaf),
        "selection": sheaf.report,
        "licence": "Apache-2.0",
    }
    (models / "manifest.json").write_bytes(
        msgspec.json.format(msgspec.json.encode(manifest), indent=1) + b"\n"
    )
    print(msgspec.json.format(msgspec.json.encode(totals(held_out)), indent=1).decode())


def totals(found: dict[str, dict]) -> dict[str, float]:
    """Bits per note of each corpus, of all together, and of all together without drums."""
    return {name: one["bits_per_note"] for name, one in found.items()} | {
        "all": _together(found, ROLES),
        "pitched": _together(found, ROLES[:DRUMS]),
    }


def _together(found: dict[str, dict], roles: Sequence[str]) -> float:
    heard = [
        own for one in found.values() for role, own in one["per_role"].items() if role in roles
    ]
    notes = sum(own["notes"] for own in heard)
    return round(sum(own["bits_per_note"] * own["notes"] for own in heard) / max(1, notes), 3)


def rounded(model: Composer) -> None:
    """Round the matrices to half precision, as the graphs keep them."""
    with torch.no_grad():
        for weights in model.parameters():
            if weights.ndim > 1:
                weights.copy_(weights.half().float())


class Matrices:
    """What both graphs read: halves, one matrix after another, each on a boundary of 64 bytes."""

    def __init__(self) -> None:
        self.content = bytearray()
        self._places: dict[str, tuple[int, int]] = {}

    def tensor(self, name: str, named: str, value: np.ndarray) -> TensorProto:
        """An initializer called ``named`` that stands in the file; one matrix stands there once."""
        if name not in self._places:
            self.content.extend(bytes(-len(self.content) % 64))
            raw = value.astype(np.float16).tobytes()
            self._places[name] = len(self.content), len(raw)
            self.content.extend(raw)
        place, length = self._places[name]
        found = TensorProto(
            name=named, dims=value.shape, data_type=_HALF, data_location=TensorProto.EXTERNAL
        )
        for key, said in (("location", MATRICES), ("offset", place), ("length", length)):
            found.external_data.add(key=key, value=str(said))
        return found


def graph(model: Composer, matrices: Matrices, *, half: bool = False) -> onnx.ModelProto:
    """The serving graph: ids (rows, new, features), bits (rows, new, 36) and slots → code logits
    (rows, new, codes) and the hidden state (rows, new, width), both in single precision.

    ``half``: everything between is computed in half precision, slots too.
    """
    config = model.config
    nodes: list[onnx.NodeProto] = []
    weights = _Weights(model, nodes, matrices, half=half)

    def node(kind: str, inputs: list[str], output: str, **attributes: object) -> str:
        nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    tint = node("Cast", ["bits"], "tint", to=_HALF) if half else "bits"
    node("Add", ["ids", weights.array("offsets", OFFSETS)], "rows")
    node("Gather", [weights.tensor("table.weight"), "rows"], "looked")
    node("ReduceSum", ["looked", weights.array("axis2", np.array([2]))], "summed", keepdims=0)
    node("MatMul", [tint, weights.transposed("chroma.weight")], "tinted")
    x = node("Add", ["summed", "tinted"], "x0")
    cos, sin = _rotary(config)
    weights.figures("cos", cos)
    weights.figures("sin", sin)
    for layer in range(config.layers):
        at = f"blocks.{layer}"
        normed = _norm(nodes, weights, x, f"{at}.attention_norm.weight", f"a{layer}")
        node("MatMul", [normed, weights.transposed(f"{at}.qkv.weight")], f"qkv{layer}")
        nodes.append(
            helper.make_node(
                "GroupQueryAttention",
                [f"qkv{layer}", "", "", f"pk{layer}", f"pv{layer}", "lengths", "total",
                 "cos", "sin"],
                [f"y{layer}", f"nk{layer}", f"nv{layer}"],
                domain="com.microsoft", num_heads=config.heads, kv_num_heads=1, do_rotary=1,
                rotary_interleaved=0,
            )
        )  # fmt: skip
        node("MatMul", [f"y{layer}", weights.transposed(f"{at}.out.weight")], f"o{layer}")
        x = node("Add", [x, f"o{layer}"], f"m{layer}")
        normed = _norm(nodes, weights, x, f"{at}.feed_norm.weight", f"f{layer}")
        node("MatMul", [normed, weights.transposed(f"{at}.up.weight")], f"u{layer}")
        node("Relu", [f"u{layer}"], f"r{layer}")
        node("Mul", [f"r{layer}", f"r{layer}"], f"s{layer}")
        node("MatMul", [f"s{layer}", weights.transposed(f"{at}.down.weight")], f"d{layer}")
        x = node("Add", [x, f"d{layer}"], f"x{layer + 1}")
    last = _norm(nodes, weights, x, "norm.weight", "last", output="last" if half else "hidden")
    said = node("MatMul", [last, weights.transposed("code.weight")], "said" if half else "logits")
    if half:
        node("Cast", [last], "hidden", to=_FLOAT)
        node("Cast", [said], "logits", to=_FLOAT)
    slots = _HALF if half else _FLOAT
    made = helper.make_graph(
        nodes, "composer", _inputs(config, slots), _outputs(config, slots), weights.initializers
    )
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid("com.microsoft", 1)]
    proto = helper.make_model(made, opset_imports=opsets, ir_version=10)
    facts = {name: str(getattr(config, name)) for name in ("width", "context", "layers", "head")}
    helper.set_model_props(proto, facts)
    return proto


def duration_graph(model: Composer) -> onnx.ModelProto:
    """The duration head: hidden (rows, width) and the chosen codes (rows,) → duration logits."""
    nodes: list[onnx.NodeProto] = []
    weights = _Weights(model, nodes, None)

    def node(kind: str, inputs: list[str], output: str, **attributes: object) -> str:
        nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    node("Gather", [weights.tensor("chosen.weight"), "codes"], "chosen")
    node("Add", ["hidden", "chosen"], "both")
    node("MatMul", ["both", weights.transposed("duration_in.weight")], "wide")
    node("Gelu", ["wide"], "bent", approximate="none")
    node("MatMul", ["bent", weights.transposed("duration_out.weight")], "logits")
    made = helper.make_graph(
        nodes, "durations",
        [helper.make_tensor_value_info("hidden", _FLOAT, ["rows", model.config.width]),
         helper.make_tensor_value_info("codes", _INT, ["rows"])],
        [helper.make_tensor_value_info("logits", _FLOAT, ["rows", DURATIONS])],
        weights.initializers,
    )  # fmt: skip
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)


def parity(model: Composer, models: Path) -> float:
    """Largest absolute difference between torch and the graph, stepping one by one, 64 steps."""
    from engine.compose.network import Network

    rng = np.random.default_rng(0)
    widths = [width for _, width in FEATURES]
    ids = np.stack([rng.integers(0, width, (2, 64)) for width in widths], -1)
    bits = rng.integers(0, 2, (2, 64, BITS)).astype(np.float32)
    codes = rng.integers(0, CODES, (2, 64))
    with torch.no_grad():
        wanted, lasting = model(
            torch.from_numpy(ids), torch.from_numpy(bits), torch.from_numpy(codes)
        )
    network = Network(models, slots=2)
    worst = 0.0
    for at in range(64):
        logits, hidden = network.step(
            ids[:, at : at + 1], bits[:, at : at + 1], [at, at], slice(0, 2)
        )
        durations = network.durations(hidden[:, 0], codes[:, at])
        worst = max(
            worst,
            float(np.abs(logits[:, 0] - wanted[:, at].numpy()).max()),
            float(np.abs(durations - lasting[:, at].numpy()).max()),
        )
    return worst


class _Weights:
    """The graph's initializers, collected as they are named; matrices are kept as halves, and cast
    back when a graph of single precision is loaded."""

    def __init__(
        self,
        model: Composer,
        nodes: list[onnx.NodeProto],
        matrices: Matrices | None,
        *,
        half: bool = False,
    ) -> None:
        self._state = model.state_dict()
        self._nodes, self._matrices, self._half = nodes, matrices, half
        self.initializers: list[TensorProto] = []

    def tensor(self, name: str) -> str:
        return self.figures(name, self._state[name].numpy())

    def transposed(self, name: str) -> str:
        return self.figures(name, np.ascontiguousarray(self._state[name].numpy().T))

    def figures(self, name: str, value: np.ndarray) -> str:
        if value.ndim < 2 or name in ("cos", "sin"):
            return self.array(name, value.astype(np.float16) if self._half else value)
        named = name if self._half else f"{name}.half"
        if self._matrices is None:
            self.array(named, value.astype(np.float16))
        else:
            self.initializers.append(self._matrices.tensor(name, named, value))
        if not self._half:
            self._nodes.append(helper.make_node("Cast", [named], [name], to=_FLOAT))
        return name

    def array(self, name: str, value: np.ndarray) -> str:
        self.initializers.append(numpy_helper.from_array(value, name))
        return name


def _norm(
    nodes: list[onnx.NodeProto], weights: _Weights, x: str, name: str, tag: str, output: str = ""
) -> str:
    nodes.append(
        helper.make_node(
            "SimplifiedLayerNormalization", [x, weights.tensor(name)], [output or f"n{tag}"],
            axis=-1, epsilon=1e-5,
        )
    )  # fmt: skip
    return output or f"n{tag}"


def _rotary(config: Config) -> tuple[np.ndarray, np.ndarray]:
    frequency = 10_000.0 ** (-np.arange(0, config.head, 2) / config.head)
    angle = np.arange(config.context)[:, None] * frequency
    return np.cos(angle).astype(np.float32), np.sin(angle).astype(np.float32)


def _inputs(config: Config, slots: int) -> list[onnx.ValueInfoProto]:
    slot = ["rows", 1, config.context, config.head]
    return [
        helper.make_tensor_value_info("ids", _INT, ["rows", "new", len(FEATURES)]),
        helper.make_tensor_value_info("bits", _FLOAT, ["rows", "new", BITS]),
        helper.make_tensor_value_info("lengths", TensorProto.INT32, ["rows"]),
        helper.make_tensor_value_info("total", TensorProto.INT32, []),
        *(
            helper.make_tensor_value_info(f"{kind}{layer}", slots, slot)
            for layer in range(config.layers)
            for kind in ("pk", "pv")
        ),
    ]


def _outputs(config: Config, slots: int) -> list[onnx.ValueInfoProto]:
    slot = ["rows", 1, config.context, config.head]
    return [
        helper.make_tensor_value_info("logits", _FLOAT, ["rows", "new", CODES]),
        helper.make_tensor_value_info("hidden", _FLOAT, ["rows", "new", config.width]),
        *(
            helper.make_tensor_value_info(f"{kind}{layer}", slots, slot)
            for layer in range(config.layers)
            for kind in ("nk", "nv")
        ),
    ]


def _corpora(sheaf: Sheaf) -> dict[str, dict[str, object]]:
    found: dict[str, dict[str, object]] = {}
    for file in sheaf.files:
        row = found.setdefault(file["corpus"], {"licences": [], "train": 0, "held out": 0})
        row[file["side"]] += 1  # type: ignore[operator]
        if file["licence"] not in row["licences"]:  # type: ignore[operator]
            row["licences"].append(file["licence"])  # type: ignore[union-attr]
    return found


def _files(sheaf: Sheaf) -> str:
    heads = ("corpus", "path", "side", "licence", "origin", "sha256")
    lines = ["\t".join(heads)]
    lines += ["\t".join(file[head] for head in heads) for file in sheaf.files]
    return "\n".join(lines) + "\n"
