"""Comping: the section's cell on voiced chords, varied from bar to bar, thin under a busy lead.

Where the section breaks its chords the composer's figure takes the cell's place.
"""

from collections.abc import Sequence

from engine.arrange import chording, figures
from engine.arrange.chording import Voiced
from engine.arrange.melody import level
from engine.arrange.passage import Passage
from engine.arrange.recipes import ANTICIPATED, GROOVES, recipe_of
from engine.arrange.voicing import CLEAR, bass_note
from engine.contracts import Chord, PartPlan
from engine.score import Note, seconds_per_tick
from engine.styles import clock
from engine.styles.sheet import CompNote, Style

BUSY_LEAD = 6  # onsets in a bar of the lead that make the comp step back
STRUM_MS, UPSTROKE_MS, ROLL_MS = 28.0, 16.0, 34.0  # a whole strum down and up; one note of a roll
# Ticks from stroke to stroke of a tremolo at rungs 1 to 7: where it is calm the chord is held.
_REPEATS = (1920, 1920, 240, 240, 120, 120, 120)
_STROKES = (4, 8, 12, 16, 16, 16, 16)  # in a bar at rungs 1 to 7
_WIDEST = 36  # ticks between two notes that are still one stroke
PEDAL_LIFT = 24
_HAND = 16  # semitones a left hand needs above its root
_EIGHTH = 240


def comp(passage: Passage, part: PartPlan, style: Style) -> list[Note]:
    """The composer's figure where the section breaks its chords, else the section's cell."""
    if figures.has(passage):
        notes = figures.figured(passage, part)
    else:
        notes = celled(passage, part, style, cell_name(passage, style))
    return _pedalled(passage, notes) if style.roles["comp"].pedal else notes


def cell_name(passage: Passage, style: Style) -> str:
    """The cell in force: the last one that the section's patterns name."""
    cells = [one for one in passage.section.patterns if one in style.comp]
    return cells[-1] if cells else "comp.1"


def celled(passage: Passage, part: PartPlan, style: Style, name: str) -> list[Note]:
    """A role that plays a cell through the section."""
    spans = chording.voiced(passage, part, recipe_of(style.id, part.role, name))
    sparse = sparsest(style)
    notes: list[Note] = []
    for inside in passage.bars():
        busy = _onsets(passage.notes("lead"), passage.start(inside), passage.bar) >= BUSY_LEAD
        cell = style.comp[sparse if busy else name]
        written = _bar(passage, part, style, spans, cell, inside)
        notes += _varied(passage, part, written, inside)
    return notes


def sparsest(style: Style) -> str:
    """The cell with the fewest strokes to a bar, a tremolo counting as many."""

    def strokes(name: str) -> float:
        cell = style.comp[name]
        count = sum(note.length if note.way == "t" else 1 for note in cell)
        return count / _bars_of(cell, style.grid)

    return min(sorted(style.comp), key=strokes)


def _bars_of(cell: Sequence[CompNote], grid: int) -> int:
    return -(-max(note.step + note.length for note in cell) // grid)


def _onsets(notes: Sequence[Note], start: int, length: int) -> int:
    return len({note.start for note in notes if start <= note.start < start + length})


def _bar(
    passage: Passage,
    part: PartPlan,
    style: Style,
    spans: list[Voiced],
    cell: Sequence[CompNote],
    inside: int,
) -> list[Note]:
    """One bar of a cell; a stroke that is pushed over a change plays what comes."""
    start, plan = passage.start(inside), passage.plan
    turn = inside % _bars_of(cell, style.grid)
    cell = _calm(passage, style, cell)
    notes: list[Note] = []
    for step in clock.steps(style.sub, plan.meter, inside):
        for note in cell:
            if note.step != turn * style.grid + step.source:
                continue
            tick = start + step.tick
            span = _pushed(passage, style, spans, tick)
            stop = min(span.chord.at + span.chord.length, passage.line)
            length = max(30, min(note.length * step.ticks, stop - tick))
            velocity = level(passage, part, (note.digit - 6) * 0.05)
            notes += _struck(passage, note, span, part, tick, length, velocity)
    return notes


def _calm(passage: Passage, style: Style, cell: Sequence[CompNote]) -> Sequence[CompNote]:
    """At the low rungs the strongest steps of a busy cell, as many as the rung has room for."""
    most = _STROKES[passage.section.energy - 1] * _bars_of(cell, style.grid)
    steps = sorted({note.step for note in cell})
    beat = 3 if style.sub == "12/8" else 4
    strong = sorted(steps, key=lambda step: (step % beat != 0, step % 2 if beat == 4 else 0, step))
    kept = set(strong[:most])
    return cell if len(steps) <= most else [note for note in cell if note.step in kept]


def _pushed(passage: Passage, style: Style, spans: list[Voiced], tick: int) -> Voiced:
    """The chord at a tick, or the next one where this change is anticipated by an eighth."""
    here = chording.at(spans, tick)
    place = spans.index(here)
    left = here.chord.at + here.chord.length - tick
    if style.id not in GROOVES or left > _EIGHTH or place + 1 >= len(spans):
        return here
    pushed = passage.letter_dice("push", place).random() < ANTICIPATED
    return spans[place + 1] if pushed else here


def _struck(
    passage: Passage,
    note: CompNote,
    span: Voiced,
    part: PartPlan,
    tick: int,
    length: int,
    velocity: int,
) -> list[Note]:
    """One entry of a cell: which voices, and how the hand reaches them."""
    pitches = sorted({pitch for name in note.voice.split("+")
                      for pitch in _voices(passage, name, span, part)})  # fmt: skip
    if note.way == "t":
        every = min(length, _REPEATS[passage.section.energy - 1])
        return [
            Note(tick + every * at, every - 10, pitch, velocity - 8 * (at % 2))
            for at in range(max(1, length // every))
            for pitch in pitches
        ]
    apart = _apart(passage, note.way, len(pitches))
    ordered = pitches[::-1] if note.way == "u" else pitches
    top = pitches[-1]
    return [
        Note(tick + apart * at, max(20, length - apart * at), pitch,
             velocity + (4 if pitch == top else -3))
        for at, pitch in enumerate(ordered)
    ]  # fmt: skip


def _apart(passage: Passage, way: str, count: int) -> int:
    """Ticks from one string or key to the next."""
    ms = 1000.0 * seconds_per_tick(passage.plan.tempo, passage.plan.meter)
    whole = {"d": STRUM_MS, "u": UPSTROKE_MS}.get(way, 0.0) / max(1, count - 1)
    return min(_WIDEST, round((ROLL_MS if way in ("r", "g") else whole) / ms))


def _voices(passage: Passage, name: str, span: Voiced, part: PartPlan) -> tuple[int, ...]:
    voices = span.pitches
    if name == "all":
        return voices
    if name == "hi":
        return voices[1:] or voices
    if name == "top":
        return voices[-1:]
    if name.startswith("B"):
        return (_bass_octave(passage, name, span.chord, part),)
    return (voices[min(int(name), len(voices)) - 1],)


def _bass_octave(passage: Passage, name: str, chord: Chord, part: PartPlan) -> int:
    """Root, fifth, octave or tenth under the chord; above the bass where somebody plays one."""
    low = part.low
    if "bass" in passage.section.roles:
        low = max(low, min(CLEAR, part.high - _HAND))
    root = bass_note(chord.bass, low, part.high)
    fifth = _interval(chord, (7, 6, 8), 7)
    tenth = _interval(chord, (4, 3, 5, 2), 12)
    pitch = root + {"B": 0, "B5": fifth, "B8": 12, "B10": 12 + tenth % 12}.get(name, 0)
    while pitch > part.high:
        pitch -= 12
    return pitch


def _interval(chord: Chord, wished: tuple[int, ...], otherwise: int) -> int:
    """Semitones from the bass to the chord's third or fifth, counted from its root."""
    own = {(pitch - chord.root) % 12 for pitch in chord.pitches}
    step = next((one for one in wished if one in own), None)
    return otherwise if step is None else (chord.root + step - chord.bass) % 12


def _varied(passage: Passage, part: PartPlan, notes: list[Note], inside: int) -> list[Note]:
    """Bars 1 and 3 of a block alike, 2 a little and 4 most; whole where the lead rests."""
    lead = passage.notes("lead")
    rests = bool(lead) and not _onsets(lead, passage.start(inside), passage.bar)
    if len(notes) < 3 or inside % 4 in (0, 2) or rests:
        return notes
    dice = passage.letter_dice(part.role, "vary", inside)
    starts = sorted({note.start for note in notes})
    drop = 0.25 if inside % 4 == 3 else 0.12
    dropped = {start for start in starts[1:] if dice.random() < drop}
    return [note for note in notes if note.start not in dropped]


def _pedalled(passage: Passage, notes: list[Note]) -> list[Note]:
    """Each note rings until the harmony or the bar changes, or until it is struck again."""
    again: dict[int, int] = {}
    rung = []
    for note in sorted(notes, key=lambda one: -one.start):
        span = passage.chord_at(note.start)
        edge = (note.start // passage.bar + 1) * passage.bar
        end = min(edge, span.at + span.length) - PEDAL_LIFT
        end = min(max(end, note.start + note.length), again.get(note.pitch, end))
        again[note.pitch] = note.start
        rung.append(Note(note.start, max(30, end - note.start), note.pitch, note.velocity))
    return sorted(rung, key=lambda one: (one.start, one.pitch))
