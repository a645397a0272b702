"""Chords, pads, harmonies and the bass where the composer wrote none."""

import random
from collections.abc import Sequence

from engine.arrange import clock
from engine.arrange.melody import level
from engine.arrange.reading import bars_of, chord_at, lowest_of, next_chord, section_at
from engine.arrange.voicing import bass_note, voice
from engine.contracts import Chord, PartPlan, Plan, Section
from engine.score import Line, Note, bar_ticks
from engine.styles.sheet import BassNote, CompNote, Style

_DEGREES = {"1": 0, "3": 1, "5": 2}
_SCALE = {"2": 2, "4": 5, "6": 9}
STRUM_TICKS, ROLL_TICKS = 18, 34
PEDAL_LIFT = 24
UNDER_LEAD = 3  # semitones a chord keeps below the melody


def comp(
    plan: Plan, part: PartPlan, style: Style, lines: Sequence[Line], dice: random.Random
) -> list[Note]:
    """The section's comping cell on voiced chords, varied from bar to bar."""
    notes: list[Note] = []
    before: tuple[int, ...] = ()
    for bar, section in bars_of(plan, "comp"):
        cell = style.comp[_cell_name(section, style)]
        last = bar == plan.bars - 1 and plan.ending == "ring"
        if last:
            notes += _final(plan, part, bar, before, lines)
            continue
        written, before = _comp_bar(plan, part, style, lines, cell, bar, section, before)
        notes += _varied(written, bar - section.bar, dice)
    return _pedalled(plan, notes) if style.roles["comp"].pedal else notes


def _pedalled(plan: Plan, notes: list[Note]) -> list[Note]:
    """Each note rings until the harmony or the bar changes, or until it is struck again."""
    bar = bar_ticks(plan.meter)
    again: dict[int, int] = {}
    rung = []
    for note in sorted(notes, key=lambda one: -one.start):
        chord = chord_at(plan, note.start)
        end = min(chord.at + chord.length, (note.start // bar + 1) * bar) - PEDAL_LIFT
        end = min(max(end, note.start + note.length), again.get(note.pitch, end))
        again[note.pitch] = note.start
        rung.append(Note(note.start, max(30, end - note.start), note.pitch, note.velocity))
    return sorted(rung, key=lambda one: (one.start, one.pitch))


def harmony(
    plan: Plan, part: PartPlan, style: Style, lines: Sequence[Line], dice: random.Random
) -> list[Note]:
    """A second colour: the cell the ladder names for it, or two held upper voices."""
    notes: list[Note] = []
    before: tuple[int, ...] = ()
    for bar, section in bars_of(plan, "harmony"):
        named = next((one for one in section.patterns if one.startswith("harmony:")), None)
        cell = style.comp.get(named.partition(":")[2]) if named else None
        if bar == plan.bars - 1 and plan.ending == "ring":
            notes += _final(plan, part, bar, before, lines)
        elif cell is not None:
            written, before = _comp_bar(plan, part, style, lines, cell, bar, section, before)
            notes += _varied(written, bar - section.bar, dice)
        else:
            written, before = _held(plan, part, bar, before, lines, voices=3)
            notes += written[-2:] if len(written) > 2 else written
    return notes


def pad(
    plan: Plan, part: PartPlan, style: Style, lines: Sequence[Line], dice: random.Random
) -> list[Note]:
    """The chord held over each change, common tones kept, a small overlap between chords."""
    del style, dice
    notes: list[Note] = []
    before: tuple[int, ...] = ()
    bar = bar_ticks(plan.meter)
    for chord in _spans(plan, "pad"):
        high = _ceiling(lines, chord.at, chord.at + chord.length, part)
        turn = 1 if before and chord.at % (8 * bar) == 4 * bar else 0
        before = voice(chord, part.low, high, before, turn=turn)
        overlap = 0 if plan.kind == "loop" else 48
        notes += [
            Note(chord.at, chord.length + overlap, pitch, level(plan, part, chord.at))
            for pitch in before
        ]
    return notes


def bass(
    plan: Plan, part: PartPlan, style: Style, lines: Sequence[Line], dice: random.Random
) -> list[Note]:
    """The style's bass cell on the chords; only where the composer left the bass to us."""
    del lines, dice
    notes: list[Note] = []
    if not plan.chords:
        return notes
    for bar, section in bars_of(plan, "bass"):
        name = next((one for one in section.patterns if one.startswith("bass.")), "bass.low")
        if bar == plan.bars - 1 and plan.ending == "ring":
            start = bar * bar_ticks(plan.meter)
            pitch = bass_note(chord_at(plan, start).bass, part.low, part.high)
            notes.append(
                Note(
                    start, bar_ticks(plan.meter) + plan.ring_ticks, pitch, level(plan, part, start)
                )
            )
            continue
        notes += _bass_bar(plan, part, style, style.bass[name], bar, section)
    return notes


def _cell_name(section: Section, style: Style) -> str:
    cells = [one for one in section.patterns if one in style.comp]
    return cells[-1] if cells else "comp.1"


def _comp_bar(
    plan: Plan,
    part: PartPlan,
    style: Style,
    lines: Sequence[Line],
    cell: tuple[CompNote, ...],
    bar: int,
    section: Section,
    before: tuple[int, ...],
) -> tuple[list[Note], tuple[int, ...]]:
    start = bar * bar_ticks(plan.meter)
    high = _ceiling(lines, start, start + bar_ticks(plan.meter), part)
    span = -(-max(note.step + note.length for note in cell) // style.grid)
    turn = (bar - section.bar) % span
    notes: list[Note] = []
    for step in clock.steps(style.sub, plan.meter, bar):
        for note in cell:
            if note.step != turn * style.grid + step.source:
                continue
            tick = start + step.tick
            chord = chord_at(plan, tick)
            before = voice(chord, part.low, high, before)
            length = min(note.length * step.ticks, chord.at + chord.length - tick)
            if section.energy >= 4:  # a chord that is pushed carries what comes next
                length = min(note.length * step.ticks, start + 2 * bar_ticks(plan.meter) - tick)
                length = min(length, max(step.ticks, chord.at + chord.length - tick))
            velocity = level(plan, part, tick, (note.digit - 6) * 0.05)
            notes += _struck(note, before, chord, part, tick, max(30, length), velocity)
    return notes, before


def _struck(
    note: CompNote,
    voices: tuple[int, ...],
    chord: Chord,
    part: PartPlan,
    tick: int,
    length: int,
    velocity: int,
) -> list[Note]:
    """One entry of a cell: which voices, and how the hand reaches them."""
    pitches = sorted({pitch for name in note.voice.split("+")
                      for pitch in _voices(name, voices, chord, part)})  # fmt: skip
    if note.way == "t":
        strokes = max(1, length // 120)
        return [
            Note(tick + 120 * at, 110, pitch, max(1, velocity - 8 * (at % 2)))
            for at in range(strokes)
            for pitch in pitches
        ]
    spread = {"d": STRUM_TICKS, "u": -STRUM_TICKS // 2, "r": ROLL_TICKS, "g": ROLL_TICKS}.get(
        note.way, 0
    )
    ordered = pitches if spread >= 0 else pitches[::-1]
    top = pitches[-1] if pitches else 0
    return [
        Note(tick + abs(spread) * at, max(20, length - abs(spread) * at), pitch,
             velocity + (4 if pitch == top else -3))
        for at, pitch in enumerate(ordered)
    ]  # fmt: skip


def _voices(name: str, voices: tuple[int, ...], chord: Chord, part: PartPlan) -> tuple[int, ...]:
    if name == "all":
        return voices
    if name == "hi":
        return voices[1:] or voices
    if name == "top":
        return voices[-1:]
    if name.startswith("B"):
        root = bass_note(chord.bass, part.low, part.high)
        third = next((one for one in chord.pitches[1:2]), chord.root)
        tenth = root + 12 + (third - chord.bass) % 12
        pitch = {"B": root, "B5": root + 7, "B8": root + 12, "B10": tenth}.get(name, root)
        return (pitch,) if pitch <= part.high else (root,)
    return (voices[min(int(name), len(voices)) - 1],)


def _varied(notes: list[Note], inside: int, dice: random.Random) -> list[Note]:
    """Bars 1 and 3 of a block alike, 2 a little and 4 most different."""
    if len(notes) < 3 or inside % 4 in (0, 2):
        return notes
    starts = sorted({note.start for note in notes})
    drop = 0.25 if inside % 4 == 3 else 0.12
    dropped = {start for start in starts[1:] if dice.random() < drop}
    kept = [note for note in notes if note.start not in dropped]
    return kept or notes


def _held(
    plan: Plan,
    part: PartPlan,
    bar: int,
    before: tuple[int, ...],
    lines: Sequence[Line],
    voices: int,
) -> tuple[list[Note], tuple[int, ...]]:
    start, length = bar * bar_ticks(plan.meter), bar_ticks(plan.meter)
    high = _ceiling(lines, start, start + length, part)
    before = voice(chord_at(plan, start), part.low, high, before, voices=voices)
    velocity = level(plan, part, start)
    return [Note(start, length - 20, pitch, velocity) for pitch in before], before


def _final(
    plan: Plan, part: PartPlan, bar: int, before: tuple[int, ...], lines: Sequence[Line]
) -> list[Note]:
    """The last chord, rolled and left to ring."""
    start = bar * bar_ticks(plan.meter)
    chord = chord_at(plan, start)
    length = bar_ticks(plan.meter) + plan.ring_ticks
    high = _ceiling(lines, start, start + length, part)
    voices = voice(chord, part.low, high, before)
    return [
        Note(start + ROLL_TICKS * at, length - ROLL_TICKS * at, pitch, level(plan, part, start))
        for at, pitch in enumerate(voices)
    ]


def _ceiling(lines: Sequence[Line], begin: int, end: int, part: PartPlan) -> int:
    """The highest pitch a chord may take: under the melody, as long as an octave is left."""
    lowest = lowest_of(lines, "lead", begin, end)
    if lowest is None:
        return part.high
    return max(part.low + 14, min(part.high, lowest - UNDER_LEAD))


def _spans(plan: Plan, role: str) -> list[Chord]:
    """The chords of the sections where a role sounds, cut at section lines and every four bars."""
    bar = bar_ticks(plan.meter)
    end = plan.bars * bar + plan.ring_ticks
    edges = {section.bar * bar for section in plan.sections}
    spans = []
    for chord in plan.chords:
        at = chord.at
        while at < chord.at + chord.length:
            stops = [edge for edge in edges if edge > at]
            stop = min(chord.at + chord.length, at + 4 * bar, *stops, end)
            if plan.bars * bar - bar <= at:  # the last bar rings to the end in one breath
                stop = chord.at + chord.length
            if role in section_at(plan, at).roles:
                spans.append(
                    Chord(at=at, length=stop - at, symbol=chord.symbol, root=chord.root,
                          bass=chord.bass, pitches=chord.pitches)
                )  # fmt: skip
            at = stop
    return spans


def _bass_bar(
    plan: Plan, part: PartPlan, style: Style, cell: tuple[BassNote, ...], bar: int, section: Section
) -> list[Note]:
    start = bar * bar_ticks(plan.meter)
    span = -(-max(note.step + note.length for note in cell) // style.grid)
    turn = (bar - section.bar) % span
    notes = []
    for step in clock.steps(style.sub, plan.meter, bar):
        for note in cell:
            if note.step != turn * style.grid + step.source:
                continue
            tick = start + step.tick
            chord = chord_at(plan, tick)
            pitch = _bass_pitch(note.degree, chord, next_chord(plan, tick), part)
            length = min(note.length * step.ticks, chord.at + chord.length - tick)
            velocity = level(plan, part, tick, (note.digit - 6) * 0.05)
            notes.append(Note(tick, max(30, length - 10), pitch, velocity))
    return notes


def _bass_pitch(degree: str, chord: Chord, after: Chord, part: PartPlan) -> int:
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
