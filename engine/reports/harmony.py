"""Tonality and chords, heard in the notes of the file."""

from bisect import bisect_right
from collections.abc import Iterator

from msgspec import Struct

from engine.contracts import Chord, Plan
from engine.critique import measure, profile
from engine.reports.takes import Take, score_of
from engine.score import Note, beat_ticks
from engine.words import tonality
from engine.words.tonality import MODES

INSIDE_BEAT = 1 / 8  # of a beat after it, where late players have come in


class Heard(Struct, frozen=True, kw_only=True):
    """The tonality that was asked for (or planned) and the one that the notes say."""

    asked: str
    heard: str
    same: bool
    relative: bool  # the parallel key of the same notes


def tonality_of(take: Take) -> Heard | None:
    """Key profile of pitch classes, weighted by length and place; None for an unknown mode.

    Two tonalities whose fits differ by less than `measure.AMBIGUOUS_FIT` cannot be told apart by
    their notes; then the asked one holds. A tonality is the same with the same tonic and third.
    """
    named = take.resolved.tonality
    wanted = tonality.parse(named) if named else None
    if wanted is None:
        wanted = tonality.Tonality(tonic=take.plan.tonic, mode=take.plan.mode)
    if wanted.mode not in MODES:
        return None
    found = profile.estimate(score_of(take), wanted)
    if found is None:
        return Heard(asked=str(wanted), heard="nothing", same=False, relative=False)
    close = found.fit - found.asked_fit <= measure.AMBIGUOUS_FIT
    heard = wanted if close else found.tonality
    same = measure.same_tonality(wanted, heard)
    third = 3 if {3} <= set(MODES[wanted.mode]) else 4 if {4} <= set(MODES[wanted.mode]) else 0
    other = (wanted.tonic + (3 if third == 3 else 9)) % 12
    return Heard(
        asked=str(wanted), heard=str(heard), same=same, relative=heard.tonic == other and not same
    )


class Fit(Struct, frozen=True, kw_only=True):
    """Of the beats with sounding pitches: the sum of the shares of notes that fit."""

    beats: int
    fitting: float  # chord tones and allowed tensions
    strict: float  # chord tones only


def chord_fit(take: Take) -> Fit:
    """Beat by beat: which of the sounding pitches belong to the planned chord.

    Read an eighth of a beat after each beat, where every player has come in; drums and effects
    have no pitch that harmony is made of.
    """
    grid = take.file.division / 480
    beat = beat_ticks(take.plan.meter) * grid
    bars_end = take.plan.bars * take.file.bar
    lines = [one.notes for one in take.pitched]
    beats, fitting, strict = 0, 0.0, 0.0
    for number in range(int(bars_end // beat)):
        at = number * beat + beat * INSIDE_BEAT
        pitches = [n.pitch % 12 for line in lines for n in sounding(line, at)]
        chord = chord_at(take.plan, at / grid)
        if not pitches or chord is None:
            continue
        tones, more = tones_of(chord), tensions_of(chord, take.plan)
        beats += 1
        strict += sum(one in tones for one in pitches) / len(pitches)
        fitting += sum(one in tones or one in more for one in pitches) / len(pitches)
    return Fit(beats=beats, fitting=fitting, strict=strict)


def misfits(take: Take) -> dict[str, int]:
    """How often each role sounds outside the planned chord on a beat, for whom it concerns."""
    grid = take.file.division / 480
    beat = beat_ticks(take.plan.meter) * grid
    found: dict[str, int] = {}
    for number in range(int(take.plan.bars * take.file.bar // beat)):
        at = number * beat + beat * INSIDE_BEAT
        chord = chord_at(take.plan, at / grid)
        if chord is None:
            continue
        fits = tones_of(chord) | tensions_of(chord, take.plan)
        for one in take.pitched:
            wrong = sum(n.pitch % 12 not in fits for n in sounding(one.notes, at))
            if wrong:
                found[one.role] = found.get(one.role, 0) + wrong
    return found


def sounding(notes: tuple[Note, ...], at: float) -> Iterator[Note]:
    """The notes of a line that sound at a tick."""
    return (n for n in notes if n.start <= at < n.start + n.length)


def chord_at(plan: Plan, tick: float) -> Chord | None:
    """The planned harmony at a tick."""
    place = bisect_right(plan.chords, tick, key=lambda chord: chord.at) - 1
    return plan.chords[place] if place >= 0 else None


def tones_of(chord: Chord) -> frozenset[int]:
    """The chord's own pitch classes, with its bass."""
    return frozenset((*chord.pitches, chord.bass))


_MAJORS = ("major", "lydian", "mixolydian", "gong", "zhi")


def tensions_of(chord: Chord, plan: Plan) -> frozenset[int]:
    """Pitch classes that colour a chord without contradicting it (the style bible's 1.7).

    Major 9 and 13; minor 9 and 11; dominant 9 and 13 in major, flat 9 and flat 13 in minor;
    half-diminished 11; suspended and open chords 9 and 13.
    """
    above = {(pitch - chord.root) % 12 for pitch in chord.pitches}
    if 4 in above and 10 in above:
        steps = (2, 9) if plan.mode in _MAJORS else (1, 8)
    elif 4 in above:
        steps = (2, 9)
    elif 3 in above and 6 in above and 7 not in above:
        steps = (5,)
    elif 3 in above:
        steps = (2, 5)
    else:
        steps = (2, 9)
    return frozenset((chord.root + step) % 12 for step in steps)
