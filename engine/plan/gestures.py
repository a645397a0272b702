"""Short ones of a piece for the seams of a game or a film: a sting, a transition, an intro.

They are cut from the score itself, so a game hears its own music: the bars that lead somewhere, and
where they lead to, struck once and left to ring. Everything lies on the piece's bars.
"""

from collections.abc import Sequence

from msgspec import Struct, structs

from engine.contracts import Plan, Resolved, Section
from engine.plan.chords import lasting
from engine.plan.relatives import TooShort, layers
from engine.score import Note, Part, Score, bar_ticks, beat_ticks, seconds_per_tick

STRUCK = 60  # ticks: so early or late a downbeat may be played
CRASH, KICK = 49, 36
LONGEST_LEAD_S = 4.0
RING_S = 1.8  # what is struck rings at least
INTRO_BARS = 2
PHRASE_BARS = 4


class Gesture(Struct, frozen=True, kw_only=True):
    """A gesture on paper. ``goal`` is the tick that it leads to; from there on it rings."""

    score: Score
    goal: int


def phrase(resolved: Resolved) -> Resolved:
    """The phrase that a sting is cut from: four bars that lead home, at the sting's tempo. Any
    other brief is its own."""
    if resolved.kind != "sting":
        return resolved
    low, high = resolved.bpm_range
    bpm = resolved.bpm or (low + high) / 2
    seconds = PHRASE_BARS * bar_ticks(resolved.meter) * seconds_per_tick(bpm, resolved.meter)
    return structs.replace(
        resolved,
        kind="loop",
        bars=PHRASE_BARS,
        bpm=bpm,
        bpm_range=(bpm, bpm),
        duration_ms=round(seconds * 1000),
        duration_frames=round(seconds * resolved.delivery.sample_rate),
        energy=None,
    )


def sting(score: Score, seconds: float | None = None) -> Gesture:
    """The piece's own way home: its ending where it has composed one, else its last beats and the
    first downbeat, struck and left to ring. As long as asked, else whole bars.

    Raises `TooShort` where an ending has no room for a bar and its ring.
    """
    plan = score.plan
    if plan.kind == "bed" and plan.ending in ("ring", "button"):
        return _ending(score, seconds)
    return _leading(score, score.length, 0, seconds, "sting")


def transition(score: Score, seconds: float | None = None) -> Gesture:
    """What leads into the fullest section, and its first downbeat; the goal is there."""
    plan = score.plan
    later = [section for section in plan.sections if section.bar > 0]
    if not later:
        return _leading(score, score.length, 0, seconds, "transition")
    fullest = max(later, key=lambda section: (section.energy, -section.bar))
    into = fullest.bar * bar_ticks(plan.meter)
    return _leading(score, into, into, seconds, "transition")


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
    kept = _plan(plan, (first * bar, plan.bars * bar), None, 0, "intro")
    return Score(plan=structs.replace(kept, ending="ring"), parts=tuple(parts))


def rested(score: Score, rests: int) -> Score:
    """A loop that is played once and then lets ``rests`` laps of itself go by in silence."""
    plan, laps = score.plan, range(rests + 1)
    sections = tuple(
        structs.replace(section, bar=section.bar + lap * plan.bars, like=None, variation=0)
        for lap in laps
        for section in plan.sections
    )
    chords = tuple(
        structs.replace(chord, at=chord.at + lap * score.length)
        for lap in laps
        for chord in plan.chords
    )
    longer = structs.replace(plan, bars=plan.bars * len(laps), sections=sections, chords=chords)
    return Score(plan=longer, parts=score.parts)


def bar_s(plan: Plan) -> float:
    """Seconds of a bar."""
    return bar_ticks(plan.meter) * seconds_per_tick(plan.tempo, plan.meter)


def _ending(score: Score, seconds: float | None) -> Gesture:
    """The last bars of a bed, with the ring they were composed with."""
    plan, bar = score.plan, bar_ticks(score.plan.meter)
    ring_s = plan.ring_ticks * seconds_per_tick(plan.tempo, plan.meter)
    bars = _last_bars(plan, seconds, ring_s)
    first = plan.bars - bars
    parts = [
        structs.replace(part, notes=tuple(_between(part.notes, first * bar, None)))
        for part in score.parts
    ]
    ring = plan.ring_ticks
    if seconds is not None:
        ring = max(0, _ticks(plan, seconds) - bars * bar)
    kept = _plan(plan, (first * bar, plan.bars * bar), None, ring, "sting")
    kept = structs.replace(kept, ending=plan.ending)
    made = Score(plan=kept, parts=tuple(part for part in parts if part.notes))
    return Gesture(score=made, goal=bars * bar)


def _last_bars(plan: Plan, seconds: float | None, ring_s: float) -> int:
    """How many bars an ending has: one or two; fewer where a length is asked."""
    one = bar_s(plan)
    wished = 2 if 2 * one <= LONGEST_LEAD_S else 1
    if seconds is None:
        return min(wished, plan.bars)
    ring_s = min(ring_s, RING_S) / 2
    fitting = int((seconds - ring_s) / one + 1e-6)
    if fitting < 1:
        raise TooShort(
            f"{seconds:g} s has no room for this piece's last bar and its ring; "
            f"at least {one + ring_s:.2f} s are needed"
        )
    return min(wished, fitting, plan.bars)


def _leading(score: Score, until: int, into: int, seconds: float | None, what: str) -> Gesture:
    """The beats before tick ``until``, then the downbeat of tick ``into``, ringing."""
    plan = score.plan
    lead = min(_lead(plan, seconds), until)
    ring = _whole(plan, RING_S) if seconds is None else max(1, _ticks(plan, seconds) - lead)
    parts = []
    for part in score.parts:
        led = [_let_go(note, lead) for note in _between(part.notes, until - lead, until)]
        struck = [
            Note(note.start + lead, note.length, note.pitch, note.velocity)
            for note in _struck(part, into, ring)
        ]
        if led or struck:
            parts.append(structs.replace(part, notes=tuple(led + struck)))
    made = _plan(plan, (until - lead, until), into, ring, what)
    return Gesture(score=Score(plan=made, parts=tuple(parts)), goal=lead)


def _lead(plan: Plan, seconds: float | None) -> int:
    """Ticks that lead: one or two bars; in a short one as many beats as leave half to the ring."""
    bar, beat = bar_ticks(plan.meter), beat_ticks(plan.meter)
    wished = 2 * bar if 2 * bar_s(plan) <= LONGEST_LEAD_S else bar
    if seconds is None:
        return wished
    room = _ticks(plan, max(seconds - RING_S, 0.5 * seconds))
    if room >= bar:
        return min(wished, room // bar * bar)
    return room // beat * beat


def _ticks(plan: Plan, seconds: float) -> int:
    return round(seconds / seconds_per_tick(plan.tempo, plan.meter))


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


def _plan(plan: Plan, kept: tuple[int, int], into: int | None, ring: int, what: str) -> Plan:
    """The plan of a gesture: one section, the harmony of its ticks, and the chord it comes to.

    It has whole bars, so a lead of a few beats and some of its ring lie inside the only bar.
    """
    first, end = kept
    bar, lead = bar_ticks(plan.meter), end - first
    bars = max(1, lead // bar)
    chords = [
        structs.replace(
            chord,
            at=max(chord.at, first) - first,
            length=min(chord.at + chord.length, end) - max(chord.at, first),
        )
        for chord in plan.chords
        if max(chord.at, first) < min(chord.at + chord.length, end)
    ]
    if into is not None:
        home = next(one for one in plan.chords if one.at <= into < one.at + one.length)
        chords.append(structs.replace(home, at=lead, length=ring))
    elif ring:
        chords[-1] = lasting(chords[-1], chords[-1].length + ring)
    return structs.replace(
        plan,
        kind="sting",
        bars=bars,
        sections=(_section(plan, first // bar, max(end, first + 1), bars),),
        chords=tuple(chords),
        hits=(),
        ending="ring",
        ring_ticks=max(0, lead + ring - bars * bar),
        texture=f"{what} of {plan.texture}",
    )


def _section(plan: Plan, first: int, end: int, bars: int) -> Section:
    """Everybody, as strongly as the strongest of the bars that are kept."""
    last = -(-end // bar_ticks(plan.meter))
    rungs = [
        one.energy for one in plan.sections if one.bar < last and one.bar + one.bars > first
    ] or [plan.sections[-1].energy]
    roles = tuple(dict.fromkeys(part.role for part in plan.parts))
    return Section(name="A", bar=0, bars=bars, energy=max(rungs), roles=roles)
