"""The level of a cabin sound: by gain alone where that is enough, never above its peak."""

import numpy as np
from numpy.typing import NDArray

from engine.cabin.hearing import loudness
from engine.contracts import BitDepth, Delivery, ResolvedFunction
from engine.master.limiting import limiter_gain
from engine.sound.loudness import true_peak

Sound = NDArray[np.floating]
PASSES = 5
AIM_LU = 0.02
SAFETY_DB = 0.15  # the limiter aims so much under the peak asked for


def levelled(audio: Sound, one: ResolvedFunction, delivery: Delivery) -> Sound:
    """A single sound, (frames,), as loud as asked, its peak and true peak under their ceilings.

    Where both cannot be had by a gain, a look-ahead limiter takes the top off; the sound still
    begins and ends on zero.
    """
    rate = delivery.sample_rate
    gain_db = one.loudness_lufs - loudness(audio, rate)
    out = audio
    for _ in range(PASSES):
        out = _under(audio * 10 ** (gain_db / 20), one, delivery)
        error = one.loudness_lufs - loudness(out, rate)
        if abs(error) <= AIM_LU:
            break
        gain_db += 1.3 * error  # the limiter takes a part of what is added
    return out


def _under(audio: Sound, one: ResolvedFunction, delivery: Delivery) -> Sound:
    rate = delivery.sample_rate
    peak, true = _over(audio, one, delivery)
    if max(peak, true) <= 1:
        return audio
    ceiling = 10 ** ((min(one.peak_dbfs, delivery.true_peak_dbtp) - SAFETY_DB) / 20)
    gain = limiter_gain(audio[:, None].astype(np.float32), ceiling, rate)
    out = audio if gain is None else audio * gain.astype(np.float64)
    return out / max(1.0, *_over(out, one, delivery))


def _over(audio: Sound, one: ResolvedFunction, delivery: Delivery) -> tuple[float, float]:
    """Sample peak and true peak against their ceilings."""
    peak = float(np.abs(audio).max(initial=0.0)) / 10 ** (one.peak_dbfs / 20)
    true = true_peak(audio[:, None].astype(np.float32), delivery.sample_rate)
    return peak, true / 10 ** (delivery.true_peak_dbtp / 20)


def quantised(audio: Sound, bit_depth: BitDepth, seed: int) -> Sound:
    """The sound on the steps of its depth, as its file will hold it.

    16 bits are dithered, but only where something sounds: ends of single sounds and silent channels
    stay zero itself.
    """
    if bit_depth == 32:
        return audio.astype(np.float32).astype(np.float64)
    full = 2 ** (bit_depth - 1)
    scaled = audio * full
    if bit_depth == 16:
        dice = np.random.default_rng([seed % 2**63, 612])
        noise = dice.random(audio.shape) - dice.random(audio.shape)
        scaled = scaled + np.where(audio == 0, 0.0, noise)
    return np.clip(np.rint(scaled), -full, full - 1) / full
