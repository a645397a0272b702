"""A bar of drums played a little differently: a stroke left out, added, moved or on another voice.

Of every four bars the first and the third are alike, the second departs a little and the fourth
most; over the four 10-25 % of the strokes change.
"""

import random
from collections.abc import Collection, Mapping, Sequence

from engine.styles.clock import Stroke

BLOCK = 4
LEAST, MOST = 0.16, 0.25  # an addition and an omission together are heard as one change
_KEPT_DIGIT = 6  # strokes from here up are the groove itself
_GHOST = 2
_WEAK_KICK, _ADDED_KICK = 4, 6  # digits
_SWAPS = {"H": "O", "O": "H", "R": "H", "S": "L", "L": "S"}

Odds = Mapping[str, Sequence[float]]
"""Voice → how likely it is to be struck at each step of the bar."""


def shares(strokes: int, filled: int, dice: random.Random) -> tuple[int, int, int, int]:
    """How many strokes change in each bar of a block, given what the fill of the last changes."""
    wished = max(1, round(dice.uniform(LEAST, MOST) * BLOCK * strokes))
    second = max(1, wished // 4) if wished > 1 else 0
    return 0, second, 0, max(0, wished - second - filled)


def varied(
    bar: list[Stroke],
    changes: int,
    odds: Odds,
    bass: Collection[int],
    mono: bool,
    dice: random.Random,
) -> list[Stroke]:
    """The bar with so many strokes changed, each in another way and none of them twice.

    ``bass`` are the steps at which the bass begins a note: kicks come there and leave elsewhere.
    ``mono`` is one sound at a time.
    """
    now, touched = list(bar), set[int]()
    ways = ["drop", "add", "shift", "swap"]
    for number in range(changes):
        if number % len(ways) == 0:
            dice.shuffle(ways)
        order = ways[number % len(ways) :] + ways[: number % len(ways)]
        for way in order:
            changed = _WAYS[way](now, touched, odds, bass, mono, dice)
            if changed is not None:
                now = changed
                break
    return sorted(now, key=lambda one: (one.at, one.voice))


def locked(bar: list[Stroke], bass: Collection[int], beats: Collection[int]) -> list[Stroke]:
    """The bar with its kicks where the bass plays: those off the beat move there by a step, weak
    ones without a bass near leave, and one comes where the bass has an off-beat of its own."""
    kicks = {one.at for one in bar if one.voice == "K"}
    kept: list[Stroke] = []
    for one in bar:
        if one.voice != "K" or one.at in beats or one.at in bass:
            kept.append(one)
            continue
        near = [to for to in (one.at - 1, one.at + 1) if to in bass and to not in kicks]
        if near:
            kicks.add(near[0])
            kept.append(Stroke(near[0], "K", one.digit))
        elif one.digit > _WEAK_KICK:
            kept.append(one)
    own = [at for at in sorted(bass) if at not in beats and at not in kicks]
    free = [at for at in own if not {at - 1, at, at + 1} & kicks and at % 2 == 0]
    if free and kicks:
        kept.append(Stroke(free[-1], "K", _ADDED_KICK))
    return sorted(kept, key=lambda one: (one.at, one.voice))


def _drop(
    bar: list[Stroke], touched: set[int], odds: Odds, bass: Collection[int], mono: bool,
    dice: random.Random,
) -> list[Stroke] | None:  # fmt: skip
    """Leave out a weak stroke, an off-beat kick without its bass first."""
    weak = _loose(bar, touched)
    if len(bar) < 3 or not weak:
        return None
    alone = [one for one in weak if one.voice == "K" and one.at not in bass]
    gone = dice.choice(alone or weak)
    touched.add(gone.at)
    return [one for one in bar if one is not gone]


def _add(
    bar: list[Stroke], touched: set[int], odds: Odds, bass: Collection[int], mono: bool,
    dice: random.Random,
) -> list[Stroke] | None:  # fmt: skip
    """Add a ghost where a drummer of this kind would play one."""
    busy = {one.at for one in bar}
    taken = {(one.at, one.voice) for one in bar}
    places, weights = [], []
    for voice, row in odds.items():
        for at, likely in enumerate(row):
            if likely <= 0 or at in touched or (at, voice) in taken or (mono and at in busy):
                continue
            if voice == "K" and at not in bass:
                likely *= 0.25
            places.append((at, voice))
            weights.append(likely)
    if not places:
        return None
    at, voice = dice.choices(places, weights)[0]
    touched.add(at)
    loud = {"K": 5, "S": _GHOST, "O": 4}.get(voice, 3)
    return [*bar, Stroke(at, voice, loud)]


def _shift(
    bar: list[Stroke], touched: set[int], odds: Odds, bass: Collection[int], mono: bool,
    dice: random.Random,
) -> list[Stroke] | None:  # fmt: skip
    """Move a weak stroke by a step, a kick only towards its bass."""
    taken = {(one.at, one.voice) for one in bar}
    busy = {one.at for one in bar}
    length = max(len(row) for row in odds.values())
    moves = [
        (one, to)
        for one in _loose(bar, touched)
        for to in (one.at - 1, one.at + 1)
        if 0 < to < length and to not in touched and (to, one.voice) not in taken
        and not (mono and to in busy)
        and (one.voice != "K" or to in bass)
    ]  # fmt: skip
    if not moves:
        return None
    gone, to = dice.choice(moves)
    touched.update((gone.at, to))
    return [*(one for one in bar if one is not gone), Stroke(to, gone.voice, gone.digit)]


def _swap(
    bar: list[Stroke], touched: set[int], odds: Odds, bass: Collection[int], mono: bool,
    dice: random.Random,
) -> list[Stroke] | None:  # fmt: skip
    """Strike a related voice in its place: the open hat for the closed one."""
    taken = {(one.at, one.voice) for one in bar}
    found = [
        (one, _SWAPS[one.voice])
        for one in bar
        if one.voice in _SWAPS and one.at not in touched and _SWAPS[one.voice] in odds
        and (one.at, _SWAPS[one.voice]) not in taken
        and (one.voice not in "SL" or one.digit < _KEPT_DIGIT)
        and (one.voice != "H" or one.at % 4)
    ]  # fmt: skip
    if not found:
        return None
    gone, voice = dice.choice(found)
    touched.add(gone.at)
    return [*(one for one in bar if one is not gone), Stroke(gone.at, voice, gone.digit)]


_WAYS = {"drop": _drop, "add": _add, "shift": _shift, "swap": _swap}


def _loose(bar: list[Stroke], touched: set[int]) -> list[Stroke]:
    """Strokes that may go: weak ones, and of a running hat any that is not on the first beat."""
    return [
        one
        for one in bar
        if one.at not in touched
        and one.at > 0
        and (one.digit < _KEPT_DIGIT or (one.voice in "HPR" and one.at % 4))
    ]
