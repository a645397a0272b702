"""Drums: grooves by the rung, fills where a phrase turns, crashes far apart, no bar copied."""

import random
from collections.abc import Iterator, Sequence

from msgspec import Struct

from engine.arrange import drumlines, grooves, varying
from engine.arrange.effects import effects as effects
from engine.arrange.fills import Fill, builds, fills, replaces
from engine.arrange.places import Place, crash_bars, places
from engine.contracts import PartPlan, Plan
from engine.score import Line, Note, bar_ticks, beat_ticks
from engine.styles import clock
from engine.styles.clock import MACHINES, Stroke
from engine.styles.sheet import Style

KEYS = {"K": 36, "S": 38, "L": 39, "H": 42, "O": 46, "R": 51, "P": 82, "C": 49}
TOMS = (50, 47, 45, 41)
_HIT_TICKS = 100
_LOUD_FROM = 4  # rungs that crash, and whose snare has ghosts
_ROLL = (30, 105)  # velocities a snare roll climbs between
_LOOP_SOFTER = 3
_ROLLED = MACHINES - {"chiptune"}  # build up with a snare roll
_ONE_VOICE = frozenset({"chiptune"})  # one noise at a time: no crash over a kick
_LOCKED = frozenset({"rock", "funk_corporate", "lofi", "metal", "trap_hiphop", "country"})
_RATCHETED = frozenset({"trap_hiphop"})
_RATCHET = (40, 90)  # velocities of a hat that is struck several times in one step
_PUSH_TICKS = 240  # a button is announced so long before
_GHOSTED = frozenset({"funk_corporate", "lofi", "rock", "country", "acoustic_folk", "jazz_trio"})
_LOUDEST_GHOST = 45  # velocity
_GHOSTS, _GHOST_ODDS = 2, 0.4  # at most in a bar; share of the drummers' own
_SHAPED = 0.6  # how far the drummers' accents bend the sheet's digits
_TURN = 0.12  # share of the strokes by which a B differs from an A on the same rung
_SOFTEST = 26  # what is softer is not heard beside the rest of a kit


class Seat(Struct, frozen=True, kw_only=True):
    """What the drummer looks at: the plan, the kit and the bass, and nobody else."""

    plan: Plan
    part: PartPlan
    style: Style
    family: grooves.Family
    bass: frozenset[int]  # ticks at which the bass begins a note
    told: tuple[Note, ...]  # strokes of fills that the composer wrote
    crashes: frozenset[int]  # bars
    seed: int


class Bar(Struct, frozen=True, kw_only=True):
    """One bar of a section, before a stroke is written."""

    place: Place
    inside: int
    start: int  # ticks
    steps: tuple[clock.Step, ...]
    fill: Fill | None

    @property
    def last(self) -> bool:
        """Whether the section ends with it."""
        return self.inside == self.place.section.bars - 1


def drums(
    plan: Plan, part: PartPlan, style: Style, lines: Sequence[Line], dice: random.Random
) -> list[Note]:
    """The groove of each section with its fills; a section's strokes are its own."""
    seat = Seat(
        plan=plan, part=part, style=style, family=grooves.family_of(style.id, style.sub),
        bass=frozenset(n.start for line in lines if line.role == "bass" for n in line.notes),
        told=tuple(note for line in lines if line.role == "drums" for note in line.notes),
        crashes=crash_bars(plan), seed=dice.getrandbits(53),
    )  # fmt: skip
    notes = [
        note
        for place in places(plan)
        if "drums" in place.section.roles
        for note in _section(seat, place)
    ]
    return _accented(seat, notes)


def _section(seat: Seat, place: Place) -> Iterator[Note]:
    """One section's bars."""
    plan, section = seat.plan, place.section
    told = drumlines.strokes(plan, section, seat.style, seat.told)
    chosen = fills(plan, place, seat.style, _dice(seat, place, "fills"), told)
    rolls = builds(place, seat.style.id in _ROLLED)
    for inside in range(section.bars):
        bar = Bar(
            place=place, inside=inside, start=(section.bar + inside) * bar_ticks(plan.meter),
            steps=clock.steps(seat.style.sub, plan.meter, inside), fill=chosen.get(inside),
        )  # fmt: skip
        if section.bar + inside == plan.bars - 1 and plan.ending in _ENDINGS:
            yield from _ENDINGS[plan.ending](seat, bar)
            continue
        strokes = _strokes(seat, bar, chosen)
        if inside in rolls:
            strokes = [one for one in strokes if one.voice not in "SLT"]
            yield from _roll(seat, bar)
        yield from _ratcheted(seat, bar, _struck(seat, bar, strokes))
        if (inside == 0 or inside - 1 in chosen) and _may_crash(seat, place, inside):
            yield Note(bar.start, 4 * _HIT_TICKS, _key(seat, "C"), _velocity(seat, place, 7))


def _dice(seat: Seat, place: Place, *what: object) -> random.Random:
    return random.Random("/".join(str(one) for one in (seat.seed, place.key, *what)))


def _letter_dice(seat: Seat, place: Place, *what: object) -> random.Random:
    """The same dice for every section of a letter: what returns is known by its groove."""
    return random.Random("/".join(str(one) for one in (seat.seed, place.letter, *what)))


def _strokes(seat: Seat, bar: Bar, chosen: dict[int, Fill]) -> list[Stroke]:
    """The strokes of one bar: the groove, varied as its place in the block of four wants."""
    place, inside = bar.place, bar.inside
    groove = _groove(seat, bar)
    first = inside - inside % varying.BLOCK
    end = min(first + varying.BLOCK, place.section.bars) - 1
    filled = _replaced(seat, bar, chosen[end]) if end in chosen else 0
    shares = varying.shares(len(groove), filled, _letter_dice(seat, place, "block", first))
    changes = shares[inside % varying.BLOCK]
    if bar.last and bar.fill is None:
        changes = max(1, changes)  # so that no bar runs on over the section's line
    if changes:
        groove = varying.varied(
            groove, changes, _odds(seat, bar, groove), _bass_steps(seat, bar),
            seat.style.id in _ONE_VOICE, _letter_dice(seat, place, "bar", inside),
        )  # fmt: skip
    if bar.fill is None:
        return groove
    own = _filled(seat, bar, bar.fill)
    if seat.plan.kind == "loop" and not place.after and bar.last:
        own = [Stroke(one.at, one.voice, max(1, one.digit - _LOOP_SOFTER), one.key) for one in own]
    return [one for one in groove if not _late(seat, bar, bar.fill, one.at)] + own


def _voices(seat: Seat, place: Place) -> dict[str, tuple[int, ...]]:
    """The rung's groove; its crashes are given by the form."""
    patterns = place.section.patterns
    name = next((one for one in patterns if one.startswith("groove.")), "groove.low")
    return {v: row for v, row in seat.style.grooves[name].items() if v != "C"}


def _groove(seat: Seat, bar: Bar) -> list[Stroke]:
    """The rung's groove with its letter's own turn and the ghosts of its block of four bars."""
    voices = _voices(seat, bar.place)
    strokes = clock.strokes(voices, seat.style.sub, seat.plan.meter, bar.inside)
    if bar.place.letter not in ("A", "i"):
        strokes = varying.varied(
            strokes, round(_TURN * len(strokes)), _odds(seat, bar, strokes),
            frozenset(range(len(bar.steps))), seat.style.id in _ONE_VOICE,
            _letter_dice(seat, bar.place, "turn", bar.inside % 2 if _halved(seat) else 0),
        )  # fmt: skip
    if seat.style.id in _LOCKED and seat.bass:
        beat = beat_ticks(seat.plan.meter)
        beats = frozenset(at for at, step in enumerate(bar.steps) if step.tick % beat == 0)
        strokes = varying.locked(strokes, _block_bass(seat, bar), beats)
    strokes += _ghosts(seat, bar, strokes)
    return sorted(strokes, key=lambda one: (one.at, one.voice))


def _block_bass(seat: Seat, bar: Bar) -> frozenset[int]:
    """Steps at which the bass plays in a bar's likes: the first and third of the block, say."""
    first = bar.inside - bar.inside % varying.BLOCK + bar.inside % 2
    alike = (inside for inside in (first, first + 2) if inside < bar.place.section.bars)
    length = bar_ticks(seat.plan.meter)
    starts = [(bar.place.section.bar + inside) * length for inside in alike]
    return frozenset(
        at for at, step in enumerate(bar.steps)
        if any(start + step.tick in seat.bass for start in starts)
    )  # fmt: skip


def _halved(seat: Seat) -> bool:
    """Whether a bar of the pattern takes two bars of the plan."""
    return seat.plan.meter == "6/8" and seat.style.sub != "3/4"


def _ghosts(seat: Seat, bar: Bar, strokes: list[Stroke]) -> list[Stroke]:
    """Soft snare strokes between the loud ones, where drummers of this kind play them."""
    loud = any(one.voice == "S" and one.digit >= 5 for one in strokes)
    if not loud or seat.style.id not in _GHOSTED or bar.place.section.energy < _LOUD_FROM:
        return []
    dice = _letter_dice(seat, bar.place, "ghosts", bar.inside // varying.BLOCK)
    taken = {one.at for one in strokes if one.voice in "SL"}
    found = []
    for at, step in enumerate(bar.steps):
        odds = seat.family.ghosts[grooves.step_of(step.source, seat.style.sub)] * _GHOST_ODDS
        if dice.random() < odds and at not in taken:
            found.append(Stroke(at, "S", 1))
    return found[:_GHOSTS]


def _filled(seat: Seat, bar: Bar, fill: Fill) -> list[Stroke]:
    if fill.strokes:
        return list(fill.strokes)
    voices = dict(fill.voices)
    if seat.plan.kind == "loop":
        voices.pop("C", None)  # what rings would mark the seam
    found = clock.strokes(voices, seat.style.sub, seat.plan.meter, bar.inside, tail=True)
    return [one for one in found if _late(seat, bar, fill, one.at)]


def _late(seat: Seat, bar: Bar, fill: Fill, at: int) -> bool:
    """Whether a step lies in the part of the bar that a fill takes."""
    return replaces(seat.plan, seat.style, fill, bar.inside, at)


def _replaced(seat: Seat, bar: Bar, fill: Fill) -> int:
    """How many strokes of the groove a fill changes."""
    groove = {(o.at, o.voice) for o in _groove(seat, bar) if _late(seat, bar, fill, o.at)}
    own = {(o.at, o.voice) for o in _filled(seat, bar, fill)}
    return max(len(groove - own), len(own - groove))


def _odds(seat: Seat, bar: Bar, groove: list[Stroke]) -> dict[str, list[float]]:
    """How likely each voice is at each step: by the style's fuller grooves, by the habits of its
    drummers, and most by one real bar much like this groove."""
    style = seat.style
    voices = {"K", *(one.voice for one in groove)}
    if "H" in voices and style.id not in _ONE_VOICE:
        voices.add("O")
    choice = _letter_dice(seat, bar.place, "partner").random()
    partner = grooves.partner(style.id, style.sub, _voices(seat, bar.place), choice)
    odds: dict[str, list[float]] = {}
    for voice in sorted(voices):
        habit = seat.family.voice(voice, _key(seat, voice))
        row = []
        for step in bar.steps:
            at = grooves.step_of(step.source, style.sub)
            fuller = sum(
                bool(style.grooves[name].get(voice, (0,) * style.grid)[step.source])
                for name in ("groove.mid", "groove.high")
            )
            likely = 0.2 * habit.odds[at] if habit and voice not in "TP" else 0.0
            row.append(0.01 + 0.1 * fuller + likely + 0.5 * ((voice, at) in partner))
        odds[voice] = row
    return odds


def _bass_steps(seat: Seat, bar: Bar) -> frozenset[int]:
    """Steps at which the bass begins a note; all of them where nobody has written it yet."""
    steps = range(len(bar.steps))
    if not seat.bass:
        return frozenset(steps)
    return frozenset(at for at in steps if bar.start + bar.steps[at].tick in seat.bass)


def _struck(seat: Seat, bar: Bar, strokes: list[Stroke]) -> Iterator[Note]:
    """Strokes as notes; toms fall through the bar."""
    toms, struck = sum(one.voice == "T" for one in strokes), 0
    for one in sorted(strokes, key=lambda stroke: (stroke.at, stroke.voice)):
        key = _inside(seat, one.key) if one.key else _key(seat, one.voice)
        if one.voice == "T" and not one.key:
            if "T" not in seat.style.roles["drums"].keys:
                key = _inside(seat, TOMS[struck * len(TOMS) // max(toms, len(TOMS))])
            struck += 1
        yield Note(bar.start + bar.steps[one.at].tick, _HIT_TICKS, key, _loudness(seat, bar, one))


def _loudness(seat: Seat, bar: Bar, stroke: Stroke) -> int:
    """The digit's velocity, bent by the accents of the style's drummers; ghosts stay ghosts."""
    velocity = _velocity(seat, bar.place, stroke.digit)
    least = min(_SOFTEST, seat.part.velocity[1] // 3)
    if stroke.voice == "S" and stroke.digit <= 2 and seat.style.id in _GHOSTED:
        return min(_LOUDEST_GHOST, max(least, velocity))
    voice = seat.family.voice(stroke.voice, _key(seat, stroke.voice))
    if voice is None or seat.style.id in MACHINES or stroke.voice == "T":
        return max(least, velocity)
    at = grooves.step_of(bar.steps[stroke.at].source, seat.style.sub)
    shape = 1 + _SHAPED * (voice.velocity[at] / voice.loudness - 1)
    shaped = round(velocity * min(1.25, max(0.8, shape)))
    return min(seat.part.velocity[1], max(least, shaped))


def _key(seat: Seat, voice: str) -> int:
    return _inside(seat, seat.style.roles["drums"].keys.get(voice, KEYS.get(voice, 45)))


def _inside(seat: Seat, key: int) -> int:
    return min(seat.part.high, max(seat.part.low, key))


def _velocity(seat: Seat, place: Place, digit: float) -> int:
    low, high = seat.part.velocity
    energy = 0.82 + 0.18 * (place.section.energy - 1) / 6
    return round((low + (high - low) * (digit - 1) / 8) * energy)


def _may_crash(seat: Seat, place: Place, inside: int) -> bool:
    bar = place.section.bar + inside
    loud = place.section.energy >= _LOUD_FROM and seat.style.id not in _ONE_VOICE
    return loud and bar in seat.crashes


def _ratcheted(seat: Seat, bar: Bar, notes: Iterator[Note]) -> Iterator[Note]:
    """In every other bar a running hat strikes one step twice to four times, louder each time."""
    written = list(notes)
    dice = _letter_dice(seat, bar.place, "ratchet", bar.inside)
    hats = {one.start for one in written if one.pitch == _key(seat, "H")}
    running = sorted(at for at in hats if at + 120 in hats and (at - bar.start) % 480)
    if seat.style.id not in _RATCHETED or not running or bar.inside % 2 == 0:
        yield from written
        return
    at, times = dice.choice(running), dice.choice((2, 3, 4))
    low, high = _RATCHET
    for one in written:
        if one.start != at or one.pitch != _key(seat, "H"):
            yield one
            continue
        for turn in range(times):
            velocity = round(low + (high - low) * turn / (times - 1))
            yield Note(at + turn * 120 // times, 120 // times - 4, one.pitch, velocity)


def _roll(seat: Seat, bar: Bar) -> Iterator[Note]:
    """A bar of a two-bar snare roll: quarters and eighths, then eighths and sixteenths."""
    length, second = bar_ticks(seat.plan.meter), bar.last
    low, high = _ROLL
    at = 0
    while at < length:
        velocity = round(low + (high - low) * (at + length * second) / (2 * length))
        velocity = min(velocity, seat.part.velocity[1])
        yield Note(bar.start + at, _HIT_TICKS, _key(seat, "S"), velocity)
        at += (480, 240, 240, 120)[2 * second + (at >= length // 2)]


def _accented(seat: Seat, notes: list[Note]) -> list[Note]:
    """Hits of the picture: nothing for a sixteenth, then a kick with a crash or the low tom."""
    for tick in seat.plan.hits:
        bar = tick // bar_ticks(seat.plan.meter)
        here = [one for one in places(seat.plan) if _holds(one, bar)]
        if not here or "drums" not in here[0].section.roles:
            continue
        loud = seat.part.velocity[1]
        notes = [one for one in notes if not tick - 120 <= one.start <= tick]
        notes.append(Note(tick, _HIT_TICKS, _key(seat, "K"), loud))
        crash = _may_crash(seat, here[0], bar - here[0].section.bar)
        if seat.style.id not in _ONE_VOICE:
            top = _key(seat, "C") if crash else _inside(seat, TOMS[-1])
            notes.append(Note(tick, 4 * _HIT_TICKS, top, loud))
    return _once(notes)


def _once(notes: list[Note]) -> list[Note]:
    """One stroke where two voices meet on one drum: the louder."""
    loudest: dict[tuple[int, int], Note] = {}
    for one in notes:
        other = loudest.get((one.start, one.pitch))
        if other is None or one.velocity > other.velocity:
            loudest[one.start, one.pitch] = one
    return [loudest[place] for place in sorted(loudest)]


def _holds(place: Place, bar: int) -> bool:
    return place.section.bar <= bar < place.section.bar + place.section.bars


def _ring(seat: Seat, bar: Bar) -> Iterator[Note]:
    """One crash and one kick under the last chord."""
    loud = _velocity(seat, bar.place, 8)
    yield Note(bar.start, _HIT_TICKS, _key(seat, "K"), loud)
    if bar.place.section.energy >= _LOUD_FROM and seat.style.id not in _ONE_VOICE:
        yield Note(bar.start, 4 * _HIT_TICKS, _key(seat, "C"), loud)


def _button(seat: Seat, bar: Bar) -> Iterator[Note]:
    """One short stroke of everything dry, which needs no choking; it stands after the last bar
    line where the plan has a chord there, and is pushed from an eighth before."""
    line = bar.start + bar_ticks(seat.plan.meter)
    after = seat.plan.chords[-1].at >= line
    if after:
        for one in _struck(seat, bar, _strokes(seat, bar, {})):
            if one.start < line - _PUSH_TICKS:
                yield one
    for at in (line - _PUSH_TICKS, line) if after else (bar.start,):
        for voice in "K" if seat.style.id in _ONE_VOICE else "KSH":
            velocity = _velocity(seat, bar.place, 8)
            yield Note(at, _HIT_TICKS // 2, _key(seat, voice), velocity)


def _open(seat: Seat, bar: Bar) -> Iterator[Note]:
    """A soft kick, and the rest is left to the held chord."""
    yield Note(bar.start, _HIT_TICKS, _key(seat, "K"), _velocity(seat, bar.place, 5))


_ENDINGS = {"ring": _ring, "button": _button, "open": _open}
