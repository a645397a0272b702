"""The loops of a family in the studio: made, levelled, heard at their joint, written."""

import numpy as np

from engine.cabin import ambiences, looping
from engine.cabin.character import Character
from engine.cabin.placement import ORDERS, bed
from engine.contracts import FamilyMember, Measured, ResolvedFamily, ResolvedFunction
from engine.master import files
from engine.master.hearing import hear
from engine.sound.loudness import integrated_lufs, true_peak
from engine.studio.family_files import assets, facts_of, sound_file
from engine.studio.family_levels import Sound, quantised

FOLD_LU = 3.0
"""Corners of their own add up by power, tones by amplitude: a loop folds less exactly."""


def looped(
    resolved: ResolvedFamily, one: ResolvedFunction, character: Character
) -> tuple[FamilyMember, dict[str, bytes]]:
    """An ambience: its mono file always, and one for the channels asked for."""
    delivery = resolved.delivery
    rate, channels = delivery.sample_rate, delivery.channels
    seed = character.seed + character.take
    made = ambiences.ambience(one, character, rate, channels)
    mono, gain = _levelled(made.mono, one, resolved)
    mono = quantised(mono, delivery.bit_depth, seed)
    seam = hear(mono[:, None].astype(np.float32), rate, loop=True)
    measured = looping.constraints(
        looping.Loop(one=one, audio=mono, rate=rate, seam=seam), delivery
    )
    written = {one.name: sound_file(mono[:, None], one, resolved)}
    if channels > 1:
        wide = gain * bed(one.function, made.common, made.own, channels, rate)
        wide = quantised(wide, delivery.bit_depth, seed)
        written = {
            one.name: sound_file(wide, one, resolved),
            f"{one.name}.mono": written[one.name],
        }
        measured = (*measured, _as_loud(wide, mono, rate, channels), _clean(wide))
    entry = FamilyMember(
        name=one.name,
        function=one.function,
        duration_ms=one.duration_ms,
        frames=one.frames,
        measured=measured,
        facts=facts_of(resolved, one) | (_hum(one, mono, rate) if one.function == "drive" else {}),
        peaks=files.peaks(mono, rate),
        assets=assets(written),
    )
    return entry, written


def _levelled(audio: Sound, one: ResolvedFunction, resolved: ResolvedFamily) -> tuple[Sound, float]:
    """The loop by one gain at the loudness asked for, or as near as its peaks let it come."""
    rate, delivery = resolved.delivery.sample_rate, resolved.delivery
    gain = 10 ** ((one.loudness_lufs - integrated_lufs(_round(audio, rate), rate)) / 20)
    peak = gain * float(np.abs(audio).max()) / 10 ** (one.peak_dbfs / 20)
    true = gain * true_peak(audio[:, None].astype(np.float32), rate)
    gain /= max(1.0, peak, true / 10 ** (delivery.true_peak_dbtp / 20))
    return audio * gain, float(gain)


def _round(audio: Sound, rate: int) -> Sound:
    """As it is heard: more than once where it is short."""
    return np.tile(audio, -(-4 * rate // len(audio)))[:, None]


def _hum(one: ResolvedFunction, mono: Sound, rate: int) -> dict[str, object]:
    """The one speed that a loop is for, and how to make the others."""
    level, _ = looping.hum_level_dba(mono, rate, one.speed_kmh)
    return {
        "level_dba": {str(one.speed_kmh): round(level, 1)},
        "synthesis": ambiences.parameters(),
    }


def _as_loud(wide: Sound, mono: Sound, rate: int, channels: int) -> Measured:
    power = float(np.sum(wide[:, _heard(channels)] ** 2) / np.sum(mono**2))
    error = 10 * float(np.log10(power))
    return Measured(
        name="channel_power_db", asked=FOLD_LU, measured=round(error, 3),
        passed=abs(error) <= FOLD_LU, detail=" ".join(ORDERS[channels]),
    )  # fmt: skip


def _heard(channels: int) -> list[int]:
    return [at for at, name in enumerate(ORDERS[channels]) if name != "LFE"]


def _clean(wide: Sound) -> Measured:
    """No channel is louder than full scale or stands off zero."""
    peak = float(np.abs(wide).max())
    offset = float(np.abs(wide.mean(axis=0)).max())
    return Measured(
        name="channels_clean", asked={"peak": 1.0, "offset": 1e-4},
        measured={"peak": round(peak, 4), "offset": round(offset, 8)},
        passed=peak < 1.0 and offset < 1e-4,
    )  # fmt: skip
