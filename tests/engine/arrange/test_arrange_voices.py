"""Voice-leading as it is measured: movement, parallels, outer voices, tones that should resolve."""

from collections.abc import Iterator
from itertools import pairwise

from engine import styles
from engine.arrange import chording
from engine.arrange.chording import Voiced
from engine.arrange.passage import Passage, passages
from engine.arrange.recipes import recipe_of
from engine.arrange.tones import fitting, tones_of
from engine.arrange.voicing import movement, parallels
from engine.contracts import Brief, Plan
from engine.plan import draw
from engine.words import resolve

STRICT = ("orchestral_epic", "orchestral_tender", "waltz_ballroom")
HAND_SHAPES = ("power", "open", "quartal")  # moved as a whole, like a hand on a neck
ROLES = ("comp", "pad", "harmony")


def plans_of(style: str) -> list[Plan]:
    brief = Brief(kind="bed", style=style, duration_ms=60_000, seed=3)
    return draw(resolve(brief, 3), 3, 3)


def led(style: str) -> Iterator[tuple[str, Passage, list[Voiced]]]:
    """Every section's chords in the voicing of each role that has a recipe."""
    for plan in plans_of(style):
        for passage in passages(plan, [], 1):
            for part in plan.parts:
                if part.role in ROLES:
                    recipe = recipe_of(style, part.role)
                    yield part.role, passage, chording.voiced(passage, part, recipe, under=False)


def changes(spans: list[Voiced]) -> Iterator[tuple[Voiced, Voiced]]:
    return ((a, b) for a, b in pairwise(spans) if a.chord.pitches != b.chord.pitches)


def test_chords_change_by_little_movement_in_every_style() -> None:
    for style in styles.names():
        moved = [
            (movement(a.pitches, b.pitches), max(4, len(a.pitches)))
            for role, _, spans in led(style)
            if recipe_of(style, role).shape not in HAND_SHAPES
            for a, b in changes(spans)
        ]
        if not moved:
            continue
        mean = sum(one / voices for one, voices in moved) / len(moved)
        small = sum(one <= 2 * voices for one, voices in moved) / len(moved)
        print(f"{style:20} {len(moved):4} changes, {mean:.2f} semitones a voice, "
              f"{small:.0%} at most two a voice")  # fmt: skip
        assert mean <= 1.5, style
        assert small >= 0.85, style


def test_orchestras_and_waltzes_have_no_parallel_fifths_and_octaves() -> None:
    for style in STRICT:
        pairs = [
            parallels(a.pitches, b.pitches)
            for role, _, spans in led(style)
            if recipe_of(style, role).strict
            for a, b in changes(spans)
        ]
        print(f"{style:20} {sum(pairs)} parallels in {len(pairs)} changes")
        assert len(pairs) > 30
        assert sum(pairs) <= 0.03 * len(pairs), style


def test_top_voice_and_bass_part_or_stay_in_half_of_the_changes_or_more() -> None:
    apart = total = 0
    for style in STRICT:
        for _, _, spans in led(style):
            for a, b in changes(spans):
                step = (b.chord.bass - a.chord.bass) % 12
                bass = step if step <= 6 else step - 12
                total += 1
                apart += bass * (b.pitches[-1] - a.pitches[-1]) <= 0
    assert apart >= 0.5 * total


def test_sevenths_fall_or_stay_and_are_never_doubled() -> None:
    kept = total = 0
    for style in styles.names():
        for _, _, spans in led(style):
            for a, b in changes(spans):
                seventh = tones_of(a.chord).seventh
                voices = [pitch for pitch in a.pitches if pitch % 12 == seventh]
                third = tones_of(a.chord).third
                assert len(voices) <= 1, (style, a)
                if third is not None and len(a.pitches) < 5:
                    assert sum(one % 12 == third for one in a.pitches) <= 1, (style, a)
                for pitch in voices:
                    total += 1
                    kept += bool({pitch, pitch - 1, pitch - 2} & set(b.pitches))
    assert total > 100
    assert kept >= 0.75 * total


def test_every_voice_is_a_tone_of_its_chord_or_a_tension_it_takes() -> None:
    for style in styles.names():
        for role, passage, spans in led(style):
            for span in spans:
                allowed = fitting(span.chord, passage.plan)
                assert {pitch % 12 for pitch in span.pitches} <= allowed, (style, role, span)
