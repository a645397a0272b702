"""Training the composer: steps until the budget is spent, with checkpoints.

``python -m engine.workshop train composer --budget 40m`` can be stopped and started again: it
resumes from the last checkpoint in its folder, and the learning rate follows the share of the
budget that is spent, so a run that was cut still ends where it should. Where there is a GPU the
same script trains the larger network on it.
"""

import math
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as fn
from msgspec import Struct, to_builtins
from torch import Tensor

from engine.compose.codes import FIRST_PITCH, ROLES
from engine.workshop.deck import PLACE, Batch, Deck, hide, without
from engine.workshop.extract import Window
from engine.workshop.frequencies import Frequencies
from engine.workshop.model import Composer, Config
from engine.workshop.sheaf import Sheaf

SMALL = Config()
LARGE = Config(width=320, layers=6, heads=5, dropout=0.2)
PEAK_RATE = {"cpu": 2e-3, "cuda": 2e-3}
STEPS_PER_BATCH = {"cpu": 4096, "cuda": 49_152}
CHECKPOINT_S = 240
REPORT_EVERY = 50
AVERAGED = 0.999  # of the averaged weights is kept at every step; those are what is exported
ROWS_MEASURED = 16


class Run(Struct, kw_only=True):
    """A training while it goes on."""

    model: Composer
    averaged: Composer
    optimiser: torch.optim.Optimizer
    device: torch.device
    spent_s: float = 0.0
    batches: int = 0
    steps: int = 0


def config_of(device: torch.device, *, large: bool = False) -> Config:
    """The network for a device: the larger one on a GPU, or where it is asked for."""
    return LARGE if large or device.type == "cuda" else SMALL


def device_of(name: str | None = None) -> torch.device:
    """The device asked for, or a GPU where there is one."""
    return torch.device(name or ("cuda" if torch.cuda.is_available() else "cpu"))


def train(
    sheaf: Sheaf, out: Path, budget_s: float, seed: int, *, config: Config, device: torch.device,
    threads: int = 2, batches: int | None = None,
) -> Composer:  # fmt: skip
    """Spend the budget, or at most so many ``batches``; returns the averaged network, also left in
    ``out/checkpoint.pt``."""
    torch.set_num_threads(threads)
    torch.manual_seed(seed)
    run = _begun(out, config, device)
    deck = Deck(sheaf.train, device)
    rng = np.random.default_rng([seed, run.batches])
    generator = torch.Generator(device).manual_seed(seed + run.batches)
    began, saved = time.monotonic() - run.spent_s, time.monotonic()
    log = _Log()
    for batch in deck.drawn(sheaf.weights, STEPS_PER_BATCH[device.type], rng):
        run.spent_s = time.monotonic() - began
        if run.spent_s >= budget_s or run.batches == batches:
            break
        share = run.batches / batches if batches else run.spent_s / budget_s
        log.add(_learn(run, hide(batch, generator), share))
        if run.batches % REPORT_EVERY == 0:
            log.say(run)
        if time.monotonic() - saved > CHECKPOINT_S:
            _checkpoint(out, run)
            saved = time.monotonic()
    _checkpoint(out, run)
    return run.averaged.eval()


def held_out_bits(model: Composer, sheaf: Sheaf, *hidden: str) -> dict[str, dict]:
    """Bits per note on works never trained on, per corpus and role; the baseline knows only
    frequencies. ``hidden`` controls are not told."""
    baseline = Frequencies.counted(sheaf.train)
    found: dict[str, dict] = {}
    for name, held in sorted(sheaf.held_out.items()):
        sums = measured(model, held, *hidden)
        plain = sum(float(baseline.bits(window).sum()) for window in held)
        found[name] = {
            "bits_per_note": _per_note(sums.sum(0)),
            "baseline_bits_per_note": round(plain / max(1, int(sums[:, 1].sum())), 3),
            "notes": int(sums[:, 1].sum()),
            "per_role": {
                role: {"bits_per_note": _per_note(own), "notes": int(own[1])}
                for role, own in zip(ROLES, sums, strict=True)
                if own[1]
            },
        }
    return found


def measured(model: Composer, held: Sequence[Window], *hidden: str) -> np.ndarray:
    """(roles, 2) bits and notes of some windows under a network."""
    device = next(model.parameters()).device
    model.eval()
    deck, sums = Deck(held, device), np.zeros((len(ROLES), 2))
    order = np.argsort(deck.lengths, kind="stable")
    with torch.no_grad():
        for at in range(0, len(order), ROWS_MEASURED):
            batch = without(deck.batch(order[at : at + ROWS_MEASURED]), *hidden)
            bits = _surprise(model, batch) / math.log(2)
            roles = batch.ids[..., PLACE["role"]]
            for role in range(len(ROLES)):
                here = (roles == role) & (batch.codes >= 0)
                sounds = here & (batch.codes >= FIRST_PITCH)
                sums[role] += float(bits[here].sum()), int(sounds.sum())
    return sums


def load(run: Path) -> tuple[Composer, dict]:
    """The averaged network of a run's last checkpoint, and what is known of the run."""
    kept = torch.load(run / "checkpoint.pt", weights_only=True, map_location="cpu")
    model = Composer(Config(**kept["config"]))
    model.load_state_dict(kept["averaged"])
    return model.eval(), {name: kept[name] for name in ("spent_s", "batches", "steps", "device")}


def _begun(out: Path, config: Config, device: torch.device) -> Run:
    """A new run, or what the folder's checkpoint has of one."""
    model, averaged = Composer(config).to(device), Composer(config).to(device)
    averaged.load_state_dict(model.state_dict())
    optimiser = torch.optim.AdamW(
        model.parameters(), lr=1.0, betas=(0.9, 0.95), weight_decay=0.05,
        fused=device.type == "cuda",
    )  # fmt: skip
    run = Run(model=model, averaged=averaged, optimiser=optimiser, device=device)
    file = out / "checkpoint.pt"
    if file.exists():
        kept = torch.load(file, weights_only=True, map_location=device)
        if kept["config"] != to_builtins(config):
            raise ValueError(f"{file} is of another network: name another folder")
        model.load_state_dict(kept["model"])
        averaged.load_state_dict(kept["averaged"])
        optimiser.load_state_dict(kept["optimiser"])
        run.spent_s, run.batches, run.steps = kept["spent_s"], kept["batches"], kept["steps"]
        print(f"resumed at {run.spent_s:.0f} s, batch {run.batches}", flush=True)
    model.train()
    return run


def _learn(run: Run, batch: Batch, share: float) -> tuple[Tensor, Tensor]:
    """One step of the optimiser; returns the batch's nats and notes, left on the device."""
    for group in run.optimiser.param_groups:
        group["lr"] = _rate(share, run.batches, run.device)
    live = (batch.codes >= 0).sum()
    nats = _surprise(run.model, batch).sum()
    run.optimiser.zero_grad(set_to_none=True)
    (nats / live).backward()
    torch.nn.utils.clip_grad_norm_(run.model.parameters(), 1.0)
    run.optimiser.step()
    run.batches += 1
    run.steps += batch.codes.numel()
    keep = min(AVERAGED, (1 + run.batches) / (10 + run.batches))
    with torch.no_grad():
        own, new = list(run.averaged.parameters()), list(run.model.parameters())
        torch._foreach_lerp_(own, new, 1 - keep)
    return nats.detach(), (batch.codes >= FIRST_PITCH).sum()


def _surprise(model: Composer, batch: Batch) -> Tensor:
    """(rows, steps) nats of every step, the code's and the duration's together; 0 behind an end."""
    device = batch.ids.device.type
    with torch.autocast(device, torch.bfloat16, enabled=device == "cuda"):
        codes, units = model(batch.ids, batch.bits, batch.codes.clamp(min=0))
    wrong = [
        fn.cross_entropy(
            logits.float().flatten(0, 1), wanted.flatten(), ignore_index=-1, reduction="none"
        )
        for logits, wanted in ((codes, batch.codes), (units, batch.units))
    ]
    return (wrong[0] + wrong[1]).view(batch.codes.shape)


def _rate(share: float, batch: int, device: torch.device) -> float:
    warm = min(1.0, (batch + 1) / 100)
    peak = PEAK_RATE[device.type]
    return peak * warm * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * min(1.0, share))))


class _Log:
    """Nats and notes since the last line, summed where they are."""

    def __init__(self) -> None:
        self._sums: list[tuple[Tensor, Tensor]] = []

    def add(self, found: tuple[Tensor, Tensor]) -> None:
        self._sums.append(found)

    def say(self, run: Run) -> None:
        nats = float(torch.stack([one for one, _ in self._sums]).sum())
        notes = float(torch.stack([one for _, one in self._sums]).sum())
        print(f"{run.spent_s:7.0f} s  batch {run.batches}  steps/s "
              f"{run.steps / max(1.0, run.spent_s):.0f}  bits/note "
              f"{nats / notes / math.log(2):.3f}", flush=True)  # fmt: skip
        self._sums.clear()


def _checkpoint(out: Path, run: Run) -> None:
    out.mkdir(parents=True, exist_ok=True)
    partial = out / "checkpoint.partial"
    kept = {
        "config": to_builtins(run.model.config), "model": run.model.state_dict(),
        "averaged": run.averaged.state_dict(), "optimiser": run.optimiser.state_dict(),
        "spent_s": run.spent_s, "batches": run.batches, "steps": run.steps,
        "device": run.device.type,
    }  # fmt: skip
    torch.save(kept, partial)
    partial.rename(out / "checkpoint.pt")


def _per_note(sums: np.ndarray) -> float:
    return round(float(sums[0] / max(1, sums[1])), 3)
