"""The composer's network, from embedding to logits.

A decoder-only transformer: RMSNorm before each block, rotary positions, one key-value head for all
query heads, squared ReLU, no biases. The input is a sum of feature embeddings (see
`engine.compose.codes`); the output is a code, then the duration given the hidden state and the
chosen code, so that one step writes both.
"""

import torch
import torch.nn.functional as fn
from msgspec import Struct
from torch import Tensor, nn

from engine.compose.codes import BITS, CODES, DURATIONS, FEATURES, OFFSETS, TABLE_ROWS

PLAIN = ("code before", "duration before", "role", "position", "meter", "mode")


class Config(Struct, frozen=True, kw_only=True):
    """The network's size, and whether it sees the score: ``plain`` knows what was written, for whom
    and whether a bar begins, as a model does that reads a stream of codes."""

    width: int = 256
    layers: int = 4
    heads: int = 4
    context: int = 512
    dropout: float = 0.1
    plain: bool = False

    @property
    def head(self) -> int:
        """Width of one attention head."""
        return self.width // self.heads


class Composer(nn.Module):
    """Features of a step and the steps before it → what to write."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        width = config.width
        self.config = config
        self.table = nn.Embedding(TABLE_ROWS, width)
        self.chroma = nn.Linear(BITS, width, bias=False)
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.layers))
        self.norm = nn.RMSNorm(width, eps=1e-5)
        self.code = nn.Linear(width, CODES, bias=False)
        self.chosen = nn.Embedding(CODES, width)
        self.duration_in = nn.Linear(width, width, bias=False)
        self.duration_out = nn.Linear(width, DURATIONS, bias=False)
        self.register_buffer("offsets", torch.from_numpy(OFFSETS), persistent=False)
        seen = torch.tensor([name in PLAIN or not config.plain for name, _ in FEATURES])
        self.register_buffer("seen", seen.long(), persistent=False)
        self.apply(_initial)

    def forward(self, ids: Tensor, bits: Tensor, codes: Tensor) -> tuple[Tensor, Tensor]:
        """ids (batch, steps, features), bits (batch, steps, 36), codes (batch, steps) as written.

        Returns code logits (batch, steps, CODES) and duration logits (batch, steps, DURATIONS).
        """
        hidden = self.hidden(ids, bits)
        return self.code(hidden), self.durations(hidden, codes)

    def hidden(self, ids: Tensor, bits: Tensor) -> Tensor:
        """The state before the heads, (batch, steps, width)."""
        if self.config.plain:
            ids, bits = _plain(ids * self.seen), torch.zeros_like(bits)
        rows, steps, features = ids.shape
        summed = fn.embedding_bag(
            (ids + self.offsets).view(-1, features), self.table.weight, mode="sum"
        )
        x = summed.view(rows, steps, -1) + self.chroma(bits)
        x = fn.dropout(x, self.config.dropout, self.training)
        cos, sin = rotary(ids.shape[1], self.config.head, x.device)
        for block in self.blocks:
            x = block(x, cos, sin)
        return self.norm(x)

    def durations(self, hidden: Tensor, codes: Tensor) -> Tensor:
        """Duration logits once the code is chosen."""
        return self.duration_out(fn.gelu(self.duration_in(hidden + self.chosen(codes))))


class Block(nn.Module):
    """Attention and a feed-forward, each behind a norm."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        width, head = config.width, config.head
        self.config = config
        self.attention_norm = nn.RMSNorm(width, eps=1e-5)
        self.qkv = nn.Linear(width, width + 2 * head, bias=False)
        self.out = nn.Linear(width, width, bias=False)
        self.feed_norm = nn.RMSNorm(width, eps=1e-5)
        self.up = nn.Linear(width, 4 * width, bias=False)
        self.down = nn.Linear(4 * width, width, bias=False)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        """x (batch, steps, width) → the same shape."""
        x = x + self._dropped(self.out(self._attend(self.attention_norm(x), cos, sin)))
        return x + self._dropped(self.down(fn.relu(self.up(self.feed_norm(x))).square()))

    def _attend(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        batch, steps, width = x.shape
        head, heads = self.config.head, self.config.heads
        q, k, v = self.qkv(x).split([width, head, head], dim=-1)
        q = rotate(q.view(batch, steps, heads, head).transpose(1, 2), cos, sin)
        k = rotate(k[:, None], cos, sin).expand(-1, heads, -1, -1)
        v = v[:, None].expand(-1, heads, -1, -1)
        y = fn.scaled_dot_product_attention(q, k, v, is_causal=True)
        return y.transpose(1, 2).reshape(batch, steps, width)

    def _dropped(self, x: Tensor) -> Tensor:
        return fn.dropout(x, self.config.dropout, self.training)


def _plain(ids: Tensor) -> Tensor:
    """Of a step's place only whether its bar begins."""
    place = [name for name, _ in FEATURES].index("position")
    return torch.cat(
        [ids[..., :place], ids[..., place, None].clamp(max=1), ids[..., place + 1 :]], -1
    )


def rotary(steps: int, head: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Cosines and sines (steps, head/2) of the rotary positions."""
    frequency = 10_000.0 ** (-torch.arange(0, head, 2, device=device) / head)
    angle = torch.arange(steps, device=device)[:, None] * frequency
    return angle.cos(), angle.sin()


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Turn (…, steps, head) by position: the first half of a head is paired with the second."""
    a, b = x.chunk(2, dim=-1)
    return torch.cat([a * cos - b * sin, b * cos + a * sin], dim=-1)


def _initial(module: nn.Module) -> None:
    if isinstance(module, nn.Linear | nn.Embedding):
        nn.init.normal_(module.weight, std=0.02)
