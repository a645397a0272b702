import numpy as np
import pytest
from master_sounds import RATE, Given, pink

from engine.contracts import Delivery
from engine.master import master
from engine.master.hearing import hear
from engine.master.mastering import Master
from engine.sound import downmix
from engine.sound.filters import beside
from engine.sound.loudness import integrated_lufs, true_peak_dbtp


def band(seconds: float = 4.0) -> dict[str, np.ndarray]:
    """A band as mixes are: bass and drums in the middle, the pad half as wide as it could be."""
    frames = int(seconds * RATE)
    t = np.arange(frames) / RATE
    pad = pink(frames, 1, 0.05)
    pad += 0.7 * pad[:, ::-1]
    beat = pink(frames, 2, 0.07)[:, :1] * (np.exp(-(t % 0.5) / 0.04))[:, None]
    tone = 0.12 * np.sin(2 * np.pi * 55 * t) * np.exp(-(t % 0.5) / 0.3)
    return {
        "pads": pad,
        "drums": np.concatenate([beat, beat], axis=1).astype(np.float32),
        "bass": beside(tone, tone),
    }


def cabin(channels: int, kind: str = "bed", *, loop: bool = False, rate: int = RATE) -> Master:
    return master(
        Given(groups=band(), kind=kind),
        lufs=-18.0,
        true_peak_dbtp=-1.0,
        loop=loop,
        seed=1,
        delivery=Delivery(channels=channels, sample_rate=rate),  # type: ignore[arg-type]
        frames=4 * rate,
    )


@pytest.mark.parametrize("kind", ["bed", "ambience", "chime"])
@pytest.mark.parametrize("channels", [4, 6])
def test_a_cabin_gets_its_channels_at_the_asked_loudness(channels: int, kind: str) -> None:
    done = cabin(channels, kind)
    assert done.audio.shape == (4 * RATE, channels)
    assert abs(integrated_lufs(done.audio) + 18) <= 0.3
    assert true_peak_dbtp(done.audio) <= -1.0
    assert hear(done.audio, RATE)["channels"] == channels


@pytest.mark.parametrize("kind", ["bed", "ambience", "chime"])
@pytest.mark.parametrize("channels", [4, 6])
def test_fewer_loudspeakers_keep_the_loudness(channels: int, kind: str) -> None:
    done = cabin(channels, kind)
    both, one = downmix.stereo(done.audio), downmix.mono(done.audio)
    assert abs(integrated_lufs(both) + 18) <= 1.5
    assert abs(integrated_lufs(beside(one, one)) + 18) <= 1.5


@pytest.mark.parametrize("channels", [4, 6])
def test_placed_stems_add_up_to_the_placed_master(channels: int) -> None:
    done = cabin(channels, "ambience", loop=True, rate=44_100)
    difference = sum(done.stems.values()) - done.audio
    assert np.abs(difference).max() < 1e-5
    assert all(stem.shape == done.audio.shape for stem in done.stems.values())


def test_the_low_frequency_channel_has_nothing_else() -> None:
    low = cabin(6).audio[:, 3]
    power = np.abs(np.fft.rfft(low * np.hanning(len(low)))) ** 2
    f = np.fft.rfftfreq(len(low), 1 / RATE)
    assert low.std() > 1e-3
    assert 10 * np.log10(power[f > 250].sum() / power[f < 120].sum()) < -30


def test_front_and_rear_share_the_power_and_do_not_cancel() -> None:
    front, rear = (cabin(4, "ambience").audio[:, pair] for pair in (slice(0, 2), slice(2, 4)))
    level = 10 * np.log10((rear**2).mean() / (front**2).mean())
    assert abs(level + 2) < 1.0
    together = 10 * np.log10(((front + rear) ** 2).mean() / ((front**2 + rear**2).mean()))
    assert together > -1.0


def test_a_warning_comes_from_ahead_and_the_rear_is_digital_silence() -> None:
    done = cabin(6, "chime")
    assert not done.audio[:, 3:].any()
    assert done.audio[:, 2].any()
