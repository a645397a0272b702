"""A score becomes stems: every part is played, balanced by role, placed in a room and summed.

Everything after the notes is linear and known from the score (even the ducking: we know where the
kick is), so the stems add up to the mix. Loops are folded before and after each filter: what rings
past the end lies over the beginning, exactly as if the loop had been playing for ever.
"""

from collections.abc import Iterable

import numpy as np
import soxr
from msgspec import Struct
from numpy.typing import NDArray

from engine.render import sampled
from engine.render.banks import Bank
from engine.render.desk import (
    DEPTH_DB,
    EQUALISERS,
    LEAD_LUFS,
    LEVELS,
    ROLE_ROW,
    SOLO_COMP,
    Desk,
    desk_for,
)
from engine.render.space import echoes, response
from engine.render.synth import kits
from engine.render.synth import player as synth
from engine.render.synth.patches import PATCHES
from engine.render.synth.player import Stroke
from engine.score import Part, Score, bar_ticks, beat_ticks, seconds_per_tick
from engine.sound.filters import convolve, fold, impulse
from engine.sound.loudness import integrated_lufs, momentary_lufs

SAMPLE_RATE = 48_000
MIX_LUFS = -20.0
LOOP_TAIL_S = 8.0
CLOSE_FRAMES = 960
Sound = NDArray[np.floating]


class Stems(Struct, frozen=True, kw_only=True):
    """The sound of each role group, (frames, 2) float32; their sum is the mix, near -20 LUFS.

    ``style`` and ``kind`` tell the mastering room what it is listening to.
    """

    sample_rate: int
    groups: dict[str, Sound]
    style: str
    kind: str
    loop: bool


class _Bus(Struct, frozen=True, kw_only=True):
    """One part, or one hand of the drummer, before it is balanced."""

    row: str  # which line of the level table and which equaliser
    group: str
    sound: Sound
    pan: float


def render(
    score: Score,
    bank: Bank,
    *,
    frames: int,
    sample_rate: int = SAMPLE_RATE,
    loop: bool,
    seed: int,
) -> Stems:
    """Play the score: exactly ``frames`` frames at 48 kHz (resampled at the end where asked).

    A bed dies away within the file; a loop wraps. The same score, bank and seed give the same
    bytes.
    """
    desk = desk_for(score.plan.style, score.plan.kind)
    pace = _pace(score, frames, loop=loop)
    buses = [
        bus
        for part in score.parts
        for bus in _played(part, score, bank, pace, frames, loop=loop)
        if bus.sound.any()
    ]
    kicks = _kick_onsets(score, pace, frames, loop=loop)
    energy = _energy_curve(score, desk, pace, frames, loop=loop)
    groups = _mixed(buses, score, desk, kicks, energy, pace, frames, loop=loop, seed=seed)
    groups = _at_mix_level(groups, loop=loop)
    if not loop:
        groups = _closed(groups, _last_onset(score, pace, frames), frames)
    if sample_rate != SAMPLE_RATE:
        groups = {
            name: soxr.resample(one, SAMPLE_RATE, sample_rate) for name, one in groups.items()
        }
    return Stems(
        sample_rate=sample_rate,
        groups=groups,
        style=score.plan.style,
        kind=score.plan.kind,
        loop=loop,
    )


def _pace(score: Score, frames: int, *, loop: bool) -> float:
    """Frames per tick. A loop's own length decides, so that its last tick meets its first."""
    pace = seconds_per_tick(score.plan.tempo, score.plan.meter) * SAMPLE_RATE
    if loop and score.length and abs(frames / (score.length * pace) - 1) < 0.002:
        return frames / score.length
    return pace


def _strokes(part: Part, pace: float, frames: int, *, loop: bool) -> list[Stroke]:
    strokes = []
    for note in part.notes:
        onset = round(note.start * pace)
        length = max(round((note.start + note.length) * pace) - onset, 1)
        onset = onset % frames if loop else max(onset, 0)
        strokes.append(Stroke(onset, length, note.pitch, note.velocity))
    return strokes


# --- playing ------------------------------------------------------------------------------------


def _played(
    part: Part, score: Score, bank: Bank, pace: float, frames: int, *, loop: bool
) -> Iterable[_Bus]:
    """The part's raw sound: one bus, or four for the drums."""
    strokes = _strokes(part, pace, frames, loop=loop)
    room = frames + int(LOOP_TAIL_S * SAMPLE_RATE) if loop else frames
    plan = part.plan
    if plan.role == "drums" or plan.group == "drums":
        sounds = _drummed(part, strokes, room)
        for row, sound in sounds.items():
            sound = fold(sound, frames) if loop else sound
            yield _Bus(row=row, group="drums", sound=sound, pan=0.0)
        return
    sound = _one_part(part, bank, strokes, room)
    sound = fold(sound, frames) if loop else sound
    yield _Bus(
        row=ROLE_ROW.get(plan.role, "comp"), group=plan.group, sound=sound, pan=plan.pan / 100
    )


def _one_part(part: Part, bank: Bank, strokes: list[Stroke], frames: int) -> Sound:
    plan = part.plan
    if plan.patch in PATCHES:
        return synth.play_part(plan.patch, strokes, frames)
    if bank.path is None or plan.program in sampled.OURS:
        return synth.play_part(synth.stand_in(plan.program), strokes, frames)
    return sampled.play_part(bank.path, plan.program, strokes, frames)


def _drummed(part: Part, strokes: list[Stroke], frames: int) -> dict[str, Sound]:
    """Drums are always ours, see `sampled.OURS`."""
    named = part.plan.patch
    kit = named if named in kits.KITS else synth.stand_in_kit(part.plan.program)
    return synth.play_kit(kit, strokes, frames)


# --- balancing ----------------------------------------------------------------------------------


def _mixed(
    buses: list[_Bus],
    score: Score,
    desk: Desk,
    kicks: list[int],
    energy: Sound,
    pace: float,
    frames: int,
    *,
    loop: bool,
    seed: int,
) -> dict[str, Sound]:
    has_bass = any(bus.row == "bass" for bus in buses)
    has_lead = any(bus.row == "lead" for bus in buses)
    dry: dict[str, Sound] = {}
    sends: dict[str, Sound] = {}
    leads: dict[str, Sound] = {}
    shaped = []
    for bus in buses:
        bands = EQUALISERS[bus.row]
        if bus.row == "comp" and not has_bass:
            bands = SOLO_COMP
        bands += desk.extra.get(bus.row, ()) + desk.extra.get("all", ())
        sound = convolve(bus.sound, impulse(bands), circular=loop)
        if bus.row in ("kick", "bass"):
            sound[:] = sound.mean(axis=1, keepdims=True)
        shaped.append((bus, sound))
    rows = [(bus.row, _loudness(sound, loop=loop)) for bus, sound in shaped]
    faders = _faders(rows, desk, has_lead=has_lead)
    for (bus, sound), fader in zip(shaped, faders, strict=True):
        sound = sound * np.float32(10 ** (fader / 20))
        if desk.drive and bus.row in ("comp", "bass", "pad", "kick", "snare"):
            sound = _driven(sound, desk.drive)
        duck = desk.ducks.get(bus.row)
        if duck and kicks:
            sound *= _duck_curve(kicks, duck.depth_db, duck.release_s, frames, loop=loop)[:, None]
        sound = _panned(sound * energy[:, None], bus.pan)
        dry[bus.group] = dry[bus.group] + sound if bus.group in dry else sound
        drums = bus.group == "drums"
        send = (desk.drum_send_db if drums else desk.send_db) + DEPTH_DB[bus.row]
        mono = sound.mean(axis=1) * np.float32(10 ** (send / 20) * 1.4142)
        sends[bus.group] = sends[bus.group] + mono if bus.group in sends else mono
        if bus.row == "lead":
            held = sound.mean(axis=1)
            leads[bus.group] = leads[bus.group] + held if bus.group in leads else held
    room = response(desk.space)
    out = {}
    for group in sorted(dry):
        total = dry[group] + convolve(sends[group], room, circular=loop)
        if desk.echo and group in leads:
            apart, feedback, level = desk.echo
            step = round(apart * beat_ticks(score.plan.meter) / 4 * pace)
            total += echoes(leads[group], step, feedback, level, circular=loop)
        if desk.wobble_cents and group != "drums":
            total = _wobbled(total, desk.wobble_cents, seed, loop=loop)
        out[group] = total
    return out


def _faders(rows: list[tuple[str, float]], desk: Desk, *, has_lead: bool) -> list[float]:
    """Decibels that bring every part, given its row and loudness, to its role's level.

    The drummer's hands move together: the kit's own balance is kept within 5 dB, because how loud
    the hats are against the snare is written in the velocities.
    """
    levels = LEVELS[desk.column]
    lift = 0.0 if has_lead else min(3.0, -levels["comp"])
    asked = []
    for row, loudness in rows:
        target = LEAD_LUFS + levels[row] + (lift if row == "comp" else 0.0)
        asked.append(target - loudness)
    kit = [gain for (row, _), gain in zip(rows, asked, strict=True) if row in _HANDS]
    if not kit:
        return asked
    together = float(np.mean(kit))
    return [
        together + float(np.clip(gain - together, -5, 5)) if row in _HANDS
        else (0.5 * (together + gain) if row == "perc" else gain)
        for (row, _), gain in zip(rows, asked, strict=True)
    ]  # fmt: skip


_HANDS = ("kick", "snare", "hats")


def _loudness(sound: Sound, *, loop: bool) -> float:
    """Gated loudness over the bars in which the part sounds; of short sounds the loudest moment."""
    if len(sound) >= 3 * SAMPLE_RATE:
        # A loop has no first block: the meter goes on over the joint until it has seen them all.
        whole = np.concatenate([sound, sound[: 3 * SAMPLE_RATE // 10]]) if loop else sound
        measured = integrated_lufs(whole)
        if np.isfinite(measured):
            return max(measured, -60.0)
    return max(momentary_lufs(sound), -60.0)


def _driven(sound: Sound, amount: float) -> Sound:
    """A little saturation around the part's own level: a third harmonic near one per cent."""
    level = float(np.sqrt(np.mean(sound.astype(np.float64) ** 2))) * 6 + 1e-9
    return (np.tanh(sound * (amount / level)) * (level / amount)).astype(np.float32)


def _duck_curve(
    kicks: list[int], depth_db: float, release_s: float, frames: int, *, loop: bool
) -> Sound:
    """Down within 4 ms before the kick, held 20 ms, back along a cosine."""
    rise, hold, back = 192, 960, int(release_s * SAMPLE_RATE)
    ramp = 0.5 - 0.5 * np.cos(np.pi * np.arange(rise) / rise)
    fall = 0.5 + 0.5 * np.cos(np.pi * np.arange(back) / back)
    shape = np.concatenate([ramp, np.ones(hold), fall])
    down = np.zeros(frames + len(shape))
    for onset in kicks:
        start = onset - rise
        cut = max(0, -start)
        piece = down[start + cut : start + len(shape)]
        np.maximum(piece, shape[cut : cut + len(piece)], out=piece)
        if loop and cut:
            piece = down[frames - cut : frames]
            np.maximum(piece, shape[:cut], out=piece)
    if loop:
        over = down[frames:]
        size = min(len(over), frames)
        np.maximum(down[:size], over[:size], out=down[:size])
    return (10 ** (-depth_db * down[:frames] / 20)).astype(np.float32)


def _panned(sound: Sound, pan: float) -> Sound:
    """Constant power: a part keeps its loudness wherever it stands."""
    if pan == 0:
        return sound
    angle = (np.clip(pan, -1, 1) + 1) * np.pi / 4
    gains = np.array([np.cos(angle), np.sin(angle)], np.float32) * np.float32(np.sqrt(2))
    # What is already wide is first narrowed towards its middle, or its far side would be lost.
    narrow = np.float32(0.5 * abs(pan))
    swapped = sound[:, ::-1]
    return (sound * (1 - narrow) + swapped * narrow) * gains


def _kick_onsets(score: Score, pace: float, frames: int, *, loop: bool) -> list[int]:
    onsets = {
        stroke.onset
        for part in score.parts
        if part.plan.group == "drums"
        for stroke in _strokes(part, pace, frames, loop=loop)
        if stroke.pitch in (35, 36) and stroke.velocity > 30 and stroke.onset < frames
    }
    return sorted(onsets)


def _energy_curve(score: Score, desk: Desk, pace: float, frames: int, *, loop: bool) -> Sound:
    """The rise and fall of the sections, smoothed over a bar; at most the style's span."""
    step = 480
    knots = frames // step + 2
    bar = bar_ticks(score.plan.meter) * pace
    level = np.zeros(knots)
    for section in score.plan.sections:
        first, last = section.bar * bar / step, (section.bar + section.bars) * bar / step
        quiet = (7 - section.energy) / 6
        level[int(first) : int(np.ceil(last)) + 1] = -desk.energy_span_db * quiet**1.2
    if score.plan.sections:
        ended = int(max(s.bar + s.bars for s in score.plan.sections) * bar / step)
        level[ended:] = level[min(max(ended - 1, 0), knots - 1)]
    width = max(1, int(bar / step)) | 1
    kernel = np.hanning(width + 2)[1:-1]
    padded = np.pad(level[:-1] if loop else level, width, mode="wrap" if loop else "edge")
    smooth = np.convolve(padded, kernel / kernel.sum(), "same")[width:-width]
    if loop:
        position = np.linspace(0, len(smooth), frames, endpoint=False)
        smooth = np.append(smooth, smooth[0])
        curve = np.interp(position, np.arange(len(smooth)), smooth)
    else:
        curve = np.interp(np.arange(frames), np.arange(knots) * step, smooth)
    return (10 ** (curve / 20)).astype(np.float32)


def _wobbled(sound: Sound, cents: float, seed: int, *, loop: bool) -> Sound:
    """A tape that does not run quite true: slow wow, the same for every stem."""
    frames = len(sound)
    seconds = frames / SAMPLE_RATE
    rng = np.random.default_rng([seed % 2**32, 31])
    moved = np.zeros(frames)
    for rate, depth in ((0.5, 0.8), (1.3, 0.2)):
        # Whole turns in the file, so that a loop's tape joins.
        turns = max(1, round(rate * seconds))
        swing = depth * cents * np.log(2) / 1200 * SAMPLE_RATE * seconds / (2 * np.pi * turns)
        moved += swing * np.sin(2 * np.pi * (turns * np.arange(frames) / frames + rng.random()))
    source = np.arange(frames) + moved - (0 if loop else moved[0])
    grid = np.arange(frames)
    period = frames if loop else None
    warped = [np.interp(source, grid, sound[:, side], period=period) for side in (0, 1)]
    return np.stack(warped, axis=1).astype(np.float32)


# --- the end ------------------------------------------------------------------------------------


def _at_mix_level(groups: dict[str, Sound], *, loop: bool) -> dict[str, Sound]:
    if not groups:
        return groups
    mix = np.sum(list(groups.values()), axis=0)
    gain = np.float32(10 ** ((MIX_LUFS - _loudness(mix, loop=loop)) / 20))
    return {name: one * gain for name, one in groups.items()}


def _last_onset(score: Score, pace: float, frames: int) -> int:
    last = max((note.start for part in score.parts for note in part.notes), default=0)
    return min(round(last * pace), frames)


def _closed(groups: dict[str, Sound], last_onset: int, frames: int) -> dict[str, Sound]:
    """Let everything die away before the last frame.

    After the last onset the sound is damped along a line in decibels, as much as it takes to be
    72 dB down at the end; the last 20 ms go to exact zero. What has died by itself is left alone.
    """
    if not groups:
        return groups
    mix = np.sum(list(groups.values()), axis=0)
    tail = max(int(0.05 * SAMPLE_RATE), 1)
    ended = float(np.sqrt(np.mean(mix[-tail:].astype(np.float64) ** 2)))
    excess = 20 * np.log10(ended + 1e-12) + 78
    curve = np.ones(frames)
    if excess > 0:
        start = min(last_onset + int(0.12 * SAMPLE_RATE), frames - int(0.3 * SAMPLE_RATE))
        start = max(start, 0)
        along = np.linspace(0, 1, frames - start)
        curve[start:] = 10 ** (-excess * along**1.35 / 20)
    close = min(CLOSE_FRAMES, frames)
    curve[-close:] *= 0.5 + 0.5 * np.cos(np.pi * (np.arange(close) + 1) / close)
    shape = curve.astype(np.float32)[:, None]
    return {name: one * shape for name, one in groups.items()}
