"""Ambiences go round: no seam, no beat, no level that wanders off."""

import numpy as np
import pytest

from engine.arrange import arrange
from engine.contracts import Brief, Resolved
from engine.plan import draw
from engine.render import ambience
from engine.score import Score
from engine.sound import textures
from engine.sound.loudness import integrated_lufs
from engine.styles.ambiences import TEXTURES
from engine.words import resolve

RATE = 48_000


def scored(**fields) -> tuple[Resolved, Score]:
    brief = Brief(kind="ambience", seed=3, **{"duration_ms": 12_000, **fields})
    resolved = resolve(brief, 3)
    return resolved, arrange(draw(resolved, 3, 1)[0], (), 3)


def sounding(**fields) -> np.ndarray:
    resolved, score = scored(**fields)
    stems = ambience.render(score, frames=resolved.duration_frames, seed=7)
    return sum(stems.groups.values())


def roughness(sound: np.ndarray, centre: int, size: int = 2048) -> float:
    """Log-spectrum difference between what lies before and after a frame of the endless sound."""
    around = np.roll(sound.mean(axis=1), size - centre)[: 2 * size]
    window = np.hanning(size)
    before, after = (
        np.log10(np.abs(np.fft.rfft(one * window)) + 1e-4) for one in (around[:size], around[size:])
    )
    return float(np.sqrt(np.mean((before - after) ** 2)))


@pytest.mark.parametrize("style", ["dark_ambient", "meditation", "chinese_traditional", "lofi"])
def test_the_joint_is_no_rougher_than_any_other_place(style: str) -> None:
    sound = sounding(style=style)
    step = np.abs(np.diff(np.concatenate([sound[-3:], sound[:3]]), 2, axis=0)).max()
    assert step <= np.percentile(np.abs(np.diff(sound, 2, axis=0)), 99.9) * 1.5
    inner = [roughness(sound, at) for at in np.linspace(5000, len(sound) - 5000, 41).astype(int)]
    assert roughness(sound, 0) <= max(inner)


@pytest.mark.parametrize("texture", sorted(TEXTURES))
def test_a_texture_keeps_its_level_and_has_no_beat(texture: str) -> None:
    bed = sounding(prompt=texture.replace("room", "room tone"), duration_ms=20_000)
    levels = [integrated_lufs(bed[at : at + 3 * RATE]) for at in range(0, 17 * RATE, RATE)]
    assert max(levels) - min(levels) < (8 if texture == "ocean" else 6)
    assert abs(levels[0] - levels[-1]) < 5
    power = (bed.mean(axis=1) ** 2).reshape(-1, 480).mean(axis=1)
    moving = np.abs(np.fft.rfft(power - power.mean())) ** 2
    hz = np.fft.rfftfreq(len(power), 0.01)
    beats = moving[(hz >= 0.8) & (hz <= 8)]
    assert beats.max() < 40 * np.median(beats), "one rhythm stands out of the movement"


def test_ambiences_differ_in_what_they_are_made_of() -> None:
    def centroid(sound: np.ndarray) -> float:
        power = np.abs(np.fft.rfft(sound.mean(axis=1))) ** 2
        return float((power * np.fft.rfftfreq(len(sound), 1 / RATE)).sum() / power.sum())

    rain, fire, drone = (
        centroid(sounding(**asked))
        for asked in ({"prompt": "rain"}, {"prompt": "fireplace"}, {"style": "dark_ambient"})
    )
    assert drone < 200 < fire < rain


def test_the_same_seed_gives_the_same_bytes_and_another_gives_others() -> None:
    resolved, score = scored(style="meditation", prompt="rain", duration_ms=6000)
    frames = resolved.duration_frames
    one, again, other = (
        ambience.render(score, frames=frames, seed=seed).groups for seed in (1, 1, 2)
    )
    assert all((one[name] == again[name]).all() for name in one)
    assert any((one[name] != other[name]).any() for name in one)
    mixed = ambience.render(score, frames=frames, seed=1, apart=False).groups["mix"]
    assert np.abs(mixed - sum(one.values())).max() < 1e-5


def test_ten_minutes_are_two_minutes_five_times() -> None:
    assert textures.period(600 * RATE) == 120 * RATE
    assert textures.period(60 * RATE) == 60 * RATE
    for frames in (28_800_001, 4801, 121 * RATE):
        assert frames % textures.period(frames) == 0


def test_tones_are_in_the_tonality_that_was_asked() -> None:
    resolved, score = scored(style="dark_ambient", tonality="D minor")
    assert score.plan.tonic == 2
    sound = ambience.render(score, frames=resolved.duration_frames, seed=1).groups["bass"]
    power = np.abs(np.fft.rfft(sound.mean(axis=1)))
    loudest = np.fft.rfftfreq(len(sound), 1 / RATE)[int(power.argmax())]
    cents = 1200 * np.log2(loudest / 440) % 1200
    assert min(abs(cents - 500), abs(cents - 500 - 1200)) < 15  # D, in cents over A
