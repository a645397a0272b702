"""Passages by people on the grid and back, and with inner voices as our composer's."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import torch
from msgspec import structs

from engine.critique.grid import CENTRE
from engine.workshop.critic_faults import Pages
from engine.workshop.critic_lessons import BARS, SIZES, drawn
from engine.workshop.critic_voicing import INNER, held
from engine.workshop.critic_works import Passage


def as_held(passages: Sequence[Passage]) -> list[Passage]:
    """The passages with inner voices as our composer would hold them."""
    found: list[Passage] = []
    for passage in passages:
        voices, starts = held(page_of(passage))
        outer = passage.notes[passage.notes[:, 0] < INNER.start]
        inner = notes_of(voices[0].numpy(), starts[0].numpy(), INNER.start)
        found.append(structs.replace(passage, notes=np.concatenate([outer, inner])))
    return found


def page_of(passage: Passage) -> Pages:
    """One passage as pages."""
    size = SIZES[passage.meter]
    rows = np.zeros(len(passage.notes), np.int64)
    pitch, onset = (torch.from_numpy(one) for one in drawn(1, size, rows, passage.notes))
    roots, masks = (
        torch.from_numpy(np.pad(one.astype(np.int64), (0, 2 * BARS - len(one))))[None]
        for one in (passage.roots, passage.masks)
    )
    return Pages(
        pitch=pitch, onset=onset, root=roots.repeat_interleave(size // 2, 1),
        mask=masks.repeat_interleave(size // 2, 1), mode=torch.tensor([passage.mode]),
        bars=torch.tensor([passage.bars]), size=size,
    )  # fmt: skip


def notes_of(pitch: np.ndarray, onset: np.ndarray, first: int) -> np.ndarray:
    """(notes, 4) as in a passage, of voices on the grid (voices, units) from the ``first`` on."""
    found = []
    for voice, (line, starts) in enumerate(zip(pitch.astype(int), onset, strict=True)):
        edges = [*np.flatnonzero(starts | (np.diff(line, prepend=0) != 0)).tolist(), len(line)]
        for begin, end in pairwise(edges):
            if starts[begin] and line[begin] > 0:
                found.append((first + voice, begin, end - begin, int(line[begin]) - CENTRE - 1))
    return np.array(found, np.int16).reshape(-1, 4)
