"""Bars of drums: how much of a block changes, fills, rolls, hits, endings, other meters."""

import random
from itertools import pairwise

import numpy as np
import pytest
from msgspec import structs

from engine import styles
from engine.arrange import drumming, varying
from engine.arrange.fills import HALF, HEAVY, LIGHT
from engine.arrange.places import places
from engine.contracts import Brief, PartPlan, Plan, Section
from engine.plan import draw
from engine.score import Line, Note, bar_ticks
from engine.styles import clock
from engine.styles.clock import Stroke
from engine.words import resolve

CRASHES = (49, 52, 55, 57)
TOMS = (50, 47, 45, 41)
FULL = ("rock", "funk_corporate", "lofi", "jazz_trio", "bossa", "metal", "synthwave", "house_edm",
        "trap_hiphop", "country", "orchestral_epic", "cinematic_tension")  # fmt: skip


def plan_of(style: str, form: str, *, meter: str = "4/4", kind: str = "bed", energy: int = 5,
            pattern: str = "groove.high") -> Plan:  # fmt: skip
    """A plan of drums alone; ``form`` such as "A8 B8 e2", one rung throughout."""
    brief = Brief(
        kind=kind, style=style, meter=meter, seed=3,
        duration_ms=60_000 if kind == "bed" else None,
    )  # type: ignore[arg-type]  # fmt: skip
    plan = draw(resolve(brief, 3), 3, 1)[0]
    sections, bar = [], 0
    for word in form.split():
        name = word.rstrip("0123456789")
        bars = int(word[len(name) :])
        sections.append(Section(name=name, bar=bar, bars=bars, energy=energy,
                                roles=("drums", "bass"), patterns=(pattern,)))  # fmt: skip
        bar += bars
    drummer = PartPlan(role="drums", group="drums", name="Drums", family="drums", low=27, high=87,
                       program=0, velocity=styles.load(style).roles["drums"].velocity)  # fmt: skip
    chords = tuple(one for one in plan.chords if one.at < bar * bar_ticks(plan.meter))
    return structs.replace(
        plan, sections=tuple(sections), bars=bar, parts=(drummer,), chords=chords, ending="ring"
    )


def written(plan: Plan, seed: int = 1, lines: tuple[Line, ...] = ()) -> list[Note]:
    style = styles.load(plan.style)
    return drumming.drums(plan, plan.parts[0], style, lines, random.Random(seed))


def bars_of(plan: Plan, notes: list[Note]) -> list[set[tuple[int, int]]]:
    """(tick in the bar, key) of each bar, crashes and the inside of hat rolls left out."""
    bar = bar_ticks(plan.meter)
    plain = [
        n for n in notes if n.pitch not in CRASHES and (n.start % 120 == 0 or n.start % 160 == 0)
    ]
    return [{(n.start % bar, n.pitch) for n in plain if n.start // bar == at}
            for at in range(plan.bars)]  # fmt: skip


def changed(here: set, there: set) -> int:
    return max(len(here - there), len(there - here))


@pytest.mark.parametrize("style", FULL)
def test_a_tenth_to_a_quarter_of_each_block_changes_most_of_it_in_its_fourth_bar(style) -> None:
    shares = []
    for seed in range(30):
        plan = plan_of(style, "A16 e2")
        bars = bars_of(plan, written(plan, seed))
        for first in (0, 8):  # blocks whose fourth bar has a pickup at most
            one, two, three, four = bars[first : first + 4]
            assert one == three
            assert changed(four, one) >= changed(two, one)
            share = (changed(two, one) + changed(four, one)) / (4 * len(one))
            shares.append(share)
    assert 0.10 <= np.mean(shares) <= 0.25
    assert np.mean([0.08 <= share <= 0.27 for share in shares]) > 0.9


def test_a_varied_bar_has_exactly_as_many_changes_as_asked() -> None:
    bar = clock.strokes(styles.load("rock").grooves["groove.mid"], "4/4", "4/4", 0)
    odds = {voice: [0.3] * 16 for voice in "KSHO"}
    for seed in range(50):
        for changes in range(1, 5):
            now = varying.varied(bar, changes, odds, range(16), False, random.Random(seed))
            there = {(one.at, one.voice) for one in bar}
            here = {(one.at, one.voice) for one in now}
            assert 1 <= changed(here, there) <= changes
            assert {(0, "K"), (4, "S"), (12, "S")} <= here  # the groove itself stays


def test_kicks_come_to_the_bass_and_leave_where_it_is_silent() -> None:
    bar = [Stroke(0, "K", 9), Stroke(6, "K", 4), Stroke(8, "K", 9), Stroke(12, "S", 9)]
    odds = {"K": [0.3] * 16}
    bass = {0, 7, 8}
    moved = left = 0
    for seed in range(60):
        now = varying.varied(bar, 1, odds, bass, False, random.Random(seed))
        moved += any(one.voice == "K" and one.at == 7 for one in now)
        left += not any(one.voice == "K" and one.at == 6 for one in now)
    assert moved > 15
    assert left > 15


def test_toms_fall_through_a_fill() -> None:
    for style in ("rock", "synthwave", "acoustic_folk", "metal"):
        plan = plan_of(style, "A8 B8 e2")
        bar = bar_ticks(plan.meter)
        last = [n for n in written(plan) if n.start // bar == 7 and n.pitch in TOMS]
        last.sort(key=lambda note: note.start)
        keys = [note.pitch for note in last]
        assert keys == sorted(keys, reverse=True)


def test_the_bar_before_the_largest_section_is_filled_the_heaviest() -> None:
    plan = plan_of("rock", "A8 A'8 e2")
    place = places(plan)[0]
    assert place.before_peak
    spans = {drumming.fills(plan, place, styles.load("rock"), random.Random(seed), {})[7].span
             for seed in range(20)}  # fmt: skip
    assert spans == {HEAVY}
    calm = plan_of("rock", "A8 A'8 e2", energy=3)
    spans = {
        drumming.fills(calm, places(calm)[0], styles.load("rock"), random.Random(seed), {})[7].span
        for seed in range(20)
    }
    assert spans == {HALF, LIGHT}


def test_drummers_of_the_table_lend_their_fills() -> None:
    plan = plan_of("rock", "A8 B8 e2")
    names = {
        drumming.fills(plan, places(plan)[0], styles.load("rock"), random.Random(seed), {})[7].name
        for seed in range(40)
    }
    assert len(names) > 8


def test_electronic_music_builds_up_with_a_roll_that_grows_for_two_bars() -> None:
    for style in ("house_edm", "synthwave", "trap_hiphop"):
        plan = plan_of(style, "A8 B8 e2")
        bar = bar_ticks(plan.meter)
        snare = styles.load(style).roles["drums"].keys.get("S", 38)
        roll = sorted((n for n in written(plan) if n.pitch == snare and 6 <= n.start // bar < 8),
                      key=lambda note: note.start)  # fmt: skip
        gaps = [two.start - one.start for one, two in pairwise(roll)]
        assert gaps == sorted(gaps, reverse=True)
        assert set(gaps) == {480, 240, 120}
        loud = [note.velocity for note in roll]
        assert loud == sorted(loud)
        assert loud[0] <= 35
        assert loud[-1] >= 100
    assert not set(range(6, 8)) & drumming.builds(places(plan_of("rock", "A8 B8"))[0], False)


def test_a_hit_is_struck_after_a_sixteenth_of_air() -> None:
    for style in ("rock", "orchestral_epic", "house_edm"):
        plan = structs.replace(plan_of(style, "A8 B8 e2"), hits=(1920 * 3 + 960, 1920 * 10))
        notes = written(plan)
        kick = styles.load(style).roles["drums"].keys.get("K", 36)
        for tick in plan.hits:
            struck = {note.pitch: note.velocity for note in notes if note.start == tick}
            assert kick in struck
            assert struck.keys() & {*CRASHES, 41}
            assert not [note for note in notes if tick - 120 <= note.start < tick]
            around = [n.velocity for n in notes if abs(n.start - tick) < 1920 and n.start != tick]
            assert struck[kick] >= max(around)


def test_each_ending_ends_in_its_own_way() -> None:
    plan = plan_of("rock", "A8 B8 e2")
    bar, last = bar_ticks(plan.meter), plan.bars - 1
    ends = {}
    for ending in ("ring", "button", "open", "fade"):
        one = structs.replace(plan, ending=ending)
        ends[ending] = [note for note in written(one) if note.start >= last * bar]
    assert {note.pitch for note in ends["ring"]} == {36, 49}
    assert {note.start for note in ends["button"]} == {last * bar}
    assert {note.pitch for note in ends["button"]} == {36, 38, 42}
    assert len(ends["open"]) == 1
    assert len(ends["fade"]) > 6  # plays on
    after = structs.replace(
        plan, ending="button",
        chords=(*plan.chords, structs.replace(plan.chords[-1], at=plan.bars * bar, length=200)),
    )  # fmt: skip
    notes = [note for note in written(after) if note.start >= last * bar]
    late = {note.start for note in notes if note.start >= plan.bars * bar - 240}
    assert late == {plan.bars * bar - 240, plan.bars * bar}
    assert len(notes) > 8


@pytest.mark.parametrize(("style", "meter"), [("rock", "6/8"), ("rock", "12/8"), ("lofi", "6/8"),
                                              ("jazz_trio", "3/4"), ("waltz_ballroom", "6/8"),
                                              ("fantasy_tavern", "4/4")])  # fmt: skip
def test_a_regrouped_bar_is_strong_where_its_groups_begin(style, meter) -> None:
    sheet = styles.load(style)
    beat = {"6/8": 720, "12/8": 720, "3/4": 480, "4/4": 480}[meter]
    groove = sheet.grooves["groove.mid"]
    for bar in (0, 1):
        steps = clock.steps(sheet.sub, meter, bar)
        assert [step.tick for step in steps if step.leads] == [
            at * beat for at in range(bar_ticks(meter) // beat)
        ]
        struck = clock.strokes(groove, sheet.sub, meter, bar)
        for one in struck:
            plain = groove[one.voice][steps[one.at].source]
            if plain and steps[one.at].leads:
                assert one.digit == min(9, plain + 1)


def test_hats_in_even_eighths_stay_even_in_six_eight() -> None:
    hats = {"H": (7, 0, 5, 0) * 4, "K": (8, 0, 0, 0) * 4, "S": (0,) * 16}
    struck = clock.strokes(hats, "4/4", "6/8", 0)
    steps = clock.steps("4/4", "6/8", 0)
    assert [steps[one.at].tick for one in struck if one.voice == "H"] == [
        0,
        240,
        480,
        720,
        960,
        1200,
    ]
    assert [steps[one.at].tick for one in struck if one.voice == "K"] == [0, 720]


def test_fills_keep_their_distance_to_the_end_of_a_shorter_bar() -> None:
    fill = {"S": (0,) * 12 + (4, 5, 6, 7)}
    for meter, ticks in (("3/4", [960, 1080, 1200, 1320]), ("6/8", [720, 960, 1200, 1320])):
        for bar in (0, 1):
            steps = clock.steps("4/4", meter, bar, tail=True)
            struck = clock.strokes(fill, "4/4", meter, bar, tail=True)
            assert [steps[one.at].tick for one in struck] == ticks


def test_one_noise_voice_never_plays_two_strokes_at_once() -> None:
    plan = plan_of("chiptune", "A16 B8 A'8 e2")
    starts = [note.start for note in written(plan)]
    assert len(starts) == len(set(starts))


def test_a_running_hat_of_trap_rolls_inside_a_step_and_climbs() -> None:
    plan = plan_of("trap_hiphop", "A8 e2")
    bar = bar_ticks(plan.meter)
    hats = sorted((n for n in written(plan) if n.pitch == 42), key=lambda note: note.start)
    rolls = [n for n in hats if n.start % 120]
    assert {note.start // bar for note in rolls} == {1, 3, 5, 7} & {n.start // bar for n in rolls}
    assert len({note.start // bar for note in rolls}) >= 3
    for one, two in pairwise(hats):
        assert one.start + one.length <= two.start or one.start % 120 == 0
        if two.start % 120:
            assert two.velocity > one.velocity


def test_kicks_off_the_beat_stand_where_the_bass_plays() -> None:
    plan = plan_of("rock", "A8 e2")
    bar = bar_ticks(plan.meter)
    bass = [Note(at * bar + off, 200, 40, 90) for at in range(plan.bars) for off in (0, 840, 1680)]
    notes = written(plan, lines=(Line(role="bass", notes=tuple(bass)),))
    kicks = [n.start % bar for n in notes if n.pitch == 36 and n.start < 3 * bar]
    assert {0, 840, 1680} <= set(kicks)  # step 6 went to 7, step 14 was added
    first, third = ({(n.start % bar, n.pitch) for n in notes if n.start // bar == at
                     and n.pitch not in CRASHES} for at in (0, 2))  # fmt: skip
    assert first == third
