"""From stems to a master: filters, tilt, glue, level, exact length.

Everything is either linear or one gain curve computed on the mix, so the stems go through the same
and still add up to the master.
"""

from collections.abc import Mapping
from typing import Protocol

import numpy as np
import soxr
from msgspec import Struct
from numpy.typing import NDArray

from engine.contracts import Delivery
from engine.master.glue import glue_gain, spread
from engine.master.levelling import Level, Wanted, levelled
from engine.master.limiting import draw_over
from engine.master.placement import BEFORE, PLACES, placed
from engine.master.placement import powers as placed_powers
from engine.master.shaping import shaped, summed
from engine.master.tilt import MANNERS, PLAIN
from engine.sound.filters import SAMPLE_RATE, blank
from engine.sound.loudness import true_peak_dbtp as peak_dbtp

Sound = NDArray[np.floating]
LOUDNESS_TOLERANCE_LU = 0.3
OFFSET = 2e-5  # -94 dBFS: a fifth of what may be left
CLOSE_S = 0.0013
TIPS_DB = 4.0  # of the highest hits, beyond what the limiter may take


class Stems(Protocol):
    """What the rendering room hands over."""

    @property
    def sample_rate(self) -> int: ...
    @property
    def groups(self) -> Mapping[str, Sound]: ...
    @property
    def style(self) -> str: ...
    @property
    def kind(self) -> str: ...


class Master(Struct, frozen=True, kw_only=True):
    """The finished sound at the delivery's rate, and what it took.

    ``stems`` add up to ``audio``. ``passed`` is False where the asked loudness could only be had
    by crushing the music; ``detail`` then says how far it got.
    """

    audio: Sound
    stems: dict[str, Sound]
    sample_rate: int
    loudness_lufs: float
    true_peak_dbtp: float
    limiter_gr_db: float
    limiter_mean_gr_db: float
    tilt_db: float
    passes: int
    passed: bool
    detail: str = ""


def master(
    stems: Stems,
    *,
    lufs: float,
    true_peak_dbtp: float,
    loop: bool,
    seed: int,
    delivery: Delivery | None = None,
    frames: int | None = None,
    fade_s: float = 0.0,
) -> Master:
    """Bring the stems to the asked loudness (±0.3 LU) under the asked true peak.

    The result is ``frames`` frames long at the delivery's rate. Over the last ``fade_s`` seconds
    it fades to nothing, where a client asked for that. ``seed`` is part of every room's signature;
    nothing here is random.
    """
    del seed
    manner = MANNERS.get(stems.style, PLAIN)
    delivery = delivery or Delivery()
    rate = delivery.sample_rate
    groups = dict(stems.groups) or {"lead": blank(frames or 1)}
    if not loop and frames is not None:
        inside = -(-frames * SAMPLE_RATE // rate)
        groups = {name: _cut(one, inside) for name, one in groups.items()}
    short = stems.kind == "chime" or len(next(iter(groups.values()))) < 2 * SAMPLE_RATE
    # Rain has no style: what nature sounds like is not to be bent towards one, nor held together.
    plain = short or stems.kind == "ambience"
    first = shaped(groups, None if plain else manner.tilt, loop=loop)
    place = PLACES.get(stems.kind, BEFORE)
    powers = placed_powers(first.powers, delivery.channels, place)
    groups = {
        name: placed(one, delivery.channels, place, loop=loop) for name, one in first.groups.items()
    }
    if fade_s > 0:
        over = round(fade_s * SAMPLE_RATE)
        groups = {name: _faded(sound, over) for name, sound in groups.items()}
        powers = powers * _falling(len(powers), round(fade_s * 1000)) ** 2
    mix = summed(groups)
    glue = None
    if manner.glue_db and not plain:
        glue = glue_gain(mix, SAMPLE_RATE, manner.glue_db, loop=loop)
    wanted = Wanted(
        lufs=lufs,
        ceiling_dbtp=true_peak_dbtp,
        most_gr_db=3.0 if short else manner.most_gr_db,
        tips_db=0.0 if manner.keeps_tips else TIPS_DB,
        loop=loop,
    )
    level = levelled(mix, powers, glue, wanted)
    del mix
    gain = _gain(level, glue, len(next(iter(groups.values()))), loop=loop)
    for sound in groups.values():
        for channel in sound.T:
            channel *= gain
    groups = _at_rate(groups, rate, frames, loop=loop)
    return _finished(groups, level, wanted, rate, first.tilt_db)


def _gain(level: Level, glue: Sound | None, frames: int, *, loop: bool) -> Sound:
    """Glue, level and limiter in one curve."""
    raised = np.float32(10 ** (level.gain_db / 20))
    total = np.full(frames, raised) if glue is None else spread(glue * raised, frames, loop=loop)
    if level.curve is not None:
        draw_over(total, level.curve)
    return total


def _at_rate(
    groups: dict[str, Sound], rate: int, frames: int | None, *, loop: bool
) -> dict[str, Sound]:
    """The groups at the delivery's rate and exact length."""
    out = {}
    for name, sound in groups.items():
        length = frames or round(len(sound) * rate / SAMPLE_RATE)
        if loop:
            out[name] = _periodic(sound, length)
            continue
        if rate != SAMPLE_RATE:
            sound = np.asarray(soxr.resample(sound, SAMPLE_RATE, rate, quality="HQ"), np.float32)
        out[name] = _cut(sound, length)
    return out


def _periodic(sound: Sound, frames: int) -> Sound:
    """A loop at another rate: resampled as the endless sound it is, so that its ends still meet."""
    if frames == len(sound):
        return sound
    spectrum = np.fft.rfft(sound, axis=0)
    keep = min(len(spectrum), frames // 2 + 1)
    bins = np.zeros((frames // 2 + 1, sound.shape[1]), np.complex64)
    bins[:keep] = spectrum[:keep]
    return (np.fft.irfft(bins, n=frames, axis=0) * (frames / len(sound))).astype(np.float32)


def _cut(sound: Sound, frames: int) -> Sound:
    if len(sound) >= frames:
        return sound[:frames]
    return np.concatenate([sound, np.zeros((frames - len(sound), sound.shape[1]), np.float32)])


def _faded(sound: Sound, frames: int) -> Sound:
    """The last frames on half a cosine down to silence: no corner where it begins or ends."""
    return sound * _falling(len(sound), frames)[:, None]


def _finished(
    groups: dict[str, Sound], level: Level, wanted: Wanted, rate: int, tilt_db: float
) -> Master:
    """Ends closed, the last tenth of a decibel trimmed, and the whole measured."""
    groups = _centred({name: groups[name] for name in sorted(groups)}, loop=wanted.loop)
    groups = {name: _closed(sound, rate, loop=wanted.loop) for name, sound in groups.items()}
    audio = summed(groups)
    peak = peak_dbtp(audio, rate)
    trim = min(0.0, wanted.ceiling_dbtp - peak - 0.01) if peak > wanted.ceiling_dbtp else 0.0
    if trim:
        factor = np.float32(10 ** (trim / 20))
        for sound in groups.values():
            sound *= factor
        audio = audio if len(groups) == 1 else audio * factor
    reached, peak = level.lufs + trim, peak + trim
    passed = bool(abs(reached - wanted.lufs) <= LOUDNESS_TOLERANCE_LU)
    detail = ""
    if not passed:
        detail = (
            f"{reached:.1f} LUFS: more would take over {level.gr_db:.1f} dB from the loudest peaks"
            if level.held_back
            else f"{reached:.1f} LUFS at {peak:.1f} dBTP"
        )
    return Master(
        audio=audio,
        stems=groups,
        sample_rate=rate,
        loudness_lufs=round(float(reached), 3),
        true_peak_dbtp=round(float(peak), 3),
        limiter_gr_db=round(level.gr_db, 3),
        limiter_mean_gr_db=round(level.mean_gr_db, 4),
        tilt_db=round(tilt_db, 2),
        passes=level.passes,
        passed=passed,
        detail=detail,
    )


def _closed(sound: Sound, rate: int, *, loop: bool) -> Sound:
    """Its last millisecond brought to nothing, but for a loop, which has no end."""
    if loop:
        return sound
    close = min(round(CLOSE_S * rate), len(sound))
    sound[len(sound) - close :] *= _falling(close, close)[:, None]
    return sound


def _falling(size: int, over: int) -> Sound:
    """Ones, and over the last ``over`` of them half a cosine down to nothing."""
    over = min(over, size)
    out = np.ones(size, np.float32)
    out[size - over :] = 0.5 + 0.5 * np.cos(np.pi * (np.arange(over) + 1) / over)
    return out


def _centred(groups: dict[str, Sound], *, loop: bool) -> dict[str, Sound]:
    """Without the offset that a limiter leaves where it works hard on one side of the wave.

    Whether there is one is asked of the whole, so that music sounds the same in one piece and in
    stems.
    """
    means = {name: sound.mean(axis=0, dtype=np.float64) for name, sound in groups.items()}
    if np.abs(sum(means.values())).max(initial=0.0) < OFFSET:
        return groups
    return {name: _less(sound, means[name], loop=loop) for name, sound in groups.items()}


def _less(sound: Sound, mean: NDArray[np.float64], *, loop: bool) -> Sound:
    """A sound without its offset, which leaves it over the edges where it is no loop."""
    edge = 0 if loop else min(SAMPLE_RATE, len(sound) // 4)
    slope = 0.5 - 0.5 * np.cos(np.pi * np.arange(edge) / max(edge, 1), dtype=np.float32)
    mean = mean * len(sound) / (len(sound) - 2 * (edge - slope.sum()))
    for side, offset in enumerate(mean.astype(np.float32)):
        sound[edge : len(sound) - edge, side] -= offset
        sound[:edge, side] -= slope * offset
        sound[len(sound) - edge :, side] -= slope[::-1] * offset
    return sound
