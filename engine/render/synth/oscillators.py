"""Band-limited sources: shapes of tones, filters on paper, modal banks, noise, envelopes.

Everything runs at 48 kHz in float32 with float64 phases: a float32 phase would drift by audible
cents within a minute. No function here keeps state; whatever is random comes in as ``rng``.
"""

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from engine.sound.compiled import compiled
from engine.sound.transforms import irfft, rfft

SAMPLE_RATE = 48_000
TOP_HZ = 18_000.0  # nothing is generated above this, so nothing can fold back

Sound = NDArray[np.floating]
Curve = NDArray[np.floating]
# A phase as a whole number of 2**-32 cycles: it wraps by itself and never loses precision.
Whole = NDArray[np.uint32]
Phasors = NDArray[np.complex128]


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


def wrapped(phase: Curve) -> Whole:
    """A phase in cycles without the cycles that are over."""
    return ((phase - np.floor(phase)) * 2.0**32).astype(np.uint64).astype(np.uint32)


def radians(whole: Whole) -> Sound:
    """Phases as angles from -pi to pi, float32."""
    return whole.view(np.int32).astype(np.float32) * np.float32(np.pi / 2**31)


def between_knots(knots: Curve, frames: int, step: int) -> Curve:
    """Values given every ``step`` frames, joined by straight lines: float32 (frames,)."""
    out = np.empty(min(frames, (len(knots) - 1) * step), np.float32)
    _join(np.asarray(knots, np.float32), step, out)
    return out


@compiled("const float32[:]", "int64", "float32[:]")
def _join(knots: Sound, step: int, out: Sound) -> None:
    for knot in range(len(knots) - 1):
        here = knots[knot]
        rise = knots[knot + 1] - here
        piece = out[knot * step : (knot + 1) * step]
        for at in range(len(piece)):
            piece[at] = here + rise * (np.float32(at) / np.float32(step))


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


_DEAD = 1e-5  # of the loudest partial: 100 dB under it
_BLOCK = 256  # frames of a partial that are made from where it stands at their beginning


def modal(frequency: Curve, amplitude: Curve, t60_s: Curve, phase: Curve, frames: int) -> Sound:
    """The sum of decaying sines, (frames,).

    Partials that have died are left out from then on: high ones are most of a string, but only of
    its first moment.
    """
    blocks = -(-frames // _BLOCK)
    out = np.zeros(blocks * _BLOCK, np.float32)
    heard = np.flatnonzero((frequency < TOP_HZ) & (np.abs(amplitude) > 0))
    if len(heard):
        loud = np.abs(amplitude[heard])
        life = np.log(np.maximum(loud / (loud.max() * _DEAD), 1.0)) * t60_s[heard] / 6.9078
        last = np.minimum(np.ceil(life * SAMPLE_RATE / _BLOCK).astype(np.int64) + 1, blocks)
        rate = (-6.9078 / t60_s[heard] + 2j * np.pi * frequency[heard]) / SAMPLE_RATE
        begins = (amplitude[heard] * np.exp(1j * phase[heard])).astype(np.complex128)
        _ring(np.exp(rate), begins, last, out)
    return out[:frames]


@compiled("const complex128[:]", "const complex128[:]", "const int64[:]", "float32[:]")
def _ring(steps: Phasors, begins: Phasors, last: NDArray[np.int64], out: Sound) -> None:
    """Add the imaginary parts of phasors that turn by ``steps``, each for its ``last`` blocks."""
    real, imaginary = np.empty(_BLOCK, np.float32), np.empty(_BLOCK, np.float32)
    for partial in range(len(steps)):
        turned = complex(1.0, 0.0)
        for at in range(_BLOCK):
            real[at], imaginary[at] = turned.real, turned.imag
            turned *= steps[partial]
        now = begins[partial]
        for block in range(last[partial]):
            across, along = np.float32(now.imag), np.float32(now.real)
            piece = out[block * _BLOCK : (block + 1) * _BLOCK]
            for at in range(_BLOCK):
                piece[at] += real[at] * across + imaginary[at] * along
            now *= turned


@compiled("const float64[:]", "float32[:]")
def _sines(cycles: Curve, out: Sound) -> None:
    """A series that is right to a millionth over the quarter of a cycle it is asked for."""
    for at in range(len(cycles)):
        turn = np.float32(cycles[at] - np.floor(cycles[at] + 0.5))  # from -1/2 to 1/2
        folded = min(max(turn, np.float32(-0.5) - turn), np.float32(0.5) - turn)
        x = folded * np.float32(2 * np.pi)
        z = x * x
        series = np.float32(-1 / 39916800)
        series = series * z + np.float32(1 / 362880)
        series = series * z + np.float32(-1 / 5040)
        series = series * z + np.float32(1 / 120)
        series = series * z + np.float32(-1 / 6)
        out[at] = x + x * z * series


def sine(cycles: Curve) -> Sound:
    """The sine of a phase in cycles, float32."""
    out = np.empty(len(cycles), np.float32)
    _sines(cycles, out)
    return out


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
    """Noise with the spectrum ``shape(hertz)``, RMS 1, (frames,) or (frames, channels)."""
    size = transform_length(max(frames, 256))
    sound = circular_noise(size, rng, shape, channels)[:, :frames]
    sound = sound / (np.sqrt(np.mean(sound * sound, dtype=np.float64)) + 1e-12)
    return sound.T.astype(np.float32, copy=False) if channels > 1 else sound[0].astype(np.float32)


def circular_noise(
    size: int, rng: np.random.Generator, shape: Callable[[Curve], Curve], channels: int = 1
) -> Sound:
    """Noise whose end meets its beginning, (channels, size), RMS 1. It is drawn as a spectrum."""
    gain = response_of(shape, size)
    # Many bins make every frame, so it is normal in time however each bin was drawn.
    drawn = rng.random((channels, size // 2 + 1, 2), dtype=np.float32)
    power = np.empty(channels)
    _coloured(drawn, gain, power)
    # By Parseval: every bin between the ends stands for two.
    sound = np.fft.irfft(drawn.view(np.complex64)[..., 0], n=size, axis=1)
    sound *= (1.0 / np.sqrt(2.0 * power / size**2 + 1e-30)).astype(np.float32)[:, None]
    return sound


@compiled("float32[:, :, :]", "const float32[:]", "float64[:]")
def _coloured(drawn: Sound, gain: Sound, power: Curve) -> None:
    """Numbers from nought to one turned into bins, in place, and the power of every channel."""
    drawn[:, -1, 1] = np.float32(0.5)
    for channel in range(len(drawn)):
        drawn[channel, 0] = np.float32(0.0)
        real, imaginary = 0.0, 0.0
        for at in range(1, len(gain)):
            one = (drawn[channel, at, 0] - np.float32(0.5)) * gain[at]
            two = (drawn[channel, at, 1] - np.float32(0.5)) * gain[at]
            drawn[channel, at, 0], drawn[channel, at, 1] = one, two
            real += np.float64(one) * one
            imaginary += np.float64(two) * two
        power[channel] = real + imaginary


AIR_FRAMES = 1 << 16


@lru_cache(maxsize=64)
def _air(low: float, high: float, tilt: float, kind: int) -> Sound:
    rng = np.random.default_rng([kind, 5])
    sound = circular_noise(AIR_FRAMES, rng, band(low, high, tilt))[0]
    sound.flags.writeable = False
    return sound


def air(frames: int, rng: np.random.Generator, low: float, high: float, tilt: float = 0.0) -> Sound:
    """A band of noise for breath and bows, RMS 1: read from a wheel of 1.4 s at a random place.

    Where it lies 20 dB and more under a tone, nobody hears the wheel turn.
    """
    start = int(rng.integers(AIR_FRAMES))
    wheel = _air(low, high, tilt, int(rng.integers(4)))
    return np.resize(np.roll(wheel, -start), frames)


class Band(Struct, frozen=True, array_like=True):
    """A noise band with 12 dB flanks; ``tilt`` in dB an octave around the middle."""

    low: float
    high: float
    tilt: float = 0.0

    def __call__(self, f: Curve) -> Curve:
        """Its magnitude at frequencies in hertz."""
        squared = f * f
        under, over = self.low**2 / squared, squared / self.high**2
        flanks = 1.0 / np.sqrt((1 + under * under) * (1 + over * over))
        if not self.tilt:
            return flanks
        return flanks * (f / np.sqrt(self.low * self.high)) ** (self.tilt / 6.02)


band = Band


def attack(frames: int, rise: int) -> Sound:
    """A raised-cosine rise over ``rise`` frames, then 1."""
    curve = np.ones(frames, np.float32)
    rise = min(rise, frames)
    if rise > 0:
        curve[:rise] = 0.5 - 0.5 * np.cos(np.pi * (np.arange(rise) + 0.5) / rise)
    return curve


def risen(sound: Sound, rise: int) -> Sound:
    """The sound, written into, with a raised-cosine rise over its first ``rise`` frames."""
    rise = min(rise, len(sound))
    sound[:rise] = (sound[:rise].T * attack(rise, rise)).T
    return sound


def decay(frames: int, tau_s: float) -> Sound:
    """``exp(-t/tau)``."""
    return falloff(frames, -1.0 / (tau_s * SAMPLE_RATE))


def falloff(frames: int, rate: float) -> Sound:
    """``exp(rate n)`` for frame n, as the product of two short tables."""
    short = np.exp(np.arange(512) * rate).astype(np.float32)
    long = np.exp(np.arange(-(-frames // 512)) * (512 * rate)).astype(np.float32)
    return np.multiply.outer(long, short).reshape(-1)[:frames]


def taper(sound: Sound, frames: int = 240) -> Sound:
    """The sound with its last frames brought to exact zero."""
    frames = min(frames, len(sound))
    fade = 0.5 + 0.5 * np.cos(np.pi * (np.arange(frames) + 1) / frames)
    ended = sound.copy("K")
    ended[-frames:] = (ended[-frames:].T * fade).T
    return ended


def shaped(sound: Sound, response: Callable[[Curve], Curve]) -> Sound:
    """The sound through a zero-phase magnitude response; for single notes, before their attack."""
    size = transform_length(len(sound) + 2400)
    spectrum = rfft(sound.T, size)
    spectrum *= response_of(response, size)
    return irfft(spectrum, size, overwrite_x=True)[..., : len(sound)].T


_ENOUGH = 8192  # places at which a response is known well enough, a 700th of an octave apart


def response_of(response: Callable[[Curve], Curve], size: int) -> Sound:
    """A response on the bins of a transform of ``size``; of many bins every one is not asked."""
    return _response(response, size) if isinstance(response, Band) else _asked(response, size)


@lru_cache(maxsize=64)
def _response(band: Band, size: int) -> Sound:
    """What many notes of a voice ask for alike; read-only."""
    response = _asked(band, size)
    response.flags.writeable = False
    return response


def _asked(response: Callable[[Curve], Curve], size: int) -> Sound:
    f = np.maximum(np.arange(size // 2 + 1) * (SAMPLE_RATE / size), 1.0)
    if len(f) <= _ENOUGH:
        return response(f).astype(np.float32)
    asked = np.geomspace(1.0, SAMPLE_RATE / 2, _ENOUGH)
    return np.interp(f, asked, response(asked)).astype(np.float32)


def transform_length(least: int) -> int:
    """The next length made of a power of two and at most one three: quick to transform."""
    power = 1 << (least - 1).bit_length()
    return power * 3 // 4 if power * 3 // 4 >= least else power
