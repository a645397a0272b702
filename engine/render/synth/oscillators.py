"""Band-limited sources: tables that morph with a filter, modal banks, phase modulation, noise.

Everything runs at 48 kHz in float32 with float64 phases: a float32 phase would drift by audible
cents within a minute. No function here keeps state; whatever is random comes in as ``rng``.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE = 48_000
TOP_HZ = 18_000.0  # nothing is generated above this, so nothing can fold back

Sound = NDArray[np.floating]
Curve = NDArray[np.floating]


def hertz(pitch: float) -> float:
    """The frequency of a MIDI pitch, A4 = 440."""
    return 440.0 * 2.0 ** ((pitch - 69.0) / 12.0)


def _pulse(h: Curve, width: float) -> Curve:
    return np.sin(np.pi * h * width) / h


SHAPES: dict[str, Callable[[Curve], Curve]] = {
    "sine": lambda h: (h == 1) * 1.0,
    "saw": lambda h: 1.0 / h,
    "soft_saw": lambda h: h**-1.5,
    "dark": lambda h: h**-2.0,
    "square": lambda h: (h % 2) / h,
    "pulse42": lambda h: _pulse(h, 0.42),
    "pulse25": lambda h: _pulse(h, 0.25),
    "pulse12": lambda h: _pulse(h, 0.125),
    "triangle": lambda h: (h % 2) * np.where(h % 4 == 1, 1.0, -1.0) / h**2,
    "reed": lambda h: np.where(h % 2 == 1, 1.0, 0.35) * h**-1.1,
    "bowed": lambda h: h**-0.9,
    "clarinet": lambda h: np.where(h % 2 == 1, 1.0, 0.12) * h**-1.2,
    "brass": lambda h: h**-0.75 * np.exp(-h / 22.0),
    "flute": lambda h: _listed(h, (1.0, 0.42, 0.22, 0.1, 0.05, 0.03)),
    "dizi": lambda h: _listed(h, (1.0, 0.55, 0.38, 0.18, 0.12, 0.07, 0.04)),
    "hollow": lambda h: _listed(h, (1.0, 0.25, 0.12, 0.05, 0.03)),
    "whistle": lambda h: _listed(h, (1.0, 0.03)),
    "sub": lambda h: _listed(h, (1.0, 0.05, 0.025)),
    "organ_soft": lambda h: _listed(h, (1.0, 0.5, 0.1, 0.25, 0, 0, 0, 0.12)),
    "organ_full": lambda h: _listed(h, (1.0, 0.9, 0.8, 0.8, 0, 0.5, 0, 0.6)),
}


def _listed(h: Curve, levels: tuple[float, ...]) -> Curve:
    table = np.zeros(h.shape)
    inside = h <= len(levels)
    table[inside] = np.asarray(levels)[h[inside].astype(int) - 1]
    return table


def tables(amplitudes: Curve, size: int) -> Sound:
    """One cycle for every row of harmonic amplitudes, first point repeated: (rows, size + 1)."""
    rows, count = amplitudes.shape
    spectrum = np.zeros((rows, size // 2 + 1), np.complex64)
    spectrum[:, 1 : count + 1] = amplitudes * (-0.5j * size)
    cycles = np.fft.irfft(spectrum, n=size, axis=1).astype(np.float32)
    return np.concatenate([cycles, cycles[:, :1]], axis=1)


def read(cycles: Sound, phase: Curve, step: int) -> Sound:
    """The cycles at ``phase`` (in cycles), crossfading from row to row every ``step`` frames."""
    rows, width = cycles.shape
    size = width - 1
    position = (phase - np.floor(phase)) * size
    at = position.astype(np.int64)
    np.minimum(at, size - 1, out=at)
    between = (position - at).astype(np.float32)
    if rows == 1:
        # A point and the way to the next one are fetched together, as one complex number.
        steps = np.empty(size, np.complex64)
        steps.real, steps.imag = cycles[0, :-1], np.diff(cycles[0])
        fetched = steps[at]
        return fetched.real + fetched.imag * between
    flat = cycles.ravel()
    frame = np.arange(len(phase))
    row = np.minimum(frame // step, rows - 2)
    blend = ((frame - row * step) / step).astype(np.float32)
    at += row * width
    here = flat[at]
    here += (flat[at + 1] - here) * between
    at += width
    there = flat[at]
    there += (flat[at + 1] - there) * between
    return here + (there - here) * blend


def steady_phase(frequency: float, frames: int, start: float) -> Curve:
    """The phase of an even tone, in cycles."""
    return np.arange(frames) * (frequency / SAMPLE_RATE) + start


def bent_phase(frequency: float, frames: int, start: float, cents: Curve, step: int) -> Curve:
    """The phase of a tone whose pitch follows ``cents``, one value every ``step`` frames."""
    knots = np.arange(len(cents)) * step
    speed = frequency / SAMPLE_RATE * 2.0 ** (cents / 1200.0)
    cumulated = np.concatenate([[0.0], np.cumsum((speed[1:] + speed[:-1]) / 2.0) * step])
    return np.interp(np.arange(frames), knots, cumulated) + start


def low_pass(ratio: Curve, q: float, slope: int) -> Curve:
    """Magnitude of a resonant low-pass at frequency / cutoff = ``ratio``, 12 or 24 dB an octave."""
    squared = ratio * ratio
    two_pole = 1.0 / np.sqrt((1.0 - squared) ** 2 + squared / (q * q))
    return two_pole if slope == 12 else two_pole / np.sqrt(1.0 + squared * squared)


def peaks(frequency: Curve, formants: tuple[tuple[float, float, float], ...]) -> Curve:
    """Gain of resonances given as (hertz, decibels, q); 1 far away from all of them."""
    gain = np.ones(np.shape(frequency))
    for centre, decibels, q in formants:
        away = q * (frequency / centre - centre / np.maximum(frequency, 1.0))
        gain = gain * (1.0 + (10.0 ** (decibels / 20.0) - 1.0) / (1.0 + away * away))
    return gain


_ONE_THREAD = 1 << 17  # multiplications; OpenBLAS shares what is over twice as many


def modal(
    frequency: Curve, amplitude: Curve, t60_s: Curve, phase: Curve, frames: int, block: int = 256
) -> Sound:
    """The sum of decaying sines, as one matrix product of two short exponential tables."""
    heard = frequency < TOP_HZ
    rate = -6.9078 / t60_s[heard] + 2j * np.pi * frequency[heard]
    rate /= SAMPLE_RATE
    blocks = -(-frames // block)
    long = np.exp(rate * block * np.arange(blocks)[:, None])
    long *= amplitude[heard] * np.exp(1j * phase[heard])
    short = np.exp(rate[:, None] * np.arange(block))
    one, two = long.astype(np.complex64), short.astype(np.complex64)
    real, imaginary = np.ascontiguousarray(two.real), np.ascontiguousarray(two.imag)
    # A large product is shared among as many threads as the machine has, and rounds accordingly;
    # pieces this small are always one thread's, so every machine plays the same bytes.
    rows = max(1, _ONE_THREAD // (block * max(len(rate), 1)))
    wave = np.empty((blocks, block), np.float32)
    for at in range(0, blocks, rows):
        piece = one[at : at + rows]
        wave[at : at + rows] = np.ascontiguousarray(piece.real) @ imaginary
        wave[at : at + rows] += np.ascontiguousarray(piece.imag) @ real
    return wave.reshape(-1)[:frames]


def strike(frequency: Curve, contact_s: float) -> Curve:
    """How much of each partial a mallet excites that touches for ``contact_s`` (half-sine)."""
    x = 2.0 * frequency * contact_s
    near = np.abs(np.abs(x) - 1.0) < 1e-6
    x = np.where(near, 1.0 + 1e-6, x)
    return np.maximum(np.abs(np.cos(np.pi * x / 2.0) / (1.0 - x * x)), 1e-4)


def side_bands(index: float) -> int:
    """Order of the last phase-modulation sideband above -80 dB."""
    return int(np.ceil(1.35 * index + 3.7))


def noise(
    frames: int, rng: np.random.Generator, shape: Callable[[Curve], Curve], channels: int = 1
) -> Sound:
    """Noise with the spectrum ``shape(hertz)``, RMS 1, circular (its end meets its beginning)."""
    size = 1 << max(8, (frames - 1).bit_length())
    white = rng.standard_normal((channels, size)).astype(np.float32)
    spectrum = np.fft.rfft(white, axis=1)
    gain = shape(np.maximum(np.fft.rfftfreq(size, 1.0 / SAMPLE_RATE), 1.0))
    gain[0] = 0.0
    coloured = np.fft.irfft(spectrum * gain.astype(np.float32), n=size, axis=1)[:, :frames]
    coloured /= np.sqrt(np.mean(coloured**2)) + 1e-12
    return np.ascontiguousarray(coloured.T if channels > 1 else coloured[0]).astype(np.float32)


def band(low: float, high: float, tilt: float = 0.0) -> Callable[[Curve], Curve]:
    """A noise band with 12 dB flanks; ``tilt`` in dB an octave around the middle."""

    def shape(f: Curve) -> Curve:
        flanks = 1.0 / np.sqrt((1 + (low / f) ** 4) * (1 + (f / high) ** 4))
        return flanks * (f / np.sqrt(low * high)) ** (tilt / 6.02)

    return shape


def attack(frames: int, rise: int) -> Sound:
    """A raised-cosine rise over ``rise`` frames, then 1."""
    curve = np.ones(frames, np.float32)
    rise = min(rise, frames)
    if rise > 0:
        curve[:rise] = 0.5 - 0.5 * np.cos(np.pi * (np.arange(rise) + 0.5) / rise)
    return curve


def decay(frames: int, tau_s: float) -> Sound:
    """``exp(-t/tau)``."""
    return np.exp(np.arange(frames) * (-1.0 / (tau_s * SAMPLE_RATE))).astype(np.float32)


def taper(sound: Sound, frames: int = 240) -> Sound:
    """The sound with its last frames brought to exact zero."""
    frames = min(frames, len(sound))
    fade = 0.5 + 0.5 * np.cos(np.pi * (np.arange(frames) + 1) / frames)
    ended = sound.copy()
    ended[-frames:] = (ended[-frames:].T * fade).T
    return ended


def shaped(sound: Sound, response: Callable[[Curve], Curve]) -> Sound:
    """The sound through a zero-phase magnitude response; for single notes, before their attack."""
    size = 1 << (len(sound) + 256).bit_length()
    spectrum = np.fft.rfft(sound, n=size, axis=0)
    gain = response(np.maximum(np.fft.rfftfreq(size, 1.0 / SAMPLE_RATE), 1.0)).astype(np.float32)
    spectrum *= gain if sound.ndim == 1 else gain[:, None]
    return np.fft.irfft(spectrum, n=size, axis=0)[: len(sound)].astype(np.float32)
