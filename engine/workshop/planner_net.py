"""The planner's network: what the next chord is, which member its bass is, how long it lasts.

One recurrent layer reads a section chord by chord. Beside it the features of the moment go to the
answer directly, and the answer shares its table with the chord before.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import onnx
import torch
from msgspec import Struct
from onnx import TensorProto, helper, numpy_helper
from torch import nn
from torch.nn import functional as F  # noqa: N812

from engine.plan.degrees import CODES, FEATURES, KINDS, TOLD

KIND = [name for name, _ in FEATURES].index("kind of section")
OTHER = KINDS.index("other")
UNNAMED = 0.15  # share of sections whose kind is not told, so that a plan need not know it
BATCH = 64
RATE = 4e-3
SCALE = 2.0  # of the shared table's answers, so that the table itself stays small


class Config(Struct, frozen=True, kw_only=True):
    """Sizes of the network."""

    width: int = 96
    dropout: float = 0.25
    epochs: int = 10


class Example(Struct, frozen=True, kw_only=True):
    """A section: ``ids`` (chords, FEATURES), ``told`` (chords, TOLD), -1 where it is not known."""

    corpus: str
    ids: np.ndarray
    told: np.ndarray


class Net(nn.Module):
    """ids (rows, chords, FEATURES), told (rows, chords, TOLD) → what each of it was guessed by."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        width = config.width
        self.tables = nn.ModuleList(nn.Embedding(size, width) for _, size in FEATURES)
        self.memory = nn.GRU(width, width, batch_first=True)
        self.answer = nn.Linear(2 * width, width)
        self.bias = nn.Parameter(torch.zeros(CODES))
        self.heads = nn.ModuleList(nn.Linear(width, size) for _, size in TOLD[1:])
        self.drop = nn.Dropout(config.dropout)
        for table in self.tables:
            nn.init.normal_(table.weight, std=0.1)

    def forward(self, ids: torch.Tensor, told: torch.Tensor) -> list[torch.Tensor]:
        """Log-probabilities of every chord, inversion and length: (rows, chords, values) each."""
        seen = self.drop(
            torch.stack([table(ids[..., at]) for at, table in enumerate(self.tables)]).sum(0)
        )  # (rows, chords, width)
        memory, _ = self.memory(seen)
        moment = self.drop(torch.tanh(self.answer(torch.cat([self.drop(memory), seen], -1))))
        table = self.tables[0].weight[:CODES]
        found = [SCALE * moment @ table.T + self.bias]
        moment = moment + table[told[..., 0]]  # the chord is known when its bass is guessed
        found += [head(moment) for head in self.heads]
        return [one.log_softmax(-1) for one in found]


def fit(examples: Sequence[Example], config: Config, seed: int) -> Net:
    """A network that was trained on the examples; the seed decides all chance in it."""
    torch.manual_seed(seed)
    dice = random.Random(seed)
    net = Net(config)
    best = torch.optim.AdamW(net.parameters(), RATE, weight_decay=0.02)
    steps = config.epochs * -(-len(examples) // BATCH)
    pace = torch.optim.lr_scheduler.OneCycleLR(best, RATE, total_steps=steps)
    for epoch in range(config.epochs):
        for ids, told in _batches(examples, dice):
            loss = torch.stack([
                F.nll_loss(said.flatten(0, 1), told[..., at].flatten(), ignore_index=-1)
                for at, said in enumerate(net(ids, told.clamp(min=0)))
                if (told[..., at] >= 0).any()
            ]).sum()  # fmt: skip
            best.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            best.step()
            pace.step()
        print(f"planner: pass {epoch + 1} of {config.epochs}", flush=True)
    return net.eval()


def _batches(
    examples: Sequence[Example], dice: random.Random
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """All examples once, those of like length side by side; some are not told their kind."""
    order = list(range(len(examples)))
    dice.shuffle(order)
    chunk = 16 * BATCH
    order = [
        one
        for first in range(0, len(order), chunk)
        for one in sorted(order[first : first + chunk], key=lambda at: len(examples[at].ids))
    ]
    batches = [order[first : first + BATCH] for first in range(0, len(order), BATCH)]
    dice.shuffle(batches)
    for batch in batches:
        ids, told = padded([examples[at] for at in batch])
        unnamed = [row for row in range(len(batch)) if dice.random() < UNNAMED]
        ids[unnamed, :, KIND] = OTHER
        yield torch.from_numpy(ids), torch.from_numpy(told)


def padded(chosen: Sequence[Example]) -> tuple[np.ndarray, np.ndarray]:
    """(rows, chords, FEATURES) and (rows, chords, TOLD), -1 in the latter behind a section."""
    longest = max(len(one.ids) for one in chosen)
    ids = np.zeros((len(chosen), longest, len(FEATURES)), np.int64)
    told = np.full((len(chosen), longest, len(TOLD)), -1, np.int64)
    for row, one in enumerate(chosen):
        ids[row, : len(one.ids)], told[row, : len(one.told)] = one.ids, one.told
    return ids, told


def bits(net: Net, examples: Sequence[Example]) -> list[np.ndarray]:
    """(chords, TOLD) bits of each example; not a number where something is not known."""
    found = []
    for first in range(0, len(examples), BATCH):
        chosen = examples[first : first + BATCH]
        ids, told = padded(chosen)
        told_t = torch.from_numpy(told)
        with torch.no_grad():
            said = net(torch.from_numpy(ids), told_t.clamp(min=0))
        picked = torch.stack(
            [one.gather(-1, told_t[..., at : at + 1].clamp(min=0))[..., 0]
             for at, one in enumerate(said)], -1,
        ).numpy()  # fmt: skip
        heard = np.where(told < 0, np.nan, -picked / np.log(2))
        found += [heard[row, : len(one.ids)] for row, one in enumerate(chosen)]
    return found


# --- as a graph -----------------------------------------------------------------------------------


def save(net: Net, file: Path) -> None:
    """Write the network as an ONNX graph: ids and told → ``bits`` (rows, chords, TOLD)."""
    onnx.save(_graph(net), file)


def _graph(net: Net) -> onnx.ModelProto:
    weights = {name: one.detach().numpy() for name, one in net.named_parameters()}
    kept: dict[str, np.ndarray] = {}
    nodes: list[onnx.NodeProto] = []

    def node(kind: str, inputs: Sequence[str], output: str, **more: object) -> str:
        nodes.append(helper.make_node(kind, list(inputs), [output], **more))
        return output

    def column(given: str, at: int) -> str:
        kept[f"at{at}"] = np.array(at)
        return node("Gather", (given, f"at{at}"), f"{given}.{at}", axis=2)

    seen = []
    for at in range(len(FEATURES)):
        kept[f"table{at}"] = weights[f"tables.{at}.weight"]
        seen.append(node("Gather", (f"table{at}", column("ids", at)), f"seen{at}"))
    node("Sum", seen, "seen")
    node("Concat", (_memory(node, kept, weights), "seen"), "both", axis=-1)
    kept["answer.w"], kept["answer.b"] = weights["answer.weight"].T, weights["answer.bias"]
    node("Add", (node("MatMul", ("both", "answer.w"), "answer.m"), "answer.b"), "answer.s")
    node("Tanh", ("answer.s",), "moment")
    _answers(node, kept, weights, [column("told", at) for at in range(len(TOLD))])
    return _model(nodes, kept)


def _answers(
    node: Callable[..., str],
    kept: dict[str, np.ndarray],
    weights: dict[str, np.ndarray],
    told: Sequence[str],
) -> None:
    """The bits of what is told, from ``moment``."""
    table = weights["tables.0.weight"][:CODES]
    kept["out0.w"], kept["out0.b"], kept["codes"] = SCALE * table.T, weights["bias"], table
    node("Add", ("moment", node("Gather", ("codes", told[0]), "chord")), "known")
    for at in range(1, len(TOLD)):
        kept[f"out{at}.w"] = weights[f"heads.{at - 1}.weight"].T
        kept[f"out{at}.b"] = weights[f"heads.{at - 1}.bias"]
    kept["axis"], kept["bit"] = np.array([2]), np.array(-1 / np.log(2), np.float32)
    for at, place in enumerate(told):
        said = node("MatMul", ("known" if at else "moment", f"out{at}.w"), f"said{at}")
        said = node("LogSoftmax", (node("Add", (said, f"out{at}.b"), f"sum{at}"),), f"log{at}")
        wide = node("Unsqueeze", (place, "axis"), f"wide{at}")
        node("GatherElements", (said, wide), f"picked{at}", axis=2)
    node("Concat", [f"picked{at}" for at in range(len(TOLD))], "picked", axis=2)
    node("Mul", ("picked", "bit"), "bits")


def _memory(
    node: Callable[..., str], kept: dict[str, np.ndarray], weights: dict[str, np.ndarray]
) -> str:
    """The recurrent layer; ONNX has its gates in another order and its time in front."""
    width = weights["memory.weight_hh_l0"].shape[1]

    def turned(name: str) -> np.ndarray:
        reset, update, new = np.split(weights[name], 3)
        return np.concatenate([update, reset, new])

    kept["gru.w"] = turned("memory.weight_ih_l0")[None]
    kept["gru.r"] = turned("memory.weight_hh_l0")[None]
    both = (turned("memory.bias_ih_l0"), turned("memory.bias_hh_l0"))
    kept["gru.b"] = np.concatenate(both)[None]
    node("Transpose", ("seen",), "in.time", perm=[1, 0, 2])
    node("GRU", ("in.time", "gru.w", "gru.r", "gru.b"), "out.time", hidden_size=width,
         linear_before_reset=1)  # fmt: skip
    kept["way"] = np.array([1])
    node("Squeeze", ("out.time", "way"), "memory.time")
    return node("Transpose", ("memory.time",), "memory", perm=[1, 0, 2])


def _model(nodes: list[onnx.NodeProto], kept: dict[str, np.ndarray]) -> onnx.ModelProto:
    def port(name: str, kind: int, width: int) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(name, kind, ["rows", "chords", width])

    graph = helper.make_graph(
        nodes,
        "planner",
        [port("ids", TensorProto.INT64, len(FEATURES)), port("told", TensorProto.INT64, len(TOLD))],
        [port("bits", TensorProto.FLOAT, len(TOLD))],
        [numpy_helper.from_array(np.asarray(one, order="C"), name) for name, one in kept.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    return model
