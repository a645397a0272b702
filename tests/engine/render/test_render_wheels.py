"""Held notes against the obvious way to make them: one frame after the other, in numpy."""

import numpy as np
import pytest

from engine.render.notes import falling
from engine.render.synth import bends, steady
from engine.render.synth import oscillators as osc
from engine.render.synth.patches import PATCHES
from engine.render.synth.wavetables import Turn, bent_turn, read, round_turn, tables
from engine.render.synth.wheels import OCTAVES, wheels
from engine.render.synth.wheels import _sing as wheel_loop
from engine.sound.filters import blank

SECOND = 48_000


def plainly(note: steady.Held, frames: int, let_go: int, fall: np.ndarray) -> np.ndarray:
    """The note from its wheels, by indices and float64, (2, frames)."""
    place = steady._place(note)
    rows = steady._rows(note, frames, place)
    lowest, highest = int(np.floor(rows.min())), int(np.ceil(rows.max()))
    turned = wheels(note.name, note.voice, note.pitch, lowest, highest)
    stack = np.stack([turned[row] for row in range(lowest, highest + 1)]).astype(np.float64)
    at = np.arange(frames)
    way = np.interp(at / steady.STEP, np.arange(len(rows)), rows) - lowest
    below = np.minimum(np.floor(way).astype(int), max(len(stack) - 2, 0))
    whole = 2 ** (getattr(note.voice, "slope", 12) / 6 * OCTAVES)
    share = (whole ** (way - below) - 1) / (whole - 1)
    index = (int(place * stack.shape[2]) + at) % stack.shape[2]
    tone = stack[below, :, index] * (1 - share)[:, None]
    tone += stack[np.minimum(below + 1, len(stack) - 1), :, index] * share[:, None]
    envelope = steady._envelope(note.voice)
    shape = envelope[np.minimum(at, len(envelope) - 1)].astype(np.float64)
    shape[let_go:] *= fall[: frames - let_go]
    return np.broadcast_to(tone.T * shape, (2, frames))


@pytest.mark.parametrize("name", ["pad_warm", "pad_poly", "supersaw", "organ", "rain", "pad_dark"])
@pytest.mark.parametrize(("seconds", "held"), [(9.0, 8.9), (0.7, 0.02), (2.0, 2.0)])
def test_a_held_note_is_its_wheels_crossfaded_under_its_envelope(
    name: str, seconds: float, held: float
) -> None:
    note = steady.Held(name, PATCHES[name].voice, 57, 0.92, 3)
    frames, let_go = int(seconds * SECOND), int(held * SECOND)
    fall = np.resize(falling(0.3), frames)
    out = blank(frames + 700)
    steady.hold(out, note, 500, frames, (0.5, 0.25), let_go, fall)
    asked = plainly(note, frames, let_go, fall)
    peak = np.abs(asked).max()
    assert np.abs(out[500:-200, 0] - 0.5 * asked[0]).max() < 2e-4 * peak
    assert np.abs(out[500:-200, 1] - 0.25 * asked[1]).max() < 2e-4 * peak
    assert not out[:500].any()
    assert not out[-200:].any()


def test_a_wheel_is_the_sum_of_its_voices() -> None:
    cycle = tables((1 / np.arange(1.0, 30))[None], 512)
    turns = [round_turn(whole, start, np.sin(np.arange(21) * np.pi / 10), 480)
             for whole, start in ((44, 0.1), (45, 0.7))]  # fmt: skip
    sides = np.array([[1.0, 0.5], [0.25, 1.0]], np.float32)
    out = np.zeros((2, 9600), np.float32)
    knots, paces = (np.stack([getattr(one, of) for one in turns]) for of in ("knots", "paces"))
    wheel_loop(cycle[0], knots, paces, sides, out)
    one, two = (read(cycle, turn) for turn in turns)
    assert np.abs(out[0] - (one + 0.25 * two)).max() < 1e-5
    assert np.abs(out[1] - (0.5 * one + two)).max() < 1e-5


def test_a_table_is_read_between_its_points_and_its_rows() -> None:
    h = np.arange(1.0, 40)
    cycles = tables(np.stack([np.exp(-h / long) / h for long in (3, 9, 30)]), 1024)
    turn = bent_turn(311.0, 20_000, 0.2, 50 * np.sin(np.arange(60) / 9), 480)
    rows = 1 + np.sin(np.arange(60) / 7)
    way = np.interp(np.arange(20_000) / 480, np.arange(60), rows)
    place = turn.whole().astype(np.float64) / 2**32 * 1024
    index, first = place.astype(int), np.minimum(way.astype(int), 1)
    low, high = (cycles[row, index] + (cycles[row, index + 1] - cycles[row, index]) * (place % 1)
                 for row in (first, first + 1))  # fmt: skip
    assert np.abs(read(cycles, turn, rows, 480) - (low + (high - low) * (way - first))).max() < 1e-4
    still = read(cycles, turn, np.full(60, 2.0), 480)
    assert np.abs(still - read(cycles[2:], turn)).max() < 1e-6


def test_a_turn_says_where_it_is_at_every_frame() -> None:
    turn = Turn(np.array([5, 2**32 - 3], np.uint32), np.array([7, 2], np.uint32), 3, 5)
    assert turn.whole().tolist() == [5, 12, 19, 2**32 - 3, 2**32 - 1]


def test_a_bent_note_is_read_along_a_cubic() -> None:
    time = np.arange(9600) / SECOND
    sound = np.stack([np.sin(2 * np.pi * 300 * time), np.cos(2 * np.pi * 200 * time)], axis=1)
    cents = np.linspace(-200, 0, 9600 // 48 + 3)
    out = blank(12_000)
    bends.add_warped(out, 1000, np.asarray(sound.T, np.float32, order="C").T, cents)
    passed = np.cumsum(np.interp(np.arange(9600), np.arange(len(cents)) * 48, 2 ** (cents / 1200)))
    moved = (passed - passed[0]) / SECOND
    assert np.abs(out[1000:10_000, 0] - np.sin(2 * np.pi * 300 * moved[:9000])).max() < 2e-3
    assert np.abs(out[1010:10_000, 1] - np.cos(2 * np.pi * 200 * moved[10:9000])).max() < 2e-3
    assert not out[:1000].any()


def test_a_sine_is_a_sine() -> None:
    cycles = np.concatenate([np.linspace(-3, 3, 10_001), [1e6 + 0.25, 0.5, -0.5]])
    assert np.abs(osc.sine(cycles) - np.sin(2 * np.pi * cycles)).max() < 2e-6
