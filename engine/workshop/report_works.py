"""Works that nobody was trained on, as the report asks for them: excerpts with their plans, and
the steps of their outer lines."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from msgspec import Struct

from engine.midi.reading import read
from engine.workshop import corpus
from engine.workshop.critic_works import passages_of
from engine.workshop.excerpts import Excerpt, excerpts_of
from engine.workshop.index import lines_of, training_files


class Work(Struct, frozen=True, kw_only=True):
    """One file that is held out. ``lines`` are steps as `engine.critique.originality` counts."""

    name: str
    excerpts: tuple[Excerpt, ...]
    lines: tuple[np.ndarray, ...]


def held_out(folder: Path, models: Path) -> list[Work]:
    """Every file that the weights' own list names as held out, read from the corpora."""
    listed = {
        row["sha256"]: f"{row['corpus']}/{row['path']}"
        for row in training_files(models)
        if row["side"] == "held out"
    }
    found: list[Work] = []
    for row in corpus.rows(folder, Counter()):
        if listed.pop(row.sha256, None) is None:
            continue
        heard = read(row.content)
        name = f"{row.corpus}/{row.path}"
        cut = excerpts_of(list(passages_of(heard, name, row.work, "held out")))
        found.append(Work(name=name, excerpts=tuple(cut), lines=tuple(lines_of(heard))))
    if listed:
        raise LookupError(f"{len(listed)} held-out files are not in {folder}, as {min(listed)}")
    return found


def spread(works: Sequence[Work], pieces: int, seed: int) -> tuple[list[Excerpt], list[int]]:
    """So many excerpts, a few of every work by turns, and the number of the work of each.

    Works come in an order of chance, so that a part of the list stands for all of it.
    """
    rng = np.random.default_rng([seed, len(works)])
    order = [int(at) for at in rng.permutation(len(works))]
    waiting = {at: [int(one) for one in rng.permutation(len(works[at].excerpts))] for at in order}
    found: list[tuple[int, Excerpt]] = []
    while any(waiting.values()) and len(found) < pieces:
        for at in order:
            if waiting[at] and len(found) < pieces:
                found.append((at, works[at].excerpts[waiting[at].pop()]))
    return [excerpt for _, excerpt in found], [at for at, _ in found]
