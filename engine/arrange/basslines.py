"""The bass: the style's cell where nobody composed one, life in one that stands still."""

from collections.abc import Iterator

from engine.arrange.melody import level
from engine.arrange.passage import Passage
from engine.arrange.recipes import APPROACHED, APPROACHES, BASS_LENGTHS, CALM, GROOVES
from engine.arrange.voicing import bass_note
from engine.contracts import Chord, PartPlan
from engine.score import Note, beat_ticks
from engine.styles import clock
from engine.styles.sheet import BassNote, Style
from engine.words.tonality import MODES

_DEGREES = {"1": 0, "3": 1, "5": 2}
_SCALE = {"2": 2, "4": 5, "6": 9}
_MOVING = 4  # rungs from which a bass that stands still is given a rhythm
_STILL = 2  # onsets in a bar that are standing still
_HOME = {"1": 0, "8": 12, "5": 7}  # degrees that may be played on a composed root
_EIGHTH = 240


def bass(passage: Passage, part: PartPlan, style: Style) -> list[Note]:
    """The style's bass cell on the chords; only where the composer left the bass to us."""
    return [note for inside in passage.bars() for note in _bar(passage, part, style, inside)]


def enlivened(passage: Passage, part: PartPlan, style: Style, notes: list[Note]) -> list[Note]:
    """A composed bass that stands still takes the style's pattern, and it walks into changes."""
    done: list[Note] = []
    for inside in passage.bars():
        start = passage.start(inside)
        here = [note for note in notes if start <= note.start < start + passage.bar]
        if not here or passage.final(inside):
            done += here
            continue
        still = _STILL if style.id in GROOVES else 1
        if len(here) <= still and passage.section.energy >= _MOVING and style.id not in CALM:
            here = _grooving(passage, part, style, here, inside)
        elif len(here) == 1 and inside % 4 == 3 and passage.section.energy >= 3:
            here = _answered(passage, part, here[0])
        done += here
    return _lowered(passage, part, _approached(passage, part, style, done))


def _grooving(
    passage: Passage, part: PartPlan, style: Style, here: list[Note], inside: int
) -> list[Note]:
    """The style's own bass pattern, which sits on its kick, on the roots that were composed."""
    start, share = passage.start(inside), BASS_LENGTHS.get(style.id, 0.9)
    struck = []
    for note, tick, length in _strokes(passage, style, inside):
        if note.degree not in _HOME:
            continue
        root = max((one for one in here if one.start <= tick), key=lambda one: one.start,
                   default=here[0])  # fmt: skip
        chord = passage.chord_at(tick)
        pitch = root.pitch + _HOME[note.degree]
        if pitch > part.high or pitch % 12 not in (*chord.pitches, chord.bass):
            pitch = root.pitch
        velocity = level(passage, part, (note.digit - 6) * 0.05)
        room = min(length, start + passage.bar - tick)
        struck.append(Note(tick, max(30, round(room * share)), pitch, velocity))
    kept = {one.pitch for one in here} <= {one.pitch for one in struck}
    return struck if kept else here


def _strokes(passage: Passage, style: Style, inside: int) -> Iterator[tuple[BassNote, int, int]]:
    """Notes of the section's bass pattern in one bar, each with its tick and length."""
    patterns = passage.section.patterns
    cell = style.bass[next((one for one in patterns if one.startswith("bass.")), "bass.low")]
    span = -(-max(note.step + note.length for note in cell) // style.grid)
    turn = inside % span
    for step in clock.steps(style.sub, passage.plan.meter, inside):
        for note in cell:
            if note.step == turn * style.grid + step.source:
                yield note, passage.start(inside) + step.tick, note.length * step.ticks


def _answered(passage: Passage, part: PartPlan, note: Note) -> list[Note]:
    """A bar of one long root: its fifth, or its octave, on the second half."""
    beat = beat_ticks(passage.plan.meter)
    half = note.start + max(beat, note.length // (2 * beat) * beat)
    end = note.start + note.length
    chord = passage.chord_at(half)
    fifth = note.pitch + 7
    if end - half < beat or chord.root != note.pitch % 12:
        return [note]
    pitch = fifth if fifth % 12 in chord.pitches and fifth <= part.high else note.pitch
    return [
        Note(note.start, half - note.start - 10, note.pitch, note.velocity),
        Note(half, end - half, pitch, max(1, note.velocity - 5)),
    ]


def _approached(passage: Passage, part: PartPlan, style: Style, notes: list[Note]) -> list[Note]:
    """Before some new roots the last eighth steps towards them, inside the scale."""
    share = APPROACHES.get(style.id, APPROACHED)
    plan = passage.plan
    scale = {(plan.tonic + step) % 12 for step in MODES.get(plan.mode, range(12))}
    done: list[Note] = []
    for number, (note, after) in enumerate(zip(notes, [*notes[1:], None], strict=True)):
        end = note.start + note.length
        far = after is not None and abs(after.pitch - note.pitch) > 2
        joined = after is not None and after.start - end <= 60 and after.start % passage.bar == 0
        if (
            after is None or not far or not joined or note.length < 2 * _EIGHTH
            or passage.letter_dice("approach", number).random() >= share
        ):  # fmt: skip
            done.append(note)
            continue
        side = 1 if note.pitch > after.pitch else -1
        steps = [after.pitch + side * far for far in (1, 2)]
        step = next((one for one in steps if one % 12 in scale and part.low <= one <= part.high), 0)
        if not step:
            done.append(note)
            continue
        at = after.start - _EIGHTH
        done.append(Note(note.start, at - note.start, note.pitch, note.velocity))
        done.append(Note(at, _EIGHTH - 20, step, max(1, note.velocity - 6)))
    return done


def _lowered(passage: Passage, part: PartPlan, notes: list[Note]) -> list[Note]:
    """The sub arrives with the top rung: an octave lower where the instrument has one."""
    if passage.section.energy < 7 or any(note.pitch - 12 < part.low for note in notes):
        return notes
    return [Note(one.start, one.length, one.pitch - 12, one.velocity) for one in notes]


def _bar(passage: Passage, part: PartPlan, style: Style, inside: int) -> list[Note]:
    notes = []
    for note, tick, value in _strokes(passage, style, inside):
        chord = passage.chord_at(tick)
        pitch = _pitch(note.degree, chord, _next(passage, tick), part)
        length = min(value, chord.at + chord.length - tick)
        velocity = level(passage, part, (note.digit - 6) * 0.05)
        notes.append(Note(tick, max(30, length - 10), pitch, velocity))
    return notes or _struck_anew(passage, part, passage.start(inside))


def _struck_anew(passage: Passage, part: PartPlan, start: int) -> list[Note]:
    """A chord that changes under a long note of the cell is still heard in the bass."""
    return [
        Note(chord.at, min(chord.length, passage.bar) - 10,
             bass_note(chord.bass, part.low, part.high), level(passage, part))
        for chord in passage.plan.chords
        if start <= chord.at < start + passage.bar
    ]  # fmt: skip


def _next(passage: Passage, tick: int) -> Chord:
    """The next harmony inside the section; a section's last bass line leads back to its first."""
    chords = passage.plan.chords
    return next((one for one in chords if one.at > tick), chords[0])


def _pitch(degree: str, chord: Chord, after: Chord, part: PartPlan) -> int:
    root = bass_note(chord.bass, part.low, part.high)
    target = bass_note(after.bass, part.low, part.high)
    if degree in ("<", "d"):
        return max(part.low, target - (1 if degree == "<" else 2))
    if degree == ">":
        return min(part.high, target + 1)
    if degree == "n":
        return target
    if degree == "8":
        return root + 12 if root + 12 <= part.high else root
    if degree.startswith("-"):
        below = root - (5 if degree == "-5" else 2)
        return below if below >= part.low else root
    if degree in _SCALE:
        pitch = root + _SCALE[degree]
    elif degree == "7":
        seventh = chord.pitches[3] if len(chord.pitches) > 3 else (chord.root + 9) % 12
        pitch = root + (seventh - chord.bass) % 12
    else:
        member = _DEGREES[degree]
        pitch = root + (chord.pitches[min(member, len(chord.pitches) - 1)] - chord.bass) % 12
    return pitch if pitch <= part.high else pitch - 12
