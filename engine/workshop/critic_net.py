"""The critic of bars as a network: strokes of a section → which of them, and which bars, are wrong.

A transformer over the strokes of a bar and of the bars of its section before it; a bar never sees a
later one, so what was read of it can be kept while the next one is written. Every bar has a mark of
its own beside its strokes, where its answer is read. Only torch and numpy are needed here.
"""

from typing import Any, NamedTuple

import torch
import torch.nn.functional as fn
from torch import Tensor, nn

from engine.critique.grid import OFFSETS, REACH, TABLE_ROWS, angles
from engine.workshop.critic_faults import FAULTS

KINDS = 1 + len(FAULTS)  # a bar is clean, or has one of the faults


class Config(NamedTuple):
    """The network's size."""

    width: int = 160
    layers: int = 6
    heads: int = 5
    dropout: float = 0.15


class Strokes(NamedTuple):
    """Strokes and marks side by side, padded to the longest passage.

    ``ids`` (passages, strokes, FEATURES) table rows without offsets · ``mark`` and ``live``
    (passages, strokes) bool, a bar's mark and whatever is not padding · ``bar`` and ``place``
    (passages, strokes) the bar and the unit inside it.
    """

    ids: Tensor
    mark: Tensor
    live: Tensor
    bar: Tensor
    place: Tensor


class Critic(nn.Module):
    """Strokes → (passages, strokes) log-odds that each was changed, and (passages, strokes, KINDS)
    what each bar's mark says of its bar."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        width = config.width
        self.config = config
        self.table = nn.Parameter(torch.randn(TABLE_ROWS, width) * 0.05)
        self.mark = nn.Parameter(torch.zeros(width))
        self.register_buffer("offsets", torch.from_numpy(OFFSETS), persistent=False)
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.layers))
        self.norm = nn.RMSNorm(width, eps=1e-5)
        self.wrong = nn.Linear(width, 1)
        self.hidden = nn.Linear(width, width)
        self.kind = nn.Linear(width, KINDS)

    def forward(self, given: Strokes) -> tuple[Tensor, Tensor]:
        """See the class."""
        x = self.states(given)
        return self.wrong(x)[..., 0], self.kind(fn.relu(self.hidden(x)))

    def states(self, given: Strokes) -> Tensor:
        """(passages, strokes, width) what is known at every stroke and mark."""
        x = torch.where(given.mark[..., None], self.mark, self._looked_up(given.ids))
        x = fn.dropout(x, self.config.dropout, self.training)
        near = given.bar[:, :, None] - given.bar[:, None, :]
        seen = given.live[:, None, :] & (near >= 0) & (near < REACH)
        seen |= torch.eye(seen.shape[-1], dtype=torch.bool, device=seen.device)
        half_head = self.config.width // self.config.heads // 2
        turns = angles(torch, given.bar, given.place, half_head)[:, None]
        cos, sin = turns.cos(), turns.sin()
        for block in self.blocks:
            x = block(x, seen[:, None], cos, sin)
        return self.norm(x)

    def _looked_up(self, ids: Tensor) -> Tensor:
        rows = ids.long() + self.offsets
        if not ids.is_cuda:
            return fn.embedding_bag(rows.flatten(0, 1), self.table, mode="sum").view(
                *ids.shape[:2], -1
            )
        # Half a hundred rows a stroke: one multiplication is faster than as many gathers.
        many = torch.zeros(*ids.shape[:2], TABLE_ROWS, device=ids.device, dtype=torch.bfloat16)
        return many.scatter_(-1, rows, 1.0) @ self.table.to(torch.bfloat16)


class Block(nn.Module):
    """Attention and a feed-forward, each behind a norm."""

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

    def forward(self, x: Tensor, seen: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        """x (passages, strokes, width) → the same shape."""
        x = x + self._dropped(self.out(self._attend(self.attention_norm(x), seen, cos, sin)))
        return x + self._dropped(self.down(fn.relu(self.up(self.feed_norm(x)))))

    def _attend(self, x: Tensor, seen: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        rows, strokes, width = x.shape
        heads = self.config.heads
        q, k, v = (
            part.view(rows, strokes, heads, width // heads).transpose(1, 2)
            for part in self.qkv(x).chunk(3, -1)
        )
        cos, sin = cos.to(q.dtype), sin.to(q.dtype)
        y = fn.scaled_dot_product_attention(
            turned(q, cos, sin), turned(k, cos, sin), v, attn_mask=seen
        )
        return y.transpose(1, 2).reshape(rows, strokes, width)

    def _dropped(self, x: Tensor) -> Tensor:
        return fn.dropout(x, self.config.dropout, self.training)


def turned(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Pairs of x (…, strokes, head) turned by an angle each."""
    one, other = x.chunk(2, -1)
    return torch.cat([one * cos - other * sin, other * cos + one * sin], -1)


def loaded(file: Any) -> Critic:
    """The network that a training left in a file, ready to read."""
    kept = torch.load(file, map_location="cpu", weights_only=True)
    model = Critic(Config(*kept["config"]))
    model.load_state_dict({name: one.float() for name, one in kept["model"].items()})
    return model.eval()
