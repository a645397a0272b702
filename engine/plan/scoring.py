"""Scoring: how good a plan is on paper, by rules that a teacher of composition would name.

A hard condition failed is worth nothing; everything else is a weighted sum of ratings 0-1.
"""

from collections.abc import Sequence
from itertools import pairwise

from engine.contracts import Chord, Plan, Resolved, Section
from engine.plan import likelihood, modes
from engine.plan.energy import along
from engine.plan.materials import Materials, plain
from engine.score import bar_ticks
from engine.styles import profiles

SURE = 0.12  # lead of the planned tonic over the next best, before a melody is heard
SETTLED = 4  # bars from which a piece begins somewhere before it goes home
FAIR = 0.0  # still ahead: enough where the style's chords have no thirds
MODAL_SURE = -0.05  # a church mode shares its notes with a major scale and is never so sure
JUE_SURE = -0.25  # without its fifth a tonic is known by its place alone
WINDOW = 16  # bars in which the bass shall walk somewhere
FINE, STRANGE = 1.0, 4.0  # bits a chord above the rarest of the sheet's own progressions
REPEATED = (0.35, 0.8)  # share of bars whose harmony was heard before
_WEIGHTS = {
    "home": 1.5, "cadences": 1.2, "arc": 1.2, "bass": 1.0, "likely": 1.2, "speeding": 0.6,
    "repetition": 0.8, "variety": 0.8, "hits": 1.0, "heard": 1.0,
}  # fmt: skip
_OPEN = (7, 10, 5, 2, 1, 11)  # roots that do not rest


def sound(plan: Plan, resolved: Resolved, stuff: Materials) -> bool:
    """The hard conditions beside a clear home: the ending is what it says, the mode is kept."""
    if plan.bars >= SETTLED and _begins_away(plan) and home_lead_of(plan) < 2 * SURE:
        return False
    last = plan.chords[-1]
    if plan.ending in ("ring", "button") and last.root != plan.tonic:
        return False
    if plan.ending == "turnaround" and plan.bars > 1 and last.symbol == plan.chords[0].symbol:
        return False
    if resolved.tonality is None or stuff.mode in modes.BOTH:
        return True
    return all(modes.legal(chord.symbol, stuff.mode) for chord in plan.chords)


def score(plan: Plan, resolved: Resolved, stuff: Materials) -> float:
    """The weighted mean of all ratings, 0-1."""
    rated = {
        "home": min(1.0, max(0.0, home_lead_of(plan)) / 0.4),
        "cadences": _cadences(plan),
        "arc": _arc(plan, resolved),
        "bass": walking(plan),
        "likely": _likely(plan, stuff),
        "speeding": _speeding(plan),
        "repetition": _repetition(plan),
        "variety": _variety(plan),
        "hits": _on_lines(plan),
        "heard": heard(plan, stuff),
    }
    return sum(_WEIGHTS[name] * rating for name, rating in rated.items()) / sum(_WEIGHTS.values())


def home_lead(chords: Sequence[Chord], kind: str, tonic: int, mode: str) -> float:
    """How clearly the chords and their basses alone say where home is; the last chord says most."""
    tones = []
    for at, chord in enumerate(chords):
        weight = chord.length * (2.0 if at == len(chords) - 1 and kind != "loop" else 1.0)
        tones += [(pitch, weight) for pitch in chord.pitches]
        tones.append((chord.bass, 2.0 * weight))
    return profiles.home_lead(profiles.weighed(tones), tonic, mode)


def home_lead_of(plan: Plan) -> float:
    """The same of a whole plan."""
    return home_lead(plan.chords, plan.kind, plan.tonic, plan.mode)


def _begins_away(plan: Plan) -> bool:
    """Whether neither the piece nor its theme begins on the tonic."""
    theme = next((one for one in plan.sections if one.name[0] == "A"), plan.sections[0])
    at = theme.bar * bar_ticks(plan.meter)
    begins = next((chord for chord in plan.chords if chord.at >= at), plan.chords[-1])
    return plan.tonic not in (begins.root, begins.bass)


def sure(mode: str) -> float:
    """The lead of home that a mode must have before a melody is heard."""
    if mode == "jue":
        return JUE_SURE
    return SURE if mode in ("major", "minor", "aeolian") else MODAL_SURE


def _sections(plan: Plan) -> list[tuple[Section, list[int]]]:
    """Each section with the indices of its chords."""
    bar = bar_ticks(plan.meter)
    return [
        (
            section,
            [
                at
                for at, chord in enumerate(plan.chords)
                if section.bar * bar <= chord.at < (section.bar + section.bars) * bar
            ],
        )
        for section in plan.sections
    ]


def _cadences(plan: Plan) -> float:
    """Share of section lines that want to go on, and an end that rests or turns as it should."""
    placed = [held for _, held in _sections(plan) if held]
    met = [
        plan.chords[held[-1]].root != plan.chords[after[0]].root
        and (plan.chords[after[0]].root != plan.tonic
             or (plan.chords[held[-1]].root - plan.tonic) % 12 in _OPEN)
        for held, after in pairwise(placed)
    ]  # fmt: skip
    return sum(met) / len(met) if met else 1.0


def _arc(plan: Plan, resolved: Resolved) -> float:
    """The brief's curve followed, else one climax late and a last A that is not the plainest."""
    if resolved.energy:
        misses = [
            abs((section.energy - 1) / 6 - along(resolved.energy, _middle(plan, section)))
            for section in plan.sections
        ]
        return max(0.0, 1.0 - 3 * sum(misses) / len(misses))
    if plan.kind == "loop":
        levels = [section.energy for section in plan.sections]
        return 1.0 if max(levels) - min(levels) <= 2 else 0.4
    fullest = max(plan.sections, key=lambda one: (one.energy, one.bar))
    begin, end = fullest.bar / plan.bars, (fullest.bar + fullest.bars) / plan.bars
    late = 1.0 if begin <= 0.75 and end >= 0.6 else 0.4
    statements = [section for section in plan.sections if section.name[0] == "A"]
    richer = len(statements) < 2 or statements[-1].energy > statements[0].energy
    levels = {section.energy for section in plan.sections}
    moving = min(1.0, (len(levels) + 1) / min(4, len(plan.sections) + 1))
    return (late + richer + moving) / 3


def _middle(plan: Plan, section: Section) -> float:
    return (section.bar + section.bars / 2) / plan.bars


def walking(plan: Plan) -> float:
    """Share of 16-bar windows in which the bass takes two steps in one direction."""
    bar = bar_ticks(plan.meter)
    lows = [(chord.at // bar, chord.bass) for chord in plan.chords]
    runs = {
        first[0] // WINDOW
        for first, second, third in zip(lows, lows[1:], lows[2:], strict=False)
        if (way := _step(first[1], second[1])) and way == _step(second[1], third[1])
    }
    return min(1.0, len(runs) / max(1, plan.bars // WINDOW))


def _step(one: int, other: int) -> int:
    """1 for a step up, -1 for a step down, 0 for anything else."""
    distance = (other - one) % 12
    return 1 if distance in (1, 2) else -1 if distance in (10, 11) else 0


def _likely(plan: Plan, stuff: Materials) -> float:
    """How usual the moves between chords are: 1 at two bits a move, 0 at five."""
    names = [plain(chord.symbol) for chord in plan.chords]
    bits = [
        stuff.moves.get(move, stuff.rare) for move in pairwise(names) if move[0] != move[1]
    ]  # fmt: skip
    if not bits:
        return 0.5
    return min(1.0, max(0.0, (5.0 - sum(bits) / len(bits)) / 3.0))


def heard(plan: Plan, stuff: Materials) -> float:
    """How usual the chords are where they stand, to ears that know songs: 1 where they take hardly
    more bits than the rarest progression of the sheet, 0 where they are strange even to the style.
    What is commoner than that earns nothing: rated against songs, every brief of a style would get
    the same chords (four openings among twenty briefs for jazz, against seven)."""
    above = likelihood.above_own(plan, stuff.themes, stuff.contrasts)
    if above is None:
        return 0.5
    return min(1.0, max(0.0, (STRANGE - above) / (STRANGE - FINE)))


def _speeding(plan: Plan) -> float:
    """Share of sections whose last two bars change at least as often as the others do."""
    bar = bar_ticks(plan.meter)
    rated = []
    for section, held in _sections(plan):
        if section.bars < 4:
            continue
        line = (section.bar + section.bars - 2) * bar
        late = sum(plan.chords[at].at >= line for at in held)
        rated.append(late / 2 >= (len(held) - late) / (section.bars - 2) - 1e-9)
    return sum(rated) / len(rated) if rated else 1.0


def _bars(plan: Plan) -> list[tuple[str, ...]]:
    bar = bar_ticks(plan.meter)
    return [
        tuple(
            chord.symbol
            for chord in plan.chords
            if chord.at < (number + 1) * bar and chord.at + chord.length > number * bar
        )
        for number in range(plan.bars)
    ]


def _repetition(plan: Plan) -> float:
    """Enough that is heard again, and enough that is not."""
    bars = _bars(plan)
    if len(bars) < 8:
        return 1.0
    share = 1.0 - len(set(bars)) / len(bars)
    low, high = REPEATED
    return max(0.0, 1.0 - 4 * max(low - share, share - high, 0.0))


def _variety(plan: Plan) -> float:
    """Three to nine different chords, fewer where harmony is slow."""
    different = len({plain(chord.symbol) for chord in plan.chords})
    wanted = 3 if plan.bars >= 8 else 2
    return 1.0 if wanted <= different <= 9 else 0.7 if different > 9 else 0.3


def _on_lines(plan: Plan) -> float:
    """Share of hits that begin a section."""
    if not plan.hits:
        return 1.0
    lines = {section.bar * bar_ticks(plan.meter) for section in plan.sections}
    return sum(tick in lines for tick in plan.hits) / len(plan.hits)


def best_first(scored: Sequence[tuple[float, Plan]]) -> list[tuple[float, Plan]]:
    """Plans by their score, the best first; equal ones in the order they were drawn."""
    return sorted(scored, key=lambda one: -one[0])
