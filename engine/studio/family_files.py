"""The files of a cabin family, and what a car must know to play them."""

import hashlib
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from engine.cabin.hearing import loudness
from engine.cabin.judging import level_dba
from engine.cabin.placement import ORDERS, folded
from engine.cabin.surroundings import SPEEDS_KMH, gain_table
from engine.contracts import Asset, CabinFunction, Measured, ResolvedFamily, ResolvedFunction
from engine.master import files
from engine.words.family import REFERENCE_LUFS
from engine.words.formats import Form

Sound = NDArray[np.floating]
FOLD_LU = 1.5


def spread(
    wide: Sound, mono: Sound, function: CabinFunction, channels: int, rate: int
) -> tuple[Measured, ...]:
    """Channels in their order; folded to mono a single sound is as loud as its mono file."""
    fold = folded(wide, function, channels)
    error = loudness(fold, rate) - loudness(mono, rate)
    silent = [name for at, name in enumerate(ORDERS[channels]) if not np.any(wide[:, at])]
    power = float(np.sum(wide**2) / max(float(np.sum(mono**2)), 1e-20))
    return (
        Measured(name="mono_fold_lu", asked=FOLD_LU, measured=round(error, 3),
                 passed=abs(error) <= FOLD_LU),
        Measured(name="channel_power_db", asked=0.5, measured=round(10 * float(np.log10(power)), 3),
                 passed=abs(10 * float(np.log10(power))) <= 0.5,
                 detail=f"{' '.join(ORDERS[channels])}; silent: {' '.join(silent) or 'none'}"),
    )  # fmt: skip


def facts_of(resolved: ResolvedFamily, one: ResolvedFunction) -> dict[str, object]:
    """What a car needs to play a sound: its format, its place, its level at every speed."""
    delivery = resolved.delivery
    return {
        "sample_rate": delivery.sample_rate,
        "bit_depth": delivery.bit_depth,
        "channels": list(ORDERS[delivery.channels]),
        "loop": [0, one.frames - 1] if one.loop else None,
        "urgency": one.urgency,
        "level_db_re_family": round(one.loudness_lufs - REFERENCE_LUFS, 2),
        "level_dba": {str(speed): round(level_dba(one.function, speed), 1) for speed in SPEEDS_KMH},
        "gain_db_by_speed": gain_table(),
    }


def sound_file(audio: Sound, one: ResolvedFunction, resolved: ResolvedFamily) -> bytes:
    """One WAV; what it holds is on the steps of its depth already, so nothing is dithered again."""
    delivery = resolved.delivery
    form = Form(
        format="wav",
        sample_rate=delivery.sample_rate,
        bit_depth=delivery.bit_depth,
        channels=audio.shape[1],
    )
    labels = files.Labels(title=one.name, loop=(0, one.frames - 1) if one.loop else None)
    return files.sound_file(audio, form, labels, dithered=False)


def assets(written: Mapping[str, bytes]) -> tuple[Asset, ...]:
    return tuple(
        Asset(
            name=name,
            sha256=hashlib.sha256(content).hexdigest(),
            bytes=len(content),
            media_type="audio/wav",
        )
        for name, content in written.items()
    )
