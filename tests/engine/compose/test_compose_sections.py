"""Sections stand alone: what is changed in one is heard there, and in what is like it, only."""

import pytest
from msgspec import structs

from engine.compose.composer import Composer
from engine.contracts import Brief, Chord, Plan, Section
from engine.critique.bars import rater
from engine.plan import draw
from engine.score import Line, Note, bar_ticks
from engine.words import resolve

pytestmark = pytest.mark.xdist_group("music on paper")
STYLES = ("lofi", "solo_piano", "chiptune")


@pytest.fixture(scope="module")
def composer() -> Composer:
    return Composer()


def plans_of(style: str, count: int = 2, **more) -> list[Plan]:
    brief = Brief(kind="bed", style=style, duration_ms=60_000, seed=3, **more)
    return draw(resolve(brief, 3), 3, count)


def edited(plan: Plan, index: int) -> Plan:
    """The plan with every chord of one section a fourth higher, and more energy there."""
    section = plan.sections[index]
    start = section.bar * bar_ticks(plan.meter)
    end = start + section.bars * bar_ticks(plan.meter)
    chords = tuple(
        _a_fourth_higher(chord) if start <= chord.at < end else chord for chord in plan.chords
    )
    livelier = structs.replace(section, energy=section.energy % 7 + 1)
    sections = (*plan.sections[:index], livelier, *plan.sections[index + 1 :])
    return structs.replace(plan, chords=chords, sections=sections)


def _a_fourth_higher(chord: Chord) -> Chord:
    return structs.replace(
        chord,
        root=(chord.root + 5) % 12,
        bass=(chord.bass + 5) % 12,
        pitches=tuple((pitch + 5) % 12 for pitch in chord.pitches),
    )


def touched(plan: Plan, index: int) -> set[int]:
    """The section and all that refer to it, directly or by way of another."""
    found = {index}
    for at, section in enumerate(plan.sections):
        if section.like in found:
            found.add(at)
    return found


def notes_of(plan: Plan, lines: tuple[Line, ...], section: Section) -> list[tuple[str, Note]]:
    start = section.bar * bar_ticks(plan.meter)
    end = start + section.bars * bar_ticks(plan.meter)
    return [(line.role, note) for line in lines for note in line.notes if start <= note.start < end]


@pytest.mark.parametrize("style", STYLES)
def test_an_edited_section_changes_itself_and_what_is_like_it_alone(composer, style) -> None:
    for plan in plans_of(style):
        index = next(at for at, one in enumerate(plan.sections) if one.name == "B")
        other = edited(plan, index)
        before, after = composer.write([plan, other], [5, 5], rate=rater(plan))
        changed = touched(plan, index)
        assert 0 < len(changed) < len(plan.sections)
        for at, section in enumerate(plan.sections):
            old = notes_of(plan, before.lines, section)
            new = notes_of(other, after.lines, section)
            assert (old != new) if at == index else (at in changed or old == new), section.name


def test_no_note_is_held_over_a_section_line(composer) -> None:
    for style in STYLES:
        for plan in plans_of(style):
            made = composer.write([plan], [5], rate=rater(plan))[0]
            lines = [one.bar * bar_ticks(plan.meter) for one in plan.sections[1:]]
            for line in made.lines:
                for note in line.notes:
                    assert not any(note.start < at < note.start + note.length for at in lines)


def test_the_bass_begins_every_section_on_the_bass_of_its_chord(composer) -> None:
    for style in STYLES:
        for plan in plans_of(style):
            made = composer.write([plan], [5], rate=rater(plan))[0]
            bass = next(line for line in made.lines if line.role == "bass")
            for section in plan.sections:
                if "bass" not in section.roles:
                    continue
                start = section.bar * bar_ticks(plan.meter)
                first = next(note for note in bass.notes if note.start >= start)
                chord = next(one for one in plan.chords if one.at <= start < one.at + one.length)
                assert (first.start, first.pitch % 12) == (start, chord.bass)


def test_a_section_that_returns_unvaried_has_the_same_notes(composer) -> None:
    kept = []
    for style in STYLES:
        for plan in plans_of(style):
            source = next(one for one in plan.sections if "lead" in one.roles and one.bars >= 2)
            first = structs.replace(source, bar=0, name="A", like=None)
            again = structs.replace(first, bar=first.bars, like=0, name="A'", variation=0)
            ticks = bar_ticks(plan.meter) * first.bars
            chords = [
                structs.replace(chord, at=chord.at - source.bar * bar_ticks(plan.meter) + shift)
                for shift in (0, ticks)
                for chord in plan.chords
                if 0 <= chord.at - source.bar * bar_ticks(plan.meter) < ticks
            ]
            small = structs.replace(
                plan,
                sections=(first, again, structs.replace(again, bar=2 * first.bars, like=1)),
                chords=(*chords, *chords),
                bars=3 * first.bars,
            )
            made = composer.write([small], [5], rate=rater(small))[0]
            one, two = (notes_of(small, made.lines, section) for section in small.sections[:2])
            there = {(role, note.start, note.pitch) for role, note in one}
            here = {(role, note.start - ticks, note.pitch) for role, note in two}
            kept.append(len(there & here) / len(there | here))
    print(f"\nnotes of an unvaried return that are the same: {sum(kept) / len(kept):.2f}")
    assert sum(kept) / len(kept) >= 0.9


def small(plan: Plan, names: tuple[str, ...], silent: tuple[int, ...]) -> Plan:
    """A plan of its first section with a lead, so many times; ``silent`` ones have no lead."""
    source = next(one for one in plan.sections if "lead" in one.roles and one.bars >= 4)
    bar = bar_ticks(plan.meter)
    sections, chords = [], []
    for at, name in enumerate(names):
        roles = tuple(role for role in source.roles if at not in silent or role != "lead")
        sections.append(
            structs.replace(
                source, name=name, bar=at * source.bars, roles=roles,
                like=0 if at else None, variation=1 if at else 0,
            )
        )  # fmt: skip
        chords += [
            structs.replace(chord, at=chord.at + (at * source.bars - source.bar) * bar)
            for chord in plan.chords
            if source.bar <= chord.at // bar < source.bar + source.bars
        ]
    return structs.replace(
        plan,
        sections=tuple(sections),
        chords=tuple(chords),
        bars=len(names) * source.bars,
        contour="",
    )


def test_a_tune_that_enters_in_a_variation_comes_back_in_the_next_one(composer) -> None:
    related, unrelated = [], []
    for style in (*STYLES, "acoustic_folk", "waltz_ballroom"):
        for drawn in plans_of(style):
            for names, into in ((("A", "A'", "A''"), related), (("A", "B", "A''"), unrelated)):
                plan = small(drawn, names, silent=(0,))
                (made,) = composer.write([plan], [5], rate=rater(plan))
                two, three = (
                    {
                        (note.start - section.bar * bar_ticks(plan.meter), note.pitch)
                        for role, note in notes_of(plan, made.lines, section)
                        if role == "lead"
                    }
                    for section in plan.sections[1:]
                )
                into.append(len(two & three) / len(two | three))
    print(f"\nnotes of A' again in A'' {sum(related) / len(related):.2f}, "
          f"of a B {sum(unrelated) / len(unrelated):.2f}")  # fmt: skip
    assert sum(related) / len(related) >= 0.5
    assert sum(related) > 2 * sum(unrelated)
