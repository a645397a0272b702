"""Whether the sounds of a family are still told apart in the noise of driving (§6.7).

Every sound is played in cabin noise at 60 km/h, 3 dB under the margin that its class must have, and
taken for the one whose course of mel spectra is nearest, by dynamic time warping. The listener is
used to the noise: what it compares with is each sound over the noise's mean.
"""

from collections.abc import Mapping
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from engine.cabin.hearing import loudest_dba
from engine.cabin.surroundings import BANDS_HZ, TARGETS_DB, margin, noise_db

Sound = NDArray[np.floating]
RATE = 16_000
SPEED_KMH = 60
UNDER_DB = 3.0
TRIALS = 20
_MELS, _FRAME, _SIZE = 40, 400, 512  # frames of 25 ms
_LONGEST = 120  # frames that are compared
_FULL_SCALE_DB = 94.0
"""An RMS of 1 stands for this sound pressure, in the sound as in the noise."""


def recognised(
    sounds: Mapping[str, Sound], urgencies: dict[str, int], seed: int, trials: int = TRIALS
) -> dict[str, float]:
    """For each sound, (frames,) at 16 kHz, the share of noises in which it is taken for itself."""
    names = list(sounds)
    played = {name: sounds[name] * _gain(sounds[name], urgencies[name]) for name in names}
    usual = _mels(cabin_noise(_LONGEST * _FRAME, np.random.default_rng([seed, 615]))).mean(axis=0)
    known = [np.log10(_mels(played[name]) + usual) for name in names]
    longest = max(len(sound) for sound in played.values())
    right = dict.fromkeys(names, 0)
    for trial in range(trials):
        dice = np.random.default_rng([seed, 605, trial + 1])
        noise = cabin_noise(longest, dice)
        heard = [
            np.log10(_mels(played[name] + noise[: len(played[name])]) + 1e-3 * usual)
            for name in names
        ]
        for name, nearest in zip(names, np.argmin(_warped(heard, known), axis=1), strict=True):
            right[name] += int(names[nearest] == name)
    return {name: right[name] / trials for name in names}


def _gain(sound: Sound, urgency: int) -> float:
    """What brings a sound to 3 dB under its margin."""
    found = margin(sound, RATE, _FULL_SCALE_DB, SPEED_KMH)
    wanted_dba = _FULL_SCALE_DB + TARGETS_DB[urgency] - UNDER_DB - found.margin_db
    return 10 ** ((wanted_dba - loudest_dba(sound, RATE) - _FULL_SCALE_DB) / 20)


def cabin_noise(frames: int, dice: np.random.Generator) -> Sound:
    """Noise with the third-octave levels of the cabin, (frames,)."""
    size = 1 << (max(frames, 2 * _SIZE) - 1).bit_length()
    f = np.maximum(np.fft.rfftfreq(size, 1 / RATE), 20.0)
    width = BANDS_HZ * (2 ** (1 / 6) - 2 ** (-1 / 6))
    density = np.asarray(noise_db(SPEED_KMH)) - 10 * np.log10(width) - _FULL_SCALE_DB
    shape = 10 ** (np.interp(np.log(f), np.log(BANDS_HZ), density) / 20)
    white = np.fft.rfft(dice.standard_normal(size))
    return np.fft.irfft(white * shape * np.sqrt(RATE / 2), n=size)[:frames]


def _mels(sound: Sound) -> NDArray[np.floating]:
    """(frames, 40) mel powers, every 25 ms."""
    count = min(_LONGEST, -(-len(sound) // _FRAME))
    rows = np.pad(sound, (0, _FRAME))[: count * _FRAME].reshape(count, _FRAME)
    power = np.abs(np.fft.rfft(rows * np.hanning(_FRAME), n=_SIZE, axis=1)) ** 2
    return np.einsum("fb,mb->fm", power, _bank())


@lru_cache(maxsize=1)
def _bank() -> NDArray[np.floating]:
    """(40, bins) triangles even on the mel scale from 150 Hz to 7 kHz."""
    f = np.fft.rfftfreq(_SIZE, 1 / RATE)
    low, high = (2595 * np.log10(1 + one / 700) for one in (150.0, 7_000.0))
    edges = 700 * (10 ** (np.linspace(low, high, _MELS + 2) / 2595) - 1)
    rising = (f[None] - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - f[None]) / (edges[2:] - edges[1:-1])[:, None]
    return np.maximum(0.0, np.minimum(rising, falling))


def _warped(
    heard: list[NDArray[np.floating]], known: list[NDArray[np.floating]]
) -> NDArray[np.floating]:
    """(heard, known) costs per step of warping what was heard onto each of the known courses, with
    the three plain steps; all of them at once, diagonal by diagonal."""
    ones, others = _padded(heard), _padded(known)
    rows, columns = ones.shape[1], others.shape[1]
    square = (ones**2).sum(axis=2)[:, None, :, None] + (others**2).sum(axis=2)[None, :, None, :]
    product = np.tensordot(ones, others, axes=(2, 2)).transpose(0, 2, 1, 3)
    cost = np.sqrt(np.maximum(square - 2 * product, np.float32(0))).reshape(-1, rows, columns)
    ends = [(len(one) - 1, len(other) - 1) for one in heard for other in known]
    total = np.empty(len(ends))
    before = last = np.full((len(ends), rows + 1), np.inf, np.float32)
    for diagonal in range(rows + columns - 1):
        i = np.arange(max(0, diagonal - columns + 1), min(rows - 1, diagonal) + 1)
        now = np.full((len(ends), rows + 1), np.inf, np.float32)
        least = np.minimum(before[:, i], np.minimum(last[:, i], last[:, i + 1]))
        now[:, i + 1] = cost[:, i, diagonal - i] + (0.0 if diagonal == 0 else least)
        for pair, (row, column) in enumerate(ends):
            if row + column == diagonal:
                total[pair] = now[pair, row + 1] / (diagonal + 1)
        before, last = last, now
    # A product of matrices may differ in its last bits from machine to machine; a tie must not.
    return np.round(total, 3).reshape(len(heard), len(known))


def _padded(courses: list[NDArray[np.floating]]) -> NDArray[np.floating]:
    """(sounds, longest, 40)."""
    longest = max(len(one) for one in courses)
    whole = [np.pad(one, ((0, longest - len(one)), (0, 0))) for one in courses]
    return np.stack(whole).astype(np.float32)
