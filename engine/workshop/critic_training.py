"""Training the critic of bars: passages by people, faults made anew for every batch.

``python -m engine.workshop.critic_training --given FILE --out FOLDER --budget 150`` runs on
whatever device there is, with torch and numpy alone, resumes from its checkpoint, and leaves
``critic.pt``: the running mean of the weights where works of its own that it did not learn from
were judged best.
"""

import argparse
import json
import math
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as fn
from torch import Tensor

from engine.critique.grid import CENTRE, SCALES, VOICES, Grid, Where, begins, features
from engine.workshop.critic_faults import FAULTS, Dice, Pages, spoilt
from engine.workshop.critic_net import Config, Critic, Strokes
from engine.workshop.critic_voicing import INNER, held

SIZES = (48, 36, 36, 72)  # units of a bar by meter
BARS = 16
MOST = 640  # strokes of a passage; of a denser one only half the bars are read
SPOILT = (0.08, 0.2, 0.35)  # of a passage's bars, by turns: pasts with few faults and with more
HELD, MOVING = 0.4, 0.4  # of passages: inner voices as our composer's, as people's; none else
FEWEST = 2  # strokes; a bar with fewer is not judged
# How often each fault is made: more of those that are hard to hear.
OFTEN = (2.2, 1.0, 1.8, 3.0, 2.2, 0.7, 1.0, 0.6, 1.0)
PEAK_RATE = 1.6e-3
HOLD = 0.998  # of the running mean
STROKE_WEIGHT = 4.0


class Volume(NamedTuple):
    """Passages of one meter on a device, and how often each is drawn."""

    pages: Pages
    weights: Tensor
    meter: int


class Lesson(NamedTuple):
    """A batch and its answers: ``wrong`` (passages, strokes) whether a stroke was changed,
    ``kind`` (passages, strokes) what a mark shall say of its bar, -1 where nothing is asked."""

    strokes: Strokes
    wrong: Tensor
    kind: Tensor


def volumes(file: Path, device: torch.device, *, checked: bool) -> list[Volume]:
    """The packed passages of both sides: what is learnt from, or what is only ``checked``."""
    kept = dict(np.load(file, allow_pickle=False))
    ends = np.cumsum(kept["counts"])
    found: list[Volume] = []
    for meter, size in enumerate(SIZES):
        chosen = np.flatnonzero((kept["meter"] == meter) & (kept["checked"] == checked))
        if not len(chosen):
            continue
        notes = [kept["notes"][ends[at] - kept["counts"][at] : ends[at]] for at in chosen]
        rows = np.repeat(np.arange(len(chosen)), kept["counts"][chosen])
        pitch, onset = drawn(len(chosen), size, rows, np.concatenate(notes))
        span = size // 2
        pages = Pages(
            pitch=torch.from_numpy(pitch).to(device), onset=torch.from_numpy(onset).to(device),
            root=_spread(kept["roots"][chosen], span, device),
            mask=_spread(kept["masks"][chosen].astype(np.int16), span, device),
            mode=torch.from_numpy(kept["mode"][chosen].astype(np.int64)).to(device),
            bars=torch.from_numpy(kept["bars"][chosen].astype(np.int64)).to(device), size=size,
        )  # fmt: skip
        weights = torch.from_numpy(kept["weight"][chosen].astype(np.float32)).to(device)
        found.append(Volume(pages, weights, meter))
    return found


def drawn(
    count: int, size: int, rows: np.ndarray, notes: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Notes (notes, 4) of passages → pitch and onset (passages, voices, units)."""
    pitch = np.zeros((count, len(VOICES), BARS * size), np.int8)
    onset = np.zeros(pitch.shape, bool)
    voice, start, length, tone = notes.astype(np.int64).T
    length = np.minimum(length, BARS * size - start).clip(min=1)
    many = np.repeat(np.arange(len(notes)), length)
    unit = start[many] + np.arange(len(many)) - np.repeat(np.cumsum(length) - length, length)
    pitch[rows[many], voice[many], unit] = (tone + CENTRE + 1)[many]
    onset[rows, voice, start] = True
    return pitch, onset


def _spread(halves: np.ndarray, span: int, device: torch.device) -> Tensor:
    return torch.from_numpy(halves).to(device).repeat_interleave(span, 1)


def lessons(volume: Volume, count: int, dice: Dice, *, sharp: bool = True) -> Iterator[Lesson]:
    """The batches of one draw: ``count`` passages, spoilt anew, by length."""
    own = _passages(volume, count, dice)
    kinds, worse = _spoilt(own, dice, sharp=sharp)
    yield from _batched(volume.meter, own, worse, kinds)


class Own(NamedTuple):
    """Passages as they are shown: pages, and the bar with which each section begins."""

    pages: Pages
    first: Tensor


def _passages(volume: Volume, count: int, dice: Dice) -> Own:
    """Some passages; from any bar on, with all voices or some, people's inner voices or what they
    hold, in any of two octaves."""
    at = dice.many(volume.weights, count)
    pages = volume.pages
    pitch, onset = pages.pitch[at].short(), pages.onset[at]
    voiced = held(
        pages._replace(pitch=pitch, root=pages.root[at], mask=pages.mask[at], bars=pages.bars[at])
    )
    manner = dice.shares(count)[:, None, None]
    inner = (manner < HELD) | (manner >= HELD + MOVING)
    pitch[:, INNER] = torch.where(inner, voiced[0] * (manner < HELD), pitch[:, INNER])
    onset[:, INNER] = torch.where(inner, voiced[1] & (manner < HELD), onset[:, INNER])
    kept = (dice.shares(count, len(VOICES)) > 0.45) | (dice.shares(count, 1) > 0.35)
    some = (kept[..., None] & (pitch > 0)).any(-1).any(-1)
    kept |= ~some[:, None]
    middle = dice.shares(count, 4).argsort(-1) + 2
    order = torch.cat([torch.zeros_like(middle[:, :1]), torch.ones_like(middle[:, :1]), middle], 1)
    plain = torch.arange(len(VOICES), device=at.device).expand_as(order)
    order = torch.where(dice.shares(count, 1) < 0.3, order, plain)
    row = torch.arange(count, device=at.device)[:, None]
    pitch, onset, kept = pitch[row, order], onset[row, order], kept[row, order]
    move = 12 * (dice.below(7, count) == 0) * (2 * dice.below(2, count) - 1)
    high = (pitch.flatten(1).amax(-1) + move <= 2 * CENTRE).long()
    low = (torch.where(pitch > 0, pitch, 99).flatten(1).amin(-1) + move >= 1).long()
    pitch = torch.where(pitch > 0, pitch + (move * high * low)[:, None, None], pitch).short()
    bars = pages.bars[at]
    own = Pages(
        pitch=pitch * kept[..., None], onset=onset & kept[..., None] & (pitch > 0),
        root=pages.root[at].long(), mask=pages.mask[at].long(), mode=pages.mode[at], bars=bars,
        size=pages.size,
    )  # fmt: skip
    begin = (dice.shares(count) * (bars - 2)).long()
    return Own(own, torch.where(dice.shares(count) < 0.5, 0, begin))


def _spoilt(own: Own, dice: Dice, *, sharp: bool) -> tuple[Tensor, Pages]:
    """Faults in some of the bars: (passages, bars) 0 clean or 1 + the fault, -1 not asked, and
    the pages with them."""
    pages, count = own.pages, len(own.first)
    bar = torch.arange(BARS, device=own.first.device)
    asked = (bar >= own.first[:, None]) & (bar < pages.bars[:, None])
    kinds = torch.where(asked, 0, -1)
    often = torch.tensor(OFTEN, device=bar.device).expand(count * BARS, -1)
    fault = dice.drawn(often).view(count, BARS)
    rate = torch.tensor(SPOILT, device=bar.device)[dice.below(len(SPOILT), count)]
    wanted = asked & (dice.shares(count, BARS) < rate[:, None])
    pitch, onset = pages.pitch.clone(), pages.onset.clone()
    for number in range(len(FAULTS)):
        row, where = (wanted & (fault == number)).nonzero(as_tuple=True)
        if not len(row):
            continue
        made = spoilt(pages, row, where, number, dice, sharp=sharp)
        row, where = row[made.done], where[made.done]
        unit = where[:, None] * pages.size + torch.arange(pages.size, device=row.device)
        voice = torch.arange(len(VOICES), device=row.device)
        at = (row[:, None, None], voice[None, :, None], unit[:, None, :])
        pitch[at] = made.pitch[made.done].to(pitch.dtype)
        onset[at] = made.onset[made.done]
        kinds[row, where] = 1 + number
    return kinds, pages._replace(pitch=pitch, onset=onset)


def _batched(meter: int, own: Own, worse: Pages, kinds: Tensor) -> Iterator[Lesson]:
    """All passages of a draw as batches of about as many strokes, by length."""
    grid, before = (_grid(pages, own.first, meter) for pages in (worse, own.pages))
    starts = begins(torch, grid)
    bars = starts.view(*starts.shape[:2], BARS, worse.size)
    dense = bars.sum((1, 2, 3)) > MOST
    late = torch.arange(BARS, device=dense.device) >= own.first[:, None] + BARS // 2
    beyond = torch.arange(BARS, device=dense.device) >= worse.bars[:, None]
    left = (dense[:, None] & late) | beyond
    starts = (bars & ~left[:, None, :, None]).view(starts.shape)
    shown = (torch.arange(BARS, device=dense.device) >= own.first[:, None]) & ~left
    counts = starts.view(*starts.shape[:2], BARS, worse.size).sum((1, 3))
    kinds = torch.where(left | (counts < FEWEST), -1, kinds)
    at = Where(*starts.nonzero(as_tuple=True))
    ids = features(torch, grid, at).short()
    wrong = _changed(before, grid, at)
    total = torch.bincount(at.row, minlength=len(kinds)) + BARS
    order = torch.argsort(total)
    sizes = total[order].tolist()
    begin = torch.cumsum(total - BARS, 0) - (total - BARS)
    each, from_ = max(1, per_batch(at.unit.device)), 0
    while from_ < len(sizes):
        until = from_ + 1
        while until < len(sizes) and sizes[until] * (until + 1 - from_) <= each:
            until += 1
        rows = order[from_:until]
        yield _padded(rows, total, begin, at, ids, wrong, kinds, shown, worse.size)
        from_ = until


def per_batch(device: torch.device) -> int:
    """Strokes side by side."""
    return 65_536 if device.type == "cuda" else 6_000


def _padded(
    rows: Tensor, total: Tensor, begin: Tensor, at: Where, ids: Tensor, wrong: Tensor,
    kinds: Tensor, shown: Tensor, size: int,
) -> Lesson:  # fmt: skip
    """The marks of all bars first, then the strokes, of some passages; a multiple of 16 of them."""
    most = -(-int(total[rows].max()) // 16) * 16
    place = torch.arange(most, device=rows.device)
    mark = (place < BARS).expand(len(rows), -1)
    here = shown[rows][:, place.clamp(max=BARS - 1)]
    live = torch.where(mark, here, place < total[rows][:, None])
    index = (begin[rows][:, None] + place - BARS).clamp(0, len(ids) - 1)
    unit = at.unit[index]
    bar = torch.where(mark, place, unit // size)
    inside = torch.where(mark, 0, unit % size)
    strokes = Strokes(
        ids=torch.where(mark[..., None], 0, ids[index]), mark=mark, live=live, bar=bar,
        place=inside,
    )  # fmt: skip
    asked = kinds[rows][:, place.clamp(max=BARS - 1)]
    return Lesson(
        strokes=strokes,
        wrong=torch.where(live & ~mark, wrong[index].long(), -1),
        kind=torch.where(mark, asked, -1),
    )


def _grid(pages: Pages, first: Tensor, meter: int) -> Grid:
    scale = torch.tensor(SCALES, device=first.device)[pages.mode]
    return Grid(
        pitch=pages.pitch, onset=pages.onset, root=pages.root, mask=pages.mask, scale=scale,
        first=first, size=pages.size, meter=meter,
    )  # fmt: skip


def _changed(before: Grid, grid: Grid, at: Where) -> Tensor:
    """(strokes,) whether a stroke is not what people wrote there: another pitch, another onset, or
    another length inside its bar."""
    where = (at.row, at.voice, at.unit)
    other = (before.pitch[where] != grid.pitch[where]) | (before.onset[where] != grid.onset[where])
    return other | (_ends(before)[where] != _ends(grid)[where])


def _ends(grid: Grid) -> Tensor:
    """(passages, voices, units) the unit where what sounds at each ends, at most the bar line."""
    total = grid.pitch.shape[-1]
    unit = torch.arange(total, device=grid.pitch.device)
    edge = torch.ones_like(grid.onset)
    edge[..., 1:] = grid.pitch[..., 1:] != grid.pitch[..., :-1]
    edge |= grid.onset | (unit % grid.size == 0)
    found = torch.cummin(torch.where(edge, unit, total).flip(-1), -1).values.flip(-1)
    return torch.cat([found[..., 1:], torch.full_like(found[..., :1], total)], -1)


def loss_of(model: Critic, lesson: Lesson) -> Tensor:
    """Nats a bar, and nats a stroke times `STROKE_WEIGHT`."""
    wrong, kind = model(lesson.strokes)
    asked = lesson.wrong >= 0
    strokes = fn.binary_cross_entropy_with_logits(wrong.float()[asked], lesson.wrong[asked].float())
    bars = lesson.kind >= 0
    return fn.cross_entropy(kind.float()[bars], lesson.kind[bars]) + STROKE_WEIGHT * strokes


def train(given: Path, out: Path, budget_s: float, seed: int, threads: int = 1,
          config: Config | None = None) -> Path:  # fmt: skip
    """Spend the budget; returns ``out/critic.pt``. A run that was stopped goes on."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.set_num_threads(threads)
    torch.manual_seed(seed)
    torch.set_float32_matmul_precision("high")
    out.mkdir(parents=True, exist_ok=True)
    learnt, checked = (volumes(given, device, checked=one) for one in (False, True))
    run = _Run(config or Config(), device, out)
    exam = _exam(checked, Dice(device, 7), 900 if device.type == "cuda" else 40)
    began, told = time.monotonic() - run.spent, 0.0
    for lesson in _endless(learnt, Dice(device, seed + run.steps)):
        run.spent = time.monotonic() - began
        if run.spent >= budget_s:
            break
        run.step(lesson, run.spent / budget_s)
        if run.spent - told > max(10.0, budget_s / 12):
            told = run.spent
            run.check(exam)
            run.keep()
    run.check(exam)
    run.keep()
    return out / "critic.pt"


class _Run:
    """A training under way."""

    def __init__(self, config: Config, device: torch.device, out: Path) -> None:
        self.config, self.device, self.out = config, device, out
        self.model = Critic(config).to(device)
        self.mean = Critic(config).to(device).eval()
        self.mean.load_state_dict(self.model.state_dict())
        heavy = [p for p in self.model.parameters() if p.dim() > 1]
        light = [p for p in self.model.parameters() if p.dim() <= 1]
        self.optimiser = torch.optim.AdamW(
            [{"params": heavy, "weight_decay": 0.1}, {"params": light, "weight_decay": 0.0}],
            lr=PEAK_RATE, betas=(0.9, 0.98), fused=device.type == "cuda",
        )  # fmt: skip
        self.spent, self.steps, self.best, self.strokes, self.loss = 0.0, 0, 0.0, 0, 0.0
        self.told: list[dict[str, Any]] = []
        self._resume()

    def step(self, lesson: Lesson, share: float) -> None:
        """One batch."""
        self.model.train()
        rate = PEAK_RATE * min(1.0, (self.steps + 1) / 150)
        rate *= 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * min(1.0, share)))
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.device.type == "cuda"):
            loss = loss_of(self.model, lesson)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimiser.step()
        self.steps += 1
        self.strokes += lesson.strokes.live.numel()
        hold = min(HOLD, (1 + self.steps) / (10 + self.steps))
        with torch.no_grad():
            torch._foreach_lerp_(
                list(self.mean.parameters()), list(self.model.parameters()), 1 - hold
            )
        if self.steps % 50 == 0:
            self.loss = float(loss.detach())

    def check(self, exam: list[Lesson]) -> None:
        """Say how well works that are not learnt from are judged; keep the best so far."""
        found = judged(self.mean, exam)
        good = float(np.mean(list(found.values())))
        said = {"spent_s": round(self.spent, 1), "steps": self.steps, "strokes": self.strokes,
                "loss": round(self.loss, 4), "auc": round(good, 4), **found}  # fmt: skip
        self.told.append(said)
        print(json.dumps(said), flush=True)
        if good >= self.best:
            self.best = good
            half = {name: one.half().cpu() for name, one in self.mean.state_dict().items()}
            torch.save({"model": half, "config": list(self.config), "told": self.told},
                       self.out / "critic.pt")  # fmt: skip
        (self.out / "told.json").write_text(json.dumps(self.told, indent=1))

    def keep(self) -> None:
        """A checkpoint from which the run can go on."""
        partial = self.out / "checkpoint.partial"
        kept = {name: getattr(self, name) for name in ("spent", "steps", "best", "strokes")}
        for name in ("model", "mean", "optimiser"):
            kept[name] = getattr(self, name).state_dict()
        torch.save(kept, partial)
        partial.rename(self.out / "checkpoint.resume")

    def _resume(self) -> None:
        file = self.out / "checkpoint.resume"
        if not file.exists():
            return
        kept = torch.load(file, map_location=self.device, weights_only=True)
        self.model.load_state_dict(kept["model"])
        self.mean.load_state_dict(kept["mean"])
        self.optimiser.load_state_dict(kept["optimiser"])
        self.spent, self.steps = kept["spent"], kept["steps"]
        self.best, self.strokes = kept["best"], kept["strokes"]
        print(f"resumed at {self.spent:.0f} s", flush=True)


def _endless(learnt: list[Volume], dice: Dice) -> Iterator[Lesson]:
    """Batches for ever: a meter by its share of the passages, its lessons in any order."""
    shares = torch.tensor([float(one.weights.sum()) for one in learnt], device=dice.device)
    count = 2048 if dice.device.type == "cuda" else 64
    while True:
        volume = learnt[int(dice.drawn(shares[None]))]
        with torch.no_grad():
            some = list(lessons(volume, count, dice))
        for at in torch.randperm(len(some)).tolist():
            yield some[at]


def _exam(checked: list[Volume], dice: Dice, count: int) -> list[Lesson]:
    total = sum(float(one.weights.sum()) for one in checked)
    with torch.no_grad():
        return [
            lesson
            for one in checked
            for lesson in lessons(
                one, max(8, round(count * float(one.weights.sum()) / total)), dice
            )
        ]


def judged(model: Critic, exam: list[Lesson]) -> dict[str, float]:
    """AUC of clean bars against each fault, by the odds of clean against any fault."""
    odds, kinds = [], []
    with torch.no_grad():
        for lesson in exam:
            with torch.autocast(
                lesson.wrong.device.type, torch.bfloat16, enabled=lesson.wrong.is_cuda
            ):
                _, kind = model(lesson.strokes)
            asked = lesson.kind >= 0
            said = kind[asked].float()
            odds.append((said[:, 0] - said[:, 1:].logsumexp(-1)).cpu().numpy())
            kinds.append(lesson.kind[asked].cpu().numpy())
    rated, told = np.concatenate(odds), np.concatenate(kinds)
    return {
        fault: round(auc(rated[told == 0], rated[told == 1 + number]), 3)
        for number, fault in enumerate(FAULTS)
    }


def auc(better: np.ndarray, worse: np.ndarray) -> float:
    """Chance that one of the better is rated above one of the worse; ties count half."""
    if not len(better) or not len(worse):
        return 0.5
    ordered = np.sort(worse)
    below = np.searchsorted(ordered, better, "left") + np.searchsorted(ordered, better, "right")
    return float(below.mean() / 2 / len(worse))


def main() -> None:
    """Train from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--given", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--budget", type=float, default=150.0, help="seconds")
    parser.add_argument("--seed", type=int, default=20261126)
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    train(given.given, given.out, given.budget, given.seed, given.threads)


if __name__ == "__main__":
    main()
