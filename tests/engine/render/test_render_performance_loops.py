"""A loop has no first note: who plays its last one goes on into what it begins with."""

import msgspec
import numpy as np
import pytest
import render_scores as scores
from render_scores import BAR, QUARTER

from engine.contracts import Chord, Plan
from engine.render import expression
from engine.render.performance import Performance, perform
from engine.score import Note

PACE = 48_000 * 0.5 / QUARTER
BARS = 4
FRAMES = round(BARS * BAR * PACE)


def played(notes: list[Note], style: str, program: int, role: str = "lead") -> Performance:
    part = scores.part(role, "lead", notes, program=program)
    sheet: Plan = scores.score([part], style=style, kind="loop", bars=BARS).plan
    chords = tuple(
        Chord(at=bar * BAR, length=BAR, symbol="i", root=9, bass=9, pitches=(9, 0, 4))
        for bar in range(BARS)
    )
    sheet = msgspec.structs.replace(sheet, chords=chords)
    return perform(part, sheet, PACE, FRAMES, loop=True, seed=5)


def walk(rest_at: int) -> list[Note]:
    """Quarters that touch, but for a rest of two."""
    return [
        Note(at * QUARTER, QUARTER, 66 + (5 * at) % 8, 80)
        for at in range(BARS * 4)
        if at not in (rest_at, rest_at + 1)
    ]


@pytest.mark.parametrize(("style", "program"), [("orchestral_tender", 40), ("orchestral_epic", 73),
                                                ("chinese_traditional", 110)])  # fmt: skip
def test_a_loops_end_is_bound_to_its_beginning_as_its_notes_are_to_one_another(
    style: str, program: int
) -> None:
    strokes = played(walk(9), style, program).strokes
    ordered = sorted(strokes, key=lambda one: one.onset)
    assert len(strokes) == len(walk(9))
    assert not ordered[0].legato, "who goes on from nothing speaks anew"
    assert ordered[0].onset == round(11 * QUARTER * PACE), "it begins behind the only rest"
    places = sorted(one.onset % FRAMES for one in strokes)
    assert places == sorted(round(note.start * PACE) for note in walk(9))


def test_most_loops_of_winds_and_strings_are_bound_over_their_joint() -> None:
    over = 0
    for lowest in range(60, 72):
        notes = [Note(one.start, one.length, one.pitch - 66 + lowest, 80) for one in walk(9)]
        strokes = played(notes, "orchestral_tender", 40).strokes
        over += any(one.onset == FRAMES and one.legato for one in strokes)
    assert over >= 6  # its odds of being bound are 0.7


def test_what_is_bound_to_itself_all_round_begins_where_it_is_written() -> None:
    notes = [Note(at * QUARTER, QUARTER, 66 + at % 3, 80) for at in range(BARS * 4)]
    for seed_like in range(4):
        shifted = [Note(one.start, one.length, one.pitch + seed_like, 80) for one in notes]
        strokes = played(shifted, "orchestral_tender", 48).strokes
        assert sorted(one.onset % FRAMES for one in strokes) == [
            round(note.start * PACE) for note in notes
        ]


def test_a_pianos_last_chord_rings_until_the_loop_begins_again() -> None:
    notes = [Note(bar * BAR, QUARTER, 60 + bar, 80) for bar in range(BARS)]
    strokes = played(notes, "solo_piano", 0).strokes
    lengths = [one.frames for one in strokes]
    assert max(lengths) - min(lengths) <= 1
    assert min(lengths) > 0.95 * BAR * PACE


def test_phrases_swell_over_a_loops_joint_as_anywhere_else() -> None:
    """The same loop begun two beats later is the same rise and fall two beats later."""
    one = played(walk(6), "orchestral_tender", 73).level
    later = [
        Note((note.start + 2 * QUARTER) % (BARS * BAR), note.length, note.pitch, note.velocity)
        for note in walk(6)
    ]
    two = played(sorted(later, key=lambda note: note.start), "orchestral_tender", 73).level
    assert one is not None
    assert two is not None
    values = FRAMES // expression.STEP
    turned = np.roll(one[:values], round(2 * QUARTER * PACE / expression.STEP))
    assert np.ptp(turned) > 2
    assert np.abs(turned - two[:values]).max() < 0.1


def test_a_part_without_rests_begins_where_nothing_is_bound() -> None:
    moved = 0
    for lowest in range(60, 72):
        notes = [Note(at * QUARTER, QUARTER, lowest + (5 * at) % 8, 80) for at in range(BARS * 4)]
        strokes = played(notes, "orchestral_tender", 40).strokes
        around = [one for one in strokes if one.onset >= FRAMES]
        assert all(one.legato for one in around)
        moved += bool(around)
    assert moved
