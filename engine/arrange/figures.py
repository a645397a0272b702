"""A broken chord as a comping hand plays it: the composer's figure, shaped and left to ring."""

from engine.arrange.melody import level
from engine.arrange.passage import Passage
from engine.contracts import PartPlan
from engine.score import Note, beat_ticks
from engine.styles.broken import breaks

FIGURE = "figure"  # the composer's line
_BAR, _BEAT, _BETWEEN = 0.16, 0.11, 0.05  # shares of the velocity range, by the place in the bar
_ARC = (-0.02, 0.0, 0.02, 0.0)  # of a phrase of four bars
_RISE = 0.04  # from the lowest to the highest tone of a bar: a hand leans upwards


def has(passage: Passage) -> bool:
    """Whether the section's comping is broken and the composer wrote it."""
    return breaks(passage.plan.style, passage.section.patterns) and bool(passage.notes(FIGURE))


def figured(passage: Passage, part: PartPlan) -> list[Note]:
    """The figure's tones inside the part's range, with the weight of the beat and the line."""
    found: list[Note] = []
    for inside in passage.bars():
        start = passage.start(inside)
        here = [one for one in passage.notes(FIGURE) if start <= one.start < start + passage.bar]
        found += [_played(passage, part, one, here) for one in here]
    return found


def _played(passage: Passage, part: PartPlan, note: Note, beside: list[Note]) -> Note:
    inside, place = divmod(note.start - passage.begin, passage.bar)
    beat = beat_ticks(passage.plan.meter)
    weight = _BAR if place == 0 else _BEAT if place % beat == 0 else _BETWEEN
    lowest, highest = (pick(one.pitch for one in beside) for pick in (min, max))
    rise = _RISE * ((note.pitch - lowest) / max(1, highest - lowest) - 0.5)
    velocity = level(passage, part, weight + _ARC[inside % len(_ARC)] + rise)
    pitch = note.pitch
    while pitch > part.high:
        pitch -= 12
    while pitch < part.low:
        pitch += 12
    return Note(note.start, note.length, pitch, velocity)
