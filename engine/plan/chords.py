"""Chords as text and as time: bars between ``|``, chords that share a bar apart by spaces.

A chord ends with its section at the latest, so that a section can be rewritten without its
neighbours.
"""

from collections.abc import Iterator
from math import gcd

from engine.contracts import Chord, Outline, Plan, Section
from engine.score import bar_ticks
from engine.styles import harmony

BAR_LINE = " | "


def bars_out(plan: Plan, section: Section) -> Iterator[str]:
    """Each bar of a section: its chords at equal shares of the bar, or ``%`` for the same again."""
    bar = bar_ticks(plan.meter)
    before = ""
    for number in range(section.bar, section.bar + section.bars):
        text = " ".join(_shares(plan.chords, number * bar, bar))
        yield harmony.AGAIN if text == before else text
        before = text


def _shares(chords: tuple[Chord, ...], start: int, length: int) -> list[str]:
    """The symbols of one bar on the coarsest equal division that has all its changes."""
    inside = [one for one in chords if one.at < start + length and one.at + one.length > start]
    share = length
    for chord in inside:
        share = gcd(share, max(0, chord.at - start))
    places = range(start, start + length, share)
    return [next(one.symbol for one in reversed(inside) if one.at <= place) for place in places]


def chords_in(given: Outline, tonic: int, ring: int) -> tuple[Chord, ...]:
    """Chords as they change: one that is written again inside its section is held."""
    bar = bar_ticks(given.meter)
    chords: list[Chord] = []
    first = 0
    for section in given.sections:
        held: list[Chord] = []
        for number, symbols in enumerate(harmony.bars(section.chords)):
            share = bar // len(symbols)
            for place, symbol in enumerate(symbols):
                at = (first + number) * bar + place * share
                held = held_on(held, chord_of(symbol, at, share, tonic))
        chords += held
        first += section.bars
    return closed(chords, ring)


def closed(chords: list[Chord], ring: int) -> tuple[Chord, ...]:
    """The chords with the last of them held ``ring`` ticks beyond the last bar line."""
    return (*chords[:-1], lasting(chords[-1], chords[-1].length + ring))


def chord_of(symbol: str, at: int, length: int, tonic: int) -> Chord:
    """A chord of the sheets' notation on a tonic."""
    read = harmony.read(symbol)
    return Chord(
        at=at,
        length=length,
        symbol=symbol,
        root=(read.root + tonic) % 12,
        bass=(read.bass + tonic) % 12,
        pitches=tuple((pitch + tonic) % 12 for pitch in read.pitches),
    )


def held_on(chords: list[Chord], after: Chord) -> list[Chord]:
    """Chords of a section with one more; the same again is one chord that lasts longer."""
    if chords and chords[-1].symbol == after.symbol:
        return [*chords[:-1], lasting(chords[-1], chords[-1].length + after.length)]
    return [*chords, after]


def lasting(chord: Chord, length: int) -> Chord:
    """The same chord for so many ticks."""
    return Chord(
        at=chord.at,
        length=length,
        symbol=chord.symbol,
        root=chord.root,
        bass=chord.bass,
        pitches=chord.pitches,
    )
