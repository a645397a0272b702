"""A section's notes are its own: edit one and the others stay as they were, byte by byte."""

import msgspec
import pytest
from msgspec import structs

from engine.arrange import arrange
from engine.contracts import Brief, Plan
from engine.plan import draw
from engine.score import Line, Note, Score, bar_ticks
from engine.words import resolve

STYLES = ("lofi", "orchestral_epic", "solo_piano", "rock", "chiptune", "jazz_trio")


def plan_of(style: str) -> Plan:
    brief = Brief(kind="bed", style=style, duration_ms=45_000, seed=8)
    return draw(resolve(brief, 8), 8, 1)[0]


def lines_of(plan: Plan) -> list[Line]:
    """A lead that moves and a bass that stands, in the sections that ask for them."""
    parts, bar = {part.role: part for part in plan.parts}, bar_ticks(plan.meter)
    lines = []
    for role, each in (("lead", bar // 4), ("bass", bar)):
        part, notes = parts[role], []
        for section in plan.sections:
            if role not in section.roles:
                continue
            for at in range(section.bar * bar, (section.bar + section.bars) * bar, each):
                chord = next(one for one in plan.chords if one.at <= at < one.at + one.length)
                tone = (
                    chord.pitches[at // each % len(chord.pitches)] if role == "lead" else chord.bass
                )
                pitch = next(p for p in range(part.low, part.high + 1) if p % 12 == tone)
                notes.append(Note(at, each, pitch, 80))
        lines.append(Line(role=role, notes=tuple(notes)))
    return lines


def edited(plan: Plan, at: int) -> Plan:
    """The plan with other chords and another energy in one section."""
    bar, section = bar_ticks(plan.meter), plan.sections[at]
    begin, end = section.bar * bar, (section.bar + section.bars) * bar
    chords = tuple(
        structs.replace(
            chord, symbol="bVI", root=(plan.tonic + 8) % 12, bass=(plan.tonic + 8) % 12,
            pitches=tuple((plan.tonic + step) % 12 for step in (8, 0, 3)),
        ) if begin <= chord.at < end else chord
        for chord in plan.chords
    )  # fmt: skip
    moved = structs.replace(section, energy=max(1, section.energy - 2))
    sections = tuple(moved if one is section else one for one in plan.sections)
    return structs.replace(plan, chords=chords, sections=sections)


def notes_of(score: Score, at: int) -> bytes:
    """Everything that begins in a section, players' timing included."""
    bar, section = bar_ticks(score.plan.meter), score.plan.sections[at]
    begin, end = section.bar * bar - 60, (section.bar + section.bars) * bar - 60
    return msgspec.json.encode(
        [
            (part.plan.role, [note for note in part.notes if begin <= note.start < end])
            for part in score.parts
        ]
    )


@pytest.mark.parametrize("style", STYLES)
def test_an_edited_section_changes_itself_alone(style) -> None:
    plan = plan_of(style)
    lines = lines_of(plan)
    before = arrange(plan, lines, 3)
    assert len(plan.sections) >= 3
    for at in range(len(plan.sections)):
        after = arrange(edited(plan, at), lines, 3)
        for other in range(len(plan.sections)):
            same = notes_of(before, other) == notes_of(after, other)
            assert same == (other != at), (style, at, other)


def test_another_seed_plays_every_section_otherwise() -> None:
    plan = plan_of("lofi")
    lines = lines_of(plan)
    one, other = arrange(plan, lines, 3), arrange(plan, lines, 4)
    assert all(notes_of(one, at) != notes_of(other, at) for at in range(len(plan.sections)))
