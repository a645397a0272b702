"""A counter-melody nobody composed: thirds and sevenths, long where the lead is short."""

from engine.arrange.melody import level
from engine.arrange.passage import Passage
from engine.arrange.tones import tones_of
from engine.contracts import Chord, PartPlan
from engine.score import Note, beat_ticks
from engine.styles.sheet import Style

SHARE = 0.4  # of the lead's onsets, at most
SOFTER = 0.08  # of its range, under the lead
APART = 9  # semitones from the lead's middle
_SPEAKS = 2  # onsets of the lead in a bar that leave room to move


def counter(passage: Passage, part: PartPlan, style: Style) -> list[Note]:
    """Guide tones by step, from the second statement on, or from the middle of the first."""
    del style
    section, beat = passage.section, beat_ticks(passage.plan.meter)
    first = section.bars // 2 if section.like is None and section.bars > 1 else 0
    lead = passage.notes("lead")
    allowed = round(SHARE * len({note.start for note in lead})) if lead else 2 * section.bars
    notes: list[Note] = []
    last: int | None = None
    for inside in passage.bars()[first:]:
        start = passage.start(inside)
        here = [n for n in lead if start <= n.start < start + passage.bar]
        half = passage.bar // beat // 2 * beat if passage.bar > beat else passage.bar
        moves = len(here) < _SPEAKS and half < passage.bar and not passage.final(inside)
        places = [(0, half), (half, passage.bar)] if moves else [(0, passage.bar)]
        for at, end in places:
            if len(notes) >= max(1, allowed):
                return notes
            chord = passage.chord_at(start + at)
            last = _nearest(passage, part, chord, last, [n.pitch for n in here])
            velocity = level(passage, part, -SOFTER)
            length = min(end - at - 40, chord.at + chord.length - start - at)
            notes.append(Note(start + at, max(beat // 2, length), last, velocity))
    return notes


def _nearest(
    passage: Passage, part: PartPlan, chord: Chord, last: int | None, lead: list[int]
) -> int:
    """The guide tone a step or none away that leaves the lead its octave."""
    tones = tones_of(chord)
    guides = [one for one in (tones.third, tones.seventh) if one is not None] or [tones.root]
    wished = (part.low + part.high) / 2 if last is None else last
    middle = sum(lead) / len(lead) if lead else None
    places = [pitch for pitch in range(part.low, part.high + 1) if pitch % 12 in guides]

    def cost(pitch: int) -> tuple[float, int]:
        near = 0.0 if middle is None else 1.5 * max(0.0, APART - abs(middle - pitch))
        return abs(pitch - wished) + near, pitch

    return min(places, key=cost, default=round(wished))
