"""Voicings: a chord's pitch classes placed for hands and sections, moving as little as they can."""

from collections.abc import Sequence
from itertools import pairwise

from engine.contracts import Chord

VOICES = 4
MIDDLE, TIGHTEST = 55, 3  # under this pitch no seconds
LOWEST_THIRD = 48  # under it only fifths and octaves are clear


def voice(
    chord: Chord, low: int, high: int, before: Sequence[int], *, voices: int = VOICES, turn: int = 0
) -> tuple[int, ...]:
    """Pitches from the bottom, inside the range, near the voicing before; never empty."""
    options = _options(_chosen(chord, voices), low, high)
    if not options:  # too little room under a melody: the tension goes first, then the third
        options = _options(list(chord.pitches[:3]), low, high)
    if not options:
        options = _options([chord.root, chord.pitches[min(2, len(chord.pitches) - 1)]], low, high)
    if not options:
        return (_fold(chord.root, low, high),)
    centre = sum(before) / len(before) if before else (low + high) / 2
    ranked = sorted(options, key=lambda option: _cost(option, before, centre, low, high))
    return ranked[min(turn, len(ranked) - 1)]


def _options(classes: list[int], low: int, high: int) -> list[tuple[int, ...]]:
    return [
        option
        for inversion in range(len(classes))
        for option in _placed(classes[inversion:] + classes[:inversion], low, high)
    ]


def bass_note(pitch_class: int, low: int, high: int) -> int:
    """The lowest place of a pitch class that is not too low for the role."""
    return _fold(pitch_class, low, high)


def _chosen(chord: Chord, voices: int) -> list[int]:
    """The classes worth a voice: the bass has the root, so tensions push it out first."""
    classes = list(dict.fromkeys(chord.pitches))
    if len(classes) > voices:
        classes = [one for one in classes if one != chord.root][:voices]
    return classes


def _placed(classes: list[int], low: int, high: int) -> list[tuple[int, ...]]:
    """Close position from each octave, and the same with the second voice from the top dropped."""
    found = []
    for base in range(low, high):
        if base % 12 != classes[0]:
            continue
        pitches = [base]
        for one in classes[1:]:
            pitches.append(pitches[-1] + ((one - pitches[-1]) % 12 or 12))
        if len(pitches) == 2 and pitches[0] + 12 <= high:  # a power chord has its octave
            pitches.append(pitches[0] + 12)
        found.append(tuple(pitches))
        if len(pitches) >= 4:
            dropped = sorted([*pitches[:-2], pitches[-2] - 12, pitches[-1]])
            found.append(tuple(dropped))
        if len(pitches) == 3 == len(classes):
            found.append((*pitches, pitches[0] + 12))
    return [one for one in found if one[0] >= low and one[-1] <= high and _clear(one)]


def _clear(pitches: tuple[int, ...]) -> bool:
    """Nothing but fifths and octaves down low, no semitone at the top, no minor ninth at all."""
    if len(pitches) > 1 and pitches[-1] - pitches[-2] == 1:
        return False
    if any(upper - lower == 13 for lower in pitches for upper in pitches):
        return False
    if any(b - a < TIGHTEST and a < MIDDLE for a, b in pairwise(pitches)):
        return False
    return all(b - a in (7, 12, 19) or a >= LOWEST_THIRD for a, b in pairwise(pitches))


def _cost(
    option: tuple[int, ...], before: Sequence[int], centre: float, low: int, high: int
) -> tuple[float, tuple[int, ...]]:
    middle = sum(option) / len(option)
    home = abs(middle - (low + high) / 2) * 0.3
    if not before:
        return home + abs(middle - centre) * 0.2, option
    moved = sum(min(abs(pitch - other) for other in before) for pitch in option)
    return moved + home + abs(option[-1] - before[-1]) * 0.5, option


def _fold(pitch_class: int, low: int, high: int) -> int:
    pitch = low + (pitch_class - low) % 12
    return pitch if pitch <= high else pitch - 12
