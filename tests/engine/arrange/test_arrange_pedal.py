"""A pianist's pedal: what is struck rings while the harmony lasts."""

from engine import styles
from engine.arrange import comping
from engine.arrange.passage import passages
from engine.contracts import Brief
from engine.plan import draw
from engine.score import bar_ticks
from engine.words import resolve


def test_the_left_hand_of_a_solo_piano_rings_to_the_end_of_its_chord() -> None:
    assert styles.load("solo_piano").roles["comp"].pedal
    brief = Brief(kind="bed", style="solo_piano", duration_ms=60_000, seed=2)
    plan = draw(resolve(brief, 2), 2, 1)[0]
    part = next(one for one in plan.parts if one.role == "comp")
    style = styles.load("solo_piano")
    notes = [
        note
        for passage in passages(plan, [], 1)
        if "comp" in passage.section.roles
        for note in comping.comp(passage, part, style)
    ]
    assert len(notes) > 50
    bar = bar_ticks(plan.meter)
    for note in notes:
        if note.start // bar >= plan.bars - 1:
            continue
        chord = next(one for one in plan.chords if one.at <= note.start < one.at + one.length)
        edge = min(chord.at + chord.length, (note.start // bar + 1) * bar)
        struck = [one.start for one in notes if one.pitch == note.pitch]
        until = min([edge, *(at for at in struck if at > note.start)])
        assert until - 40 <= note.start + note.length <= until
