"""Plans for one brief: many are sampled, each is scored, and the best that differ are kept.

A plan that fails a hard condition (home unclear, an ending that does not end, a note outside of the
asked mode) is thrown away. Where every one fails, the sheet's own progressions on the usual form
are taken unchanged, and the plan says so: ``planner`` is ``template``.
"""

import random
from collections import Counter
from collections.abc import Collection

from msgspec import Struct

from engine import styles
from engine.contracts import Chord, Ending, PartPlan, Plan, Resolved, Section
from engine.plan import (
    ambience,
    casting,
    chime,
    contours,
    diversity,
    energy,
    form,
    frame,
    hits,
    layers,
    progressions,
    scoring,
)
from engine.plan.chords import chord_of, closed, held_on
from engine.plan.form import Block
from engine.plan.frame import Frame
from engine.plan.materials import Bars, Materials, materials
from engine.plan.modes import MAJORS
from engine.score import bar_ticks, seconds_per_tick
from engine.styles.sheet import Style
from engine.words.instruments import answers_to
from engine.words.tonality import parse

SOUND, MORE = 12, 5  # plans that are enough to choose from, and so many for each one chosen
TRIES, HALFWAY = 120, 48
SAME_THEME = 3  # samples that may share the chords of their theme
COLOURS = 6  # lead instruments that are enough for six candidates
DRAFTS = 8  # harmonies that one sample may try
SLOW_HARMONY = 0.5  # chords per bar from which a chord may be held for two bars
TEXTURE_LENGTH = 400
BUTTONS = 0.3  # how often a style that knows buttons ends on one when nobody asks
_DARK = frozenset({"sad", "dark", "tense", "melancholic", "epic", "mysterious"})
_LIGHT = frozenset({"happy", "bright", "cheerful", "hopeful", "warm", "uplifting", "romantic"})


class Desk(Struct, frozen=True, kw_only=True):
    """What all plans of a brief share."""

    resolved: Resolved
    style: Style
    tonic: int
    stuff: Materials
    tempi: list[float]  # at which all hits of a picture are met
    leads: int  # colours that leads take turns with, and
    comps: int  # those of the accompaniment


def draw(resolved: Resolved, seed: int, count: int, beside: Collection[Plan] = ()) -> list[Plan]:
    """``count`` different plans for one brief, decided by the seed and by the plans they shall
    stand beside: those keep their progression and lead instrument for themselves."""
    dice = random.Random(f"plan/{seed}")
    if resolved.kind == "chime":
        return chime.draw(resolved, dice, count)
    if resolved.kind == "ambience":
        return ambience.draw(resolved, dice, count)
    desk = _desk(resolved, count + len(beside), dice)
    enough = SOUND + MORE * (count + len(beside))
    pool = _sampled(desk, seed, enough, count)
    pool += [(0.0, _template(desk, seed, at)) for at in range(count - len(pool))]
    return diversity.choose(scoring.best_first(pool), count, list(beside), dice)


def _desk(resolved: Resolved, together: int, dice: random.Random) -> Desk:
    """``together`` plans will stand side by side: more of them need more colours."""
    style = styles.load(resolved.style)
    colours = max(COLOURS, together)
    tonic, mode = _tonality(resolved, style, dice)
    return Desk(
        resolved=resolved,
        style=style,
        tonic=tonic,
        stuff=materials(style.id, mode, asked=resolved.tonality is not None),
        tempi=frame.meeting(resolved, style.typical_bpm),
        leads=min(colours, casting.leads(style)),
        comps=min(colours, casting.comps(style)),
    )


def _sampled(desk: Desk, seed: int, enough: int, count: int) -> list[tuple[float, Plan]]:
    """Plans that keep every hard condition, with their scores. Harmony without thirds is never
    quite sure of its home: where too few are, those that are fairly sure fill up."""
    sure: list[tuple[float, Plan]] = []
    fair: list[tuple[float, Plan]] = []
    heard: Counter[tuple[str, ...]] = Counter()
    for at in range(TRIES):
        plan = _plan(desk, at, random.Random(f"plan/{seed}/{at}"), "sampled")
        theme = diversity.progression(plan)
        if at < HALFWAY and heard[theme] >= SAME_THEME:
            continue
        if not scoring.sound(plan, desk.resolved, desk.stuff):
            continue
        heard[theme] += 1
        rated = scoring.score(plan, desk.resolved, desk.stuff)
        lead = scoring.home_lead_of(plan)
        if lead >= scoring.sure(plan.mode):
            sure.append((rated, plan))
        elif lead >= scoring.FAIR:
            fair.append((lead, plan))
        if len(sure) >= enough or (at >= HALFWAY and len(sure) + len(fair) >= enough):
            break
    fair = scoring.best_first(fair)[: max(0, 2 * count - len(sure))]
    return sure + [(lead - 1.0, plan) for lead, plan in fair]


def _template(desk: Desk, seed: int, at: int) -> Plan:
    """The clearest of the sheet's own progressions, unchanged."""
    options = [
        _plan(desk, at + turn, random.Random(f"template/{seed}/{at}"), "template")
        for turn in range(len(desk.stuff.themes))
    ]
    return max(options, key=scoring.home_lead_of)


def _tonality(resolved: Resolved, style: Style, dice: random.Random) -> tuple[int, str]:
    if resolved.tonality is not None:
        named = parse(resolved.tonality)
        assert named is not None, "resolve() lets only known tonalities through"
        return named.tonic, named.mode
    moods = set(resolved.moods)
    weights = dict(style.modes)
    if moods & _DARK:
        weights = {name: one for name, one in weights.items() if name not in MAJORS} or weights
    elif moods & _LIGHT:
        weights = {name: one for name, one in weights.items() if name in MAJORS} or weights
    mode = dice.choices(list(weights), weights=list(weights.values()))[0]
    return dice.choice(style.tonics), mode


# --- one plan -------------------------------------------------------------------------------------


def _plan(desk: Desk, at: int, dice: random.Random, planner: str) -> Plan:
    resolved, style, stuff = desk.resolved, desk.style, desk.stuff
    ending, framed = _ended(desk, dice)
    letters = form.blocks(resolved, style.forms, framed.bars, framed.tempo, dice)
    met = _hits(resolved, framed)
    letters = hits.on_hits(letters, met, bar_ticks(resolved.meter))
    lead, comp, turn = at % desk.leads, (at + at // desk.leads) % desk.comps, at // desk.leads
    parts = casting.cast(style, resolved, lead, comp, dice.randrange(3) - 1)
    playing = frozenset(part.role for part in parts)
    can = layers.companies(style, playing)
    texture = layers.Texture(
        comp=dice.randrange(len(style.comp)), company=can[(turn + at // desk.comps) % len(can)]
    )
    rungs = energy.energies(resolved, letters, style.energy_cap, dice)
    if planner == "sampled":
        chords = _harmony(desk, letters, framed, ending, dice)
    else:
        written = progressions.as_written(stuff, letters, ending, resolved.meter, at)
        chords = _laid(desk, written, framed)
    made = layers.sections(style, letters, rungs, playing, texture)
    mode = stuff.mode
    if resolved.tonality is None:
        mode = _shown(mode, chords, desk.tonic)
    return Plan(
        style=style.id,
        kind=resolved.kind,
        tempo=framed.tempo,
        meter=resolved.meter,
        bars=framed.bars,
        tonic=desk.tonic,
        mode=mode,
        sections=layers.with_effects(
            layers.with_all(made, _required(resolved, made, parts)), _effect(parts)
        ),
        chords=chords,
        parts=parts,
        contour=contours.draw(style, stuff.mode, at, dice),
        swing=style.swing,
        swing_unit=16 if style.swing_unit == 16 else 8,
        ending=ending,
        hits=met,
        ring_ticks=framed.ring_ticks,
        texture=_texture(parts, letters, chords),
        planner=planner,
    )


def _harmony(
    desk: Desk, letters: tuple[Block, ...], framed: Frame, ending: Ending, dice: random.Random
) -> tuple[Chord, ...]:
    """The first of a few sampled harmonies that is sure of its home, else the surest; the later
    ones come home more often."""
    slow = desk.style.harmonic_rhythm[0] <= SLOW_HARMONY
    best: tuple[float, tuple[Chord, ...]] | None = None
    for turn in range(DRAFTS):
        written = progressions.sample(
            desk.stuff, letters, ending, desk.resolved.meter, slow, turn // 2, dice
        )
        chords = _laid(desk, written, framed)
        lead = scoring.home_lead(chords, desk.resolved.kind, desk.tonic, desk.stuff.mode)
        if best is None or lead > best[0]:
            best = (lead, chords)
        if lead >= scoring.sure(desk.stuff.mode):
            break
    assert best is not None, "DRAFTS is positive"
    return best[1]


def _ended(desk: Desk, dice: random.Random) -> tuple[Ending, Frame]:
    """How the piece ends, and the bars and tempo that leave room for it."""
    resolved, typical = desk.resolved, desk.style.typical_bpm
    if resolved.kind == "loop":
        return "turnaround", frame.fit(resolved, typical, "turnaround", desk.tempi, dice)
    asked = resolved.ending
    if asked is None and "button" in desk.style.endings and dice.random() < BUTTONS:
        framed = frame.fit(resolved, typical, "button", desk.tempi, dice)
        tail = framed.ring_ticks * seconds_per_tick(framed.tempo, resolved.meter)
        if framed.bars >= 4 and tail <= frame.BUTTON_S:
            return "button", framed
    ending = asked or "ring"
    return ending, frame.fit(resolved, typical, ending, desk.tempi, dice)


def _required(
    resolved: Resolved, made: tuple[Section, ...], parts: tuple[PartPlan, ...]
) -> list[str]:
    """A role for each required name that no section lets sound yet."""
    sounding = {role for section in made for role in section.roles}
    wanted = []
    for name in resolved.require:
        able = [part.role for part in parts if _answers(part, name)]
        if able and not sounding & set(able):
            wanted.append(able[0])
    return wanted


def _effect(parts: tuple[PartPlan, ...]) -> str | None:
    """The patch of the effects, where a part plays them."""
    return next((part.patch for part in parts if part.role == "fx"), None)


def _answers(part: PartPlan, name: str) -> bool:
    return name in (part.group, part.role) or answers_to(part, name)


def _hits(resolved: Resolved, framed: Frame) -> tuple[int, ...]:
    if not resolved.hits:
        return ()
    end = framed.bars * bar_ticks(resolved.meter) + framed.ring_ticks
    return hits.ticks(resolved.hits, framed.tempo, resolved.meter, end, fine=resolved.bpm is None)


def _laid(desk: Desk, written: tuple[Bars, ...], framed: Frame) -> tuple[Chord, ...]:
    """The chords in time; one that is written again inside its section is held."""
    bar = bar_ticks(desk.resolved.meter)
    chords: list[Chord] = []
    at = 0
    for section in written:
        held: list[Chord] = []
        for symbols in section:
            share = bar // len(symbols)
            for symbol in symbols:
                held = held_on(held, chord_of(symbol, at, share, desk.tonic))
                at += share
        chords += held
    return closed(chords, framed.ring_ticks)


def _shown(mode: str, chords: tuple[Chord, ...], tonic: int) -> str:
    """A major with a lowered seventh and no leading tone is mixolydian, whatever it was called."""
    heard = {(pitch - tonic) % 12 for chord in chords for pitch in chord.pitches}
    return "mixolydian" if mode == "major" and 10 in heard and 11 not in heard else mode


def _texture(
    parts: tuple[PartPlan, ...], letters: tuple[Block, ...], chords: tuple[Chord, ...]
) -> str:
    named = {part.role: part.name for part in parts}
    form = " ".join(f"{block.name}{block.bars}" for block in letters)
    opening = " ".join(dict.fromkeys(chord.symbol for chord in chords[:4]))
    lead = named.get("lead", "no lead")
    return f"{lead} over {named.get('comp', named.get('pad', 'pads'))}, {opening}; form {form}"[
        :400
    ]
