"""Voicings: a section's chords placed by a recipe, each voice moving as little as it can.

The whole section is led at once: the few best ways so far are carried from chord to chord, so an
early voicing is chosen with what follows in mind. It begins near the middle of its range, never
from what another section ended with.
"""

from collections.abc import Sequence
from functools import lru_cache
from itertools import combinations, pairwise, product

from engine.arrange.recipes import Recipe
from engine.arrange.tones import Tones, tones_of
from engine.contracts import Chord

Voicing = tuple[int, ...]

CLEAR = 48  # below it only fifths and octaves
MIDDLE, NARROWEST = 55, 4  # below it nothing under a major third
WIDEST = 12  # between neighbours
MOST = 8  # semitones that all voices together like to move
LEAP = 7  # semitones no voice moves without need
ROOM = 12  # semitones a recipe needs under its ceiling
_WAYS = 6  # how many beginnings are carried along
_KEPT = 48  # layouts of one chord that are thought about
_MISSHAPEN = 3.0  # what it costs to leave the recipe's outline
_SPANS = {"close": 16, "rootless": 16, "cluster": 12, "power": 19, "drop2": 21, "pad": 21}
_TIED = ("pad", "tutti")  # shapes that move one voice at a time


def led(
    chords: Sequence[Chord],
    recipe: Recipe,
    low: int,
    high: int,
    *,
    extras: Sequence[tuple[int, ...]] = (),
    ceilings: Sequence[int] = (),
    tonic: int = 0,
) -> list[Voicing]:
    """One voicing per chord, from the bottom, inside ``low`` … ``high``; none is empty.

    ``extras`` are pitch classes that may join each chord, ``ceilings`` the highest pitch each may
    take; where there is no room under it the voicing thins out before it crosses.
    """
    if not chords:
        return []
    spots = tuple(
        (
            chord.pitches,
            chord.root,
            chord.bass,
            tuple(extras[at]) if extras else (),
            min(high, ceilings[at]) if ceilings else high,
        )
        for at, chord in enumerate(chords)
    )
    return list(_led(spots, recipe, low, high, tonic))


def bass_note(pitch_class: int, low: int, high: int) -> int:
    """The lowest place of a pitch class that is not too low for the role."""
    pitch = low + (pitch_class - low) % 12
    return pitch if pitch <= high else pitch - 12


def movement(before: Voicing, after: Voicing) -> int:
    """Semitones all voices move together, each to the nearest tone where their number differs."""
    if len(before) == len(after):
        return sum(abs(b - a) for a, b in zip(before, after, strict=True))
    return sum(min(abs(pitch - other) for other in before) for pitch in after)


def parallels(before: Voicing, after: Voicing) -> int:
    """Fifths and octaves two voices move in together."""
    if len(before) != len(after):
        return 0
    found = 0
    for (a0, a1), (b0, b1) in combinations(zip(before, after, strict=True), 2):
        same = (b0 - a0) % 12 == (b1 - a1) % 12
        found += same and (b0 - a0) % 12 in (0, 7) and (a1 - a0) * (b1 - b0) > 0
    return found


@lru_cache(maxsize=512)
def _led(
    spots: tuple[tuple, ...], recipe: Recipe, low: int, high: int, tonic: int
) -> tuple[Voicing, ...]:
    centre = (low + high) / 2
    ways: list[tuple[float, tuple[Voicing, ...]]] = [(0.0, ())]
    for at, spot in enumerate(spots):
        options = _options(spot, recipe, low, tonic)
        before = spots[at - 1] if at else None
        grown = []
        for cost, path in ways:
            last = path[-1] if path else None
            for extra, option in options:
                step = extra + _home(option, centre, 0.12 if path else 0.6)
                if last is not None and before is not None:
                    step += _step(last, option, before, spot, recipe, tonic)
                grown.append((cost + step, (*path, option)))
        grown.sort()
        ways = grown[:_WAYS]
    return ways[0][1]


@lru_cache(maxsize=4096)
def _options(
    spot: tuple, recipe: Recipe, low: int, tonic: int
) -> tuple[tuple[float, Voicing], ...]:
    """Every clear way to lay out one chord, with what it costs to be less than the recipe asks."""
    pitches, root, bass, extras, high = spot
    chord = Chord(at=0, length=1, symbol="", root=root, bass=bass, pitches=pitches)
    tones = tones_of(chord)
    for loose in range(2):
        found = [
            (cost + (0.0 if loose or _shaped(recipe.shape, option) else _MISSHAPEN), option)
            for cost, classes in _classes(recipe, tones, extras, tonic, loose)
            for option in _placed(classes, low, high)
            if clear(option) and option[-1] - option[0] <= _SPANS.get(recipe.shape, 24)
        ]
        if found:
            centre = (low + high) / 2
            ranked = sorted(
                dict.fromkeys(found), key=lambda one: (one[0] + _home(one[1], centre, 0.5), one)
            )
            return tuple(ranked[:_KEPT])
    lowest = bass_note(root, low, max(high, low + 11))
    return ((0.0, (lowest,)),)


def _classes(
    recipe: Recipe, tones: Tones, extras: tuple[int, ...], tonic: int, loose: int
) -> list[tuple[float, list[int]]]:
    """Which tones are sounded, best first; ``loose`` 1 and 2 give up voices for want of room."""
    if loose:
        return _thin(tones)
    makers = {"power": _power, "open": _open, "shell": _shell, "rootless": _rootless,
              "quartal": _quartal, "cluster": _cluster, "tutti": _tutti}  # fmt: skip
    maker = makers.get(recipe.shape)
    if maker is not None:
        return maker(tones, extras, recipe.voices)
    return _full(tones, extras, recipe.voices, tonic)


def _thin(tones: Tones) -> list[tuple[float, list[int]]]:
    """What two or three voices can say where there is no room for more; the root alone at last."""
    upper = [one for one in (tones.third, tones.seventh, tones.fifth) if one is not None]
    pairs = [*combinations(upper, 2), *((tones.root, one) for one in upper)]
    three = [(0.0, [tones.root, *pair]) for pair in combinations(upper, 2)]
    two = [(3.0 + 0.3 * at, list(pair)) for at, pair in enumerate(pairs)]
    return [*three, *two, (5.0, [tones.root, tones.root]), (12.0, [tones.root])]


def _full(
    tones: Tones, extras: tuple[int, ...], voices: int, tonic: int
) -> list[tuple[float, list[int]]]:
    """The chord's own tones: the root goes where they are too many and doubles where too few."""
    root, third, fifth, seventh = tones.root, tones.third, tones.fifth, tones.seventh
    if third is None:
        return _power(tones, extras, voices)
    above = [*tones.above, *extras]
    if seventh is None and not above:
        base = [root, third, *([] if fifth is None else [fifth])]
        if voices == 3:
            return [(0.0, base)]
        leading = (tonic + 11) % 12
        doubles = [one for one in (root, fifth) if one is not None and one != leading] or [third]
        return [(0.3 * at, [*base, one]) for at, one in enumerate(doubles)]
    tail = [one for one in (seventh, *above) if one is not None][: 2 if voices > 3 else 1]
    keep = [third, *tail]
    spare = [one for one in (fifth, root) if one is not None]
    count = max(0, min(voices - len(keep), len(spare)))
    return [
        (0.4 * (root in chosen and len(keep) > 2), [*keep, *chosen])
        for chosen in combinations(spare, count)
    ]


def _power(tones: Tones, extras: tuple[int, ...], voices: int) -> list[tuple[float, list[int]]]:
    del extras
    fifth = tones.fifth if tones.fifth is not None else tones.root
    if voices < 3:
        return [(0.0, [tones.root, fifth])]
    return [(0.0, [tones.root, fifth, tones.root]), (1.5, [tones.root, fifth])]


def _open(tones: Tones, extras: tuple[int, ...], voices: int) -> list[tuple[float, list[int]]]:
    fifth = tones.fifth if tones.fifth is not None else tones.root
    root = tones.root
    nines = [one for one in (*tones.above, *extras) if (one - root) % 12 in (2, 9)]
    more = [tones.third] if voices > 3 and tones.third is not None else []
    sets = [(0.2 * at, [root, fifth, nine, *more]) for at, nine in enumerate(nines[:1])]
    plain = [root, fifth, tones.third if more else root]
    return [*sets, (0.5, [*plain, root] if more else plain)]  # type: ignore[list-item]


def _shell(tones: Tones, extras: tuple[int, ...], voices: int) -> list[tuple[float, list[int]]]:
    third = tones.third if tones.third is not None else tones.root
    seventh = tones.seventh if tones.seventh is not None else tones.root
    tops = [*tones.above, *extras[:1]] or ([tones.fifth] if tones.fifth is not None else [])
    sets = [(0.2 * at, [third, seventh, top]) for at, top in enumerate(tops)] if voices > 2 else []
    return [*sets, (0.6, [third, seventh])]


def _rootless(tones: Tones, extras: tuple[int, ...], voices: int) -> list[tuple[float, list[int]]]:
    if tones.seventh is None or tones.third is None:
        return _full(tones, extras, voices, -1)
    nines = [*tones.above, *extras]
    sets = []
    for nine in nines[:2] or [tones.root]:
        others = [one for one in (tones.fifth, *nines[:3]) if one is not None and one != nine]
        for at, five in enumerate(others or [tones.root]):
            sets.append((0.3 * at, [tones.third, tones.seventh, nine, five]))
    return sets


def _quartal(tones: Tones, extras: tuple[int, ...], voices: int) -> list[tuple[float, list[int]]]:
    """Stacks of fourths found among the chord's tones and tensions."""
    have = {one for one in (tones.root, tones.third, tones.fifth, tones.seventh, *tones.above,
                            *extras) if one is not None}  # fmt: skip
    stacks = []
    for first in sorted(have):
        stack = [(first + 5 * at) % 12 for at in range(voices)]
        if set(stack) <= have:
            stacks.append((0.0 if tones.third in stack else 0.5, stack))
    return stacks or _open(tones, extras, voices)


def _cluster(tones: Tones, extras: tuple[int, ...], voices: int) -> list[tuple[float, list[int]]]:
    """Neighbouring tones: as many of the chord's own as can be, tensions between them."""
    own = [one for one in (tones.root, tones.third, tones.fifth, tones.seventh, *tones.above)
           if one is not None]  # fmt: skip
    have = sorted({*own, *extras})
    sets = []
    for chosen in combinations(have, min(voices, len(have))):
        spread = min(max((one - low) % 12 for one in chosen) for low in chosen)
        sets.append((0.2 * spread + 0.4 * sum(one not in own for one in chosen), list(chosen)))
    return sorted(sets)[:4]


def _tutti(tones: Tones, extras: tuple[int, ...], voices: int) -> list[tuple[float, list[int]]]:
    root, fifth = tones.root, tones.fifth if tones.fifth is not None else tones.root
    third = tones.third if tones.third is not None else fifth
    top = next((one for one in (tones.seventh, *tones.above, *extras[:1]) if one is not None), None)
    sets = [(0.0, [root, fifth, third, top if top is not None else root])]
    if voices > 4:
        sets.insert(0, (0.0, [root, fifth, root, third, top if top is not None else fifth]))
    return sets


def _placed(classes: list[int], low: int, high: int) -> list[Voicing]:
    """All the ways to give each tone an octave, sorted from the bottom."""
    places = [range(low + (one - low) % 12, high + 1, 12) for one in classes]
    return [
        voices
        for chosen in product(*places)
        if len(set(voices := tuple(sorted(chosen)))) == len(classes)
    ]


def clear(pitches: Sequence[int], widest: int = WIDEST) -> bool:
    """Fifths and octaves down low, no semitone at the top, no minor ninth, no hole wider than
    ``widest``."""
    if len(pitches) > 1 and pitches[-1] - pitches[-2] == 1:
        return False
    if any(b - a == 13 for a, b in combinations(pitches, 2)):
        return False
    return all(
        b - a <= widest and (a >= CLEAR or b - a in (7, 12)) and (a >= MIDDLE or b - a >= NARROWEST)
        for a, b in pairwise(pitches)
    )


def _shaped(shape: str, pitches: Voicing) -> bool:
    """Whether a layout has the recipe's outline."""
    span, gaps = pitches[-1] - pitches[0], [b - a for a, b in pairwise(pitches)]
    if shape in ("close", "rootless"):
        return span <= (12 if len(pitches) < 4 else 14)
    if shape == "drop2" and len(pitches) == 4:
        raised = pitches[0] + 12
        return pitches[2] < raised < pitches[3] and pitches[3] - pitches[1] <= 12
    if shape == "spread":
        return span >= 12 and gaps[0] >= 5
    if shape == "quartal":
        return all(gap in (4, 5, 6) for gap in gaps)
    if shape == "cluster":
        return span <= 9
    if shape == "power":
        return gaps[0] in (7, 6, 8, 12)
    if shape == "tutti":
        return gaps[0] >= 7 and (len(gaps) < 4 or gaps[-1] <= 7)
    if shape == "open":
        return gaps[0] >= 5 and span >= 12
    return span <= 19


def _home(option: Voicing, centre: float, weight: float) -> float:
    return abs(sum(option) / len(option) - centre) * weight


def _step(
    before: Voicing, after: Voicing, left: tuple, here: tuple, recipe: Recipe, tonic: int
) -> float:
    """What a change costs: movement first, then leaps, parallels, and tones that should resolve."""
    moved = movement(before, after)
    cost = moved + 3.0 * max(0, moved - MOST) + 3.0 * (len(before) != len(after))
    if len(before) == len(after):
        cost += 6.0 * sum(abs(b - a) > LEAP for a, b in zip(before, after, strict=True))
        if recipe.shape in _TIED:
            cost += sum(a != b for a, b in zip(before, after, strict=True))
        if recipe.strict:
            cost += 14.0 * parallels(before, after) + 6.0 * _with_bass(before, after, left, here)
    cost += _outer(before, after, left[2], here[2])
    return cost + _unresolved(before, after, left, here, tonic)


def _with_bass(before: Voicing, after: Voicing, left: tuple, here: tuple) -> int:
    """Voices that stay a fifth or an octave over a bass that moves."""
    if left[2] == here[2]:
        return 0
    return sum(
        a != b and (a - left[2]) % 12 == (b - here[2]) % 12 and (a - left[2]) % 12 in (0, 7)
        for a, b in zip(before, after, strict=True)
    )


def _outer(before: Voicing, after: Voicing, bass: int, moved: int) -> float:
    """Top voice and bass like to part or to stay; the bass goes the shorter way round."""
    down = (moved - bass) % 12
    direction = (down if down <= 6 else down - 12) * (after[-1] - before[-1])
    return 1.5 if direction > 0 else 0.0


def _unresolved(before: Voicing, after: Voicing, left: tuple, here: tuple, tonic: int) -> float:
    """A seventh falls by a step or stays; a leading tone on top rises when home comes."""
    cost = 0.0
    for pitch in before:
        if (pitch - left[1]) % 12 in (10, 11) and left[1] != here[1]:
            cost += 1.0 * (not {pitch, pitch - 1, pitch - 2} & set(after))
    rises = (before[-1] - tonic) % 12 == 11 and here[1] == tonic
    return cost + 2.0 * (rises and after[-1] != before[-1] + 1)
