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
from typing import Any

import numpy as np
import torch
import torch.nn.functional as fn
from torch import Tensor

from engine.workshop.critic_faults import FAULTS, Dice
from engine.workshop.critic_lessons import Lesson, Volume, lessons, volumes
from engine.workshop.critic_net import Config, Critic

PEAK_RATE = 1.6e-3
HOLD = 0.998  # of the running mean
STROKE_WEIGHT = 4.0


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
