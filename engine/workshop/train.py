"""Training the composer: data once, then steps until the budget is spent, with checkpoints.

``python -m engine.workshop train --budget 40m`` can be stopped and started again: it resumes from
the last checkpoint in its folder, and the learning rate follows the share of the budget that is
spent, so a run that was cut still ends where it should.
"""

import math
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import msgspec
import numpy as np
import torch
import torch.nn.functional as fn

from engine.midi.reading import UnreadableMidi, read
from engine.workshop import corpus
from engine.workshop.extract import Window, padded, rng_of, windows
from engine.workshop.frequencies import Frequencies
from engine.workshop.model import Composer, Config

PEAK_RATE = 2e-3
STEPS_PER_BATCH = 4096
CHECKPOINT_S = 240
REPORT_EVERY = 50


class Sheaf(msgspec.Struct, frozen=True, kw_only=True):
    """Prepared windows of both sides of the split, and what they were made of."""

    train: list[Window]
    weights: np.ndarray
    held_out: dict[str, list[Window]]
    files: list[dict[str, str]]
    report: dict[str, int]


def prepare(folder: Path, cache: Path, seed: int) -> Sheaf:
    """Read the corpora, or what an earlier run prepared from them."""
    if cache.exists():
        return _load(cache)
    report: Counter[str] = Counter()
    rows = list(corpus.rows(folder, report))
    train, weights, held_out, files = [], [], {}, []
    with ProcessPoolExecutor(2) as workers:
        jobs = ((row.content, seed, row.sha256) for row in rows)
        for row, found in zip(rows, workers.map(_read, *zip(*jobs, strict=True), chunksize=8),
                              strict=True):  # fmt: skip
            if not found:
                report[f"{row.corpus}: no lines found"] += 1
                continue
            files.append(
                {"corpus": row.corpus, "path": row.path, "licence": row.licence,
                 "origin": row.origin, "sha256": row.sha256,
                 "side": "held out" if row.held_out else "train"}
            )  # fmt: skip
            if row.held_out:
                held_out.setdefault(row.corpus, []).extend(found)
            else:
                train.extend(found)
                weights.extend([corpus.CORPORA[row.corpus][0]] * len(found))
    sheaf = Sheaf(
        train=train, weights=np.array(weights, np.float64), held_out=held_out, files=files,
        report=dict(report),
    )  # fmt: skip
    _save(sheaf, cache)
    return sheaf


def _read(content: bytes, seed: int, sha256: str) -> list[Window]:
    try:
        return list(windows(read(content), rng_of(seed, sha256)))
    except UnreadableMidi as error:
        print(f"left out {sha256[:12]}: {error}", flush=True)
        return []


def train(sheaf: Sheaf, out: Path, budget_s: float, seed: int, threads: int) -> Composer:
    """Spend the budget; returns the trained network, also left in ``out/checkpoint.pt``."""
    torch.set_num_threads(threads)
    torch.manual_seed(seed)
    config = Config()
    model = Composer(config)
    optimiser = torch.optim.AdamW(model.parameters(), lr=PEAK_RATE, betas=(0.9, 0.95),
                                  weight_decay=0.05)  # fmt: skip
    spent, batch_number = _resume(out, model, optimiser)
    rng = np.random.default_rng([seed, batch_number])
    began, saved = time.monotonic() - spent, time.monotonic()
    loss_sum, note_sum, step_sum = 0.0, 0, 0
    model.train()
    for batch in _batches(sheaf, rng):
        spent = time.monotonic() - began
        if spent >= budget_s:
            break
        for group in optimiser.param_groups:
            group["lr"] = _rate(spent / budget_s, batch_number)
        loss = _loss(model, batch)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        batch_number += 1
        live = int((batch["codes"] >= 0).sum())
        loss_sum += float(loss.detach()) * live
        step_sum += live
        note_sum += int((batch["codes"] >= 2).sum())
        if batch_number % REPORT_EVERY == 0:
            print(f"{spent:7.0f} s  batch {batch_number}  steps/s {step_sum / max(1, spent):.0f}  "
                  f"bits/note {loss_sum / note_sum / math.log(2):.3f}", flush=True)  # fmt: skip
            loss_sum, note_sum = 0.0, 0
        if time.monotonic() - saved > CHECKPOINT_S:
            _checkpoint(out, model, optimiser, spent, batch_number)
            saved = time.monotonic()
    _checkpoint(out, model, optimiser, spent, batch_number)
    return model.eval()


def held_out_bits(model: Composer, sheaf: Sheaf) -> dict[str, dict[str, float]]:
    """Bits per note on works never trained on, per corpus; the baseline knows only frequencies."""
    model.eval()
    found: dict[str, dict[str, float]] = {}
    baseline = Frequencies.counted(sheaf.train)
    with torch.no_grad():
        for name, held in sorted(sheaf.held_out.items()):
            bits = notes = plain = 0.0
            for at in range(0, len(held), 16):
                some = _collate(held[at : at + 16])
                live = int((some["codes"] >= 0).sum())
                bits += float(_loss(model, some)) * live / math.log(2)
                notes += int((some["codes"] >= 2).sum())
                plain += sum(float(baseline.bits(window).sum()) for window in held[at : at + 16])
            found[name] = {
                "bits_per_note": round(bits / max(1, notes), 3),
                "baseline_bits_per_note": round(plain / max(1, notes), 3),
                "notes": int(notes),
            }
    return found


def _loss(model: Composer, batch: dict[str, torch.Tensor]) -> torch.Tensor:
    """Mean nats per step: the code's and the duration's together."""
    codes = batch["codes"]
    logits, durations = model(batch["ids"], batch["bits"], codes.clamp(min=0))
    return fn.cross_entropy(logits.flatten(0, 1), codes.flatten(), ignore_index=-1) + (
        fn.cross_entropy(durations.flatten(0, 1), batch["units"].flatten(), ignore_index=-1)
    )


def _batches(sheaf: Sheaf, rng: np.random.Generator) -> Iterator[dict[str, torch.Tensor]]:
    """Endless batches of windows of like length, heavier corpora more often."""
    lengths = np.array([len(window.codes) for window in sheaf.train])
    chances = sheaf.weights / sheaf.weights.sum()
    while True:
        drawn = rng.choice(len(lengths), size=1024, p=chances)
        drawn = drawn[np.argsort(lengths[drawn], kind="stable")]
        groups, group = [], []
        for index in drawn:
            group.append(index)
            if lengths[index] * len(group) >= STEPS_PER_BATCH:
                groups.append(group)
                group = []
        for order in rng.permutation(len(groups)):
            yield _collate([sheaf.train[index] for index in groups[order]])


def _collate(chosen: list[Window]) -> dict[str, torch.Tensor]:
    given = padded(chosen)
    return {
        name: torch.from_numpy(getattr(given, name)) for name in ("ids", "bits", "codes", "units")
    }


def _rate(share: float, batch: int) -> float:
    warm = min(1.0, (batch + 1) / 100)
    return PEAK_RATE * warm * (0.03 + 0.97 * 0.5 * (1 + math.cos(math.pi * min(1.0, share))))


def _checkpoint(out: Path, model: Composer, optimiser: torch.optim.Optimizer, spent: float,
                batch: int) -> None:  # fmt: skip
    partial = out / "checkpoint.partial"
    torch.save({"model": model.state_dict(), "optimiser": optimiser.state_dict(),
                "spent_s": spent, "batch": batch}, partial)  # fmt: skip
    partial.rename(out / "checkpoint.pt")


def _resume(out: Path, model: Composer, optimiser: torch.optim.Optimizer) -> tuple[float, int]:
    file = out / "checkpoint.pt"
    if not file.exists():
        return 0.0, 0
    kept = torch.load(file, weights_only=True)
    model.load_state_dict(kept["model"])
    optimiser.load_state_dict(kept["optimiser"])
    print(f"resumed at {kept['spent_s']:.0f} s, batch {kept['batch']}", flush=True)
    return kept["spent_s"], kept["batch"]


def _save(sheaf: Sheaf, cache: Path) -> None:
    cache.parent.mkdir(parents=True, exist_ok=True)
    every = [("train", window) for window in sheaf.train]
    for name, held in sheaf.held_out.items():
        every += [(name, window) for window in held]
    arrays = {
        key: np.concatenate([getattr(window, key) for _, window in every])
        for key in ("ids", "chroma", "codes", "units")
    }
    facts = {"files": sheaf.files, "report": sheaf.report, "sides": [side for side, _ in every]}
    np.savez(
        cache, lengths=np.array([len(window.codes) for _, window in every]),
        weights=sheaf.weights, facts=np.frombuffer(msgspec.json.encode(facts), np.uint8), **arrays,
    )  # fmt: skip


def _load(cache: Path) -> Sheaf:
    kept = np.load(cache)
    facts = msgspec.json.decode(kept["facts"].tobytes())
    arrays = {key: kept[key] for key in ("ids", "chroma", "codes", "units")}
    ends = np.cumsum(kept["lengths"])
    train, held_out = [], {}
    for side, begin, end in zip(facts["sides"], ends - kept["lengths"], ends, strict=True):
        window = Window(**{key: array[begin:end] for key, array in arrays.items()})
        (train if side == "train" else held_out.setdefault(side, [])).append(window)
    return Sheaf(
        train=train, weights=kept["weights"], held_out=held_out, files=facts["files"],
        report=facts["report"],
    )  # fmt: skip
