"""Hits: moments of a picture that the whole band meets with one accent."""

from engine.arrange import chording
from engine.arrange.melody import level
from engine.arrange.passage import Passage
from engine.arrange.recipes import recipe_of
from engine.arrange.voicing import bass_note
from engine.contracts import PartPlan
from engine.score import Note, beat_ticks
from engine.styles.sheet import Style

LOUDER = 25  # velocity of an accent over its place
BEFORE = 120  # ticks that are left thin before it
_AFTER = 120  # what would follow closer than this is drawn onto the hit


def accented(passage: Passage, part: PartPlan, style: Style, notes: list[Note]) -> list[Note]:
    """The notes with one that starts exactly on each hit, louder, and air before it."""
    for hit in passage.plan.hits:
        notes = _met(passage, part, style, notes, hit)
    return sorted(notes, key=lambda note: (note.start, note.pitch))


def _met(passage: Passage, part: PartPlan, style: Style, notes: list[Note], hit: int) -> list[Note]:
    before: list[Note] = []
    sounding: list[Note] = []
    struck: list[Note] = []
    after: list[Note] = []
    for note in notes:
        if note.start >= hit:
            (struck if note.start < hit + _AFTER else after).append(note)
        elif note.start + note.length > hit:
            sounding.append(note)
            if note.start < hit - BEFORE:
                before.append(Note(note.start, hit - BEFORE // 2 - note.start, note.pitch,
                                   note.velocity))  # fmt: skip
        elif note.start < hit - BEFORE:
            before.append(note)
    if struck:  # a strum, or a stroke a swung eighth late, is struck at once
        once = {one.pitch: one for one in struck}
        accents = [Note(hit, one.length, one.pitch, one.velocity) for one in once.values()]
    elif sounding:
        accents = [Note(hit, one.start + one.length - hit, one.pitch, one.velocity)
                   for one in sounding]  # fmt: skip
    else:
        accents = _added(passage, part, style, notes, hit)
    loud = [Note(one.start, max(60, one.length), one.pitch, min(127, one.velocity + LOUDER))
            for one in accents]  # fmt: skip
    ends = min((one.start for one in after), default=passage.end)
    if part.role in ("lead", "bass", "counter"):
        loud = [Note(one.start, min(one.length, max(60, ends - hit)), one.pitch, one.velocity)
                for one in loud]  # fmt: skip
    return [*before, *loud, *after]


def _added(
    passage: Passage, part: PartPlan, style: Style, notes: list[Note], hit: int
) -> list[Note]:
    """An accent of its own for a role that was silent there: its chord, its root, a near tone."""
    span = chording.at(chording.voiced(passage, part, recipe_of(style.id, part.role)), hit)
    length = min(2 * beat_ticks(passage.plan.meter), passage.end - hit)
    velocity = level(passage, part)
    if part.role == "bass":
        pitches = (bass_note(span.chord.bass, part.low, part.high),)
    elif part.role in ("lead", "counter"):
        near = min((abs(one.start - hit), one.pitch) for one in notes)[1]
        places = [one for one in range(part.low, part.high + 1) if one % 12 in span.chord.pitches]
        pitches = (min(places, key=lambda one: (abs(one - near), one), default=near),)
    else:
        pitches = span.pitches
    return [Note(hit, max(60, length), pitch, velocity) for pitch in pitches]
