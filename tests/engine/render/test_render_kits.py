"""The drum kits, measured: what a stroke is, what velocity does, what ends what."""

import numpy as np
import pytest

from engine.render.strokes import Stroke
from engine.render.synth import kits, player

SR = 48_000
KITS = sorted(kits.KITS)


def stroke(kit: str, key: int, layer: int = 4, variant: int = 0) -> np.ndarray:
    return kits.hit(kits.KITS[kit], kit, key, layer, variant)


def centroid(sound: np.ndarray) -> float:
    power = np.abs(np.fft.rfft(sound, axis=0)) ** 2
    power = power.reshape(len(power), -1).sum(axis=1)
    return float((power * np.fft.rfftfreq(len(sound), 1 / SR)).sum() / power.sum())


def seconds_to(sound: np.ndarray, decibels: float) -> float:
    """When all that is still to come lies so far under the whole."""
    energy = (sound.reshape(len(sound), -1).astype(float) ** 2).sum(axis=1)
    left = np.cumsum(energy[::-1])[::-1] / energy.sum()
    return float(np.argmax(left < 10 ** (decibels / 10)) / SR)


def main_hertz(sound: np.ndarray, low: float, high: float) -> float:
    size = 1 << 18
    spectrum = np.abs(np.fft.rfft(sound.reshape(len(sound), -1)[:, 0], n=size))
    one, two = int(low * size / SR), int(high * size / SR)
    return (one + int(np.argmax(spectrum[one:two]))) * SR / size


@pytest.mark.parametrize("name", KITS)
def test_every_percussion_key_sounds_on_every_kit(name: str) -> None:
    for key in (*range(35, 60, 3), 36, 38, 42, 46, 49, 51, 54, 60, 64, 69, 76, 81, 116):
        sound = stroke(name, key)
        assert sound.dtype == np.float32
        assert abs(20 * np.log10(np.abs(sound).max()) + 9) < 1.5, key
        assert np.abs(sound[0]).max() < 1e-3, key
        assert not sound[-1].any(), key
        assert np.isfinite(sound).all()


@pytest.mark.parametrize("name", KITS)
def test_no_stroke_has_an_offset(name: str) -> None:
    for key in (36, 38, 41, 42, 49, 51, 64):
        assert np.abs(stroke(name, key).mean(axis=0)).max() < 1e-4, key


@pytest.mark.parametrize("name", KITS)
def test_a_stroke_is_the_same_every_time_and_another_variant_is_not(name: str) -> None:
    for key in (36, 38, 42, 49):
        assert stroke(name, key).tobytes() == stroke(name, key).tobytes()
        if not (name == "kit_chip" and key == 36):
            assert stroke(name, key, variant=1).tobytes() != stroke(name, key).tobytes(), key


@pytest.mark.parametrize("name", [name for name in KITS if name != "kit_chip"])
@pytest.mark.parametrize("key", [38, 42, 49])
def test_a_harder_stroke_is_brighter(name: str, key: int) -> None:
    soft, hard = (
        np.mean([centroid(stroke(name, key, layer, variant)) for variant in range(3)])
        for layer in (0, 4)
    )
    assert hard > 1.08 * soft


@pytest.mark.parametrize(("name", "hertz"), [("kit_808", 48), ("kit_909", 52), ("kit_lofi", 54),
                                             ("kit_cinema", 38), ("kit_acoustic", 58)])  # fmt: skip
def test_a_kick_comes_to_rest_at_its_own_pitch(name: str, hertz: float) -> None:
    late = stroke(name, 36)[int(0.12 * SR) :]
    assert abs(main_hertz(late, 25, 120) / hertz - 1) < 0.04


@pytest.mark.parametrize(
    ("name", "key", "shortest", "longest"),
    [
        ("kit_808", 36, 0.9, 1.6), ("kit_909", 36, 0.35, 0.8), ("kit_909", 38, 0.2, 0.45),
        ("kit_909", 42, 0.06, 0.2), ("kit_909", 46, 0.6, 1.3), ("kit_808", 38, 0.12, 0.35),
        ("kit_acoustic", 49, 1.2, 3.0), ("kit_acoustic", 51, 1.0, 3.0), ("kit_soft", 40, 0.4, 0.7),
        ("kit_cinema", 36, 0.9, 2.2), ("kit_cinema", 45, 0.5, 1.2), ("kit_909", 39, 0.2, 0.5),
    ],
)  # fmt: skip
def test_a_stroke_rings_as_long_as_its_drum(
    name: str, key: int, shortest: float, longest: float
) -> None:
    assert shortest < seconds_to(stroke(name, key), -40) < longest


def test_hats_are_bright_and_dull_where_the_style_asks_for_it() -> None:
    assert centroid(stroke("kit_909", 42)) > 8_500
    assert 5_000 < centroid(stroke("kit_lofi", 42)) < 9_000


def test_a_brushed_kit_has_a_tap_and_a_swirl_that_comes_and_goes() -> None:
    tap, swirl = stroke("kit_soft", 38), stroke("kit_soft", 40)
    assert np.argmax(np.abs(tap)) < 0.05 * SR
    level = np.sqrt((swirl[:24_000] ** 2).reshape(10, -1).mean(axis=1))
    assert 3 <= int(np.argmax(level)) <= 8
    assert level[0] < 0.4 * level.max()


def test_an_open_hat_is_choked_by_the_closed_one() -> None:
    open_hat = [Stroke(0, 4800, 46, 110)]
    choked = player.play_kit("kit_909", [*open_hat, Stroke(4800, 4800, 42, 20)], SR)["hats"]
    free = player.play_kit("kit_909", open_hat, SR)["hats"]
    late = slice(9600, 14_400)
    assert np.abs(choked[late]).max() < 0.25 * np.abs(free[late]).max()
    # Not cut but closed: nothing jumps where the hand comes down.
    assert np.abs(np.diff(choked[4780:4799, 0])).max() < 1.5 * np.abs(np.diff(free[:4799, 0])).max()


@pytest.mark.parametrize(
    ("name", "key"),
    # The long kick of the 808 is meant to cover: its bass is the note.
    [(name, key) for name in ("kit_cinema", "kit_acoustic", "kit_cn") for key in (36, 41, 45)]
    + [("kit_808", 41), ("kit_soft", 45)],
)
def test_a_stroke_of_a_roll_stands_out_from_the_ring_of_the_strokes_before(
    name: str, key: int
) -> None:
    step = int(0.14 * SR)
    roll = [Stroke(i * step, step, key, 100) for i in range(8)]
    (sound,) = (bus[:, 0] for bus in player.play_kit(name, roll, SR * 3).values())
    level = np.sqrt((sound[: SR * 3 // 240 * 240] ** 2).reshape(-1, 240).mean(axis=1))
    struck = []
    for number in range(8):
        at = number * step // 240
        struck.append(np.sqrt((level[at : at + 12] ** 2).mean()))
        before, after = level[max(at - 4, 0) : at], level[at : at + 8].max()
        if number > 1:
            assert 20 * np.log10(after / before.mean()) > 6, number
    assert np.ptp(20 * np.log10(struck)) < 4


def test_a_drum_struck_once_rings_out() -> None:
    alone = player.play_kit("kit_cinema", [Stroke(0, 4800, 36, 100)], SR * 2)["kick"]
    assert np.abs(alone[int(0.8 * SR) : SR]).max() > 0.02 * np.abs(alone).max()


def test_each_hand_has_a_bus_of_its_own() -> None:
    strokes = [Stroke(0, 100, key, 100) for key in (36, 38, 42, 49)]
    buses = player.play_kit("kit_80s", strokes, SR)
    assert set(buses) == {"kick", "snare", "hats", "perc"}
    kick = buses["kick"]
    assert (kick[:, 0] == kick[:, 1]).all()
