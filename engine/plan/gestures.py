"""Short ones of a piece for the seams of a game or a film: a sting, a transition, an intro.

They are cut from the score itself, so a game hears its own music: the bars that lead somewhere, and
where they lead to, struck once and left to ring. Everything lies on the piece's bars.
"""

from collections.abc import Sequence

from msgspec import structs

from engine.contracts import Chord, Plan, Section
from engine.plan.chords import lasting
from engine.plan.relatives import TooShort, layers
from engine.score import Note, Part, Score, bar_ticks, beat_ticks, seconds_per_tick

STRUCK = 60  # ticks: so early or late a downbeat may be played
CRASH, KICK = 49, 36
LONGEST_LEAD_S = 4.0
RING_S = 1.8  # what is struck rings at least
INTRO_BARS = 2


def sting(score: Score, seconds: float | None = None) -> Score:
    """The piece's own way home: its ending where it has composed one, else its last bars and the
    first downbeat, struck and left to ring. As long as asked, else whole bars.

    Raises `TooShort` where not even one bar and a ring fit.
    """
    plan = score.plan
    if plan.kind == "bed" and plan.ending in ("ring", "button"):
        return _ending(score, seconds)
    return _leading(score, plan.bars, 0, seconds, "sting")


def transition(score: Score, seconds: float | None = None) -> Score:
    """What leads into the fullest section, and its first downbeat; the sync point is there."""
    plan = score.plan
    later = [section for section in plan.sections if section.bar > 0]
    if later:
        into = max(later, key=lambda section: (section.energy, -section.bar)).bar
        return _leading(score, into, into, seconds, "transition")
    return _leading(score, plan.bars, 0, seconds, "transition")


def intro(score: Score) -> Score:
    """The last bars of a loop with fewer players: it leads into the first bar."""
    plan = score.plan
    bars = min(INTRO_BARS, plan.bars)
    first = plan.bars - bars
    ground = layers(plan)[0]
    calm = {part.role for part in ground.parts}
    bar = bar_ticks(plan.meter)
    parts = []
    for part in score.parts:
        notes = _between(part.notes, first * bar, plan.bars * bar)
        if part.plan.role not in calm:
            notes = [note for note in notes if note.start >= (bars - 1) * bar]
        if notes:
            parts.append(structs.replace(part, notes=tuple(notes)))
    kept = _plan(plan, range(first, plan.bars), None, 0, "intro")
    return Score(plan=structs.replace(kept, ending="ring"), parts=tuple(parts))


def repeated(score: Score, times: int) -> Score:
    """A loop written out: the same bars so often, one after the other."""
    plan, length = score.plan, score.length
    parts = tuple(
        structs.replace(
            part,
            notes=tuple(
                Note(note.start + at * length, note.length, note.pitch, note.velocity)
                for at in range(times)
                for note in part.notes
            ),
        )
        for part in score.parts
    )
    sections = tuple(
        structs.replace(section, bar=section.bar + at * plan.bars, like=None, variation=0)
        for at in range(times)
        for section in plan.sections
    )
    chords = tuple(
        structs.replace(chord, at=chord.at + at * length)
        for at in range(times)
        for chord in plan.chords
    )
    longer = structs.replace(
        plan, bars=plan.bars * times, sections=sections, chords=chords, ending="ring"
    )
    return Score(plan=longer, parts=parts)


def bar_s(plan: Plan) -> float:
    """Seconds of a bar."""
    return bar_ticks(plan.meter) * seconds_per_tick(plan.tempo, plan.meter)


def _ending(score: Score, seconds: float | None) -> Score:
    """The last bars of a bed, with the ring they were composed with."""
    plan, bar = score.plan, bar_ticks(score.plan.meter)
    ring_s = plan.ring_ticks * seconds_per_tick(plan.tempo, plan.meter)
    bars = _lead_bars(plan, seconds, ring_s)
    first = plan.bars - bars
    parts = [
        structs.replace(part, notes=tuple(_between(part.notes, first * bar, None)))
        for part in score.parts
    ]
    ring = _ring(plan, bars, seconds, plan.ring_ticks)
    kept = _plan(plan, range(first, plan.bars), None, ring, "sting")
    kept = structs.replace(kept, ending=plan.ending)
    return Score(plan=kept, parts=tuple(part for part in parts if part.notes))


def _leading(score: Score, until: int, into: int, seconds: float | None, what: str) -> Score:
    """The bars before ``until``, then the first downbeat of bar ``into``, ringing."""
    plan, bar = score.plan, bar_ticks(score.plan.meter)
    bars = min(_lead_bars(plan, seconds, RING_S), until)
    ring = _ring(plan, bars, seconds, _whole(plan, RING_S))
    parts = []
    for part in score.parts:
        led = _between(part.notes, (until - bars) * bar, until * bar)
        struck = _struck(part, into * bar, ring)
        moved = [
            Note(note.start + bars * bar, note.length, note.pitch, note.velocity) for note in struck
        ]
        ended = [_let_go(note, bars * bar) for note in led]
        if ended or moved:
            parts.append(structs.replace(part, notes=tuple(ended + moved)))
    made = _plan(plan, range(until - bars, until), into, ring, what)
    return Score(plan=made, parts=tuple(parts))


def _lead_bars(plan: Plan, seconds: float | None, ring_s: float) -> int:
    """How many bars lead: one or two; fewer where a length is asked."""
    one = bar_s(plan)
    wished = 2 if 2 * one <= LONGEST_LEAD_S else 1
    if seconds is None:
        return min(wished, plan.bars)
    fitting = int((seconds - min(ring_s, RING_S) / 2) / one + 1e-6)
    if fitting < 1:
        least = one + min(ring_s, RING_S) / 2
        raise TooShort(
            f"{seconds:g} s has no room for a bar and its ring; at least {least:.2f} s are needed"
        )
    return min(wished, fitting, plan.bars)


def _ring(plan: Plan, bars: int, seconds: float | None, ticks: int) -> int:
    """Ticks that ring after the bars, so that the whole is as long as asked."""
    if seconds is None:
        return ticks
    whole = round(seconds / seconds_per_tick(plan.tempo, plan.meter))
    return max(0, whole - bars * bar_ticks(plan.meter))


def _whole(plan: Plan, seconds: float) -> int:
    """So many whole beats as last at least ``seconds``, in ticks."""
    beat = beat_ticks(plan.meter)
    beats = -(-seconds // (beat * seconds_per_tick(plan.tempo, plan.meter)))
    return int(beats) * beat


def _between(notes: Sequence[Note], first: int, end: int | None) -> list[Note]:
    """The notes of some ticks, counted from there; what is played a little early belongs too."""
    return [
        Note(max(0, note.start - first), note.length, note.pitch, note.velocity)
        for note in notes
        if note.start >= first - STRUCK and (end is None or note.start < end - STRUCK)
    ]


def _let_go(note: Note, at: int) -> Note:
    return Note(note.start, max(1, min(note.length, at - note.start)), note.pitch, note.velocity)


def _struck(part: Part, at: int, ring: int) -> list[Note]:
    """What sounds on a downbeat, from there on; drums are struck as they were, with a crash."""
    if part.plan.role == "drums":
        hit = [note for note in part.notes if abs(note.start - at) <= STRUCK]
        velocity = max((note.velocity for note in hit), default=100)
        keys = {note.pitch for note in hit if note.pitch not in (42, 44, 46)} | {KICK, CRASH}
        return [Note(0, beat_ticks("4/4"), pitch, velocity) for pitch in sorted(keys)]
    sounding = [
        note
        for note in part.notes
        if note.start - STRUCK <= at < note.start + max(note.length - STRUCK, 1)
    ]
    velocity = max((note.velocity for note in sounding), default=0)
    pitches = sorted({note.pitch for note in sounding})
    return [Note(0, max(1, ring), pitch, velocity) for pitch in pitches]


def _plan(plan: Plan, kept: range, into: int | None, ring: int, what: str) -> Plan:
    """The plan of a gesture: one section, the harmony of its bars, and the chord it comes to."""
    bar = bar_ticks(plan.meter)
    chords: list[Chord] = []
    for chord in plan.chords:
        begin = max(chord.at, kept.start * bar)
        end = min(chord.at + chord.length, kept.stop * bar)
        if begin < end:
            at = begin - kept.start * bar
            chords.append(structs.replace(chord, at=at, length=end - begin))
    if into is not None:
        home = next(one for one in plan.chords if one.at <= into * bar < one.at + one.length)
        chords.append(structs.replace(home, at=len(kept) * bar, length=max(1, ring)))
    elif ring:
        chords[-1] = lasting(chords[-1], chords[-1].length + ring)
    section = Section(
        name="A",
        bar=0,
        bars=len(kept),
        energy=max(
            one.energy
            for one in plan.sections
            if one.bar < kept.stop and one.bar + one.bars > kept.start
        ),
        roles=tuple(dict.fromkeys(part.role for part in plan.parts)),
    )
    return structs.replace(
        plan,
        kind="sting",
        bars=len(kept),
        sections=(section,),
        chords=tuple(chords),
        hits=(),
        ending="ring",
        ring_ticks=ring,
        texture=f"{what} of {plan.texture}",
    )
