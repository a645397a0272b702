"""The composer's inner voices as a part plays them: in its own place, as many as its hands have.

Which tones a chord has and how they move is the composer's; a part only moves all of them by
octaves into its window, adds a tone where its recipe has more than three, and opens the layout
where the recipe does.
"""

from collections.abc import Sequence

from engine.arrange.passage import Passage
from engine.arrange.recipes import Recipe
from engine.arrange.tones import tones_of
from engine.arrange.voicing import MIDDLE, Voicing, bass_note, clear
from engine.contracts import Chord
from engine.score import Note

VOICES = ("lower", "middle", "upper")
HOLE = 16  # semitones between neighbours at most
LED = ("close", "pad", "drop2", "spread", "tutti", "shell", "rootless")  # shapes made of voices


def has(passage: Passage, recipe: Recipe) -> bool:
    """Whether the composer wrote voices here that such a recipe is made of."""
    return recipe.shape in LED and any(passage.notes(voice) for voice in VOICES)


def led(
    passage: Passage,
    chords: Sequence[Chord],
    recipe: Recipe,
    low: int,
    high: int,
    *,
    extras: Sequence[tuple[int, ...]],
    ceilings: Sequence[int],
) -> list[Voicing]:
    """One voicing per chord, from the bottom, inside ``low`` … ``high``; none is empty.

    ``extras`` are pitch classes that may join each chord, ``ceilings`` the highest pitch of each.
    """
    written = [_sounding(passage, chord) for chord in chords]
    shift = _shift([pitch for voices in written for pitch in voices], low, min(ceilings))
    return [
        _laid(chord, [pitch + shift for pitch in voices], recipe, low, min(high, ceiling), extra)
        for chord, voices, extra, ceiling in zip(chords, written, extras, ceilings, strict=True)
    ]


def _sounding(passage: Passage, chord: Chord) -> list[int]:
    """The composer's voices where a chord begins, from the bottom; its own tones without any."""
    found = [_at(passage.notes(voice), chord.at) for voice in VOICES]
    own = [pitch for pitch in found if pitch is not None and pitch % 12 in chord.pitches]
    return sorted(set(own)) or sorted(MIDDLE + (pitch - MIDDLE) % 12 for pitch in chord.pitches[:3])


def _at(notes: Sequence[Note], tick: int) -> int | None:
    return next(
        (note.pitch for note in notes if note.start <= tick < note.start + note.length), None
    )


def _shift(pitches: Sequence[int], low: int, high: int) -> int:
    """The octaves that bring most of the voices into a window, the middle of them to its middle."""
    centre, middle = (low + high) / 2, sum(pitches) / max(1, len(pitches))

    def cost(octaves: int) -> tuple[int, float]:
        outside = sum(not low <= pitch + 12 * octaves <= high for pitch in pitches)
        return outside, abs(middle + 12 * octaves - centre)

    return 12 * min(range(-2, 3), key=cost)


def _laid(
    chord: Chord, voices: list[int], recipe: Recipe, low: int, high: int, extra: tuple[int, ...]
) -> Voicing:
    """The voices inside the window, opened and filled as the recipe has them; those without room
    in it are left out, and the root stands alone where there is room for none."""
    placed = (_placed(pitch, low, high) for pitch in voices)
    inside = sorted({pitch for pitch in placed if pitch is not None})
    inside = inside or [bass_note(chord.root, low, max(high, low + 11))]
    opened = _opened(inside, recipe, low)
    while len(opened) < recipe.voices:
        more = _another(chord, opened, extra, low, high)
        if more is None:
            break
        opened = sorted([*opened, more])
    return tuple(_cleared(opened))


def _placed(pitch: int, low: int, high: int) -> int | None:
    """The pitch in the octave of the window that is nearest to it; None where none is inside."""
    places = range(low + (pitch - low) % 12, high + 1, 12)
    return min(places, key=lambda place: abs(place - pitch), default=None)


def _opened(voices: list[int], recipe: Recipe, low: int) -> list[int]:
    """An octave down for the lowest voice of a spread chord, for the second of a dropped one."""
    place = {"spread": 0, "drop2": len(voices) - 2}.get(recipe.shape)
    if place is None or len(voices) < 3:
        return voices
    moved = sorted([*voices[:place], voices[place] - 12, *voices[place + 1 :]])
    return moved if moved[0] >= low and _clear(moved) else voices


def _another(
    chord: Chord, voices: Sequence[int], extra: tuple[int, ...], low: int, high: int
) -> int | None:
    """A tone the chord still lacks, or its root again, where it keeps the chord clear."""
    tones = tones_of(chord)
    sounding = {pitch % 12 for pitch in voices}
    wished = [one for one in (*tones.above, tones.seventh, *extra, tones.fifth, tones.third)
              if one is not None and one not in sounding]  # fmt: skip
    for tone in (*wished, tones.root):
        places = [low + (tone - low) % 12 + 12 * octave for octave in range(4)]
        fits = [
            pitch for pitch in places
            if pitch <= high and pitch not in voices and _clear(sorted([*voices, pitch]))
        ]  # fmt: skip
        if fits:
            middle = sum(voices) / max(1, len(voices))
            return min(fits, key=lambda pitch: abs(pitch - middle))
    return None


def _cleared(voices: list[int]) -> list[int]:
    """Without the voices that make it muddy or harsh, the lowest first."""
    kept = list(voices)
    while len(kept) > 2 and not _clear(kept):
        kept.pop(0)
    return kept


def _clear(pitches: Sequence[int]) -> bool:
    """As ours are, but that an opened chord may have a wider hole."""
    return clear(pitches, HOLE)
