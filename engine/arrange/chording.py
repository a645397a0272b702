"""A section's chords as one role will voice them: window, ceiling, colour, voice-leading."""

from msgspec import Struct, structs

from engine.arrange import inner
from engine.arrange.passage import Passage
from engine.arrange.recipes import COLOURED, COLOURED_SHARE, Recipe
from engine.arrange.tones import ninth, tensions
from engine.arrange.voicing import CLEAR, ROOM, Voicing, led
from engine.contracts import Chord, PartPlan

UNDER_LEAD = 3  # semitones a chord keeps below the melody
LEAST = 8  # semitones a chord is left where the melody lies low
_SOFT_SHAPES = ("power", "open", "tutti")  # may lie in the bass's octave


class Voiced(Struct, frozen=True):
    """A chord and the pitches a role plays on it, from the bottom."""

    chord: Chord
    pitches: Voicing


def voiced(passage: Passage, part: PartPlan, recipe: Recipe, *, under: bool = True) -> list[Voiced]:
    """Every chord of the section in a role's own voicing; ``under`` keeps it below the lead.

    The composer's inner voices where it wrote them, ours elsewhere.
    """
    chords = coloured(passage)
    low, high = window(passage, part, recipe)
    ceilings = _ceilings(passage, chords, low, high) if under else [high] * len(chords)
    extras = [_extras(passage, chord, recipe) for chord in chords]
    if inner.has(passage, recipe):
        pitches = inner.led(passage, chords, recipe, low, high, extras=extras, ceilings=ceilings)
    else:
        pitches = led(
            chords, recipe, low, high, extras=extras, ceilings=ceilings, tonic=passage.plan.tonic
        )
    return [Voiced(chord, voices) for chord, voices in zip(chords, pitches, strict=True)]


def at(spans: list[Voiced], tick: int) -> Voiced:
    """The voiced chord at a tick."""
    for span in spans:
        if span.chord.at <= tick < span.chord.at + span.chord.length:
            return span
    return spans[-1]


def window(passage: Passage, part: PartPlan, recipe: Recipe) -> tuple[int, int]:
    """Where a role's chords lie: the recipe's place inside the instrument's range."""
    low, high = max(part.low, recipe.low), min(part.high, recipe.high)
    # Where the bass plays, hands leave it its octave.
    if "bass" in passage.section.roles and recipe.shape not in _SOFT_SHAPES:
        low = max(low, min(CLEAR, high - ROOM))
    return (low, high) if high - low >= ROOM else (part.low, part.high)


def coloured(passage: Passage) -> list[Chord]:
    """The section's chords; where the style is modern three plain triads in ten get a ninth."""
    if passage.plan.style not in COLOURED:
        return list(passage.plan.chords)
    chords = []
    for number, chord in enumerate(passage.plan.chords):
        nine = ninth(chord, passage.plan)
        if nine is not None and passage.letter_dice("colour", number).random() < COLOURED_SHARE:
            chord = structs.replace(chord, pitches=(*chord.pitches, nine))
        chords.append(chord)
    return chords


def _extras(passage: Passage, chord: Chord, recipe: Recipe) -> tuple[int, ...]:
    """Tensions a recipe reaches for of its own accord."""
    if recipe.shape not in ("open", "shell", "rootless", "quartal", "cluster"):
        return ()
    found = tensions(chord, passage.plan)
    return tuple(one for one in found if one not in chord.pitches)


def _ceilings(passage: Passage, chords: list[Chord], low: int, high: int) -> list[int]:
    """Under the section's melody where that leaves room, else under what sounds with each chord."""
    lead = passage.notes("lead")
    lowest = min((note.pitch for note in lead), default=high + UNDER_LEAD)
    if lowest - UNDER_LEAD >= low + ROOM:
        return [min(high, lowest - UNDER_LEAD)] * len(chords)
    found = []
    for chord in chords:
        end = chord.at + chord.length
        near = [n.pitch for n in lead if n.start < end and n.start + n.length > chord.at]
        found.append(min(high, max(low + LEAST, min(near, default=high + UNDER_LEAD) - UNDER_LEAD)))
    return found
