"""Harmony: readable, in its mode, cadences where sections end, and a bass that walks."""

import statistics
from itertools import pairwise

import pytest
from plan_briefs import METERS, resolved

from engine import styles
from engine.plan import draw, modes, scoring
from engine.plan.materials import materials, plain
from engine.score import bar_ticks
from engine.words.tonality import MODES

FIVE = ("gong", "shang", "jue", "zhi", "yu")
STYLES = ("chinese_traditional", "meditation", "lofi", "orchestral_epic", "jazz_trio", "metal")


@pytest.mark.parametrize("mode", FIVE)
@pytest.mark.parametrize("style", STYLES)
def test_pentatonic_harmony_has_no_leading_tone_and_stays_in_its_mode(style, mode) -> None:
    for kind in ("bed", "loop"):
        for plan in draw(resolved(style, kind, 60.0, tonality=f"D {mode}"), 4, 4):
            for chord in plan.chords:
                heard = {(pitch - plan.tonic) % 12 for pitch in (*chord.pitches, chord.bass)}
                assert 11 not in heard, (chord.symbol, mode)
                assert heard <= modes.ALLOWED[mode], (chord.symbol, mode)
                assert not chord.symbol.startswith("V7")


@pytest.mark.parametrize(
    ("mode", "own"),
    [("dorian", 9), ("phrygian", 1), ("lydian", 6), ("mixolydian", 10)],
)
@pytest.mark.parametrize("style", ["lofi", "acoustic_folk", "synthwave", "chiptune"])
def test_a_church_mode_is_shown_by_its_own_note(style, mode, own) -> None:
    shown = 0
    for plan in draw(resolved(style, "bed", 60.0, tonality=f"E {mode}"), 4, 6):
        scale = set(MODES[mode])
        heard = [(pitch - plan.tonic) % 12 for chord in plan.chords for pitch in chord.pitches]
        assert set(heard) <= scale, (style, mode)
        shown += own in heard
    assert shown >= 5


def test_natural_minor_has_no_raised_seventh_where_it_is_asked_for() -> None:
    for plan in draw(resolved("solo_piano", "bed", 60.0, tonality="A aeolian"), 4, 6):
        assert all((pitch - plan.tonic) % 12 != 11 for one in plan.chords for pitch in one.pitches)


@pytest.mark.parametrize("style", ["metal", "trap_hiphop", "horror"])
def test_a_dark_style_in_major_has_major_harmony(style) -> None:
    for plan in draw(resolved(style, "bed", 45.0, tonality="C major"), 4, 4):
        assert all(modes.legal(chord.symbol, "major") for chord in plan.chords)


@pytest.mark.parametrize("style", styles.names())
def test_sections_end_open_before_home_and_pieces_end_as_they_should(style) -> None:
    met = lines = 0
    for meter in METERS:
        for plan in draw(resolved(style, "bed", 75.0, meter=meter), 4, 3):
            bar = bar_ticks(meter)
            for one, other in pairwise(plan.sections):
                before = [c for c in plan.chords if c.at < other.bar * bar][-1]
                after = next(c for c in plan.chords if c.at >= other.bar * bar)
                if after.root == plan.tonic and one.bars > 1:
                    lines += 1
                    met += before.root != plan.tonic
            assert plan.chords[-1].root == plan.tonic
            assert plan.chords[-2].root != plan.tonic or plan.ending != "button"
    print(f"{style}: {met} of {lines} section lines want to go on")
    assert met >= 0.95 * lines


@pytest.mark.parametrize("style", styles.names())
def test_a_loops_last_chord_asks_for_its_first(style) -> None:
    for bars in (4, 8, 16, 32):
        for plan in draw(resolved(style, "loop", bars=bars), 4, 3):
            first, last = plan.chords[0], plan.chords[-1]
            assert (last.root, last.symbol) != (first.root, first.symbol)
            assert plan.chords[-1].root != plan.tonic or first.root != plan.tonic


def test_the_bass_walks_in_sixteen_bars_and_chords_change_at_half_bars() -> None:
    steps, halves = [], 0
    for style in styles.names():
        if not materials(style, "minor", asked=False).inversions:
            continue  # drones and riffs on roots
        for plan in draw(resolved(style, "bed", 60.0), 4, 4):
            steps.append(scoring.walking(plan))
            bar = bar_ticks(plan.meter)
            halves += any(chord.at % bar == bar // 2 for chord in plan.chords)
    print(f"16-bar windows with a stepwise bass: {statistics.mean(steps):.0%}")
    assert statistics.mean(steps) >= 0.85
    assert halves >= len(steps) // 2


def test_home_is_clear_in_every_plan() -> None:
    doubtful = total = 0
    for style in styles.names():
        for kind in ("bed", "loop"):
            for plan in draw(resolved(style, kind, 60.0), 5, 5):
                total += 1
                doubtful += scoring.home_lead_of(plan) < min(scoring.FAIR, scoring.sure(plan.mode))
    assert total == 220
    assert doubtful == 0


def test_progressions_vary_what_the_sheet_offers_within_its_words() -> None:
    for style in ("synthwave", "lofi", "country"):
        stuff = materials(style, "major" if style == "country" else "minor", asked=False)
        known = {plain(chord) for chord in (*stuff.chords, *stuff.home, *stuff.before)}
        mode = stuff.mode
        for plan in draw(resolved(style, "bed", 60.0, tonality=f"C {mode}"), 4, 6):
            assert {plain(chord.symbol) for chord in plan.chords} <= known, style


def test_the_same_seed_gives_the_same_plans_and_another_gives_others() -> None:
    for style in ("rock", "chinese_traditional"):
        brief = resolved(style, "bed", 60.0, hits=(10_000, 20_000))
        assert draw(brief, 5, 4) == draw(brief, 5, 4)
        assert draw(brief, 5, 4) != draw(brief, 6, 4)
