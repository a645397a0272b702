"""The console: what is sent through it comes out at its place, at its level, round its loop."""

import numpy as np
import pytest

from engine.render.console import BINS, SIZE, Console, Group, Strip, answer
from engine.render.control import cells, powers
from engine.render.desk import Desk, desk_for
from engine.sound.filters import Band, convolve, impulse

RATE = 48_000
FLAT = np.ones(BINS, np.complex64)


def strip(frames: int, **more: object) -> Strip:
    told = {
        "group": "mix", "gain": np.ones(cells(frames)), "equaliser": FLAT, "send": 0.0, "pan": 0.0,
        "late_frames": 0, "echoed": False,
    }  # fmt: skip
    return Strip(**(told | more))  # pyright: ignore[reportArgumentType]


def mixed(sound: np.ndarray, *, loop: bool, desk: Desk | None = None, **more: object) -> np.ndarray:
    """(frames, 2) of one part alone."""
    console = Console(len(sound), loop=loop)
    console.add(sound, powers(sound), strip(len(sound), **more))
    wet = np.ones(cells(len(sound)))
    return console.returned(desk or desk_for("country", "bed"), 9000, wet, 1)["mix"]


def noise(frames: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(frames).astype(np.float32)


def below(hertz: float, lap: np.ndarray) -> np.ndarray:
    bins = np.fft.rfft(lap.astype(float))
    bins[int(hertz * len(lap) / RATE) :] = 0
    return np.fft.irfft(bins, n=len(lap)).astype(np.float32)


@pytest.mark.parametrize("loop", [False, True])
def test_a_click_comes_out_where_it_was_put_on_its_side(loop: bool) -> None:
    click = np.zeros(12_000, np.float32)
    click[48] = 1
    out = mixed(click, loop=loop, pan=-1.0)
    # Below 120 Hz both sides are one; of a click that is next to nothing.
    assert out[48, 0] == pytest.approx(np.sqrt(2), abs=0.03)
    assert np.abs(out[:, 1]).max() < 0.03


def test_blocks_join_as_if_there_were_none() -> None:
    frames = 3 * RATE + 17
    sound = np.stack([noise(frames, 1), noise(frames, 2)]).T
    sound[RATE : 2 * RATE] = 0
    curve = 0.5 + 0.4 * np.sin(np.arange(cells(frames)) / 50)
    out = mixed(sound, loop=False, gain=curve)
    whole = np.interp(np.arange(frames) / 48, np.arange(len(curve)), curve)
    apart = (sound[:, 0] - sound[:, 1]) * whole
    high = impulse((Band("high_pass", 120, 0, 0.54), Band("high_pass", 120, 0, 1.31)), 3072)
    assert np.abs(out.sum(axis=1) - sound.sum(axis=1) * whole).max() < 1e-4
    # What the sides do not share has lost its bass.
    thinned = convolve(apart.astype(np.float32), high)
    assert np.abs(out[:, 0] - out[:, 1] - thinned).max() < 1e-4


@pytest.mark.parametrize("name", ["horror", "house_edm"])
@pytest.mark.parametrize("frames", [30_000, 34_909])
def test_a_loop_goes_on_in_its_room_and_its_echoes(name: str, frames: int) -> None:
    # Above 8 kHz rooms say little, and a loop of an odd length says it a little differently.
    desk, lap = desk_for(name, "bed"), below(8000, noise(frames, 3))
    told = {"send": 1.0, "echoed": True, "late_frames": 700}
    once = mixed(lap, loop=True, desk=desk, **told)
    laps = 3 + 6 * RATE // frames
    endless = mixed(np.tile(lap, laps), loop=False, desk=desk, **told)
    last = endless[-2 * frames : -frames]
    assert np.abs(last - once).max() < 3e-3 * np.abs(once).max()


def sent(sound: np.ndarray, late_frames: int) -> np.ndarray:
    """What the room hears of one block."""
    group = Group(1)
    rows = np.zeros((1, SIZE), np.float32)
    rows[0, : len(sound)] = sound
    told = strip(len(sound), send=1.0, late_frames=late_frames)
    group.add(rows, np.zeros(1, np.int64), told, answer(told))
    return group.halved(group.send)


@pytest.mark.parametrize("hertz", [100.0, 3000.0, 9500.0])
def test_the_room_hears_what_is_low_enough_as_late_as_it_should(hertz: float) -> None:
    wave = np.sin(2 * np.pi * hertz * np.arange(20_000) / RATE).astype(np.float32)
    half = sent(wave, 500)
    # It begins 192 frames before the file.
    expected = np.sin(2 * np.pi * hertz * 2 * np.arange(9500) / RATE)
    assert np.abs(half[346 : 346 + 9500] - expected)[200:-200].max() < 0.01


def test_what_is_too_high_for_half_the_rate_is_not_heard_as_something_low() -> None:
    wave = np.sin(2 * np.pi * 16_000 * np.arange(20_000) / RATE) * np.hanning(20_000)
    assert np.abs(sent(wave.astype(np.float32), 0)).max() < 10 ** (-50 / 20)


def test_what_is_driven_keeps_its_level_and_gains_a_third_harmonic() -> None:
    frames = 2 * RATE
    sine = 0.1 * np.sin(2 * np.pi * 440 * np.arange(frames) / RATE).astype(np.float32)
    sound = np.stack([sine, sine]).T
    lines = np.abs(np.fft.rfft(mixed(sound, loop=True, drive=0.35)[:, 0])) / (frames / 2)
    assert lines[880] == pytest.approx(0.1, rel=0.05)
    assert 1e-4 < lines[3 * 880] / lines[880] < 0.02
    assert lines[2 * 880] < 1e-5
