"""What stands on both sides of the split: held-out files that share much with what is trained on.

Runs of twelve notes are compared by intervals and relative lengths, as the originality index does,
and only those of five different intervals or more count. A held-out file with many of them in the
training works is an edition, a copy or a quotation, and flatters every figure measured on it; two
works that share many belong together in ``corpus.SAME``.
"""

from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from itertools import combinations, groupby
from pathlib import Path
from typing import Any

import numpy as np

from engine.critique import originality
from engine.midi.reading import UnreadableMidi, read
from engine.workshop import corpus
from engine.workshop.index import lines_of

NOTES = 12
MUCH = 0.3  # of a file's runs
FEWEST = 30  # runs that two works must share to be called the same
_COMMON = 40  # files; a run that stands in more is nobody's
_STEPS = NOTES - 1
_BEHIND = np.uint64((originality.REACH - _STEPS) * 6)  # bits of a key behind its first 11 intervals


def make(folder: Path) -> dict[str, Any]:
    """What the corpora in a folder have on both sides, and which of their works are alike."""
    rows = list(corpus.rows(folder, Counter()))
    with ProcessPoolExecutor(2) as workers:
        runs = list(workers.map(_runs, [row.content for row in rows], chunksize=8))
    held = [at for at, row in enumerate(rows) if row.held_out]
    empty = np.zeros(0, np.uint64)
    known = np.unique(np.concatenate(
        [empty, *(runs[at] for at, row in enumerate(rows) if not row.held_out)]
    ))  # fmt: skip
    found = {at: int(np.isin(runs[at], known, assume_unique=True).sum()) for at in held}
    total = sum(len(runs[at]) for at in held)
    return {
        "files": len(rows),
        "works": len({row.work for row in rows}),
        "held_out_files": len(held),
        "held_out_works": len({rows[at].work for at in held}),
        "shared": round(sum(found.values()) / max(1, total), 4),
        "leaks": [
            {"file": f"{rows[at].corpus}/{rows[at].path}", "shared": round(share, 2),
             "runs": len(runs[at])}
            for at in held if (share := found[at] / max(1, len(runs[at]))) > MUCH
        ],
        "alike": _alike(rows, runs),
    }  # fmt: skip


def _runs(content: bytes) -> np.ndarray:
    """The runs of a file as sorted numbers."""
    try:
        lines = lines_of(read(content))
    except UnreadableMidi:
        lines = []
    found = [_of_line(steps) for steps in lines if len(steps) >= _STEPS]
    return np.unique(np.concatenate(found)) if found else np.zeros(0, np.uint64)


def _of_line(steps: np.ndarray) -> np.ndarray:
    leaps = np.sort(np.lib.stride_tricks.sliding_window_view(steps // 3, _STEPS), axis=1)
    distinct = (np.diff(leaps, axis=1) != 0).sum(1) + 1
    keys = originality.keys_of(steps)[: len(leaps)] >> _BEHIND
    return keys[distinct >= originality.DISTINCT]


def _alike(rows: list[corpus.Row], runs: list[np.ndarray]) -> list[dict[str, Any]]:
    """Files of different works that share much of the smaller one, most first."""
    keys = np.concatenate(runs) if runs else np.zeros(0, np.uint64)
    owners = np.repeat(np.arange(len(runs)), [len(one) for one in runs])
    order = np.argsort(keys, kind="stable")
    shared: Counter[tuple[int, int]] = Counter()
    pairs = zip(keys[order].tolist(), owners[order].tolist(), strict=True)
    for _, same in groupby(pairs, key=lambda pair: pair[0]):
        files = [at for _, at in same]
        if 1 < len(files) <= _COMMON:
            shared.update(combinations(files, 2))
    found = []
    for (one, other), count in shared.items():
        share = count / min(len(runs[one]), len(runs[other]))
        if count >= FEWEST and share > MUCH and rows[one].work != rows[other].work:
            files = [f"{rows[at].corpus}/{rows[at].path}" for at in (one, other)]
            works = [rows[at].work for at in (one, other)]
            found.append({"files": files, "works": works, "shared": round(share, 2)})
    return sorted(found, key=lambda pair: (-pair["shared"], pair["files"]))
