"""What a finished ambience measures: level, range, seam, stillness, and what it leaves audible."""

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from engine.cabin import hearing
from engine.cabin.ambiences import shaft_hz
from engine.cabin.judging import LOUDNESS_LU, level_dba, window
from engine.cabin.surroundings import BANDS_HZ, noise_db
from engine.contracts import Delivery, Measured, ResolvedFunction
from engine.sound.loudness import integrated_lufs, loudness_range_lu, true_peak_dbtp

Sound = NDArray[np.floating]
MOST_RANGE_LU = 3.0
MOST_STEP_DB = 3.0
MOST_JUMP_DB = 0.5
MOST_SPECTRAL_JUMP = 1.5
SLEEPY_HZ, SLEEPY_DB = 2_500.0, -35.0
HUM_OVER_DB = 3.0


class Loop(Struct, frozen=True, kw_only=True):
    """A finished loop as its mono file has it, and the seam as the second hearing measured it."""

    one: ResolvedFunction
    audio: Sound
    rate: int
    seam: dict[str, float]


def constraints(loop: Loop, delivery: Delivery) -> tuple[Measured, ...]:
    """Everything an ambience must keep to."""
    one, audio, rate = loop.one, loop.audio, loop.rate
    loudness = integrated_lufs(audio[:, None], rate)
    spread = loudness_range_lu(np.tile(audio, -(-4 * rate // len(audio)))[:, None], rate)
    peak = hearing.decibels(float(np.abs(audio).max(initial=0.0)))
    true = true_peak_dbtp(audio[:, None], rate)
    out = [
        Measured(
            name="duration", asked=one.duration_ms, measured=round(len(audio) * 1000 / rate, 4),
            passed=len(audio) == one.frames, detail=f"{len(audio)} of {one.frames} frames",
        ),
        _at_most("peak_dbfs", one.peak_dbfs, peak),
        _at_most("true_peak_dbtp", delivery.true_peak_dbtp, true),
        Measured(
            name="loudness_lufs", asked=one.loudness_lufs, measured=round(loudness, 2),
            passed=bool(abs(loudness - one.loudness_lufs) <= LOUDNESS_LU), detail="integrated",
        ),
        _at_most("seam_step_db", 0.0, loop.seam["seam_db"]),
        _at_most("seam_level_db", max(MOST_JUMP_DB, _usual_jump(audio, rate)),
                 _jump_db(audio, rate, 0)),
        _at_most("seam_spectrum", MOST_SPECTRAL_JUMP, loop.seam.get("seam_spectrum", 0.0)),
        Measured(name="loudness_range_lu", measured=round(spread, 2),
                 asked=MOST_RANGE_LU if one.function != "charging" else None,
                 passed=one.function == "charging" or spread <= MOST_RANGE_LU),
    ]  # fmt: skip
    if one.function == "sleep":
        bright = hearing.share_db(audio, rate, SLEEPY_HZ, rate / 2)
        out.append(_at_most("onset_db", MOST_STEP_DB, step_db(audio, rate)))
        out.append(_at_most("above_2500hz_db", SLEEPY_DB, bright))
    if one.function == "drive":
        out += _hum(loop)
    if one.band_hz is not None:
        out.append(window(one, audio, rate))
    return tuple(out)


def _jump_db(audio: Sound, rate: int, at: int) -> float:
    """How far the levels of the 50 ms before and after a frame lie apart."""
    reach = min(rate // 20, len(audio) // 2)
    around = np.take(audio, np.arange(at - reach, at + reach), mode="wrap") ** 2
    before, after = around[:reach].mean(), around[reach:].mean()
    return float(abs(10 * np.log10((after + 1e-12) / (before + 1e-12))))


def _usual_jump(audio: Sound, rate: int) -> float:
    """The largest jump at two hundred places inside the loop."""
    places = np.linspace(0, len(audio), 202)[1:-1].astype(int)
    return max(_jump_db(audio, rate, int(at)) for at in places)


def step_db(audio: Sound, rate: int) -> float:
    """The largest rise of the level within 50 ms, levels taken over 200 ms, round the loop.

    A shorter look would take the grain of the noise itself for something that begins.
    """
    hop = rate // 20
    blocks = len(audio) // hop
    if blocks < 8:
        return 0.0
    power = (audio[: blocks * hop].reshape(blocks, hop) ** 2).mean(axis=1)
    wide = np.mean([np.roll(power, -at) for at in range(4)], axis=0)
    level = 10 * np.log10(wide + 1e-12)
    return float((np.roll(level, -1) - level).max())


def orders_hz(loop: Loop) -> tuple[float, ...]:
    """Where the hum's first, second and third order were found, to a fraction of a bin."""
    f, power = hearing.spectrum(np.tile(loop.audio, 2), loop.rate)
    first = shaft_hz(loop.one.speed_kmh)
    return tuple(_strongest(f, power, first * order) for order in (1, 2, 3))


def _strongest(f: Sound, power: Sound, near: float) -> float:
    inside = (f > near * 0.97) & (f < near * 1.03)
    return float(f[inside][int(np.argmax(power[inside]))])


def _hum(loop: Loop) -> list[Measured]:
    """The pitch of the shaft, and support without masking: at its level no third-octave stands more
    than 3 dB above the noise."""
    one = loop.one
    found = orders_hz(loop)[0]
    wanted = shaft_hz(one.speed_kmh)
    cents = 1200 * np.log2(found / wanted)
    level, above = hum_level_dba(loop.audio, loop.rate, one.speed_kmh)
    return [
        Measured(name="first_order_hz", asked=round(wanted, 2), measured=round(found, 2),
                 passed=bool(abs(cents) <= 10), detail="of a virtual shaft"),
        _at_most("over_noise_db", HUM_OVER_DB, above),
        Measured(name="level_dba", asked=round(level_dba("drive", one.speed_kmh), 1),
                 measured=round(level, 1), detail="lower where the low orders would mask"),
    ]  # fmt: skip


def hum_level_dba(audio: Sound, rate: int, speed_kmh: int) -> tuple[float, float]:
    """How loud a hum is played, and how far its strongest third-octave then stands over the noise:
    6 dB under the noise as a whole, and lower where it would mask instead of support."""
    f, power = hearing.spectrum(audio, rate)
    heard = 10 * np.log10((power * hearing.a_weight(f) ** 2).sum())
    bands = np.array(
        [
            power[(f >= centre * 2 ** (-1 / 6)) & (f < centre * 2 ** (1 / 6))].sum()
            for centre in BANDS_HZ
        ]
    )
    over = 10 * np.log10(bands + 1e-12) - heard - np.asarray(noise_db(speed_kmh))
    level = min(level_dba("drive", speed_kmh), HUM_OVER_DB - float(over.max()))
    return level, float(over.max()) + level


def _at_most(name: str, asked: float, measured: float) -> Measured:
    return Measured(
        name=name, asked=round(asked, 3), measured=round(float(measured), 3),
        passed=bool(measured <= asked + 0.005),
    )  # fmt: skip
