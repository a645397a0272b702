"""Players: swing, small timing, small dynamics, strums and breath. Sequenced styles stay exact.

A section is played by itself: its own dice and its own slow walk, which begins and ends on the
grid, so that nothing is carried over a section's line.
"""

from collections.abc import Sequence

import numpy as np
from msgspec import Struct

from engine.arrange.hands import HANDS, LEANS, Hand, hand_of
from engine.arrange.places import Place, places
from engine.arrange.sticks import Sticks
from engine.contracts import PartPlan, Plan
from engine.score import Note, bar_ticks, beat_ticks, seconds_per_tick
from engine.styles.sheet import Style

WALK_MS = 3.0  # standard deviation of the band's slow walk
HIT_MS = 3.5  # how near to a hit of the picture everybody stands
_WALK_STEPS = 4  # a bar
_EARLIEST = 36  # ticks: who comes earlier than this is counted to the beat before
_TOGETHER = 45  # ticks within which notes are one stroke
_BREATH_MS = 100.0
_ALTERNATE = 4  # velocity, up and down, of a note struck again
_SOFT = 50  # velocity below which everything varies less


class _Stage(Struct, frozen=True, kw_only=True):
    """One section of one part as it is played."""

    plan: Plan
    part: PartPlan
    style: Style
    place: Place
    kind: str
    hand: Hand
    tick_ms: float
    walk: np.ndarray  # (bars * steps + 1,) ms
    rng: np.random.Generator
    sticks: Sticks | None  # of a drummer

    @property
    def begin(self) -> int:
        """The section's first tick."""
        return self.place.section.bar * bar_ticks(self.plan.meter)


def play(plan: Plan, part: PartPlan, style: Style, notes: list[Note], seed: int) -> list[Note]:
    """The notes as someone plays them; the same seed plays the same way."""
    played: list[Note] = []
    kind = hand_of(part, style.id)
    leans = LEANS.get(style.id, {})
    for place, own in _by_section(plan, notes):
        rng = np.random.default_rng([seed % 2**63, *f"{part.role}/{place.key}".encode()])
        stage = _Stage(
            plan=plan, part=part, style=style, place=place, kind=kind, hand=HANDS[kind],
            tick_ms=seconds_per_tick(plan.tempo, plan.meter) * 1000,
            walk=_walk(plan, place, seed) if kind not in ("machine", "effect") else np.zeros(2),
            rng=rng, sticks=Sticks(style, plan.meter, leans, rng) if kind == "drums" else None,
        )  # fmt: skip
        played += _played(stage, own)
    return played


def swung(plan: Plan, style: Style, tick: int) -> int:
    """Where the style's swing puts a tick of the written grid: the grid the players aim at."""
    compound = plan.meter in ("6/8", "12/8")  # their beats of three eighths hold no pairs of them
    if plan.swing == 0.5 or (compound and plan.swing_unit == 8):
        return tick
    pair = 240 if plan.swing_unit == 16 else 480
    whole, inside = divmod(tick, pair)
    if style.sub == "12/8" and pair == 480:
        # Written in triplets: the third one of a beat and an eighth of the lead fall together.
        knots, places = (0, 160, 240, 320, 480), (0, 0.5, 1, 1, None)
        to = [480 * (1.0 if one is None else one * plan.swing) for one in places]
        return whole * pair + round(float(np.interp(inside, knots, to)))
    to = [0.0, pair * plan.swing, float(pair)]
    return whole * pair + round(float(np.interp(inside, (0, pair / 2, pair), to)))


def _by_section(plan: Plan, notes: Sequence[Note]) -> list[tuple[Place, list[Note]]]:
    """The notes that begin in each section, in order; the ring-out belongs to the last."""
    bar, found = bar_ticks(plan.meter), []
    ordered = sorted(notes, key=lambda one: (one.start, one.pitch))
    stages = places(plan)
    for place in stages:
        begin = place.section.bar * bar
        end = begin + place.section.bars * bar if place.after else 2**62
        found.append((place, [note for note in ordered if begin <= note.start < end]))
    return found


def _played(stage: _Stage, notes: list[Note]) -> list[Note]:
    """One section's notes: stroke by stroke, then breath and the rules for repeated notes."""
    played: list[Note] = []
    before: dict[int, tuple[int, int]] = {}
    for at, stroke in enumerate(strokes := _strokes(notes)):
        following = strokes[at + 1][0].start if at + 1 < len(strokes) else None
        for note, late in zip(stroke, _lateness(stage, stroke), strict=True):
            played.append(_placed(stage, note, late, following, before))
    return played


def _strokes(notes: list[Note]) -> list[list[Note]]:
    """Notes struck together, which keep their distance to one another."""
    groups: list[list[Note]] = []
    for note in notes:
        if groups and note.start - groups[-1][0].start <= _TOGETHER:
            groups[-1].append(note)
        else:
            groups.append([note])
    return groups


def _lateness(stage: _Stage, stroke: list[Note]) -> list[float]:
    """Milliseconds after the grid of each note of a stroke."""
    if stage.sticks is None:
        late = _late(stage, stroke[0])
        return [late + extra for extra in _spread(stage, stroke)]
    stage.sticks.next_stroke()
    most = HIT_MS if stroke[0].start in stage.plan.hits else stage.hand.most
    found = []
    for note in stroke:
        bar, inside = divmod(note.start - stage.begin, bar_ticks(stage.plan.meter))
        late = stage.sticks.late(note, inside, bar) + _walked(stage, note.start)
        found.append(float(np.clip(late, -most, most)))
    return found


def _late(stage: _Stage, note: Note) -> float:
    """Milliseconds after the grid at which a stroke comes."""
    hand = stage.hand
    if hand.most == 0:
        return 0.0
    lean = LEANS.get(stage.style.id, {}).get(stage.kind, 0.0)
    own = float(stage.rng.normal(0.0, hand.spread))
    if note.start in stage.plan.hits:
        return float(np.clip(own + lean, -HIT_MS, HIT_MS))
    middle = hand.offset + lean
    around = middle if hand.most > 10 else 0.0
    late = own + middle + _walked(stage, note.start)
    late = float(np.clip(late, around - hand.most, around + hand.most))
    return max(late, -_EARLIEST * stage.tick_ms)


def _walked(stage: _Stage, tick: int) -> float:
    bars = (tick - stage.begin) / bar_ticks(stage.plan.meter)
    return float(np.interp(bars * _WALK_STEPS, np.arange(len(stage.walk)), stage.walk))


def _spread(stage: _Stage, stroke: list[Note]) -> list[float]:
    """Milliseconds by which each note of a chord follows its first; up strokes on off-beats."""
    hand = stage.hand
    together = len({note.start for note in stroke}) == 1
    if len(stroke) < 3 or not hand.down or not together:
        return [0.0] * len(stroke)
    inside = (stroke[0].start - stage.begin) % beat_ticks(stage.plan.meter)
    down = inside == 0 or stage.kind != "guitar"
    full = (hand.down if down else hand.up) * float(stage.rng.uniform(0.7, 1.3))
    if stroke[0].start in stage.plan.hits:
        full = min(full, HIT_MS)
    steps = np.linspace(0.0, full, len(stroke))
    return list(steps if down else steps[::-1])


def _placed(
    stage: _Stage,
    note: Note,
    late: float,
    following: int | None,
    before: dict[int, tuple[int, int]],
) -> Note:
    """A note where and as loud as it is played."""
    met = note.start in stage.plan.hits  # a moment in a picture does not swing
    start = note.start if met else swung(stage.plan, stage.style, note.start)
    end = swung(stage.plan, stage.style, note.start + note.length)
    begin = max(0, start + round(late / stage.tick_ms))
    velocity = note.velocity + float(stage.rng.normal(0.0, _unevenness(stage, note)))
    velocity += _alternated(stage, note, before)
    length = max(20, end - begin)
    if stage.hand.breathes and _out_of_breath(stage, note, following):
        length = max(length // 2, length - round(_BREATH_MS / stage.tick_ms))
    return Note(begin, length, note.pitch, min(127, max(1, round(velocity))))


def _unevenness(stage: _Stage, note: Note) -> float:
    """Standard deviation of a note's velocity."""
    if stage.sticks is None:
        return stage.hand.loudness * min(1.0, note.velocity / _SOFT)
    bar, inside = divmod(note.start - stage.begin, bar_ticks(stage.plan.meter))
    return stage.sticks.loudness(note, inside, bar) * min(1.0, note.velocity / _SOFT)


def _alternated(stage: _Stage, note: Note, before: dict[int, tuple[int, int]]) -> int:
    """Louder and softer in turn where a key is struck again within a beat."""
    last, turn = before.get(note.pitch, (-(2**30), 0))
    again = note.start - last <= beat_ticks(stage.plan.meter)
    turn = 1 - turn if again else 0
    before[note.pitch] = (note.start, turn)
    if stage.kind in ("machine", "effect") or not again:
        return 0
    most = _ALTERNATE if note.velocity > _SOFT else _ALTERNATE // 2
    return -most if turn else most


def _out_of_breath(stage: _Stage, note: Note, following: int | None) -> bool:
    """Whether a note leads without a gap into the first bar of a new pair."""
    if following is None or following - (note.start + note.length) > 60:
        return False
    pair = 2 * bar_ticks(stage.plan.meter)
    return (note.start - stage.begin) // pair != (following - stage.begin) // pair


def _walk(plan: Plan, place: Place, seed: int) -> np.ndarray:
    """The band's slow walk through one section, in ms: none in loops, nought at both ends."""
    count = place.section.bars * _WALK_STEPS + 1
    if plan.kind == "loop" or count < 9:
        return np.zeros(count)
    rng = np.random.default_rng([seed % 2**63, *f"band/{place.key}".encode()])
    width = 3 * _WALK_STEPS // 2  # it turns round every two to four bars
    window = np.hanning(2 * width + 1)[1:-1]
    walk = np.convolve(rng.normal(0.0, 1.0, count + len(window) - 1), window, "valid")
    walk *= WALK_MS / max(1e-9, float(np.sqrt((window**2).sum())))
    ends = np.minimum(1.0, np.minimum(np.arange(count), np.arange(count)[::-1]) / _WALK_STEPS)
    return walk * ends
