"""How a piece ends and how the band meets a hit."""

import pytest
from msgspec import structs

from engine import styles
from engine.arrange.arranging import pitched
from engine.arrange.passage import Passage, passages
from engine.contracts import Brief, Chord, Plan
from engine.plan import draw
from engine.score import Line, Note, bar_ticks, seconds_per_tick
from engine.words import resolve

STYLES = ("lofi", "orchestral_epic", "rock", "chinese_traditional", "waltz_ballroom")


def plan_of(style: str) -> Plan:
    brief = Brief(kind="bed", style=style, duration_ms=45_000, seed=6)
    return draw(resolve(brief, 6), 6, 1)[0]


def melody(plan: Plan) -> list[Line]:
    """A lead and a bass of quarters, where the sections ask for them."""
    parts, bar = {part.role: part for part in plan.parts}, bar_ticks(plan.meter)
    lines = []
    for role in ("lead", "bass"):
        part, notes = parts[role], []
        for section in plan.sections:
            if role in section.roles:
                for at in range(section.bar * bar, (section.bar + section.bars) * bar, bar // 3):
                    pitch = part.low + (plan.tonic - part.low) % 12
                    notes.append(Note(at, bar // 3, pitch, 80))
        lines.append(Line(role=role, notes=tuple(notes)))
    return lines


def closing(plan: Plan) -> tuple[Passage, dict[str, list[Note]]]:
    passage = passages(plan, melody(plan), 2)[-1]
    return passage, pitched(passage, styles.load(plan.style))


def test_there_is_one_ending_and_it_is_the_last_sections() -> None:
    plan = plan_of("lofi")
    assert [one.closes for one in passages(plan, [], 1)] == [False] * (len(plan.sections) - 1) + [
        True
    ]


@pytest.mark.parametrize("style", STYLES)
def test_a_ring_is_held_by_chords_and_bass_to_the_end(style) -> None:
    plan = structs.replace(plan_of(style), ending="ring", ring_ticks=2400)
    last = plan.chords[-1]
    end = plan.bars * bar_ticks(plan.meter) + 2400
    plan = structs.replace(
        plan, chords=(*plan.chords[:-1], structs.replace(last, length=end - last.at))
    )
    passage, sheets = closing(plan)
    for role in ("comp", "pad"):
        if role in sheets:
            assert max(n.start + n.length for n in sheets[role]) == end, role
    if "bass" in sheets:
        assert max(n.start + n.length for n in sheets["bass"]) >= passage.line + 1200


@pytest.mark.parametrize("style", STYLES)
def test_a_button_is_short_together_and_the_last_thing_heard(style) -> None:
    plan = plan_of(style)
    bar, tail = bar_ticks(plan.meter), 480
    line = plan.bars * bar
    cut = [one for one in plan.chords if one.at < line]
    cut[-1] = structs.replace(cut[-1], length=line - cut[-1].at)
    home = Chord(
        at=line, length=tail, symbol="I", root=plan.tonic, bass=plan.tonic,
        pitches=(plan.tonic, (plan.tonic + 4) % 12, (plan.tonic + 7) % 12),
    )  # fmt: skip
    plan = structs.replace(plan, ending="button", ring_ticks=tail, chords=(*cut, home))
    _, sheets = closing(plan)
    for role, notes in sheets.items():
        struck = [note for note in notes if note.start >= line]
        assert {note.start for note in struck} == {line}, role
        assert all(note.pitch % 12 == plan.tonic for note in struck), role
        seconds = [note.length * seconds_per_tick(plan.tempo, plan.meter) for note in struck]
        assert max(seconds) <= 0.25, role
        assert all(note.start + note.length <= line for note in notes if note.start < line), role
        if role != "lead":
            assert any(note.start == line - 240 for note in notes), role


def test_an_open_ending_leaves_the_lead_on_the_second_or_fifth_degree() -> None:
    plan = structs.replace(plan_of("lofi"), ending="open")
    _, sheets = closing(plan)
    last = max(sheets["lead"], key=lambda note: note.start)
    assert (last.pitch - plan.tonic) % 12 in (2, 7)


def test_a_fade_plays_on() -> None:
    plan = structs.replace(plan_of("lofi"), ending="fade", ring_ticks=0)
    passage, sheets = closing(plan)
    last = passage.line - passage.bar
    assert len({note.start for note in sheets["comp"] if note.start >= last}) >= 2


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("beat", [0, 3, 5])
def test_every_sounding_role_accents_a_hit_and_leaves_air_before_it(style, beat) -> None:
    plan = plan_of(style)
    at = max(range(len(plan.sections) - 1), key=lambda one: plan.sections[one].energy)
    hit = plan.sections[at].bar * bar_ticks(plan.meter) + bar_ticks(plan.meter) + beat * 240
    plain = pitched(passages(plan, melody(plan), 2)[at], styles.load(style))
    passage = passages(structs.replace(plan, hits=(hit,)), melody(plan), 2)[at]
    assert passage.plan.hits == (hit,)
    sheets = pitched(passage, styles.load(style))
    assert len(sheets) >= 3
    for role, notes in sheets.items():
        struck = [note for note in notes if note.start == hit]
        assert struck, role
        usual = [note.velocity for note in plain[role]]
        assert max(note.velocity for note in struck) >= min(127, sum(usual) / len(usual) + 10), role
        assert not [note for note in notes if hit - 120 <= note.start < hit], role


def test_a_hit_in_one_section_leaves_the_others_alone() -> None:
    plan = plan_of("rock")
    hit = plan.sections[1].bar * bar_ticks(plan.meter) + 480
    met = structs.replace(plan, hits=(hit,))
    style = styles.load("rock")
    for one, other in zip(
        passages(plan, melody(plan), 2), passages(met, melody(met), 2), strict=True
    ):
        same = pitched(one, style) == pitched(other, style)
        assert same == (one.section.bar != plan.sections[1].bar)


def test_a_last_chord_is_whole_where_the_lead_stands_low() -> None:
    plan = structs.replace(plan_of("lofi"), ending="ring")
    start = (plan.bars - 1) * bar_ticks(plan.meter)
    low = next(one.low for one in plan.parts if one.role == "comp")
    lead = Line(role="lead", notes=(Note(start, 1920, low + 3, 80),))
    passage = passages(plan, [lead], 2)[-1]
    sheets = pitched(passage, styles.load("lofi"))
    assert len({note.pitch % 12 for note in sheets["comp"] if note.start >= start}) >= 3
