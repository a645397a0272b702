"""Works that nobody was trained on, as the report asks for them.

Who sings and who carries is read in two ways, as the critics learn from works and as the composer
does: each is measured against people's music as it knows it.
"""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from msgspec import Struct

from engine.midi.reading import Heard, read
from engine.workshop import corpus
from engine.workshop.critic_works import passages_of
from engine.workshop.excerpts import Excerpt, excerpts_of
from engine.workshop.extract import rng_of, windows
from engine.workshop.index import lines_of, manifest_of, training_files
from engine.workshop.report_windows import excerpts_in


class Work(Struct, frozen=True, kw_only=True):
    """One file that is held out: excerpts as the critics read it, and as the composer does.

    ``lines`` are the steps of its outer lines, as `engine.critique.originality` counts them.
    """

    name: str
    excerpts: tuple[Excerpt, ...]
    composed: tuple[Excerpt, ...]
    lines: tuple[np.ndarray, ...]


def held_out(folder: Path, models: Path) -> list[Work]:
    """Every file that the weights' own list names as held out, read from the corpora."""
    listed = {
        row["sha256"]: f"{row['corpus']}/{row['path']}"
        for row in training_files(models)
        if row["side"] == "held out"
    }
    seed = manifest_of(models)["seed"]
    found: list[Work] = []
    for row in corpus.rows(folder, Counter()):
        if listed.pop(row.sha256, None) is None:
            continue
        heard = read(row.content)
        name = f"{row.corpus}/{row.path}"
        found.append(work_of(heard, name, row.work, rng_of(seed, row.sha256)))
    if listed:
        raise LookupError(f"{len(listed)} held-out files are not in {folder}, as {min(listed)}")
    return found


def work_of(heard: Heard, name: str, work: str, rng: np.random.Generator) -> Work:
    """A file read both ways; ``rng`` is its windows' own."""
    return Work(
        name=name,
        excerpts=tuple(excerpts_of(list(passages_of(heard, name, work, "held out")))),
        composed=tuple(excerpts_in(list(windows(heard, rng)))),
        lines=tuple(lines_of(heard)),
    )


def spread(
    works: Sequence[Sequence[Excerpt]], pieces: int, seed: int
) -> tuple[list[Excerpt], list[int]]:
    """So many excerpts, a few of every work by turns, and the number of the work of each.

    Works come in an order of chance, so that a part of the list stands for all of it.
    """
    rng = np.random.default_rng([seed, len(works)])
    order = [int(at) for at in rng.permutation(len(works))]
    waiting = {at: [int(one) for one in rng.permutation(len(works[at]))] for at in order}
    found: list[tuple[int, Excerpt]] = []
    while any(waiting.values()) and len(found) < pieces:
        for at in order:
            if waiting[at] and len(found) < pieces:
                found.append((at, works[at][waiting[at].pop()]))
    return [excerpt for _, excerpt in found], [at for at, _ in found]
