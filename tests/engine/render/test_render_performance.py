"""How parts are played: what hands, bows and breath add, and what they leave as it was written."""

from itertools import pairwise

import msgspec
import numpy as np
import pytest
import render_scores as scores
from render_scores import BAR, QUARTER

from engine.contracts import Chord, Plan
from engine.render import expression, instruments
from engine.render.banks import builtin
from engine.render.manners import MANNERS, manner_of
from engine.render.performance import Performance, perform
from engine.render.strokes import strokes_of
from engine.score import Note, Part
from engine.styles import palettes

PACE = 48_000 * 0.5 / QUARTER  # frames per tick at 120 beats a minute
FRAMES = 8 * BAR * 50


def melody(count: int = 64, *, pitches: tuple[int, ...] = (69, 72, 74, 76, 74, 72, 67, 69)):
    """Quarters that touch, as an arranger writes them: bar by bar a rest at the end."""
    return [
        Note(at * QUARTER, QUARTER - 20, pitches[at % len(pitches)], 70 + 6 * (at % 4 == 0))
        for at in range(count)
        if at % 8 != 7
    ]


def long_notes() -> list[Note]:
    return [Note(at * BAR, BAR - 40, 67 + 2 * at, 80) for at in range(4)]


def played(
    notes: list[Note],
    *,
    program: int = 0,
    patch: str | None = None,
    role: str = "lead",
    style: str = "orchestral_tender",
    loop: bool = False,
    seed: int = 5,
    **plan: object,
) -> tuple[Part, Performance]:
    part = scores.part(role, "lead", notes, program=program, patch=patch)
    sheet: Plan = msgspec.structs.replace(scores.score([part], style=style, bars=8).plan, **plan)
    return part, perform(part, sheet, PACE, FRAMES, loop=loop, seed=seed)


@pytest.mark.parametrize("program", [0, 24, 32, 40, 48, 56, 73, 106, 107, 110])
@pytest.mark.parametrize("style", ["orchestral_tender", "chinese_traditional", "solo_piano"])
def test_every_note_is_struck_at_its_moment_and_at_its_pitch(program: int, style: str) -> None:
    notes = [*melody(), Note(60 * QUARTER, 2 * QUARTER, 60, 70), *(
        Note(62 * QUARTER, QUARTER, pitch, 70) for pitch in (60, 64, 67))]  # fmt: skip
    part, performance = played(notes, program=program, style=style)
    struck = {(one.onset, one.pitch) for one in performance.strokes}
    written = {(one.onset, one.pitch) for one in strokes_of(part, PACE, FRAMES, loop=False)}
    assert written <= struck
    assert len(performance.strokes) >= len(notes)
    assert {pitch for _, pitch in struck} == {note.pitch for note in notes}


@pytest.mark.parametrize("program", [0, 24, 33, 40, 48, 60, 73, 107])
def test_hands_spread_velocities_as_people_do(program: int) -> None:
    part, performance = played(melody(), program=program, style="acoustic_folk")
    plain = [one for one in performance.strokes if one.articulation != "roll"]
    force = np.array([one.velocity for one in plain])
    written = np.array([note.velocity for note in part.notes])
    assert 9 <= force.std() <= 14
    assert abs(force.mean() - written.mean()) < 1.5
    again = [one.velocity == two.velocity for one, two in pairwise(plain) if one.pitch == two.pitch]
    assert not any(again)


def test_what_a_sequencer_plays_keeps_its_velocities() -> None:
    part, performance = played(melody(), program=81, patch="lead_saw", style="synthwave")
    assert [one.velocity for one in performance.strokes] == [one.velocity for one in part.notes]


def test_drums_and_effects_are_played_as_written() -> None:
    beat = [Note(at * 240, 120, 38, 90) for at in range(16)]
    part = scores.part("drums", "drums", beat)
    plan = scores.score([part], style="rock").plan
    performance = perform(part, plan, PACE, FRAMES, loop=False, seed=1)
    assert performance.strokes == strokes_of(part, PACE, FRAMES, loop=False)
    assert performance.level is None


def test_the_same_seed_plays_the_same_way_and_another_one_differs() -> None:
    _, one = played(melody(), program=110, style="chinese_traditional", seed=5)
    _, two = played(melody(), program=110, style="chinese_traditional", seed=5)
    _, other = played(melody(), program=110, style="chinese_traditional", seed=6)
    assert one.strokes == two.strokes
    assert one.level is not None and (one.level == two.level).all()
    assert one.strokes != other.strokes


def test_a_note_is_played_alike_whatever_comes_long_after_it() -> None:
    _, short = played(melody(24), program=110, style="chinese_traditional")
    _, long = played(melody(64), program=110, style="chinese_traditional")
    manner = [(one.legato, one.slide, one.vibrato) for one in short.strokes[:20]]
    assert manner == [(one.legato, one.slide, one.vibrato) for one in long.strokes[:20]]


def test_winds_and_strings_bind_notes_that_touch_and_breathe_where_the_score_does() -> None:
    _, performance = played(melody(), program=73)
    ordered = performance.strokes
    bound = [(one, two) for one, two in pairwise(ordered) if two.legato]
    assert len(bound) > 0.4 * len(ordered)
    for one, two in bound:
        assert 0.02 * 48_000 <= one.onset + one.frames - two.onset <= 0.045 * 48_000
    rests = [one for one, two in pairwise(ordered)
             if two.onset - one.onset > 1.5 * QUARTER * PACE]  # fmt: skip
    assert rests
    assert all(one.frames < QUARTER * PACE for one in rests)


def test_vibrato_is_for_notes_long_enough_to_be_shaken() -> None:
    quick = [Note(at * 120, 110, 69 + at % 5, 80) for at in range(32)]
    assert not any(one.vibrato for one in played(quick, program=40)[1].strokes)
    assert all(10 < one.vibrato < 20 for one in played(long_notes(), program=40)[1].strokes)


def test_slides_are_no_wider_than_the_hand_and_only_between_bound_notes() -> None:
    leaps = melody(pitches=(69, 81, 72, 74, 69, 73, 78, 71))
    _, performance = played(leaps, program=110, style="chinese_traditional")
    slid = [one for one in performance.strokes if one.slide]
    assert any(one.legato for one in slid)
    for one in slid:
        assert abs(one.slide) <= MANNERS["erhu"].slide_most
        assert one.slide_frames <= one.frames / 2
        assert one.legato or one.articulation in ("scoop", "grace")


def test_the_strings_of_a_run_ring_as_they_are_plucked() -> None:
    run = [Note(at * 60, 600, 62 + 2 * at, 80) for at in range(10)]
    for seed in range(6):
        _, performance = played(run, program=107, style="chinese_traditional", seed=seed)
        assert not any(one.slide or one.vibrato for one in performance.strokes[:-1])


def test_a_moment_of_a_picture_is_met_without_a_slide() -> None:
    hits = tuple(note.start for note in melody())
    _, performance = played(melody(), program=110, style="chinese_traditional", hits=hits)
    assert not any(one.slide or one.legato for one in performance.strokes)


def test_a_pianos_pedal_is_changed_with_the_harmony() -> None:
    chords = tuple(
        Chord(at=bar * BAR, length=BAR, symbol="I", root=0, bass=0, pitches=(0, 4, 7))
        for bar in range(8)
    )
    notes = [Note(bar * BAR + QUARTER, QUARTER, 60 + bar % 3, 70) for bar in range(8)]
    _, held = played(notes, program=0, role="comp", style="solo_piano", chords=chords)
    for one in held.strokes[:-1]:
        into_bar = (one.onset + one.frames) / (BAR * PACE) % 1
        assert 0.97 < into_bar < 1
    _, dry = played(notes, program=0, role="comp", style="jazz_trio", chords=chords)
    assert all(one.frames == round(QUARTER * PACE) for one in dry.strokes)


def test_long_notes_of_plucked_melodies_are_rolled() -> None:
    _, performance = played(long_notes(), program=106, style="chinese_traditional")
    rolled = [one for one in performance.strokes if one.articulation == "roll"]
    assert len(rolled) > 12
    gaps = np.diff([one.onset for one in rolled]) / 48_000
    within = gaps[gaps < 0.2]
    assert 11 < 1 / within.mean() < 15
    assert within.std() > 0.001


# --- level ----------------------------------------------------------------------------------------


def controller(decibels: np.ndarray) -> np.ndarray:
    """What a file would write as controller 11, whose gain is 40 log10 of its value."""
    return 100 * 10 ** (decibels / 40)


@pytest.mark.parametrize("loop", [False, True])
@pytest.mark.parametrize("program", [40, 48, 56, 73, 110])
def test_sustained_parts_swell_in_steps_nobody_hears(program: int, *, loop: bool) -> None:
    _, performance = played(long_notes(), program=program, loop=loop)
    assert performance.level is not None
    steps = np.abs(np.diff(controller(performance.level)[::3]))  # every 30 ms
    assert steps.max() <= 3
    assert 3 < np.ptp(performance.level) < 9
    assert np.abs(performance.level).max() < 6


def test_a_loops_level_ends_where_it_begins() -> None:
    _, performance = played(long_notes(), program=48, loop=True)
    assert performance.level is not None
    period = FRAMES / expression.STEP
    places = np.arange(0, 500)
    around = np.interp(places + period, np.arange(len(performance.level)), performance.level)
    assert np.abs(around - performance.level[:500]).max() < 1e-6


def test_a_long_note_is_strongest_after_its_middle() -> None:
    _, performance = played([Note(0, 4 * QUARTER, 69, 80)], program=40)
    assert performance.level is not None
    within = performance.level[: int(4 * QUARTER * PACE / expression.STEP)]
    assert 0.45 < np.argmax(within) / len(within) < 0.75
    assert within[-5] < within.max() - 3


# --- the sound ------------------------------------------------------------------------------------


def test_the_first_beat_of_a_loop_stays_on_its_first_frame() -> None:
    for program, style in ((110, "chinese_traditional"), (30, "metal"), (0, "solo_piano")):
        notes = [Note(0, QUARTER, 62, 90), Note(4 * QUARTER, QUARTER, 62, 90)]
        part, performance = played(notes, program=program, style=style, loop=True)
        assert performance.strokes[0].onset == 0
        sound = instruments.play(part, style, builtin(), performance, 96_000)
        head = np.abs(sound[:4800]).max()
        assert head > 0.05 * np.abs(sound).max()


def test_who_asks_for_a_chinese_instrument_hears_it_in_any_style() -> None:
    for family, patch in palettes.NAMED.items():
        part = scores.part("lead", "lead", melody(8), program=110)
        plan = msgspec.structs.replace(part.plan, family=family)
        asked: Part = msgspec.structs.replace(part, plan=plan)
        assert instruments.patch_of(asked, "acoustic_folk", builtin()) == patch


def test_no_style_sends_its_guitars_or_chip_voices_to_a_bank() -> None:
    for style, role, program in (("metal", "comp", 30), ("rock", "comp", 29),
                                 ("chiptune", "comp", 80), ("lofi", "comp", 4),
                                 ("synthwave", "harmony", 14)):  # fmt: skip
        part = scores.part(role, "chords", melody(4), program=program)
        assert palettes.own(style, part.plan) is not None


def test_every_kind_of_player_is_known() -> None:
    for program in range(128):
        part = scores.part("lead", "lead", [], program=program)
        kind, manner = manner_of(part.plan, "acoustic_folk")
        assert MANNERS[kind] == manner


def test_an_organ_knows_no_force_and_an_accordion_no_scoops() -> None:
    part, performance = played(melody(), program=19, style="acoustic_folk")
    assert [one.velocity for one in performance.strokes] == [one.velocity for one in part.notes]
    _, bellows = played(melody(), program=21, style="acoustic_folk")
    assert any(one.legato for one in bellows.strokes)
    assert not any(one.slide or one.vibrato for one in bellows.strokes)


def test_a_lead_glides_from_the_note_before_and_arrives() -> None:
    notes = [Note(at * QUARTER, QUARTER, 69 + 5 * (at % 2), 90) for at in range(16)]
    part, performance = played(notes, program=81, patch="lead_saw", style="synthwave")
    gliding = [one for one in performance.strokes if one.slide]
    assert gliding and all(abs(one.slide) == 5 and one.legato for one in gliding)
    assert len(gliding) < len(notes) - 2
    assert [(one.onset, one.pitch) for one in performance.strokes] == [
        (one.onset, one.pitch) for one in strokes_of(part, PACE, FRAMES, loop=False)
    ]
