"""Sounds that stand for a band, made of noise and tones."""

import numpy as np
from msgspec import Struct

RATE = 48_000


class Given(Struct, frozen=True, kw_only=True):
    """Stems as the rendering room would hand them over."""

    groups: dict
    sample_rate: int = RATE
    style: str = "synthwave"
    kind: str = "bed"


def pink(frames: int, seed: int, level: float = 0.1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    spectrum = np.fft.rfft(rng.standard_normal((frames, 2)), axis=0)
    f = np.maximum(np.fft.rfftfreq(frames, 1 / RATE), 20)
    sound = np.fft.irfft(spectrum / np.sqrt(f)[:, None], n=frames, axis=0)
    return (sound * level / sound.std()).astype(np.float32)


def music(seconds: float = 8, seed: int = 1) -> dict[str, np.ndarray]:
    """Noise for a pad, bursts for drums, a tone for a bass: peaks and body as music has them."""
    frames = int(seconds * RATE)
    t = np.arange(frames) / RATE
    bursts = pink(frames, seed + 1, 0.07) * (np.exp(-(t % 0.5) / 0.04))[:, None]
    tone = 0.12 * np.sin(2 * np.pi * 55 * t) * np.exp(-(t % 0.5) / 0.3)
    return {
        "pads": pink(frames, seed, 0.05),
        "drums": bursts.astype(np.float32),
        "bass": np.stack([tone, tone], axis=1).astype(np.float32),
    }
