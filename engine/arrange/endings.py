"""Composed endings: the last chord rings, is cut short together, hangs open, or turns round."""

from collections.abc import Callable

from engine.arrange import chording
from engine.arrange.chording import Voiced
from engine.arrange.melody import level
from engine.arrange.passage import Passage
from engine.arrange.recipes import TUTTI_ENDS, recipe_of
from engine.arrange.voicing import bass_note
from engine.contracts import PartPlan
from engine.score import Note, beat_ticks, seconds_per_tick
from engine.styles.sheet import Style
from engine.words.tonality import MODES

CHOKED_S = 0.22  # a button is heard no longer than this
ROLL_TICKS = 34
_EIGHTH = 240
_RINGS = {"lead": 0.6, "counter": 0.6, "bass": 0.9}  # share of the ring-out that a line holds on
_LOUDER = 0.12
_HAMMERED_FROM = 5  # rungs

Ending = Callable[[Passage, PartPlan, Style, list[Note]], list[Note]]


def ended(passage: Passage, part: PartPlan, style: Style, notes: list[Note]) -> list[Note]:
    """The section's notes with the plan's ending on its last bar; other sections are left alone."""
    endings: dict[str, Ending] = {"ring": _ring, "open": _open, "button": _button,
                                  "turnaround": _turned}  # fmt: skip
    ending = endings.get(passage.plan.ending)
    if not passage.closes or passage.plan.kind == "chime" or ending is None or not notes:
        return notes
    return ending(passage, part, style, notes)


def _ring(passage: Passage, part: PartPlan, style: Style, notes: list[Note]) -> list[Note]:
    """Chords are rolled and left to ring, lines hold their last note, the bass its root."""
    start = passage.line - passage.bar
    notes = _hammered(passage, part, style, notes)
    if part.role in ("comp", "harmony"):
        span = _last(passage, part, style, start)
        pitches = span.pitches if part.role == "comp" else span.pitches[-2:]
        rolled = [
            Note(start + ROLL_TICKS * at, passage.end - start - ROLL_TICKS * at, pitch,
                 level(passage, part))
            for at, pitch in enumerate(pitches)
        ]  # fmt: skip
        return [*_until(notes, start), *rolled]
    if part.role not in _RINGS:
        return notes
    if part.role == "bass" and not any(note.start >= start for note in notes):
        root = bass_note(_last(passage, part, style, start).chord.bass, part.low, part.high)
        notes = [*_until(notes, start), Note(start, passage.bar, root,
                                             level(passage, part))]  # fmt: skip
    last = max(note.start for note in notes)
    longer = round(passage.plan.ring_ticks * _RINGS[part.role])
    return [
        Note(one.start, one.length + longer, one.pitch, one.velocity)
        if one.start == last and last >= start else one
        for one in notes
    ]  # fmt: skip


def _hammered(passage: Passage, part: PartPlan, style: Style, notes: list[Note]) -> list[Note]:
    """Three strokes of chords and bass in the bar before a loud last chord, as 3+3+2."""
    begin = passage.line - 2 * passage.bar
    loud = style.id in TUTTI_ENDS and passage.section.energy >= _HAMMERED_FROM
    if not loud or part.role not in ("comp", "harmony", "bass") or begin < passage.begin:
        return notes
    struck = []
    for share in (0, 3, 6):
        tick = begin + share * passage.bar // 8
        span = _last(passage, part, style, tick)
        root = bass_note(span.chord.bass, part.low, part.high)
        struck += [
            Note(tick, passage.bar // 8, pitch, level(passage, part, _LOUDER))
            for pitch in ((root,) if part.role == "bass" else span.pitches)
        ]
    after = [note for note in notes if note.start >= begin + passage.bar]
    return [*_until(notes, begin), *struck, *after]


def _open(passage: Passage, part: PartPlan, style: Style, notes: list[Note]) -> list[Note]:
    """Held like a ring-out, but the lead stops on the second or the fifth degree."""
    held = _ring(passage, part, style, notes)
    last = max(note.start for note in held)
    if part.role != "lead" or last < passage.line - passage.bar:
        return held
    wished = [(passage.plan.tonic + step) % 12 for step in (2, 7)]
    return [
        Note(one.start, one.length, _near(one.pitch, wished, part), one.velocity)
        if one.start == last else one
        for one in held
    ]  # fmt: skip


def _button(passage: Passage, part: PartPlan, style: Style, notes: list[Note]) -> list[Note]:
    """A push on the last eighth, then one short root together, and nothing after it.

    Where the plan has a chord of its own after the last bar line, that is the button; else it is
    the first beat of the last bar.
    """
    after = passage.plan.chords[-1].at >= passage.line
    start = passage.line if after else passage.line - passage.bar
    short = round(CHOKED_S / seconds_per_tick(passage.plan.tempo, passage.plan.meter))
    span = _last(passage, part, style, start)
    loud = level(passage, part, _LOUDER)
    near = next((n.pitch for n in reversed(notes) if n.start <= start), (part.low + part.high) // 2)
    if part.role == "bass":
        near = bass_note(span.chord.root, part.low, part.high)
    root = _near(near, [span.chord.root], part)
    together = [root, root + 12] if part.role == "comp" and root + 12 <= part.high else [root]
    struck = [Note(start, short, pitch, loud) for pitch in together]
    push = start - _EIGHTH
    if part.role == "lead" or push < passage.begin:
        return [*_until(notes, start), *struck]
    before = _last(passage, part, style, push)
    pushed = before.pitches
    if part.role in ("bass", "counter"):
        pushed = (_near(root, [before.chord.bass], part),)
    return [
        *_until(notes, push),
        *(Note(push, min(short, _EIGHTH - 20), pitch, loud) for pitch in pushed),
        *struck,
    ]


def _turned(passage: Passage, part: PartPlan, style: Style, notes: list[Note]) -> list[Note]:
    """The bass walks by a step of the scale into the loop's first bar."""
    del style
    beat = beat_ticks(passage.plan.meter)
    at = passage.line - _EIGHTH
    late = [note for note in notes if note.start >= passage.line - 2 * beat]
    if part.role != "bass" or len(late) > 1:
        return notes
    plan = passage.plan
    home = plan.chords[0].bass if passage.opens else plan.tonic
    played = [note for note in notes if note.start < at]
    if not played:
        return notes
    before = max(played, key=lambda one: one.start)
    target = _near(before.pitch, [home], part)
    scale = [(plan.tonic + step) % 12 for step in MODES.get(plan.mode, range(12))]
    side = 1 if before.pitch >= target else -1
    step = next(
        (target + side * far for far in (1, 2, 3) if (target + side * far) % 12 in scale), 0
    )
    if not part.low <= step <= part.high:
        return notes
    return [*_until(notes, at), Note(at, _EIGHTH - 20, step, max(1, before.velocity - 6))]


def _last(passage: Passage, part: PartPlan, style: Style, tick: int) -> Voiced:
    recipe = recipe_of(style.id, part.role)
    span = chording.at(chording.voiced(passage, part, recipe), tick)
    if len(span.pitches) >= min(recipe.voices, 3):
        return span
    # A last chord is whole, even where the lead stands low.
    return chording.at(chording.voiced(passage, part, recipe, under=False), tick)


def _until(notes: list[Note], end: int) -> list[Note]:
    """What is played before a tick, and no longer than to it."""
    return [
        Note(one.start, min(one.length, end - one.start), one.pitch, one.velocity)
        for one in notes
        if one.start < end
    ]


def _near(pitch: int, classes: list[int], part: PartPlan) -> int:
    """The nearest pitch of some classes inside the instrument's range."""
    places = [one for one in range(part.low, part.high + 1) if one % 12 in classes]
    return min(places, key=lambda one: (abs(one - pitch), one), default=pitch)
