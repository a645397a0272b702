"""Loops: the joint is like any other place, nothing begins, nothing wanders."""

import numpy as np
import pytest
from cabin_families import family
from msgspec import structs

from engine.cabin import ambiences, rounds
from engine.cabin.drawing import draw
from engine.cabin.judging import broken
from engine.cabin.looping import Loop, constraints, hum_level_dba, orders_hz, step_db
from engine.cabin.surroundings import noise_dba
from engine.contracts import FunctionLimits, ResolvedFunction
from engine.master.hearing import hear
from engine.studio.family_loops import looped

RATE = 48_000


def loop_of(function: str, duration_ms: int, **limits: object) -> tuple[ResolvedFunction, Loop]:
    resolved = family(
        function, limits={function: FunctionLimits(duration_ms=duration_ms, **limits)}
    )
    one = resolved.functions[0]
    bed = ambiences.ambience(one, draw(resolved, 1), RATE, 1)
    audio = bed.mono / np.abs(bed.mono).max() * 0.1
    seam = hear(audio[:, None].astype(np.float32), RATE, loop=True)
    return one, Loop(one=one, audio=audio, rate=RATE, seam=seam)


def judged(entry) -> list[str]:
    return broken(entry.measured)


@pytest.mark.parametrize(
    ("function", "duration_ms"), [("charging", 12_000), ("sleep", 12_001), ("drive", 8_000)]
)
def test_a_loop_keeps_to_everything_and_is_exact(function: str, duration_ms: int) -> None:
    resolved = family(function, limits={function: FunctionLimits(duration_ms=duration_ms)})
    character = draw(resolved, 1)
    for one in resolved.functions[:3]:
        entry, files = looped(resolved, one, character)
        assert judged(entry) == []
        assert entry.frames == duration_ms * 48
        assert set(files) == {one.name, f"{one.name}.mono"}


@pytest.mark.parametrize("function", ["charging", "sleep", "drive"])
def test_the_second_round_is_the_first_one_again_through_the_joint(function: str) -> None:
    """A loop that is periodic by construction may be turned: no place is its beginning."""
    _, loop = loop_of(function, 6_000)
    turned = np.roll(loop.audio, len(loop.audio) // 3)
    for audio in (loop.audio, turned):
        seam = hear(audio[:, None].astype(np.float32), RATE, loop=True)
        assert seam["seam_db"] <= 0
        assert seam["seam_spectrum"] <= 1.5


def test_a_loop_that_is_cut_instead_of_round_is_caught() -> None:
    _, loop = loop_of("drive", 6_000)
    cut = loop.audio * np.linspace(1.0, 0.4, len(loop.audio))
    seam = hear(cut[:, None].astype(np.float32), RATE, loop=True)
    found = broken(constraints(structs.replace(loop, audio=cut, seam=seam), family().delivery))
    assert "seam_level_db" in found


def test_sleep_has_no_onset_and_a_planted_one_is_caught() -> None:
    _, loop = loop_of("sleep", 12_000)
    assert step_db(loop.audio, RATE) < 3
    louder = loop.audio.copy()
    louder[RATE * 5 : RATE * 6] *= 4
    found = broken(constraints(structs.replace(loop, audio=louder), family().delivery))
    assert "onset_db" in found


def test_the_hum_rises_with_speed_and_supports_the_noise() -> None:
    resolved = family("drive", limits={"drive": FunctionLimits(duration_ms=4_000)})
    character = draw(resolved, 1)
    heard = []
    for one in resolved.functions:
        bed = ambiences.ambience(one, character, RATE, 1)
        loop = Loop(one=one, audio=bed.mono, rate=RATE, seam={})
        orders = orders_hz(loop)
        assert orders[1] / orders[0] == pytest.approx(2, rel=0.01)
        heard.append(orders[0])
        level, over = hum_level_dba(bed.mono, RATE, one.speed_kmh)
        assert over <= 3.001
        assert level <= noise_dba(one.speed_kmh) - 6 + 1e-6
    assert heard == sorted(heard)
    assert heard[0] == pytest.approx(48, rel=0.01)
    assert heard[-1] == pytest.approx(164.6, rel=0.01)


def test_a_window_holds_all_of_a_loop() -> None:
    _, loop = loop_of("charging", 6_000, band_hz=(120, 1200))
    f = np.fft.rfftfreq(len(loop.audio), 1 / RATE)
    power = np.abs(np.fft.rfft(loop.audio)) ** 2
    assert power[(f < 120) | (f > 1200)].sum() < 1e-9 * power.sum()


def test_corners_have_their_own_noise_and_common_tones() -> None:
    resolved = family("sleep", limits={"sleep": FunctionLimits(duration_ms=6_000)})
    bed = ambiences.ambience(resolved.functions[0], draw(resolved, 1), RATE, 4)
    assert bed.own.shape == (4, 6 * RATE)
    across = np.corrcoef(bed.own)
    assert np.abs(across[np.triu_indices(4, 1)]).max() < 0.2


def test_rounds_have_whole_cycles() -> None:
    frames = 48_001
    tone = rounds.tone(100.3, frames, RATE, 0.7)
    again = rounds.tone(100.3, 2 * frames, RATE, 0.7)
    assert np.abs(np.tile(tone, 2)[: frames + 9][-9:] - tone[:9]).max() < 1e-9
    assert len(again) == 2 * frames
    sway = rounds.sway(frames, 3, 6.0)
    assert 20 * np.log10(sway.max() / sway.min()) == pytest.approx(6.0, abs=0.01)
    waves = rounds.waves(frames, 4, 5.0)
    assert abs(waves[0] - waves[-1]) < 1e-3


def test_what_rings_over_the_end_goes_on_at_the_beginning() -> None:
    ring = np.arange(1.0, 8.0)
    out = rounds.strewn([(8, ring)], 10)
    assert out.tolist() == [3, 4, 5, 6, 7, 0, 0, 0, 1, 2]
    long = rounds.strewn([(0, np.ones(25))], 10)
    assert long.tolist() == [3] * 5 + [2] * 5
