"""From stems to a master: filters, tilt, glue, loudness, a true-peak limiter, exact length.

Everything is either linear or one gain curve computed on the mix, so the stems go through the same
and still add up to the master.
"""

from collections.abc import Callable, Mapping
from typing import Protocol

import numpy as np
import soxr
from msgspec import Struct
from numpy.typing import NDArray

from engine.contracts import Delivery
from engine.master.limiting import glue_gain, limiter_gain
from engine.master.placement import BEFORE, PLACES, placed
from engine.sound.filters import Band, beside, blank, convolve, impulse, middle
from engine.sound.loudness import programme_lufs, true_peak_dbtp

Sound = NDArray[np.floating]
LOUDNESS_TOLERANCE_LU = 0.3
AIM_LU = 0.08
PASSES = 6
SAFETY_DB = 0.3  # the limiter aims this much under the asked ceiling; the file is measured after
LOOP_CONTEXT_S = 2.0


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


# Third-octave targets at 31 63 125 250 500 1k 2k 4k 8k 16k Hz, dB re 400 Hz-1.6 kHz.
_TILTS: dict[str, tuple[float, ...]] = {
    "pop": (-6, 6, 5, 3, 1, 0, -2, -4, -7, -15),
    "lofi": (-8, 6, 6, 4, 2, 0, -4, -9, -16, -30),
    "ambient": (-6, 2, 4, 4, 2, 0, -4, -8, -14, -24),
    "cinematic": (0, 5, 5, 3, 1, 0, -3, -6, -11, -20),
    "orchestral": (-8, 0, 3, 3, 1, 0, -3, -7, -13, -23),
    "edm": (1, 9, 6, 2, 0, 0, -1, -3, -6, -13),
    "synthwave": (-4, 8, 6, 3, 1, 0, -2, -4, -8, -16),
    "chip": (-18, -2, 2, 2, 1, 0, -1, -3, -6, -13),
    "jazz": (-10, 3, 5, 3, 1, 0, -3, -6, -10, -18),
    "rock": (-6, 6, 5, 3, 1, 0, -1, -3, -8, -18),
    "chinese": (-16, -4, 1, 2, 1, 0, -2, -5, -10, -18),
}
_BANDS_HZ = 31.25 * 2.0 ** np.arange(10)


_MONO_BELOW = (Band("high_pass", 120, 0, 0.54), Band("high_pass", 120, 0, 1.31))


class _Manner(Struct, frozen=True):
    """How a style is mastered: its tilt, whether it is glued, how much the limiter may do."""

    tilt: str
    glue_db: float
    most_gr_db: float


_MANNERS = {
    "solo_piano": _Manner("jazz", 0, 4), "orchestral_epic": _Manner("cinematic", 0, 5),
    "orchestral_tender": _Manner("orchestral", 0, 4),
    "cinematic_tension": _Manner("cinematic", 0, 5), "dark_ambient": _Manner("ambient", 0, 4),
    "meditation": _Manner("ambient", 0, 4), "lofi": _Manner("lofi", 1.8, 6),
    "jazz_trio": _Manner("jazz", 1, 5), "bossa": _Manner("jazz", 1, 5),
    "funk_corporate": _Manner("pop", 2, 6), "acoustic_folk": _Manner("pop", 1.2, 6),
    "country": _Manner("pop", 1.5, 6), "rock": _Manner("rock", 2, 7),
    "metal": _Manner("rock", 2, 8), "synthwave": _Manner("synthwave", 2, 7),
    "house_edm": _Manner("edm", 2, 8), "trap_hiphop": _Manner("edm", 2, 8),
    "chiptune": _Manner("chip", 1, 7), "waltz_ballroom": _Manner("orchestral", 0, 5),
    "chinese_traditional": _Manner("chinese", 0, 5), "fantasy_tavern": _Manner("pop", 1, 5),
    "horror": _Manner("cinematic", 0, 5),
}  # fmt: skip
_PLAIN = _Manner("pop", 1.5, 6)


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
    manner = _MANNERS.get(stems.style, _PLAIN)
    delivery = delivery or Delivery(sample_rate=48000)
    rate = delivery.sample_rate
    groups = dict(stems.groups) or {"lead": blank(frames or 1)}
    short = stems.kind == "chime" or len(next(iter(groups.values()))) < 2 * stems.sample_rate
    groups, tilt_db = _shaped(groups, manner, loop=loop, tilted=not short)
    if delivery.channels == 1:
        groups = {name: middle(one)[:, None] for name, one in groups.items()}
    elif delivery.channels > 2:
        place = PLACES.get(stems.kind, BEFORE)
        groups = {
            name: placed(one, delivery.channels, place, loop=loop) for name, one in groups.items()
        }
    groups = _at_rate(groups, stems.sample_rate, rate, frames, loop=loop)
    if fade_s > 0:
        groups = {name: _faded(sound, round(fade_s * rate)) for name, sound in groups.items()}
    mix = _sum(groups)
    curve = np.ones(len(mix), np.float32)
    if manner.glue_db and not short:
        found = _around(mix, loop, rate, lambda one: glue_gain(one, rate, manner.glue_db))
        curve = curve if found is None else found
    most = 3.0 if short else manner.most_gr_db
    glued = mix * curve[:, None] if curve.min() < 1 else mix
    del mix
    found = _to_loudness(glued, lufs, true_peak_dbtp, most, rate, loop=loop)
    del glued
    total = curve * found.gain
    return _finished(groups, total, found, lufs, true_peak_dbtp, rate, tilt_db, loop=loop)


def _sum(groups: Mapping[str, Sound]) -> Sound:
    if len(groups) == 1:
        return next(iter(groups.values()))
    first = next(iter(groups.values()))
    total = blank(*first.shape)
    for name in sorted(groups):
        total += groups[name]
    return total


def _shaped(
    groups: dict[str, Sound], manner: _Manner, *, loop: bool, tilted: bool
) -> tuple[dict[str, Sound], float]:
    """Without sub-sonic drift, in mono below 120 Hz, and nearer to the style's tilt."""
    bands = (Band("high_pass", 22),)
    tilt = _tilt(_sum(groups), manner.tilt) if tilted else np.zeros(len(_BANDS_HZ))
    centre = impulse(bands, 16_384)
    centre = convolve(centre, _tilt_response(tilt)) if tilt.any() else centre
    # The sum of the taps is the response to a constant: it must be nothing at all.
    centre = centre - np.float32(centre.mean(dtype=np.float64))
    side = convolve(centre, impulse(_MONO_BELOW, 8192))
    answers = beside(centre, side)
    out = {}
    for name, sound in groups.items():
        if sound.any():
            both = beside(middle(sound), (sound[:, 0] - sound[:, 1]) * np.float32(0.5))
            convolve(both, answers, circular=loop, into=both)
            sound = beside(both[:, 0] + both[:, 1], both[:, 0] - both[:, 1])
        out[name] = sound
    return out, float(np.abs(tilt).max())


def _tilt(mix: Sound, name: str) -> NDArray[np.floating]:
    """Decibels per octave band that bring the mix towards its target; never more than 3."""
    size = 16_384
    whole = len(mix) // size
    if not whole:
        return np.zeros(len(_BANDS_HZ))
    mono = middle(mix)[: whole * size].reshape(whole, size)
    power = (mono**2).mean(axis=1)
    loud = np.argsort(power)[whole // 2 :]
    spectrum = (
        np.abs(np.fft.rfft(mono[loud] * np.hanning(size).astype(np.float32), axis=1)) ** 2
    ).mean(axis=0)
    f = np.fft.rfftfreq(size, 1 / 48_000)
    levels = []
    for centre in _BANDS_HZ:
        inside = (f >= centre * 2 ** (-1 / 2)) & (f < centre * 2 ** (1 / 2))
        levels.append(10 * np.log10(spectrum[inside].sum() + 1e-12))
    reference = (f >= 400) & (f < 1600)
    # Two octaves lie in the reference band; a third octave is a third of an octave band.
    measured = np.asarray(levels) - 10 * np.log10(spectrum[reference].sum() / 2 + 1e-12)
    wanted = np.asarray(_TILTS[name]) - measured
    smooth = np.convolve(np.pad(wanted, 1, mode="edge"), [0.25, 0.5, 0.25], "valid") * 0.6
    limit = np.where((_BANDS_HZ > 300) & (_BANDS_HZ < 5000), 1.5, 3.0)
    # A band that is empty by intention (no bass, no cymbals) is not to be filled with its noise.
    empty = measured < np.asarray(_TILTS[name]) - 18
    return np.where(empty, np.minimum(0, smooth), np.clip(smooth, -limit, limit))


def _tilt_response(tilt: NDArray[np.floating]) -> Sound:
    """A minimum-phase filter of 4096 taps with the given decibels at the octave bands."""
    size = 8192
    f = np.maximum(np.fft.rfftfreq(size, 1 / 48_000), 10.0)
    decibels = np.interp(np.log2(f), np.log2(_BANDS_HZ), tilt)
    log = decibels * np.log(10) / 20
    cepstrum = np.fft.irfft(log, n=size)
    cepstrum[1 : size // 2] *= 2
    cepstrum[size // 2 + 1 :] = 0
    return np.fft.irfft(np.exp(np.fft.rfft(cepstrum)), n=size)[:4096].astype(np.float32)


def _at_rate(
    groups: dict[str, Sound], source: int, target: int, frames: int | None, *, loop: bool
) -> dict[str, Sound]:
    if source == target and (frames is None or all(len(g) == frames for g in groups.values())):
        return groups
    out = {}
    for name, sound in groups.items():
        if loop:
            length = frames or round(len(sound) * target / source)
            out[name] = _periodic(sound, length)
            continue
        if source != target:
            sound = soxr.resample(sound, source, target, quality="HQ")
        length = frames or len(sound)
        out[name] = _cut(np.asarray(sound, np.float32), length)
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
    frames = min(frames, len(sound))
    sound = sound.copy()
    falling = 0.5 + 0.5 * np.cos(np.pi * (np.arange(frames) + 1) / frames)
    sound[len(sound) - frames :] *= falling.astype(np.float32)[:, None]
    return sound


def _around(
    mix: Sound, loop: bool, rate: int, curve: Callable[[Sound], Sound | None]
) -> Sound | None:
    """A gain curve of the mix; of a loop as it is when the loop has already come round."""
    if not loop:
        return curve(mix)
    context = min(int(LOOP_CONTEXT_S * rate), 4 * len(mix))
    padded = np.pad(mix, ((context, context), (0, 0)), mode="wrap")
    found = curve(padded)
    return found if found is None else found[context : context + len(mix)]


class _Found(Struct, frozen=True, kw_only=True):
    """The loudness loop's answer: gain per frame, and what it measured."""

    gain: Sound
    lufs: float
    gr_db: float
    mean_gr_db: float
    passes: int
    limited: bool


def _to_loudness(
    mix: Sound, lufs: float, ceiling_dbtp: float, most_gr_db: float, rate: int, *, loop: bool
) -> _Found:
    """Raise the mix, limit, measure, correct: at most six times."""
    start = programme_lufs(mix, rate)
    if not np.isfinite(start) or start < -69:
        ones = np.ones(len(mix), np.float32)
        return _Found(gain=ones, lufs=start, gr_db=0, mean_gr_db=0, passes=0, limited=True)
    ceiling = 10 ** ((ceiling_dbtp - SAFETY_DB) / 20)
    # How far the loudest moment may be pushed into the limiter bounds the gain for good.
    most = ceiling_dbtp - SAFETY_DB - true_peak_dbtp(mix, rate) + most_gr_db
    asked, applied, reached, number = lufs - start, 0.0, start, 0
    curve: Sound | None = None
    for number in range(1, PASSES + 1):
        applied = min(asked, most)
        raised = mix * np.float32(10 ** (applied / 20))
        curve = _around(raised, loop, rate, lambda one: limiter_gain(one, ceiling, rate))
        limited = raised if curve is None else raised * curve[:, None]
        reached = start + applied if curve is None else programme_lufs(limited, rate)
        error = lufs - reached
        if abs(error) <= AIM_LU or asked > most or number == PASSES:
            break
        deepest = 0.0 if curve is None else -20 * np.log10(float(curve.min()))
        asked += error * (1.3 if deepest > 1 else 1.0)
    reduction = np.zeros(1) if curve is None else -20 * np.log10(curve)
    gain = np.full(len(mix), 10 ** (applied / 20), np.float32)
    return _Found(
        gain=gain if curve is None else gain * curve,
        lufs=reached,
        gr_db=float(reduction.max()),
        mean_gr_db=float(reduction.mean()),
        passes=number,
        limited=asked > most,
    )


def _finished(
    groups: dict[str, Sound],
    total: Sound,
    found: _Found,
    lufs: float,
    ceiling_dbtp: float,
    rate: int,
    tilt_db: float,
    *,
    loop: bool,
) -> Master:
    if not loop:
        total = total.copy()
        close = min(64, len(total))
        total[-close:] *= 0.5 + 0.5 * np.cos(np.pi * (np.arange(close) + 1) / close)
    made = {}
    for name in sorted(groups):
        made[name] = _centred(groups.pop(name) * total[:, None], rate, loop=loop)
    audio = _sum(made)
    peak = true_peak_dbtp(audio, rate)
    trim = 0.0
    if peak > ceiling_dbtp:
        trim = ceiling_dbtp - peak - 0.01
        factor = np.float32(10 ** (trim / 20))
        for sound in made.values():
            sound *= factor
        audio = audio if len(made) == 1 else audio * factor
        peak += trim
    reached = found.lufs + trim if found.limited or trim else programme_lufs(audio, rate)
    passed = bool(abs(reached - lufs) <= LOUDNESS_TOLERANCE_LU and peak <= ceiling_dbtp + 1e-3)
    detail = ""
    if not passed:
        detail = (
            f"{reached:.1f} LUFS: more would take over {found.gr_db:.1f} dB from the loudest peaks"
            if found.limited
            else f"{reached:.1f} LUFS at {peak:.1f} dBTP"
        )
    return Master(
        audio=audio,
        stems=made,
        sample_rate=rate,
        loudness_lufs=round(float(reached), 3),
        true_peak_dbtp=round(float(peak), 3),
        limiter_gr_db=round(found.gr_db, 3),
        limiter_mean_gr_db=round(found.mean_gr_db, 4),
        tilt_db=round(tilt_db, 2),
        passes=found.passes,
        passed=passed,
        detail=detail,
    )


def _centred(sound: Sound, rate: int, *, loop: bool) -> Sound:
    """Without the offset that a limiter leaves where it works hard on one side of the wave."""
    mean = np.array([side.mean(dtype=np.float64) for side in sound.T])
    if np.abs(mean).max(initial=0.0) < 1e-6:
        return sound
    weight = np.ones(len(sound))
    if not loop:
        edge = min(rate, len(sound) // 4)
        slope = 0.5 - 0.5 * np.cos(np.pi * np.arange(edge) / max(edge, 1))
        weight[:edge], weight[len(sound) - edge :] = slope, slope[::-1]
    weight /= weight.mean()
    for side, offset in enumerate(mean):
        sound[:, side] -= (weight * offset).astype(np.float32)
    return sound
