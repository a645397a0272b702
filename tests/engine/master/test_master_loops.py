"""A loop's master, against the same music played round and round; its seam as a bar line."""

import numpy as np
import pytest
from master_sounds import RATE, Given, pink

from engine.master import master
from engine.master.mastering import Master
from engine.master.seam import line_count, lines
from engine.sound.filters import blank

BARS, BEATS = 4, 4
FRAMES = 24 * 16_384  # as many windows of the tilt's ear, once round or thrice
BEAT = FRAMES // (BARS * BEATS)


def beats(amount: float = 1.0, ring_s: float = 0.3) -> dict[str, np.ndarray]:
    """Noise at every beat that rings into the next, over the joint too, and a chord of tones that
    turn a whole number of times in a bar."""
    t = np.arange(FRAMES) / RATE
    drums = blank(FRAMES)
    hit = pink(int(4 * ring_s * RATE), 7, 0.2) * np.exp(
        -np.arange(int(4 * ring_s * RATE)) / (ring_s * RATE)
    )[:, None].astype(np.float32)
    for beat in range(BARS * BEATS):
        strength = amount * (1.0, 0.5, 0.7, 0.4)[beat % BEATS]
        at = (beat * BEAT + np.arange(len(hit))) % FRAMES
        drums[at] += np.float32(strength) * hit
    bar_s = BEATS * BEAT / RATE
    turns = (round(f * bar_s) / bar_s for f in (110, 164.8, 220, 277.2))
    chord = sum(np.sin(2 * np.pi * f * t) for f in turns) * 0.05
    return {"drums": drums, "pads": np.stack([chord, chord], axis=1).astype(np.float32)}


def looped(groups: dict[str, np.ndarray], lufs: float = -12.0, style: str = "house_edm") -> Master:
    return master(
        Given(groups=groups, style=style, kind="loop"),
        lufs=lufs,
        true_peak_dbtp=-1.0,
        loop=True,
        seed=1,
    )


def test_a_loop_is_what_is_heard_when_it_has_been_playing_for_ever() -> None:
    once = looped(beats())
    thrice = looped({name: np.concatenate([one] * 3) for name, one in beats().items()})
    assert once.limiter_gr_db > 1
    middle = thrice.audio[FRAMES : 2 * FRAMES].astype(np.float64)
    gain = float((middle * once.audio).sum() / (middle**2).sum())
    left = once.audio - gain * middle
    assert np.abs(left).max() < 1e-3
    head = left[: RATE // 4]
    assert 10 * np.log10((head**2).mean() / (once.audio**2).mean()) < -60


def test_the_seam_of_a_loop_is_a_bar_line_like_the_others() -> None:
    found = lines(looped(beats()).audio, RATE, BARS)
    assert found.flux_db[0] == pytest.approx(np.median(found.flux_db[1:]), abs=1.0)
    assert found.jump_db[0] == pytest.approx(np.median(found.jump_db[1:]), abs=0.5)


def test_a_loop_that_loses_its_ring_is_rougher_at_its_seam_than_anywhere() -> None:
    groups = beats(ring_s=1.5)
    cut = groups["drums"].copy()
    cut[-RATE:] *= np.linspace(1, 0, RATE, dtype=np.float32)[:, None]
    good = lines(looped(groups).audio, RATE, BARS).seam()
    bad = lines(looped(groups | {"drums": cut}).audio, RATE, BARS).seam()
    assert good["seam_flux_most_db"] < 1.0
    assert bad["seam_flux_most_db"] > 6.0


@pytest.mark.parametrize(
    ("bars", "beats", "count"),
    [(16, 4, 16), (9, 3, 9), (8, 4, 32), (4, 2, 16), (1, 3, 12), (1, 4, 16)],
)
def test_few_bars_are_compared_at_their_beats(bars: int, beats: int, count: int) -> None:
    found = line_count(bars, beats)
    assert found == count
    assert found % (bars * beats) == 0 or found == bars


def test_what_rings_over_the_seam_of_a_filter_is_there_from_the_first_frame() -> None:
    """A single click at the end of a loop: the filters' answer to it lies at its beginning."""
    groups = {"lead": blank(FRAMES)}
    groups["lead"][-3] = 0.5
    groups["lead"][FRAMES // 2] = 0.5
    audio = looped(groups, lufs=-40.0).audio
    after_end, after_middle = np.roll(audio, 3, axis=0)[:2000], audio[FRAMES // 2 :][:2000]
    assert np.abs(after_end - after_middle).max() < 1e-3 * np.abs(audio).max()
    assert np.abs(audio[:100]).max() > 1e-3 * np.abs(audio).max()
