"""A score becomes stems: every part is played, balanced by role, placed in a room and summed.

Everything after the notes is linear and known from the score (even the ducking: we know where the
kick is), so the stems add up to the mix. Loops are folded before and after each filter: what rings
past the end lies over the beginning, exactly as if the loop had been playing for ever.
"""

from collections.abc import Iterable, Iterator

import numpy as np
import soxr
from msgspec import Struct, structs
from numpy.typing import NDArray

from engine.render import instruments
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
from engine.render.performance import perform
from engine.render.space import echoes, response
from engine.render.strokes import strokes_of
from engine.score import Part, Score, bar_ticks, beat_ticks, seconds_per_tick
from engine.sound.filters import beside, blank, convolve, fold, impulse, middle
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


class _Session(Struct, frozen=True, kw_only=True):
    """What is known of the mix before a note of it is played."""

    desk: Desk
    kicks: list[int]
    energy: Sound
    echo_frames: int
    has_bass: bool
    has_lead: bool
    frames: int
    loop: bool
    seed: int
    apart: bool


class _Console:
    """The sums of a mix while the parts come in: dry sound, send and echo of every group."""

    def __init__(self) -> None:
        self.dry: dict[str, Sound] = {}
        self.sends: dict[str, Sound] = {}
        self.leads: dict[str, Sound] = {}

    def add(self, group: str, sound: Sound, send: float, *, lead: bool) -> None:
        """One balanced part."""
        both = middle(sound)
        if group in self.dry:
            self.dry[group] += sound
        else:
            self.dry[group] = sound
        if lead:
            _add(self.leads, group, both)
        _add(self.sends, group, both * np.float32(send))


def _add(sums: dict[str, Sound], group: str, sound: Sound) -> None:
    if group in sums:
        sums[group] += sound
    else:
        sums[group] = sound.copy()


def render(
    score: Score,
    bank: Bank,
    *,
    frames: int,
    sample_rate: int = SAMPLE_RATE,
    loop: bool,
    seed: int,
    apart: bool = True,
) -> Stems:
    """Play the score: exactly ``frames`` frames at 48 kHz (resampled at the end where asked).

    A bed dies away within the file; a loop wraps. The same score, bank and seed give the same
    bytes. Where no stems were asked for (not ``apart``) the groups are mixed as they are played,
    which is what keeps a piece of ten minutes small.
    """
    desk = desk_for(score.plan.style, score.plan.kind)
    pace = _pace(score, frames, loop=loop)
    session = _Session(
        desk=desk,
        kicks=_kick_onsets(score, pace, frames, loop=loop),
        energy=_energy_curve(score, desk, pace, frames, loop=loop),
        echo_frames=round(desk.echo[0] * beat_ticks(score.plan.meter) / 4 * pace)
        if desk.echo
        else 0,
        has_bass=_sounds(score, "bass", pace, frames),
        has_lead=_sounds(score, "lead", pace, frames),
        frames=frames,
        loop=loop,
        seed=seed,
        apart=apart,
    )
    groups = _mixed(score, bank, pace, session)
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


# --- playing ------------------------------------------------------------------------------------


def _played(
    part: Part, score: Score, bank: Bank, pace: float, frames: int, *, loop: bool, seed: int
) -> Iterable[_Bus]:
    """The part's raw sound: one bus, or four for the drums."""
    performance = perform(part, score.plan, pace, frames, loop=loop, seed=seed)
    room = frames + int(LOOP_TAIL_S * SAMPLE_RATE) if loop else frames
    plan = part.plan
    if _is_drums(part):
        sounds = instruments.drum(part, performance, room)
        for row in list(sounds):
            sound = sounds.pop(row)
            sound = fold(sound, frames) if loop else sound
            yield _Bus(row=row, group="drums", sound=sound, pan=0.0)
        return
    sound = instruments.play(part, score.plan.style, bank, performance, room)
    sound = fold(sound, frames) if loop else sound
    yield _Bus(
        row=ROLE_ROW.get(plan.role, "comp"), group=plan.group, sound=sound, pan=plan.pan / 100
    )


# --- balancing ----------------------------------------------------------------------------------


def _mixed(score: Score, bank: Bank, pace: float, session: _Session) -> dict[str, Sound]:
    """Every part played, balanced and added up, one after the other: only the sums are kept."""
    console = _Console()
    drummers = [part for part in score.parts if _is_drums(part)]
    others = [part for part in score.parts if not _is_drums(part)]
    hands = _Hands(drummers, score, bank, pace, session)
    faders = _faders(
        [(bus.row, _loudness(bus.sound, loop=session.loop)) for bus in hands],
        session.desk,
        has_lead=session.has_lead,
    )
    for bus, fader in zip(hands, faders, strict=True):
        _sent(console, bus, fader, session)
    hands.done()
    for part in others:
        for bus in _equalised([part], score, bank, pace, session):
            row = (bus.row, _loudness(bus.sound, loop=session.loop))
            (fader,) = _faders([row], session.desk, has_lead=session.has_lead)
            _sent(console, bus, fader, session)
    return _in_the_room(console, session)


LONG_FRAMES = 200 * SAMPLE_RATE


class _Hands:
    """The drummer's hands, which are balanced together and so heard twice.

    Of a short piece they are kept in between; of a long one they are played again, because four
    of them would take more memory than all the rest.
    """

    def __init__(
        self, parts: list[Part], score: Score, bank: Bank, pace: float, session: _Session
    ) -> None:
        self._play = lambda: _equalised(parts, score, bank, pace, session)
        self._kept = None if session.frames > LONG_FRAMES else list(self._play())

    def __iter__(self) -> Iterator[_Bus]:
        if self._kept is None:
            return iter(self._play())
        return iter([structs.replace(bus, sound=bus.sound.copy("K")) for bus in self._kept])

    def done(self) -> None:
        """Let the sounds go."""
        self._kept = []


def _is_drums(part: Part) -> bool:
    return part.plan.role == "drums" or part.plan.group == "drums"


def _sounds(score: Score, row: str, pace: float, frames: int) -> bool:
    """Whether a part of this row plays within the file."""
    return any(
        note.start * pace < frames
        for part in score.parts
        if not _is_drums(part) and ROLE_ROW.get(part.plan.role, "comp") == row
        for note in part.notes
    )


def _equalised(
    parts: list[Part], score: Score, bank: Bank, pace: float, session: _Session
) -> Iterator[_Bus]:
    """The parts' buses through their rows' equalisers; silent ones are left out."""
    desk, loop = session.desk, session.loop
    for part in parts:
        for bus in _played(part, score, bank, pace, session.frames, loop=loop, seed=session.seed):
            if not bus.sound.any():
                continue
            bands = EQUALISERS[bus.row]
            if bus.row == "comp" and not session.has_bass:
                bands = SOLO_COMP
            bands += desk.extra.get(bus.row, ()) + desk.extra.get("all", ())
            convolve(bus.sound, impulse(bands), circular=loop, into=bus.sound)
            if bus.row in ("kick", "bass"):
                bus.sound[:] = middle(bus.sound)[:, None]
            yield bus


def _sent(console: _Console, bus: _Bus, fader: float, session: _Session) -> None:
    """One bus at its level, driven, ducked, placed and added up; its sound is used up."""
    desk, sound = session.desk, bus.sound
    sound *= np.float32(10 ** (fader / 20))
    if desk.drive and bus.row in ("comp", "bass", "pad", "kick", "snare"):
        _drive(sound, desk.drive)
    duck = desk.ducks.get(bus.row)
    curve = session.energy
    if duck and session.kicks:
        curve = curve * _duck_curve(
            session.kicks, duck.depth_db, duck.release_s, session.frames, loop=session.loop
        )
    sound *= curve[:, None]
    drums = bus.group == "drums"
    send = (desk.drum_send_db if drums else desk.send_db) + DEPTH_DB[bus.row]
    group = bus.group
    if not session.apart:
        # A tape's wobble leaves the drums alone, so they stay apart until it has been put on.
        group = "drums" if drums and desk.wobble_cents else "mix"
    sound = _panned(sound, bus.pan)
    console.add(group, sound, 10 ** (send / 20) * 1.4142, lead=bus.row == "lead")


def _in_the_room(console: _Console, session: _Session) -> dict[str, Sound]:
    """The groups with their reverberation, echoes and tape."""
    desk, loop = session.desk, session.loop
    room = response(desk.space)
    out = {}
    for group in sorted(console.dry):
        total = console.dry.pop(group)
        total += convolve(console.sends.pop(group), room, circular=loop)
        if desk.echo and group in console.leads:
            _, feedback, level = desk.echo
            held = console.leads.pop(group)
            total += echoes(held, session.echo_frames, feedback, level, circular=loop)
        if desk.wobble_cents and group != "drums":
            total = _wobbled(total, desk.wobble_cents, session.seed, loop=loop)
        out[group] = total
    if not session.apart and len(out) > 1:
        drums = out.pop("drums")
        drums += out["mix"]
        return {"mix": drums}
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


def _drive(sound: Sound, amount: float) -> None:
    """A little saturation around the part's own level: a third harmonic near one per cent."""
    level = float(np.sqrt(np.mean(np.square(sound), dtype=np.float64))) * 6 + 1e-9
    sound *= np.float32(amount / level)
    np.tanh(sound, out=sound)
    sound *= np.float32(level / amount)


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
    # What is already wide is first narrowed towards its middle, or its far side would be lost.
    narrow = 0.5 * abs(pan)
    left, right = np.sqrt(2) * np.cos(angle), np.sqrt(2) * np.sin(angle)
    one, two = sound[:, 0], sound[:, 1]
    return beside(
        one * np.float32(left * (1 - narrow)) + two * np.float32(left * narrow),
        two * np.float32(right * (1 - narrow)) + one * np.float32(right * narrow),
    )


def _kick_onsets(score: Score, pace: float, frames: int, *, loop: bool) -> list[int]:
    onsets = {
        stroke.onset
        for part in score.parts
        if part.plan.group == "drums"
        for stroke in strokes_of(part, pace, frames, loop=loop)
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
    if not loop:
        moved -= moved[0]
    before = np.floor(moved).astype(np.int64)
    between = (moved - before).astype(np.float32)
    before += np.arange(frames)
    after = before + 1
    if loop:
        before %= frames
        after %= frames
    else:
        np.clip(before, 0, frames - 1, out=before)
        np.clip(after, 0, frames - 1, out=after)
    out = blank(frames)
    for side in (0, 1):
        here = sound[:, side][before]
        out[:, side] = here + (sound[:, side][after] - here) * between
    return out


# --- the end ------------------------------------------------------------------------------------


def _at_mix_level(groups: dict[str, Sound], *, loop: bool) -> dict[str, Sound]:
    if not groups:
        return groups
    gain = np.float32(10 ** ((MIX_LUFS - _loudness(_sum(groups), loop=loop)) / 20))
    for one in groups.values():
        one *= gain
    return groups


def _sum(groups: dict[str, Sound]) -> Sound:
    if len(groups) == 1:
        return next(iter(groups.values()))
    total = blank(len(next(iter(groups.values()))))
    for name in sorted(groups):
        total += groups[name]
    return total


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
    tail = max(int(0.05 * SAMPLE_RATE), 1)
    mix = _sum({name: one[-tail:] for name, one in groups.items()})
    ended = float(np.sqrt(np.mean(mix.astype(np.float64) ** 2)))
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
    for one in groups.values():
        one *= shape
    return groups
