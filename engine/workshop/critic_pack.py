"""The passages that teach the critic of bars, packed for a machine that has torch alone."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from engine.workshop.critic_works import Passage

CHECKED = 33  # one work in so many is not learnt from, but shows when to stop
# Music with a band is rare in what we may learn from, and most like what is asked of us.
OFTEN = {"freedoom": 2.0, "blasphemer": 2.0, "openewld": 1.5}


def pack(chosen: Sequence[Passage], file: Path, *, learnt: bool = True) -> None:
    """Write some passages: those that are ``learnt`` from, but for a few works, or only checked."""
    by_work = Counter(one.work for one in chosen)
    roots, masks = _halves(chosen)
    # A long work, or one in many editions, is heard more often, but not as often as it is long.
    weight = [OFTEN.get(one.corpus, 1.0) / by_work[one.work] ** 0.5 for one in chosen]
    file.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(
        file,
        notes=np.concatenate([one.notes for one in chosen]),
        counts=np.array([len(one.notes) for one in chosen], np.int64),
        meter=np.array([one.meter for one in chosen], np.uint8),
        mode=np.array([one.mode for one in chosen], np.uint8),
        bars=np.array([one.bars for one in chosen], np.uint8),
        checked=np.array([not learnt or _is_checked(one.work) for one in chosen]),
        weight=np.array(weight, np.float32), roots=roots, masks=masks,
    )  # fmt: skip


def _halves(passages: Sequence[Passage]) -> tuple[np.ndarray, np.ndarray]:
    """Roots and masks of sixteen bars each (passages, 32)."""
    roots = np.full((len(passages), 32), 12, np.uint8)
    masks = np.zeros((len(passages), 32), np.uint16)
    for row, one in enumerate(passages):
        roots[row, : len(one.roots)], masks[row, : len(one.masks)] = one.roots, one.masks
    return roots, masks


def _is_checked(work: str) -> bool:
    return int(hashlib.sha256(f"checked/{work}".encode()).hexdigest(), 16) % CHECKED == 0
