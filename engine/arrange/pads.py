"""Held harmony: pads whose common tones are tied, and a second colour over or under the lead."""

from engine.arrange import chording, comping
from engine.arrange.chording import Voiced
from engine.arrange.melody import level
from engine.arrange.passage import Passage
from engine.arrange.recipes import MANNERS, recipe_of
from engine.contracts import PartPlan
from engine.score import Note, beat_ticks
from engine.styles.sheet import Style

OVERLAP = 24  # ticks a pad's chord laps over the next one
BREATH_BARS = 4  # a held tone is struck again after so many bars
THIRDS = 3  # notes of the lead that a second voice joins in a bar
_BRASS = range(56, 64)
_BRASS_SHARE = 0.7  # of its value that a held brass chord sounds


def pad(passage: Passage, part: PartPlan, style: Style) -> list[Note]:
    """The chord held over each change, common tones tied, a small overlap between chords."""
    spans = chording.voiced(passage, part, recipe_of(style.id, "pad"), under=False)
    overlap = 0 if passage.plan.kind == "loop" else OVERLAP
    return _tied(passage, part, spans, overlap)


def harmony(passage: Passage, part: PartPlan, style: Style) -> list[Note]:
    """A second colour: the cell the ladder names, a voice under the lead, or two held ones."""
    named = next((one for one in passage.section.patterns if one.startswith("harmony:")), "")
    manner = named.partition(":")[2] or MANNERS.get(style.id, "held")
    if manner in style.comp:
        return comping.celled(passage, part, style, manner)
    if manner == "thirds" and passage.notes("lead"):
        return _under(passage, part)
    spans = chording.voiced(passage, part, recipe_of(style.id, "harmony"), under=False)
    if recipe_of(style.id, "harmony").shape != "power":
        spans = [Voiced(span.chord, span.pitches[-2:]) for span in spans]
    notes = _tied(passage, part, spans, 0)
    return _blown(passage, notes) if part.patch is None and part.program in _BRASS else notes


def _tied(passage: Passage, part: PartPlan, spans: list[Voiced], overlap: int) -> list[Note]:
    """Held voices: what stays is not struck again before its breath is out."""
    notes: list[Note] = []
    held: dict[int, int] = {}  # pitch → when it was struck
    for span in spans:
        for start, end in _breaths(passage, span):
            kept = {
                pitch: since for pitch, since in held.items()
                if pitch in span.pitches and end - since <= BREATH_BARS * passage.bar
            }  # fmt: skip
            for pitch, since in held.items():
                if pitch not in kept:
                    notes.append(_held(passage, part, pitch, since, start + overlap))
            held = {**dict.fromkeys(span.pitches, start), **kept}
    notes += [_held(passage, part, pitch, since, passage.end) for pitch, since in held.items()]
    return sorted(notes, key=lambda note: (note.start, note.pitch))


def _breaths(passage: Passage, span: Voiced) -> list[tuple[int, int]]:
    """A chord's span in stretches of at most four bars; the ring-out is one breath."""
    start, end = span.chord.at, span.chord.at + span.chord.length
    longest = BREATH_BARS * passage.bar
    last = passage.line - passage.bar if passage.closes else passage.end
    cuts = [start]
    while cuts[-1] + longest < min(end, last):
        cuts.append(cuts[-1] + longest)
    if cuts[-1] < last < end and passage.closes:
        cuts.append(last)
    return list(zip(cuts, [*cuts[1:], end], strict=True))


def _held(passage: Passage, part: PartPlan, pitch: int, start: int, end: int) -> Note:
    end = min(end, passage.end)
    return Note(start, max(30, end - start), pitch, level(passage, part))


def _under(passage: Passage, part: PartPlan) -> list[Note]:
    """A third to a sixth under the lead, on the chord, where the lead holds or stands on a beat."""
    beat = beat_ticks(passage.plan.meter)
    lead = passage.notes("lead")
    notes: list[Note] = []
    for inside in passage.bars():
        start = passage.start(inside)
        here = [n for n in lead if start <= n.start < start + passage.bar]
        strong = sorted(
            (n for n in here if n.start % beat == 0 or n.length >= beat),
            key=lambda n: (n.start % (2 * beat) != 0, -n.length, n.start),
        )[:THIRDS]
        for note in sorted(strong, key=lambda one: one.start):
            pitch = _second(passage, part, note)
            if pitch is not None:
                velocity = level(passage, part, -0.05)
                notes.append(Note(note.start, note.length, pitch, velocity))
    return notes


def _second(passage: Passage, part: PartPlan, note: Note) -> int | None:
    chord = passage.chord_at(note.start)
    reach = [note.pitch - down for down in (3, 4, 8, 9, 5, 7)]
    fits = [one for one in reach if part.low <= one <= part.high and one % 12 in chord.pitches]
    return fits[0] if fits else None


def _blown(passage: Passage, notes: list[Note]) -> list[Note]:
    """Brass breathes: it lets go early, and rests in the eighth bar of a long section."""
    kept = []
    for note in notes:
        inside = (note.start - passage.begin) // passage.bar
        if inside % 8 == 7 and not passage.closes:
            continue
        length = note.length if passage.final(inside) else round(note.length * _BRASS_SHARE)
        kept.append(Note(note.start, length, note.pitch, note.velocity))
    return kept
