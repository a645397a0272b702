"""Bars by people and by the model as the trained critic reads them while the studio composes."""

from collections.abc import Iterable

import numpy as np
from msgspec import Struct

from engine.critique.strokes import sheet_of, struck
from engine.critique.trained import FEWEST_NOTES, Reader, kind_of
from engine.score import BarView, Line, bar_ticks
from engine.workshop.excerpts import BARS, Excerpt

PIECES_AT_ONCE = 24


class Bars(Struct, frozen=True, kw_only=True):
    """Bars that were read. ``states`` (bars, features) what the network knows of each, ``answers``
    (bars, 3) its log-probabilities, ``kinds`` (bars,) what sounds and the energy, ``pieces``
    (bars,) which piece each is of."""

    states: np.ndarray
    answers: np.ndarray
    kinds: np.ndarray
    pieces: np.ndarray


def bars_of(pieces: Iterable[Excerpt], reader: Reader) -> Bars:
    """All bars of some pieces, but those with hardly a note."""
    states, answers, kinds, numbers = [], [], [], []
    for number, piece in enumerate(pieces):
        for view in views_of(piece):
            sheet = sheet_of(view)
            if sheet is None or struck(sheet) < FEWEST_NOTES:
                continue
            heard = reader.hear(sheet)
            states.append(heard.state)
            answers.append(heard.answers)
            kinds.append(kind_of(view))
            numbers.append(number)
    return Bars(
        states=np.array(states, np.float32), answers=np.array(answers, np.float32),
        kinds=np.array(kinds), pieces=np.array(numbers),
    )  # fmt: skip


def views_of(excerpt: Excerpt) -> list[BarView]:
    """Every bar of an excerpt as the composer would show it."""
    return [_view(excerpt, bar) for bar in range(BARS)]


def _view(excerpt: Excerpt, bar: int) -> BarView:
    until = (bar + 1) * bar_ticks(excerpt.plan.meter)
    return BarView(
        plan=excerpt.plan, bar=bar,
        lines=tuple(
            Line(role=line.role, notes=tuple(note for note in line.notes if note.start < until))
            for line in excerpt.lines
        ),
    )  # fmt: skip
