"""Faults that a file can have whatever music it holds: silences, flat tops, clicks, a cut end."""

import numpy as np
from numpy.typing import NDArray

from engine.sound.compiled import compiled

Sound = NDArray[np.floating]
AUDIBLE = 10 ** (-60 / 20)
_TOP = 0.9  # of the highest sample: where a wave that was clipped lies flat
_CLICK = 10 ** (-30 / 20)
_CLICK_OVER = 6.0  # times the roughest place within 10 ms
_FALL_S = 0.02
_CANDIDATES = 200


def silences(level: Sound, sample_rate: int, *, loop: bool) -> dict[str, float]:
    """Before, inside and after what can be heard, of (frames,) magnitudes.

    ``longest_silence_s`` lies inside the file; the ring-out at the end counts apart.
    """
    whole = len(level) / sample_rate
    first, last, longest = _heard(level)
    if first < 0:
        return {
            "head_ms": 0.0 if loop else 1000 * whole,
            "longest_silence_s": whole,
            "silent_end_s": whole,
        }
    return {
        "head_ms": 1000 * first / sample_rate,
        "longest_silence_s": longest / sample_rate,
        "silent_end_s": (len(level) - 1 - last) / sample_rate,
    }


def _heard(level: Sound) -> tuple[int, int, int]:
    """The first and the last frame that can be heard, -1 where there is none, and the frames of the
    longest silence before or between them."""
    found = np.empty(3, np.int64)
    _look(np.ascontiguousarray(level), found)
    first, last, longest = found.tolist()
    return first, last, longest


@compiled("const float32[:]", "int64[:]")
def _look(level, found):
    first, last, longest = -1, -1, 0
    audible = np.float32(AUDIBLE)
    for at in range(len(level)):
        if level[at] > audible:
            longest = max(longest, at - last - 1)
            first = at if first < 0 else first
            last = at
    found[0], found[1], found[2] = first, last, longest


def flat_frames(audio: Sound, level: Sound, highest: float) -> int:
    """Frames inside runs of three or more equal values near the highest: a wave that was clipped,
    here or before it was turned down."""
    if not highest:
        return 0
    near = np.flatnonzero(level >= highest * _TOP)
    near = near[(near > 0) & (near < len(level) - 1)]
    count = 0
    for channel in audio.T:
        here = channel[near]
        flat = (here == channel[near - 1]) & (here == channel[near + 1])
        count += int((flat & (np.abs(here) >= highest * _TOP)).sum())
    return count


def fall_db(audio: Sound, level: Sound, sample_rate: int) -> float:
    """Level of the 20 ms before the last frame that can be heard, dBFS; -120 for silence."""
    _, last, _ = _heard(level)
    if last < 0:
        return -120.0
    last += 1
    piece = audio[max(0, last - round(_FALL_S * sample_rate)) : last]
    return float(10 * np.log10(max(float(np.mean(piece.astype(np.float64) ** 2)), 1e-12)))


def clicks(mono: Sound, sample_rate: int) -> int:
    """Single samples, or steps between two, that nothing around them explains.

    The bend of the wave (its second difference) is compared with the sharpest bend within 10 ms on
    either side. The hit of a drum is followed by more of its kind, a fault stands alone.
    """
    bend = np.abs(np.diff(mono, 2))
    size = max(1, sample_rate // 500)
    whole = len(bend) // size * size
    if not whole:
        return 0
    sharpest = bend[:whole].reshape(-1, size).max(axis=1)
    reach = 5
    around = np.pad(sharpest, reach, mode="edge")
    others = np.lib.stride_tricks.sliding_window_view(around, 2 * reach + 1)
    usual = np.partition(others, reach, axis=1)[:, reach]
    hot = np.flatnonzero((sharpest > _CLICK) & (sharpest > _CLICK_OVER * usual))
    hot = hot[np.argsort(-sharpest[hot], kind="stable")][:_CANDIDATES]
    return sum(_alone(bend, int(block) * size, size, sample_rate // 100) for block in hot)


def _alone(bend: Sound, start: int, size: int, reach: int) -> bool:
    at = start + int(np.argmax(bend[start : start + size]))
    before, after = bend[max(0, at - reach) : max(0, at - 4)], bend[at + 5 : at + reach]
    others = max(before.max(initial=0.0), after.max(initial=0.0))
    return bool(bend[at] > _CLICK_OVER * others)
