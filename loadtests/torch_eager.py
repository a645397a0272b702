"""The composer's network in torch, step by step, its past concatenated: a bench's reference."""

import copy
import json
from pathlib import Path

import numpy as np
import onnx
import torch
import torch.nn.functional as fn
from onnx import numpy_helper

from engine.workshop.model import Block, Composer, Config, rotary, rotate
from loadtests.moments import Moment

EMBEDDINGS = ("table.weight", "chosen.weight")  # all other matrices are stored transposed


def restored(models: Path) -> Composer:
    """The torch network with the weights of the served files."""
    torch.set_num_threads(1)
    config = json.loads((models / "manifest.json").read_text())["config"]
    model = Composer(Config(**config))
    wanted, state = model.state_dict(), {}
    for file in ("composer.onnx", "durations.onnx"):
        for one in onnx.load(models / file).graph.initializer:
            value, name = numpy_helper.to_array(one), one.name.removesuffix(".half")
            if value.ndim == 2 and name not in EMBEDDINGS:
                value = value.T
            if name in wanted:
                state[name] = torch.from_numpy(np.array(value, np.float32, order="C"))
    model.load_state_dict(state)
    return model.eval()


class Eager:
    """Steps of the torch network; its past is one tensor each per layer, and grows by `cat`.

    Single precision on the CPU, half on a device, as the served graphs have it.
    """

    def __init__(self, model: Composer, device: str = "cpu") -> None:
        self._device = torch.device(device)
        self._kind = torch.float32 if device == "cpu" else torch.float16
        self._model = copy.deepcopy(model).to(self._device, self._kind)
        self._past: list[tuple[torch.Tensor, torch.Tensor]] = []
        self._stood: Moment | None = None
        self._there_already: list[tuple[torch.Tensor, torch.Tensor]] = []
        turn = rotary(model.config.context, model.config.head, self._device)
        self._turn = tuple(angle.to(self._kind) for angle in turn)

    def begin(self, moment: Moment) -> None:
        """Stand behind a past: k and v of each layer, (rows, 1, past, head).

        One that it stood behind before is on the device already: who decodes has it there.
        """
        if moment is not self._stood:
            self._stood, self._there_already = (
                moment,
                [
                    tuple(self._there(moment.past[f"{kind}{layer}"]) for kind in "kv")  # type: ignore[misc]
                    for layer in range(self._model.config.layers)
                ],
            )
        self._past = list(self._there_already)

    @torch.inference_mode()
    def step(self, moment: Moment) -> np.ndarray:
        """Logits (rows, codes)."""
        model = self._model
        x = model.table(self._there(moment.ids) + model.offsets).sum(2)
        x = x + model.chroma(self._there(moment.bits))
        position, mask = self._there(moment.position), self._there(moment.mask)
        cos, sin = (angle[position][:, None] for angle in self._turn)
        for layer, block in enumerate(model.blocks):
            assert isinstance(block, Block)
            y = self._attend(layer, block, block.attention_norm(x), (cos, sin), mask)
            x = x + block.out(y)
            x = x + block.down(fn.relu(block.up(block.feed_norm(x))).square())
        return model.code(model.norm(x))[:, 0].float().cpu().numpy()

    def _there(self, array: np.ndarray) -> torch.Tensor:
        """The same on the device, in its precision; a mask is as far as half of it can say."""
        if array.dtype == np.float32 and self._kind == torch.float16:
            array = array.clip(-6e4, 6e4)
        there = torch.from_numpy(array).to(self._device)
        return there.to(self._kind) if there.is_floating_point() else there

    def _attend(
        self,
        layer: int,
        block: Block,
        x: torch.Tensor,
        turn: tuple[torch.Tensor, torch.Tensor],
        mask: torch.Tensor,
    ) -> torch.Tensor:
        rows, steps, width = x.shape
        head, heads = block.config.head, block.config.heads
        q, k, v = block.qkv(x).split([width, head, head], dim=-1)
        q = rotate(q.view(rows, steps, heads, head).transpose(1, 2), *turn)
        k = torch.cat([self._past[layer][0], rotate(k[:, None], *turn)], 2)
        v = torch.cat([self._past[layer][1], v[:, None]], 2)
        self._past[layer] = (k, v)
        y = fn.scaled_dot_product_attention(
            q, k.expand(-1, heads, -1, -1), v.expand(-1, heads, -1, -1), attn_mask=mask
        )
        return y.transpose(1, 2).reshape(rows, steps, width)
