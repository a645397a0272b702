"""The tones of a chord by what they do in it, and the tensions it takes."""

from msgspec import Struct

from engine.contracts import Chord, Plan
from engine.words.tonality import MODES


class Tones(Struct, frozen=True):
    """Pitch classes by function; None where the chord has no such tone."""

    root: int
    third: int | None  # the second or fourth of a suspended chord
    fifth: int | None
    seventh: int | None  # or the sixth
    above: tuple[int, ...]  # 9 11 13 that the symbol itself names


def tones_of(chord: Chord) -> Tones:
    """A chord taken apart."""
    intervals = {(pitch - chord.root) % 12 for pitch in chord.pitches}
    third = _first(intervals, (4, 3, 5, 2))
    fifth = _first(intervals, (7, 6, 8))
    seventh = _first(intervals, (11, 10, 9))
    rest = intervals - {0, third, fifth, seventh}
    return Tones(
        chord.root,
        _class(chord, third),
        _class(chord, fifth),
        _class(chord, seventh),
        tuple((chord.root + one) % 12 for one in sorted(rest)),
    )


def tensions(chord: Chord, plan: Plan) -> tuple[int, ...]:
    """Pitch classes that may join a chord: its own upper tones, then those its kind takes."""
    own = tones_of(chord)
    intervals = {(pitch - chord.root) % 12 for pitch in chord.pitches}
    if 4 in intervals and 10 in intervals:
        wished = (1, 8) if _minor(plan) else (2, 9)
    elif 4 in intervals:
        wished = (2, 9)
    elif 3 in intervals:
        wished = (5,) if 6 in intervals else (2, 5)
    else:
        wished = (2,)
    scale = {(plan.tonic + step) % 12 for step in MODES.get(plan.mode, range(12))}
    more = [
        (chord.root + one) % 12
        for one in wished
        if (chord.root + one) % 12 in scale and (chord.root + one) % 12 not in chord.pitches
    ]
    return (*own.above, *more)


def ninth(chord: Chord, plan: Plan) -> int | None:
    """The major ninth where the chord is a plain triad and its scale has one."""
    intervals = sorted((pitch - chord.root) % 12 for pitch in chord.pitches)
    if intervals not in ([0, 4, 7], [0, 3, 7]):
        return None
    nine = (chord.root + 2) % 12
    return nine if nine in tensions(chord, plan) else None


def fitting(chord: Chord, plan: Plan) -> frozenset[int]:
    """Everything that may sound in a chord without a clash."""
    return frozenset((*chord.pitches, chord.bass, *tensions(chord, plan)))


def _minor(plan: Plan) -> bool:
    return 3 in MODES.get(plan.mode, ())


def _first(intervals: set[int], wished: tuple[int, ...]) -> int | None:
    return next((one for one in wished if one in intervals), None)


def _class(chord: Chord, interval: int | None) -> int | None:
    return None if interval is None else (chord.root + interval) % 12
