"""What the features that the score supplies are worth: the same network with and without them.

Both are of one size and see the same windows in the same order, as many batches of them as the
first one gets through in the budget. The plain one reads key-relative codes, their durations, for
whom they are and whether a bar begins; the other reads the score.
"""

from pathlib import Path
from typing import Any

import msgspec
import torch

from engine.workshop import train
from engine.workshop.export import totals
from engine.workshop.index import keep, manifest_of
from engine.workshop.sheaf import Sheaf

ARMS = ("score", "plain")


def compare(
    sheaf: Sheaf, out: Path, models: Path, budget_s: float, seed: int, *, device: torch.device,
    threads: int,
) -> dict[str, Any]:  # fmt: skip
    """Train both, measure them on held-out works, and write what they need into the manifest."""
    found: dict[str, Any] = {"budget_s": budget_s, "device": device.type}
    batches: int | None = None
    config = train.config_of(device)
    for arm in ARMS:
        network = msgspec.structs.replace(config, plain=arm == "plain")
        model = train.train(
            sheaf, out / arm, budget_s if batches is None else budget_s * 10, seed, config=network,
            device=device, threads=threads, batches=batches,
        )  # fmt: skip
        known = train.load(out / arm)[1]
        batches = known["batches"]
        found |= {"batches": batches, "steps": known["steps"]}
        found[arm] = totals(train.held_out_bits(model, sheaf))
        if arm == "score":
            hidden = train.held_out_bits(model, sheaf, "harmony", "density", "reference")
            found["score alone"] = totals(hidden)
            found["parameters"] = sum(p.numel() for p in model.parameters())
    found["ratio"] = {
        name: round(found["score"][name] / found["plain"][name], 3) for name in found["plain"]
    }
    keep(models, manifest_of(models) | {"comparison": found})
    print(msgspec.json.format(msgspec.json.encode(found), indent=1).decode())
    return found
