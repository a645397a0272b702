"""A piano's hammers, dampers and upper partials: where they are heard, and how far under it."""

import numpy as np
import pytest

from engine.render import breath, mechanics, sounds
from engine.render.mechanics import FELT, GRAND, Action, add_mechanics
from engine.render.strokes import Stroke

RATE = 48_000
NOTE = 0.1


def played(action: Action, *strokes: Stroke, seconds: float = 2.0) -> np.ndarray:
    out = np.zeros((int(seconds * RATE), 2), np.float32)
    add_mechanics(out, strokes, action)
    return out


def level_db(sound: np.ndarray, low: float, high: float) -> float:
    """RMS of a band re a note struck at 100, over the whole of ``sound`` (frames, 2)."""
    bins = np.fft.rfft(sound.mean(axis=1))
    f = np.fft.rfftfreq(len(sound), 1 / RATE)
    power = 2 * (np.abs(bins[(f >= low) & (f < high)]) ** 2).sum() / len(sound) ** 2
    return float(10 * np.log10(power / NOTE**2 + 1e-20))


@pytest.mark.parametrize("pitch", [36, 60, 84])
def test_the_harder_a_key_is_struck_the_brighter_it_is(pitch: int) -> None:
    heads = [played(GRAND, Stroke(0, RATE, pitch, velocity))[:9600] for velocity in (40, 80, 115)]
    low, high = ([level_db(one, *band) for one in heads]
                 for band in ((3000, 6000), (8000, 16_000)))  # fmt: skip
    assert low[0] < low[1] < low[2]
    assert high[2] - high[0] > low[2] - low[0] + 3


@pytest.mark.parametrize(("action", "least", "most"), [(GRAND, -44, -26), (FELT, -52, -32)])
def test_all_of_it_lies_far_under_the_note(action: Action, least: float, most: float) -> None:
    for pitch in (40, 60, 76):
        head = played(action, Stroke(0, RATE, pitch, 72))[: RATE // 5]
        assert least < level_db(head, 100, 20_000) < most


def test_low_partials_are_left_to_the_strings() -> None:
    head = played(GRAND, Stroke(0, RATE, 48, 100))[4800 : RATE // 2]  # behind the knock
    assert level_db(head, 60, 1800) < level_db(head, 3000, 6000) - 20


def test_partials_are_sharp_by_the_stiffness_of_the_string() -> None:
    sound = played(GRAND, Stroke(0, 2 * RATE, 60, 110))[:, 0]
    bins = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))
    f = np.fft.rfftfreq(len(sound), 1 / RATE)
    inside = (f > 3900) & (f < 4350)
    peak = float(f[inside][bins[inside].argmax()])
    fundamental = 261.63
    stiff = [n * fundamental * (1 + 3.3e-4 * n * n) ** 0.5 for n in range(10, 20)]
    assert min(abs(peak - one) for one in stiff) < 12
    assert min(abs(peak - n * fundamental) for n in range(10, 20)) > 30


def test_high_partials_die_first_and_dampers_end_all() -> None:
    long = played(GRAND, Stroke(0, 2 * RATE, 55, 100))
    early, late = long[2400:12_000], long[24_000:33_600]
    fall = [
        level_db(early, *band) - level_db(late, *band) for band in ((3000, 5000), (9000, 14_000))
    ]
    assert fall[1] > fall[0] + 8
    short = played(GRAND, Stroke(0, RATE // 4, 55, 100))
    assert level_db(short[36_000:], 3000, 16_000) < level_db(long[36_000:], 3000, 16_000) - 30


def test_dampers_that_come_down_together_are_heard_once() -> None:
    chord = [Stroke(0, RATE, pitch, 70) for pitch in (48, 55, 60, 64)]
    one, four = (played(FELT, *notes)[RATE : RATE + 4800] for notes in (chord[:1], chord))
    louder = level_db(four, 200, 2500) - level_db(one, 200, 2500)
    assert 2 < louder < 8


def test_the_same_strokes_sound_the_same_and_a_part_is_only_added_to() -> None:
    strokes = [Stroke(4800 * at, 9600, 50 + at, 60 + at) for at in range(8)]
    one, two = played(GRAND, *strokes), played(GRAND, *strokes)
    assert (one == two).all()
    held = np.full((RATE, 2), 0.25, np.float32)
    add_mechanics(held, strokes, GRAND)
    assert np.allclose(held - 0.25, one[:RATE], atol=1e-6)


def test_what_lies_beyond_the_part_is_cut() -> None:
    out = played(GRAND, Stroke(4000, 100, 60, 90), Stroke(9000, 100, 60, 90), seconds=0.1)
    assert np.abs(out[4000:]).max() > 0


def test_every_kind_of_action_has_a_row_with_its_licence() -> None:
    layers = {row.name: row for row in sounds.rows() if row.kind == "layer"}
    kinds = [*mechanics.PROGRAMS.values(), *mechanics.PATCHES.values(), *breath.PROGRAMS.values()]
    assert set(layers) == {kind.name for kind in kinds}
