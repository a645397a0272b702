"""Players: near the grid, late and early as real drummers are, exact where music is sequenced."""

import itertools
import random

import numpy as np
import pytest
from msgspec import structs

from engine import styles
from engine.arrange import drumming, grooves
from engine.arrange.hands import LEANS, hand_of
from engine.arrange.playing import HIT_MS, play, swung
from engine.arrange.sticks import HABIT, HABIT_MOST_MS, NOISE_MS, voices_of
from engine.contracts import Brief, PartPlan, Plan, Section
from engine.plan import draw
from engine.score import Note, bar_ticks, seconds_per_tick
from engine.styles import clock
from engine.styles.clock import MACHINES
from engine.styles.sheet import Style
from engine.words import resolve

HUMAN = [name for name in styles.names() if name not in MACHINES]


def plan_of(style: str, bars: int = 32, meter: str = "4/4", kind: str = "loop") -> Plan:
    """One section of drums at a rung where they play their fullest groove."""
    brief = Brief(kind=kind, style=style, meter=meter, bars=bars, seed=1)  # type: ignore[arg-type]
    plan = draw(resolve(brief, 1), 1, 1)[0]
    section = Section(name="A", bar=0, bars=bars, energy=6, roles=("drums", "lead", "bass", "comp"),
                      patterns=("groove.high",))  # fmt: skip
    return structs.replace(plan, sections=(section,), bars=bars, ring_ticks=0)


def part(role: str, program: int, patch: str | None = None) -> PartPlan:
    group = {"drums": "drums", "lead": "lead", "bass": "bass", "pad": "pads"}.get(role, "chords")
    return PartPlan(
        role=role, group=group, name="x", family="x", program=program, patch=patch, low=20, high=100
    )  # type: ignore[arg-type]  # fmt: skip


def drummed(plan: Plan, seed: int = 3) -> tuple[list[Note], list[Note]]:
    """The drums as written and as played, in the same order."""
    style = styles.load(plan.style)
    drummer = structs.replace(part("drums", 0), velocity=style.roles["drums"].velocity)
    written = drumming.drums(plan, drummer, style, [], random.Random(seed))
    written.sort(key=lambda one: (one.start, one.pitch))
    return written, play(plan, drummer, style, written, seed)


def lateness(plan: Plan, written: list[Note], played: list[Note]) -> np.ndarray:
    """Milliseconds after the swung grid."""
    style, tick = styles.load(plan.style), 1000 * seconds_per_tick(plan.tempo, plan.meter)
    return np.array(
        [
            (two.start - swung(plan, style, one.start)) * tick
            for one, two in zip(written, played, strict=True)
        ]
    )


def place_of(plan: Plan, style: Style, note: Note) -> tuple[str, int, int]:
    """The voice, the table's step and the key of a written note."""
    bar, inside = divmod(note.start, bar_ticks(plan.meter))
    steps = clock.steps(style.sub, plan.meter, bar)
    nearest = min(steps, key=lambda step: abs(step.tick - inside))
    return voices_of(style)[note.pitch], grooves.step_of(nearest.source, style.sub), note.pitch


@pytest.mark.parametrize("style", styles.names())
@pytest.mark.parametrize("meter", ["4/4", "6/8"])
def test_drums_stay_within_ten_milliseconds_of_the_swung_grid(style, meter) -> None:
    plan = plan_of(style, meter=meter, kind="bed")
    late = lateness(plan, *drummed(plan))
    assert np.mean(np.abs(late) <= 10) >= 0.99
    if style in MACHINES:
        assert np.abs(late).max() <= 1 + 1000 * seconds_per_tick(plan.tempo, plan.meter)
    else:
        assert late.std() > 1.5  # somebody plays


@pytest.mark.parametrize("style", HUMAN)
def test_drummers_are_late_and_early_where_the_measured_ones_are(style) -> None:
    plan, sheet = plan_of(style), styles.load(style)
    family = grooves.family_of(style, sheet.sub)
    found: dict[tuple[str, int, int], list[float]] = {}
    for seed in range(8):
        written, played = drummed(plan, seed)
        for note, late in zip(written, lateness(plan, written, played), strict=True):
            found.setdefault(place_of(plan, sheet, note), []).append(float(late))
    leans = LEANS.get(style, {})
    asked, heard, spreads, measured = [], [], [], []
    for (voice, step, key), own in found.items():
        habit = family.voice(voice, key)
        if habit is None or len(own) < 40:
            continue
        lean = float(np.clip(HABIT * habit.late_ms[step], -HABIT_MOST_MS, HABIT_MOST_MS))
        # Who leans far is held back at 7 ms, which moves the mean of what is left.
        asked.append(float(np.clip(lean + leans.get(voice, 0.0), -5.5, 5.5)))
        heard.append(float(np.mean(own)))
        spreads.append(float(np.std(own)))
        measured.append(NOISE_MS * habit.spread_ms[step] / family.spread_ms)
    assert len(asked) >= 2
    off = np.abs(np.array(asked) - np.array(heard))
    assert np.all(off < 0.6 + 0.4 * np.array(spreads)), (style, off.max())
    assert off.mean() < 0.8
    assert 0.6 < np.mean(np.array(spreads) / np.array(measured)) < 1.3


@pytest.mark.parametrize("style", ["lofi", "funk_corporate", "jazz_trio"])
def test_the_swing_that_is_played_is_the_swing_of_the_plan(style) -> None:
    plan, sheet = plan_of(style), styles.load(style)
    written, played = drummed(plan)
    pair = 240 if plan.swing_unit == 16 else 480
    second = pair // 2 if sheet.sub == "4/4" else 320
    inside = [two.start % pair / pair for one, two in zip(written, played, strict=True)
              if one.start % pair == second]  # fmt: skip
    assert len(inside) > 20
    assert np.mean(inside) == pytest.approx(plan.swing, abs=0.012)
    assert plan.swing > 0.52


def test_accents_follow_the_measured_drummers() -> None:
    plan, sheet = plan_of("funk_corporate"), styles.load("funk_corporate")
    family = grooves.family_of("funk_corporate", sheet.sub)
    loud: dict[tuple[str, int, int], list[int]] = {}
    for seed in range(4):
        written, played = drummed(plan, seed)
        for note, heard in zip(written, played, strict=True):
            loud.setdefault(place_of(plan, sheet, note), []).append(heard.velocity)
    ours, theirs = [], []
    for (voice, step, key), own in loud.items():
        habit = family.voice(voice, key)
        if habit is not None and len(own) >= 12 and habit.odds[step] >= 0.02:
            every = [v for (name, _, _), all_ in loud.items() if name == voice for v in all_]
            ours.append(np.mean(own) / np.mean(every))
            theirs.append(habit.velocity[step] / habit.loudness)
    assert np.corrcoef(ours, theirs)[0, 1] > 0.6


def test_the_table_names_whom_to_credit_and_a_licence_that_allows_it() -> None:
    table = grooves.table()
    assert table.licence == "CC-BY-4.0"
    assert "Groove MIDI Dataset" in table.credit
    assert "Google LLC (Magenta)" in table.credit
    assert "creativecommons.org/licenses/by/4.0" in table.credit
    assert len(table.sha256) == 64
    assert table.files > 1000
    assert grooves.TABLE.stat().st_size < 300_000


@pytest.mark.parametrize("style", styles.names())
def test_every_style_has_drummers_to_listen_to(style) -> None:
    sheet = styles.load(style)
    family = grooves.family_of(style, sheet.sub)
    assert family.steps == (12 if sheet.sub == "12/8" else 16)
    assert family.bars >= 40
    for voice in family.voices.values():
        assert {len(voice.odds), len(voice.late_ms), len(voice.velocity)} == {family.steps}


def melody(plan: Plan, every: int = 240) -> list[Note]:
    """Eighths that touch one another, for the whole piece."""
    count = plan.bars * bar_ticks(plan.meter) // every
    return [Note(at * every, every, 60 + at % 5, 80) for at in range(count)]


def test_sequenced_parts_never_leave_the_grid_by_more_than_a_millisecond() -> None:
    for style in sorted(MACHINES):
        plan, sheet = plan_of(style, kind="bed"), styles.load(style)
        tick = 1000 * seconds_per_tick(plan.tempo, plan.meter)
        for role, program in (("lead", 81), ("bass", 38), ("comp", 4)):
            notes = melody(plan)
            late = lateness(plan, notes, play(plan, part(role, program), sheet, notes, 1))
            assert np.abs(late).max() <= 1 + tick / 2, (style, role)


def test_slow_strings_start_early_and_hands_do_not() -> None:
    plan, sheet = plan_of("orchestral_tender", kind="bed"), styles.load("orchestral_tender")
    notes = melody(plan, 960)
    for role, program, low, high in (
        ("pad", 48, -60, -20), ("lead", 40, -25, -8), ("comp", 0, -3, 6),
    ):  # fmt: skip
        late = lateness(plan, notes, play(plan, part(role, program), sheet, notes, 1))
        assert low < np.mean(late) < high, role


def test_everybody_meets_a_hit_within_four_milliseconds() -> None:
    plan = structs.replace(plan_of("orchestral_epic", kind="bed"), hits=(1920 * 5, 1920 * 9 + 960))
    sheet = styles.load("orchestral_epic")
    tick = 1000 * seconds_per_tick(plan.tempo, plan.meter)
    for role, program in (("pad", 48), ("lead", 60), ("bass", 43), ("comp", 0), ("drums", 48)):
        notes = melody(plan)
        played = play(plan, part(role, program), sheet, notes, 1)
        for one, two in zip(notes, played, strict=True):
            if one.start in plan.hits:
                assert abs(two.start - one.start) * tick <= HIT_MS + tick / 2, role


def test_a_guitar_strums_down_on_the_beat_and_up_between() -> None:
    plan, sheet = plan_of("acoustic_folk", kind="bed"), styles.load("acoustic_folk")
    guitar = part("comp", 25)
    assert hand_of(guitar, "acoustic_folk") == "guitar"
    chord = (45, 52, 57, 61, 64)
    notes = [Note(at * 240, 200, pitch, 80) for at in range(64) for pitch in chord]
    played = play(plan, guitar, sheet, notes, 1)
    tick = 1000 * seconds_per_tick(plan.tempo, plan.meter)
    for at in range(64):
        starts = [played[at * 5 + string].start for string in range(5)]
        spread = (starts[-1] - starts[0]) * tick
        assert 10 < abs(spread) < 36
        assert (spread > 0) == (at % 2 == 0)


def test_winds_breathe_every_other_bar() -> None:
    plan, sheet = plan_of("orchestral_tender", kind="bed"), styles.load("orchestral_tender")
    notes = melody(plan, 480)
    played = play(plan, part("lead", 73), sheet, notes, 1)
    tick = 1000 * seconds_per_tick(plan.tempo, plan.meter)
    for at, note in enumerate(played):
        cut = (notes[at].length - note.length) * tick
        assert (cut > 60) == (at % 8 == 7 and at + 1 < len(notes)), at


def test_repeated_notes_are_never_two_alike_in_a_row() -> None:
    plan, sheet = plan_of("rock", kind="bed"), styles.load("rock")
    notes = [Note(at * 120, 100, 40, 80) for at in range(64)]
    played = play(plan, part("bass", 33), sheet, notes, 1)
    turns = [two.velocity - one.velocity for one, two in itertools.pairwise(played)]
    assert np.mean([(a < 0) != (b < 0) for a, b in itertools.pairwise(turns)]) > 0.5


def test_a_section_is_played_alike_whatever_stands_beside_it() -> None:
    plan, sheet = plan_of("rock", kind="bed"), styles.load("rock")
    halves = (
        Section(name="A", bar=0, bars=16, energy=4, roles=("bass",)),
        Section(name="B", bar=16, bars=16, energy=5, roles=("bass",)),
    )
    plan = structs.replace(plan, sections=halves)
    notes, line = melody(plan), 16 * bar_ticks(plan.meter)
    fewer = [one for one in notes if one.start >= line or one.start % 480 == 0]
    bass = part("bass", 33)
    whole = [one for one in play(plan, bass, sheet, notes, 1) if one.start > line - 40]
    other = [one for one in play(plan, bass, sheet, fewer, 1) if one.start > line - 40]
    assert whole[-256:] == other[-256:]
