"""Levels, compressors, ducking and places, measured on what comes out."""

import msgspec
import numpy as np
import pytest
import render_scores as scores

from engine import styles
from engine.contracts import Section
from engine.render import render
from engine.render.banks import builtin
from engine.render.colouring import LEAST_DB, MOST_DB, hand_bands, passed, role_bands
from engine.render.control import cells, drawn, powers
from engine.render.desk import LEVELS, NARROW, desk_for
from engine.render.dynamics import (
    COMPRESSORS,
    Compressor,
    Duck,
    compressed,
    drum_gain,
    duck_curve,
    duck_low_band,
)
from engine.render.levels import WINDOW, listened, loudness
from engine.render.masking import DEEPEST_DB, MOST_MASKED, energies, masked, pocket
from engine.score import Note
from engine.sound.loudness import integrated_lufs
from engine.sound.tilts import tilt

RATE = 48_000
BAR_FRAMES = 96_000


def tone(hertz: float, seconds: float) -> np.ndarray:
    return np.sin(2 * np.pi * hertz * np.arange(int(seconds * RATE)) / RATE).astype(np.float32)


@pytest.mark.parametrize("hertz", [55.0, 220.0, 1000.0, 6000.0])
def test_loudness_by_powers_is_what_a_meter_says(hertz: float) -> None:
    sound = tone(hertz, 6) * 0.2
    sound[RATE : 3 * RATE] = 0  # the gate has something to do
    heard = listened(sound, powers(sound))
    met = integrated_lufs(np.stack([sound, sound], axis=1))
    assert loudness(heard, loop=False) == pytest.approx(met, abs=0.5)


def test_a_curve_is_drawn_without_a_step_where_a_loop_joins() -> None:
    frames = 10 * 48 + 17
    curve = np.linspace(1.0, 0.5, cells(frames))
    whole = drawn(curve, slice(0, len(curve)), frames, loop=True)
    assert len(whole) == frames
    assert whole[0] == pytest.approx(1.0)
    assert whole[-1] == pytest.approx(1.0, abs=0.6 / 17)
    parts = [drawn(curve, slice(a, b), frames, loop=True) for a, b in ((0, 4), (4, 11))]
    assert np.array_equal(np.concatenate(parts), whole)


def test_stems_stand_at_their_roles_levels() -> None:
    one = scores.band(4, style="country")
    stems = render(one, builtin(), frames=4 * BAR_FRAMES, loop=True, seed=1)
    lead = integrated_lufs(stems.groups["lead"])
    levels = LEVELS["pop"]
    for group, row in (("bass", "bass"), ("chords", "comp")):
        found = integrated_lufs(stems.groups[group]) - lead
        assert found == pytest.approx(levels[row] - levels["lead"], abs=1.5), group


@pytest.mark.parametrize("kind", ["kick", "bass", "lead"])
def test_a_compressor_brings_loud_and_soft_together_within_its_bounds(kind: str) -> None:
    rule = COMPRESSORS[kind]
    loud = np.where(np.arange(4000) % 1000 < 40, 1.0, 0.001)
    gain = 20 * np.log10(compressed(loud, rule, 1.0, loop=True))
    assert -rule.most_db <= gain.min() < -0.8
    assert gain.max() <= 0
    assert np.array_equal(compressed(loud, rule, 0.0, loop=True), np.ones(4000))


def test_a_compressor_lets_the_click_of_a_stroke_pass() -> None:
    rule = Compressor(over_db=0, ratio=4, attack_ms=12, release_ms=90, most_db=12)
    stroke = np.where(np.arange(4000) % 1000 < 150, 1.0, 1e-6)
    gain = 20 * np.log10(compressed(stroke, rule, 1.0, loop=True))
    assert gain[2001] > gain[2060] + 1
    assert gain[2150] < gain[2190] < gain[2400]


def test_a_loops_compressor_begins_as_it_ends() -> None:
    stroke = np.where(np.arange(4000) >= 3900, 1.0, 0.01)  # loud at the very end
    gain = compressed(stroke, COMPRESSORS["bass"], 1.0, loop=True)
    alone = compressed(stroke, COMPRESSORS["bass"], 1.0, loop=False)
    assert gain[0] < 0.9
    assert alone[0] == pytest.approx(1.0)


def test_the_drum_bus_keeps_the_drums_as_loud_and_lifts_their_soft_strokes() -> None:
    strokes = np.where(np.arange(8000) % 1000 < 100, np.where(np.arange(8000) < 4000, 1, 0.05), 0)
    gain = drum_gain(strokes, 1.0, parallel=True, loop=True)
    after = strokes * gain**2
    assert after.sum() == pytest.approx(strokes.sum(), rel=1e-6)
    assert after[5000:5100].mean() / after[1000:1100].mean() > 1.3 * 0.05


def test_a_duck_is_as_deep_as_asked_after_the_kick_and_gone_before_the_next() -> None:
    duck = Duck(depth_db=6, release_s=0.2)
    curve = 20 * np.log10(duck_curve([0, 24_000], duck, 1000, loop=True))
    assert curve[20] == pytest.approx(-6, abs=0.2)
    assert curve[520] == pytest.approx(-6, abs=0.2)
    assert curve[400] == pytest.approx(0, abs=0.1)
    assert curve[998] < -1  # the first kick's fall begins before the loop's first frame
    assert 20 * np.log10(duck_curve([0], duck, 1000, loop=False))[998] == 0


def low_band(sound: np.ndarray, below_hz: float) -> np.ndarray:
    """What goes away where the low band of a loop is turned down to nothing."""
    left = np.array(sound, np.float32)
    duck_low_band(left, np.zeros(cells(len(left))), below_hz, loop=True)
    return sound - left


def test_the_low_band_holds_the_bass_and_nothing_above() -> None:
    low, high = tone(60, 1), tone(600, 1)
    got = low_band(low + high, 180)
    left = got - low
    assert np.sqrt((left**2).mean()) < 0.15
    above = low_band(high, 180)
    assert np.sqrt((above**2).mean()) < 0.02


def test_a_bass_that_ducks_below_only_keeps_its_upper_notes() -> None:
    assert desk_for("metal", "bed").ducks["bass"].below_hz
    kicks = [Note(i * 480, 100, 36, 120) for i in range(8)]
    bass = scores.part("bass", "bass", [Note(0, 2 * scores.BAR, 33, 100)], patch="bass_saw")
    drums = scores.part("drums", "drums", kicks, patch="kit_acoustic")

    def heard(parts: list) -> tuple[np.ndarray, np.ndarray]:
        one = scores.score(parts, style="metal", bars=2)
        sound = render(one, builtin(), frames=2 * BAR_FRAMES, loop=True, seed=1).groups["bass"]
        low = low_band(sound.mean(axis=1), 120)
        return low, sound.mean(axis=1) - low_band(sound.mean(axis=1), 250)

    ducked, steady = heard([bass, drums]), heard([bass])
    at, later = slice(48_240, 49_200), slice(60_000, 70_000)

    def dip(band: int) -> float:
        change = ducked[band] ** 2, steady[band] ** 2
        under, beside = (change[0][when].mean() / change[1][when].mean() for when in (at, later))
        return float(10 * np.log10(under / beside))

    assert dip(0) < -1.8
    assert dip(1) > dip(0) + 0.7


def test_the_mix_follows_the_plans_energy() -> None:
    one = scores.band(6, style="country")
    sections = tuple(
        Section(name=name, bar=2 * at, bars=2, energy=energy, roles=())
        for at, (name, energy) in enumerate((("i", 2), ("A", 4), ("B", 7)))
    )
    plan = msgspec.structs.replace(one.plan, sections=sections)
    one = msgspec.structs.replace(one, plan=plan)
    sound = render(one, builtin(), frames=6 * BAR_FRAMES, loop=True, seed=1, apart=False)
    mix = sound.groups["mix"]
    loud = [
        integrated_lufs(mix[at : at + 2 * BAR_FRAMES]) for at in range(0, 6 * BAR_FRAMES, 192000)
    ]
    assert loud[0] + 0.5 < loud[1] < loud[2] - 0.3


def test_stems_add_up_to_the_mix_that_is_made_without_them() -> None:
    one = scores.band(2, style="lofi")
    apart = render(one, builtin(), frames=2 * BAR_FRAMES, loop=True, seed=4)
    whole = render(one, builtin(), frames=2 * BAR_FRAMES, loop=True, seed=4, apart=False)
    total = np.sum(list(apart.groups.values()), axis=0)
    left = total - whole.groups["mix"]
    level = np.sqrt((whole.groups["mix"] ** 2).mean())
    assert np.sqrt((left**2).mean()) < 10 ** (-80 / 20) * level


@pytest.mark.parametrize("style", ["orchestral_epic", "house_edm", "acoustic_folk"])
def test_a_mix_stands_in_mono(style: str) -> None:
    frames = 3 * BAR_FRAMES
    stems = render(scores.band(3, style=style), builtin(), frames=frames, loop=True, seed=1)
    mix = np.sum(list(stems.groups.values()), axis=0)
    middle, side = mix.mean(axis=1), (mix[:, 0] - mix[:, 1]) / 2
    f = np.fft.rfftfreq(frames, 1 / RATE)
    low = f < 120
    lows = [float((np.abs(np.fft.rfft(one))[low] ** 2).sum()) for one in (side, middle)]
    assert 10 * np.log10(lows[0] / lows[1]) <= -20
    both = integrated_lufs(mix)
    assert both - integrated_lufs(np.stack([middle, middle], axis=1)) <= 1.5
    left, right = (mix**2).mean(axis=0)
    assert abs(10 * np.log10(left / right)) <= 1.5


def test_a_pocket_is_cut_where_a_part_covers_the_lead_and_nowhere_else() -> None:
    wide = np.full(WINDOW // 2 + 1, 1e-6)
    lead, under = wide.copy(), wide.copy()
    at = WINDOW * 1000 // RATE
    lead[at - 5 : at + 6] = 1.0
    under[at - 5 : at + 6] = 1.0
    tune, chords = energies(lead, -24.0), energies(under, -26.0)
    assert masked(tune, chords).sum() > MOST_MASKED
    cuts = pocket(tune, chords, "comp")
    assert [920 <= one.hertz <= 1080 and one.decibels < 0 for one in cuts] == [True]
    after = energies(under * passed(cuts, WINDOW), -26.0)
    lost = 10 * np.log10(passed(cuts, WINDOW)[at])
    assert -DEEPEST_DB <= lost < -1.5
    assert after.sum() == pytest.approx(chords.sum())
    assert pocket(tune, chords, "bass") == ()
    assert pocket(tune, energies(under, -40.0), "comp") == ()
    assert pocket(None, chords, "comp") == ()


def test_a_dull_part_is_brightened_and_a_bright_one_is_dimmed_within_bounds() -> None:
    wanted = tilt("country")
    f = np.linspace(1, RATE / 2, WINDOW // 2 + 1)
    for slope, sign in ((-3.0, 1), (-0.4, -1)):
        spectrum = (f / 1000) ** slope * (f > 100)
        given = sum(one.decibels for one in hand_bands(spectrum, (), "lead", wanted))
        assert sign * given > 1
        assert LEAST_DB <= given <= MOST_DB
    assert hand_bands(np.zeros(WINDOW // 2 + 1), (), "lead", wanted) == ()
    assert hand_bands((f / 1000) ** -3.0, (), "hats", wanted) == ()


@pytest.mark.parametrize("style", sorted(set(styles.names()) - NARROW))
def test_no_equaliser_of_a_full_band_style_closes_below_fifteen_kilohertz(style: str) -> None:
    f = np.linspace(0, RATE / 2, WINDOW // 2 + 1)
    desk = desk_for(style, "bed")
    through = [passed(role_bands(row, desk, has_bass=True), WINDOW) for row in ("hats", "lead")]
    top, below = ((f > 14_000) & (f < 15_000)), ((f > 4000) & (f < 8000))
    assert max(10 * np.log10(one[top].mean() / one[below].mean()) for one in through) > -10


@pytest.mark.parametrize("style", sorted(NARROW - {"meditation"}))
def test_a_narrow_style_is_narrow(style: str) -> None:
    f = np.linspace(0, RATE / 2, WINDOW // 2 + 1)
    one = passed(role_bands("hats", desk_for(style, "bed"), has_bass=True), WINDOW)
    dark = one[(f > 14_000) & (f < 15_000)].mean() / one[(f > 2000) & (f < 4000)].mean()
    assert 10 * np.log10(dark) < -6
