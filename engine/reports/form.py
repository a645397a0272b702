"""Form as it is heard in the file: energy, sections that return, repeats, registers."""

from collections.abc import Sequence
from itertools import combinations, pairwise
from math import sqrt
from statistics import mean, median

from msgspec import Struct

from engine.contracts import Section
from engine.reports.midi_file import Player
from engine.reports.takes import Take
from engine.score import Note

EARLY = 1 / 12  # of a quarter
BUSY = 4  # onsets in a bar
SHARED = 7  # semitones between two medians that count as one place
LONGEST_RUN = 4  # bars of a part unchanged in a row
_STEPS = 4  # of a quarter, when onset patterns are compared


def bars_of(notes: Sequence[Note], take: Take) -> list[list[Note]]:
    """Notes by bar, forgiving a player who comes in a little early; the ring joins the last."""
    grain = EARLY * take.file.division
    bars: list[list[Note]] = [[] for _ in range(take.plan.bars)]
    for note in notes:
        bar = int((note.start + grain) // take.file.bar)
        bars[min(bar, len(bars) - 1)].append(note)
    return bars


# --- energy ---------------------------------------------------------------------------------------


class Energy(Struct, frozen=True, kw_only=True):
    """What a section was asked to be, and what it is."""

    asked: float
    played: float


def energies(take: Take) -> list[Energy]:
    """Each section's asked energy and its onset density times loudness.

    Asked: the rung 1-7 on which the mean of the brief's curve over the section lies, where there
    is a curve, else the plan's.
    Density: onsets a bar, where a part's notes that begin together are one. Loudness: the mean of
    (velocity / 127) squared, which is how a velocity becomes an amplitude.
    """
    curve = take.resolved.energy
    found = []
    for section in take.plan.sections:
        asked = float(section.energy)
        if curve:
            asked = float(round(1 + 6 * _mean_of(curve, section, take)))
        onsets, loudness = _played(take, section)
        found.append(Energy(asked=asked, played=onsets / section.bars * loudness))
    return found


def _played(take: Take, section: Section) -> tuple[int, float]:
    grain = EARLY * take.file.division
    first, last = section.bar * take.file.bar, (section.bar + section.bars) * take.file.bar
    onsets, loud = 0, []
    for player in take.players:
        before = -10.0 * grain
        for note in player.notes:
            if not first - grain <= note.start < last - grain:
                continue
            loud.append((note.velocity / 127) ** 2)
            if note.start - before > grain:
                onsets += 1
                before = note.start
    return onsets, mean(loud) if loud else 0.0


def _mean_of(curve: tuple[tuple[float, float], ...], section: Section, take: Take) -> float:
    """Mean of the asked curve over a section, read at 32 places."""
    seconds = take.resolved.duration_frames / take.resolved.delivery.sample_rate
    bar_s = take.file.bar * take.file.tick_s
    places = [(section.bar + section.bars * (k + 0.5) / 32) * bar_s / seconds for k in range(32)]
    return mean(_at(curve, place) for place in places)


def _at(curve: tuple[tuple[float, float], ...], place: float) -> float:
    before = curve[0]
    for point in curve:
        if point[0] >= place:
            span = point[0] - before[0]
            share = (place - before[0]) / span if span > 0 else 1.0
            return before[1] + (point[1] - before[1]) * min(1.0, max(0.0, share))
        before = point
    return before[1]


def differing(found: Sequence[Energy]) -> bool:
    """Whether at least three sections were asked to be of three different energies."""
    return len({one.asked for one in found}) >= 3


def spearman(one: Sequence[float], other: Sequence[float]) -> float:
    """Rank correlation; equal values share the mean of their ranks. 0 where a side is constant."""
    a, b = _ranks(one), _ranks(other)
    mean_a, mean_b = mean(a), mean(b)
    over = sum((x - mean_a) * (y - mean_b) for x, y in zip(a, b, strict=True))
    under = sqrt(sum((x - mean_a) ** 2 for x in a) * sum((y - mean_b) ** 2 for y in b))
    return over / under if under else 0.0


def _ranks(values: Sequence[float]) -> list[float]:
    order = sorted(values)
    return [order.index(v) + (order.count(v) - 1) / 2 for v in values]


# --- sections that return -------------------------------------------------------------------------


class Likeness(Struct, frozen=True, kw_only=True):
    """Similarities of bars at the same place of two sections: of one letter, and of two."""

    same: tuple[float, ...]
    other: tuple[float, ...]


def likeness(take: Take, *, drums: bool = False) -> Likeness:
    """Compare every two sections bar by bar; primes do not make another letter.

    Without the drums unless asked: one groove may well carry a whole piece, and is then a sign of
    no section.
    """
    players = [one for one in take.players if one.pitched or (drums and one.track.drums)]
    grids = [(player, bars_of(player.notes, take)) for player in players]
    same: list[float] = []
    other: list[float] = []
    for one, two in combinations(take.plan.sections, 2):
        letters = [section.name.rstrip("'") for section in (one, two)]
        into = same if letters[0] == letters[1] else other
        for place in range(min(one.bars, two.bars)):
            pairs = [
                (player, bars[one.bar + place], bars[two.bar + place]) for player, bars in grids
            ]
            alike = bar_likeness(pairs, take)
            if alike is not None:
                into.append(alike)
    return Likeness(same=tuple(same), other=tuple(other))


def bar_likeness(
    pairs: Sequence[tuple[Player, list[Note], list[Note]]], take: Take
) -> float | None:
    """0-1: the mean over the parts that sound in both bars; None where no part does.

    A part's likeness is the mean of the cosines of its onset patterns (sixteenths) and of what it
    plays: lengths by pitch class, or strokes by key for drums. Which parts sound at all is the
    energy's business and says nothing about whether it is the same music.
    """
    found = []
    for player, one, two in pairs:
        if player.role == "fx" or not (one and two):
            continue
        found.append((_cosine(*(_pattern(b, take) for b in (one, two)))
                      + _cosine(*(_content(b, player) for b in (one, two)))) / 2)  # fmt: skip
    return mean(found) if found else None


def _pattern(notes: Sequence[Note], take: Take) -> dict[int, float]:
    step = take.file.division / _STEPS
    places = {round((note.start % take.file.bar) / step) for note in notes}
    steps = round(take.file.bar / step)
    return {place % steps: 1.0 for place in places}


def _content(notes: Sequence[Note], player: Player) -> dict[int, float]:
    weights: dict[int, float] = {}
    for note in notes:
        key = note.pitch if player.track.drums else note.pitch % 12
        weight = 1.0 if player.track.drums else float(note.length)
        weights[key] = weights.get(key, 0.0) + weight
    return weights


def _cosine(one: dict[int, float], other: dict[int, float]) -> float:
    over = sum(value * other.get(key, 0.0) for key, value in one.items())
    under = sqrt(sum(v * v for v in one.values()) * sum(v * v for v in other.values()))
    return over / under if under else 0.0


def auc(same: Sequence[float], other: Sequence[float]) -> float:
    """How often a pair of one letter is more alike than one of two letters; ties count half."""
    ordered = sorted([(v, 1) for v in same] + [(v, 0) for v in other])
    values = [value for value, _ in ordered]
    ranks, place = 0.0, 0
    while place < len(values):
        end = place
        while end < len(values) and values[end] == values[place]:
            end += 1
        ranks += (place + end + 1) / 2 * sum(kind for _, kind in ordered[place:end])
        place = end
    return (ranks - len(same) * (len(same) + 1) / 2) / (len(same) * len(other))


# --- repeats and registers ------------------------------------------------------------------------


def repeats(take: Take) -> list[str]:
    """Every bar by which a part repeats itself unchanged for more than four in a row."""
    found = []
    for player in take.players:
        bars = bars_of(player.notes, take)
        run = 1
        for number, (before, here) in enumerate(pairwise(bars), 1):
            run = run + 1 if here and unchanged(before, here, take) else 1
            if run > LONGEST_RUN:
                found.append(f"{player.role} bar {number + 1}")
    return found


def unchanged(one: Sequence[Note], other: Sequence[Note], take: Take) -> bool:
    """Whether two bars are the same to the ear: the same pitches within a twelfth of a quarter."""
    if len(one) != len(other):
        return False
    grain = EARLY * take.file.division
    grain_of_bar = [
        sorted((n.pitch, (n.start + grain) % take.file.bar) for n in bar) for bar in (one, other)
    ]
    return all(
        a[0] == b[0] and abs(a[1] - b[1]) <= grain for a, b in zip(*grain_of_bar, strict=True)
    )


class Registers(Struct, frozen=True, kw_only=True):
    """Bars in which something pitched sounds, and those where two busy roles share a place."""

    bars: int
    crowded: int
    both_busy: int  # bars with at least two busy roles
    pairs: dict[str, int]


def registers(take: Take) -> Registers:
    """Two busy roles share an octave when their median pitches lie within seven semitones."""
    grain = EARLY * take.file.division
    lines = [(one.role, bars_of(one.notes, take)) for one in take.pitched]
    bars = crowded = both = 0
    pairs: dict[str, int] = {}
    for number in range(take.plan.bars):
        here = [(role, line[number]) for role, line in lines if line[number]]
        if not here:
            continue
        bars += 1
        busy = [
            (role, median(n.pitch for n in notes))
            for role, notes in here
            if _onsets(notes, grain) >= BUSY
        ]
        both += len(busy) >= 2
        clashes = [
            f"{a}/{b}" for (a, one), (b, two) in combinations(busy, 2) if abs(one - two) <= SHARED
        ]
        crowded += bool(clashes)
        for clash in clashes:
            pairs[clash] = pairs.get(clash, 0) + 1
    return Registers(bars=bars, crowded=crowded, both_busy=both, pairs=pairs)


def _onsets(notes: Sequence[Note], grain: float) -> int:
    """Onsets of a line in one bar: notes that begin together are one."""
    starts = sorted(note.start for note in notes)
    return 1 + sum(b - a > grain for a, b in pairwise(starts)) if starts else 0
