"""The critic of bars: taught what people wrote against what was spoilt and what the model wrote.

``python -m engine.workshop critics --budget 12m`` makes the examples, trains, measures on works
that were never trained on, and writes ``critic.onnx`` with its manifest. The network is a small
transformer over the notes of the last four bars (`engine.critique.strokes`) joined by the plain
figures of `engine.critique.traits`; its three answers are human, spoilt, and written by the model.
"""

import math
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as fn
from msgspec import Struct
from torch import Tensor, nn

from engine.critique.strokes import TABLE_ROWS
from engine.critique.traits import TRAITS
from engine.workshop.examples import Examples

CLASSES = ("human", "spoilt", "model")
NOTES_PER_BATCH = 6144
PEAK_RATE = 2e-3


class Config(Struct, frozen=True, kw_only=True):
    """The network's size."""

    width: int = 80
    layers: int = 3
    heads: int = 4
    dropout: float = 0.1


class Critic(nn.Module):
    """Notes and figures of a bar → whose it is."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        width = config.width
        self.config = config
        self.table = nn.Embedding(TABLE_ROWS, width)
        self.now = nn.Parameter(torch.zeros(width))
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.layers))
        self.norm = nn.RMSNorm(width, eps=1e-5)
        self.figures = nn.Linear(len(TRAITS), width)
        self.join = nn.Linear(3 * width, width)
        self.answer = nn.Linear(width, len(CLASSES))
        for module in self.modules():
            if isinstance(module, nn.Embedding):
                nn.init.normal_(module.weight, std=0.05)

    def forward(self, ids: Tensor, here: Tensor, live: Tensor, traits: Tensor) -> Tensor:
        """ids (batch, notes, features), here and live (batch, notes) bool, traits (batch, TRAITS)
        → logits (batch, CLASSES)."""
        x = self.table(ids).sum(2) + here[..., None] * self.now
        x = fn.dropout(x, self.config.dropout, self.training)
        for block in self.blocks:
            x = block(x, live)
        x = self.norm(x)
        own = here[..., None].float()
        mean = (x * own).sum(1) / own.sum(1)
        top = (x - 1e4 * (1 - own)).amax(1)
        both = torch.cat([mean, top, fn.relu(self.figures(traits))], -1)
        return self.answer(self._dropped(fn.relu(self.join(both))))

    def _dropped(self, x: Tensor) -> Tensor:
        return fn.dropout(x, self.config.dropout, self.training)


class Block(nn.Module):
    """Attention among all notes and a feed-forward, each behind a norm."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        width = config.width
        self.config = config
        self.attention_norm = nn.RMSNorm(width, eps=1e-5)
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.out = nn.Linear(width, width, bias=False)
        self.feed_norm = nn.RMSNorm(width, eps=1e-5)
        self.up = nn.Linear(width, 4 * width, bias=False)
        self.down = nn.Linear(4 * width, width, bias=False)

    def forward(self, x: Tensor, live: Tensor) -> Tensor:
        """x (batch, notes, width), live (batch, notes) → the shape of x."""
        x = x + self._dropped(self.out(self._attend(self.attention_norm(x), live)))
        return x + self._dropped(self.down(fn.relu(self.up(self.feed_norm(x)))))

    def _attend(self, x: Tensor, live: Tensor) -> Tensor:
        batch, notes, width = x.shape
        heads = self.config.heads
        q, k, v = (
            part.view(batch, notes, heads, width // heads).transpose(1, 2)
            for part in self.qkv(x).chunk(3, -1)
        )
        y = fn.scaled_dot_product_attention(q, k, v, attn_mask=live[:, None, None, :])
        return y.transpose(1, 2).reshape(batch, notes, width)

    def _dropped(self, x: Tensor) -> Tensor:
        return fn.dropout(x, self.config.dropout, self.training)


def train(examples: Examples, out: Path, budget_s: float, seed: int, threads: int) -> Critic:
    """Spend the budget on the examples; returns the critic, also left in ``out/critic.pt``."""
    torch.set_num_threads(threads)
    torch.manual_seed(seed)
    model = Critic(Config())
    optimiser = torch.optim.AdamW(
        model.parameters(), lr=PEAK_RATE, betas=(0.9, 0.98), weight_decay=0.03
    )
    began, seen, batch, said, total = time.monotonic(), 0, 0, 0.0, 0.0
    model.train()
    for chosen in _batches(examples, np.random.default_rng(seed)):
        spent = time.monotonic() - began
        if spent >= budget_s:
            break
        for group in optimiser.param_groups:
            group["lr"] = _rate(spent / budget_s, batch)
        loss = fn.cross_entropy(
            model(*padded(examples, chosen)), torch.from_numpy(examples.labels[chosen]).long()
        )
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        batch, seen, total = batch + 1, seen + len(chosen), total + float(loss.detach())
        if batch % 200 == 0:
            print(f"{spent:6.0f} s  {seen} bars  loss {(total - said) / 200:.4f}", flush=True)
            said = total
    torch.save({"model": model.state_dict(), "seen": seen}, out / "critic.pt")
    return model.eval()


def load(out: Path) -> Critic:
    """The critic that `train` left."""
    model = Critic(Config())
    model.load_state_dict(torch.load(out / "critic.pt", weights_only=True)["model"])
    return model.eval()


def answers(model: Critic, examples: Examples) -> np.ndarray:
    """(bars, CLASSES) log-probabilities."""
    found = np.zeros((len(examples.labels), len(CLASSES)), np.float32)
    order = np.argsort(examples.counts, kind="stable")
    with torch.no_grad():
        for at in range(0, len(order), 128):
            chosen = order[at : at + 128]
            found[chosen] = fn.log_softmax(model(*padded(examples, chosen)), -1).numpy()
    return found


def padded(examples: Examples, chosen: Sequence[int] | np.ndarray) -> tuple[Tensor, ...]:
    """ids, here, live, traits of some bars side by side."""
    most = int(examples.counts[chosen].max())
    ids = np.zeros((len(chosen), most, examples.ids.shape[1]), np.int64)
    here = np.zeros((len(chosen), most), bool)
    live = np.zeros((len(chosen), most), bool)
    for row, index in enumerate(chosen):
        begin = examples.starts[index]
        count = examples.counts[index]
        ids[row, :count] = examples.ids[begin : begin + count]
        here[row, :count] = examples.here[begin : begin + count]
        live[row, :count] = True
    return (
        torch.from_numpy(ids),
        torch.from_numpy(here),
        torch.from_numpy(live),
        torch.from_numpy(examples.traits[chosen]),
    )


def _batches(examples: Examples, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Endless batches of bars with about as many notes; the classes weigh 2 : 2 : 1."""
    weights = np.array([2.0, 2.0, 1.0]) / np.bincount(examples.labels, minlength=3).clip(1)
    chances = weights[examples.labels]
    chances /= chances.sum()
    while True:
        drawn = rng.choice(len(chances), size=8192, p=chances)
        drawn = drawn[np.argsort(examples.counts[drawn], kind="stable")]
        groups: list[np.ndarray] = []
        at = 0
        while at < len(drawn):
            size = max(8, NOTES_PER_BATCH // max(1, int(examples.counts[drawn[at]])))
            groups.append(drawn[at : at + size])
            at += size
        for order in rng.permutation(len(groups)):
            yield groups[order]


def _rate(share: float, batch: int) -> float:
    warm = min(1.0, (batch + 1) / 100)
    return PEAK_RATE * warm * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * min(1.0, share))))
