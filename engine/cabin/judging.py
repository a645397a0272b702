"""What a finished cabin sound measures against what its function, its class and the client ask."""

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from engine.cabin import hearing
from engine.cabin.hearing import share, share_db
from engine.cabin.making import (
    CLICKS,
    LEAST_ATTACK_MS,
    MOST_CENTROID_HZ,
    MOST_PASSES,
    MOST_PEAK_TO_TOTAL,
    attack_of,
    base_of,
    brightest_db,
    decay_of,
)
from engine.cabin.surroundings import SPEEDS_KMH, TARGETS_DB, margin, noise_dba
from engine.cabin.writing import Note
from engine.contracts import CabinFunction, Delivery, Measured, ResolvedFunction
from engine.sound.loudness import true_peak_dbtp

Sound = NDArray[np.floating]
LOUDNESS_LU = 0.3
INSIDE = 0.98
"""Of the energy, what must lie in the window asked for."""
SMALL_SPEAKER_LU = 3.0
THUMPS: tuple[CabinFunction, ...] = ("door_close", "indicator")

LEVELS: dict[CabinFunction, tuple[float, float]] = {
    "welcome": (6, 60), "farewell": (5, 58), "door_open": (5, 58), "door_close": (4, 58),
    "lock": (8, 65), "unlock": (8, 65), "charge_start": (6, 60), "seat_belt": (8, 72),
    "low_battery": (7, 68), "notify": (5, 65), "warn": (15, 85), "indicator": (6, 62),
    "charging": (0, 42), "sleep": (0, 38), "drive": (-6, 85),
}  # fmt: skip
"""How loud a function is played: dB(A) over the cabin's noise, and the most."""


class Finished(Struct, frozen=True, kw_only=True):
    """A sound at its level, as it goes into the file: mono, (frames,)."""

    one: ResolvedFunction
    notes: tuple[Note, ...]
    audio: Sound
    rate: int


def level_dba(function: CabinFunction, speed_kmh: float) -> float:
    """How loud a function is played at a speed, in dB(A)."""
    over, most = LEVELS[function]
    return min(noise_dba(speed_kmh) + over, most)


def constraints(sound: Finished, delivery: Delivery) -> tuple[Measured, ...]:
    """Everything a single sound must keep to, measured on its mono file."""
    return (
        *lengths(sound),
        *_levels(sound, delivery),
        *_shape(sound),
        *_urgency(sound),
        *_spectrum(sound),
        *_margins(sound),
    )


def broken(measured: tuple[Measured, ...]) -> list[str]:
    """The names of what does not hold."""
    return [one.name for one in measured if not one.passed]


def lengths(sound: Finished) -> tuple[Measured, ...]:
    one, frames = sound.one, len(sound.audio)
    return (
        Measured(
            name="duration", asked=one.duration_ms, passed=frames == one.frames,
            measured=round(frames * 1000 / sound.rate, 4),
            detail=f"{frames} of {one.frames} frames",
        ),
    )  # fmt: skip


def _levels(sound: Finished, delivery: Delivery) -> tuple[Measured, ...]:
    one, audio = sound.one, sound.audio
    peak = hearing.decibels(float(np.abs(audio).max(initial=0.0)))
    true = true_peak_dbtp(audio[:, None], sound.rate)
    loudness = hearing.loudness(audio, sound.rate)
    short = len(audio) < hearing.SHORT_MS * sound.rate / 1000
    detail = "loudest 125 ms, A-weighted, dBFS" if short else "loudest 400 ms, LUFS"
    return (
        _at_most("peak_dbfs", one.peak_dbfs, peak, 0.005),
        _at_most("true_peak_dbtp", delivery.true_peak_dbtp, true, 0.01),
        Measured(
            name="loudness_lufs", asked=one.loudness_lufs, measured=round(loudness, 2),
            passed=bool(abs(loudness - one.loudness_lufs) <= LOUDNESS_LU), detail=detail,
        ),
    )  # fmt: skip


def _shape(sound: Finished) -> tuple[Measured, ...]:
    one, audio, rate = sound.one, sound.audio, sound.rate
    attack = attack_of(sound.notes, audio, rate)
    decay = decay_of(sound.notes, audio, rate)
    least = LEAST_ATTACK_MS if one.urgency == 0 and one.function not in CLICKS else 0.0
    asked = one.attack_ms or ((3.0, 10.0) if one.urgency == 4 else (least, None))
    first = hearing.first_audible_ms(audio, rate)
    return (
        _inside("attack_ms", asked, attack, "first note, from 10 to 90 %"),
        _inside("decay_ms", one.decay_ms, decay, "last note, to fall by 60 dB"),
        _at_most("first_audible_ms", 5.0 if one.urgency == 4 else 10.0, first),
        Measured(name="zero_ended", asked=True, measured=hearing.zero_ended(audio),
                 passed=hearing.zero_ended(audio)),
    )  # fmt: skip


def _urgency(sound: Finished) -> tuple[Measured, ...]:
    one, rate = sound.one, sound.rate
    found = hearing.urgency(sound.audio, rate, base_of(sound.notes))
    met = sum(found.passes)
    fits = met == 4 if one.urgency == 4 else met <= MOST_PASSES[one.urgency]
    out = [
        Measured(
            name="urgency", asked=one.urgency, passed=fits,
            measured={
                "criteria_met": met, "peak_to_total": found.peak_to_total, "gap_ms": found.gap_ms,
                "harmonics": found.harmonics, "base_hz": found.base_hz,
            },
            detail="an alarm has all four: peak to total 0.7, gap 125 ms, 3 harmonics, 1 kHz",
        )
    ]  # fmt: skip
    if one.urgency == 0 and one.function not in CLICKS:
        out.append(_at_most("peak_to_total", MOST_PEAK_TO_TOTAL, found.peak_to_total))
    return tuple(out)


def _spectrum(sound: Finished) -> tuple[Measured, ...]:
    one, audio, rate = sound.one, sound.audio, sound.rate
    least = -28.0 if one.function in THUMPS else -60.0
    if one.frames * 1000 < 400 * rate or one.attack_ms or one.decay_ms:
        least = max(least, -50.0)  # what begins or ends that fast is not free of low sound
    out = [
        _at_most("above_4khz_db", brightest_db(one), share_db(audio, rate, 4_000, rate / 2)),
        _at_most("below_80hz_db", least, share_db(audio, rate, 0, 80)),
        _at_most("small_speaker_loss_lu", SMALL_SPEAKER_LU, _small_speaker_loss(audio, rate)),
    ]
    if one.urgency == 0 and one.function not in CLICKS:
        middle = hearing.centroid_hz(audio, rate)
        out.append(_at_most("centroid_hz", MOST_CENTROID_HZ, middle))
    if one.band_hz is not None:
        out.append(window(one, audio, rate))
    return tuple(out)


def window(one: ResolvedFunction, audio: Sound, rate: int) -> Measured:
    """How much of the energy lies in the window asked for."""
    assert one.band_hz is not None, "only asked of sounds with a window"
    inside = share(audio, rate, *one.band_hz)
    return Measured(
        name="band_hz", asked=list(one.band_hz), measured=round(inside, 5),
        passed=bool(inside >= INSIDE), detail="share of the energy inside",
    )  # fmt: skip


def _margins(sound: Finished) -> tuple[Measured, ...]:
    """Audible at the speed the function is for; reported for all three."""
    one = sound.one
    speeds = {
        speed: margin(sound.audio, sound.rate, level_dba(one.function, speed), speed)
        for speed in SPEEDS_KMH
    }
    here = speeds[one.speed_kmh]
    enough = here.margin_db >= TARGETS_DB[one.urgency]
    if one.urgency == 4:
        enough = enough and here.bands >= 3
    return (
        Measured(
            name="audible_margin_db", asked=TARGETS_DB[one.urgency], passed=enough,
            measured={
                str(speed): {
                    "level_dba": found.level_dba, "margin_db": found.margin_db, "bands": found.bands
                }
                for speed, found in speeds.items()
            },
            detail=f"over the masked threshold, needed at {one.speed_kmh} km/h",
        ),
    )  # fmt: skip


def _small_speaker_loss(audio: Sound, rate: int) -> float:
    """What a door's small loudspeaker, 400 Hz to 5 kHz, takes from the loudness."""
    size = 1 << len(audio).bit_length()
    f = np.maximum(np.fft.rfftfreq(size, 1 / rate), 1e-3)
    shape = 1 / np.sqrt((1 + (400 / f) ** 4) * (1 + (f / 5_000) ** 4))
    heard = np.fft.irfft(np.fft.rfft(audio, n=size) * shape, n=size)[: len(audio)]
    return hearing.loudness(audio, rate) - hearing.loudness(heard, rate)


def _at_most(name: str, asked: float, measured: float, grace: float = 0.0) -> Measured:
    return Measured(
        name=name,
        asked=asked,
        measured=round(float(measured), 3),
        passed=bool(measured <= asked + grace),
    )


def _inside(
    name: str, asked: tuple[float, float | None] | None, measured: float | None, detail: str
) -> Measured:
    found = None if measured is None else round(measured, 2)
    if asked is None:
        return Measured(name=name, measured=found, detail=detail)
    low, high = asked
    passed = found is not None and low <= found and (high is None or found <= high)
    return Measured(name=name, asked=list(asked), measured=found, passed=passed, detail=detail)
