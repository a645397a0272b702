"""An ambience becomes sound that goes round: every texture and tone is periodic in the file.

Nothing is struck at the joint and nothing dies there, so there is no seam to hide. The recipes are
those of the sound designer's book, §1.3.11 and §1.3.12; `engine.sound.textures` makes the beds.
"""

import zlib
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from engine.render.desk import desk_for
from engine.render.mixing import Stems
from engine.render.space import response
from engine.render.strokes import Stroke
from engine.render.synth import player
from engine.score import Part, Score, seconds_per_tick
from engine.sound import textures
from engine.sound.filters import convolve, fold, middle
from engine.sound.textures import SAMPLE_RATE, band, drops, gained, movement, noise

Sound = NDArray[np.floating]
Dice = np.random.Generator

MIX_RMS = 0.08
LEVELS_DB = {"pad": 0.0, "bass": -7.0, "lead": -13.0, "fx": -2.0}
ALONE_DB = 0.0
HARMONICS = 6
TAIL_S = 9.0


def render(score: Score, *, frames: int, seed: int, apart: bool = True) -> Stems:
    """Play an ambience: exactly ``frames`` frames at 48 kHz that go round for ever."""
    period = textures.period(frames)
    groups: dict[str, Sound] = {}
    together = sum(bool(part.notes) for part in score.parts) > 1
    for part in score.parts:
        if not part.notes:
            continue
        group = part.plan.group
        level = LEVELS_DB[part.plan.role] if together else ALONE_DB
        sound = _played(part, score, period, seed)
        sound *= np.float32(MIX_RMS / textures.LEVEL * 10 ** (level / 20))
        into = group if apart else "mix"
        groups[into] = groups[into] + sound if into in groups else sound
    return Stems(
        sample_rate=SAMPLE_RATE,
        groups={name: _repeated(sound, frames) for name, sound in groups.items()},
        style=score.plan.style,
        kind=score.plan.kind,
        loop=True,
    )


def _repeated(sound: Sound, frames: int) -> Sound:
    return sound if len(sound) == frames else np.tile(sound, (frames // len(sound), 1))


def _played(part: Part, score: Score, frames: int, seed: int) -> Sound:
    patch = part.plan.patch or ""
    rng = np.random.default_rng([seed % 2**63, zlib.crc32(f"{part.plan.role}/{patch}".encode())])
    if part.plan.role == "lead":
        return _bells(part, score, frames)
    if patch.startswith("bed_"):
        return textures.levelled(_BEDS[patch.removeprefix("bed_")](frames, rng))
    frequencies = [440.0 * 2 ** ((note.pitch - 69) / 12) for note in part.notes]
    return textures.levelled(_GROUNDS[patch](frames, frequencies, rng))


# --- tones ----------------------------------------------------------------------------------------


def _partials(frequencies: list[float], count: int) -> list[float]:
    return [f * n for f in frequencies for n in range(1, count + 1) if f * n < 6000]


def _resonator(frames: int, frequencies: list[float], rng: Dice) -> Sound:
    """Air that blows over tuned pipes: noise through narrow resonances."""
    pitches = _partials(frequencies, HARMONICS)
    return _breathing(noise(frames, textures.resonances(pitches, 170, 5.0), rng), rng, 2.0)


def _glass(frames: int, frequencies: list[float], rng: Dice) -> Sound:
    """Clear partials that each come and go by themselves."""
    pitches = _partials(frequencies, 4)
    levels = [0.5 ** np.log2(max(1.0, pitch / min(frequencies))) for pitch in pitches]
    clear = textures.tones(frames, pitches, levels, rng)
    air = noise(frames, textures.resonances(pitches, 240, 4.0), rng)
    return _breathing(clear * np.float32(0.8) + air * np.float32(0.35), rng, 2.0)


def _drone(frames: int, frequencies: list[float], rng: Dice) -> Sound:
    """A low tone with many partials, dull and slowly turning."""
    pitches = _partials(frequencies, 12)
    levels = [(min(frequencies) / pitch) ** 1.2 for pitch in pitches]
    tone = textures.tones(frames, pitches, levels, rng)
    rumble = noise(frames, band(30, 180, -3), rng)
    return _breathing(tone + rumble * np.float32(0.12), rng, 2.0)


def _breathing(sound: Sound, rng: Dice, depth_db: float) -> Sound:
    """A level that rises and falls a little, as breath does: about ten times a minute."""
    curve = movement(len(sound), 6.0, rng)[0]
    return gained(sound, np.clip(curve, -1.5, 1.5) * depth_db / 2)


_GROUNDS: dict[str, Callable[[int, list[float], Dice], Sound]] = {
    "air_resonator": _resonator,
    "air_glass": _glass,
    "air_drone": _drone,
}


def _bells(part: Part, score: Score, frames: int) -> Sound:
    """Strokes in a hall; what rings over the end is heard at the beginning."""
    pace = seconds_per_tick(score.plan.tempo, score.plan.meter) * SAMPLE_RATE
    strokes = [
        Stroke(round(note.start * pace), round(note.length * pace), note.pitch, note.velocity)
        for note in part.notes
        if note.start * pace < frames
    ]
    room = frames + int(TAIL_S * SAMPLE_RATE)
    dry = fold(player.play_part(part.plan.patch or "bowl_modal", strokes, room), frames)
    wet = convolve(middle(dry), response(desk_for("meditation", "loop").space), circular=True)
    return textures.levelled(dry + wet * np.float32(0.7))


# --- nature ---------------------------------------------------------------------------------------


def _rain(frames: int, rng: Dice) -> Sound:
    far = noise(frames, band(900, 9000, 1.5), rng)
    roof = noise(frames, band(120, 500), rng)
    fine = drops(frames, 60, (1500, 7000), (1.5, 5), rng)
    near = drops(frames, 4, (900, 3500), (3, 9), rng)
    parts = ((far, 0.0), (roof, -11.0), (fine, -7.0), (near, -13.0))
    return gained(_sum(parts), movement(frames, 9.0, rng)[0] * 0.6)


def _wind(frames: int, rng: Dice) -> Sound:
    """Three bands that hand the gust on to one another; the higher, the stronger."""
    gust = movement(frames, 7.0, rng)[0] * 0.5
    total = np.zeros((frames, 2), np.float32)
    for place, centre in ((-0.7, 260.0), (0.0, 430.0), (0.8, 720.0)):
        heard = np.exp(-(((gust - place) / 0.55) ** 2)).astype(np.float32)
        whistle = textures.resonances((centre, centre * 1.7), 3.0, 8.0)
        total += noise(frames, whistle, rng) * heard[:, None]
    air = noise(frames, band(150, 2500, -4), rng)
    return gained(_sum(((total, 0.0), (air, -9.0))), np.clip(gust, -1, 1) * 2.5)


def _ocean(frames: int, rng: Dice) -> Sound:
    """Two trains of waves; each is dull as it comes and bright as it breaks."""
    total = np.zeros((frames, 2), np.float32)
    for seconds, level, turn in ((9.3, 1.0, 0.0), (13.1, 0.6, 0.4)):
        times = max(1, round(frames / SAMPLE_RATE / seconds))
        crest = np.roll(textures.swell(frames, times), round(turn * frames / times))
        dull = noise(frames, band(60, 420, -2), rng)
        bright = noise(frames, band(500, 6000, -2), rng)
        wave = dull * (0.5 + 0.5 * crest)[:, None] + bright * (0.75 * crest**2)[:, None]
        total += wave.astype(np.float32) * np.float32(level)
    return total


def _stream(frames: int, rng: Dice) -> Sound:
    bubbles = drops(frames, 45, (400, 1800), (8, 20), rng, glide=0.08)
    spray = drops(frames, 30, (1800, 5000), (2, 5), rng)
    bed = noise(frames, band(300, 3000, -1), rng)
    return _sum(((bubbles, 0.0), (spray, -12.0), (bed, -5.0)))


def _fire(frames: int, rng: Dice) -> Sound:
    crackle = drops(frames, 14, (1000, 5000), (0.6, 3), rng)
    pops = drops(frames, 0.6, (500, 1500), (3, 8), rng)
    bed = gained(noise(frames, band(70, 420, -3), rng), movement(frames, 1.3, rng)[0] * 1.2)
    hiss = noise(frames, band(1500, 7000), rng)
    return _sum(((bed, 0.0), (crackle, -11.0), (pops, -16.0), (hiss, -22.0)))


def _room(frames: int, rng: Dice) -> Sound:
    """Air that moves through a building, and its mains hum far away."""
    air = noise(frames, lambda f: band(40, 500, -3)(f) + 0.05 * band(500, 9000, -5)(f), rng)
    hum = textures.tones(frames, (50.0, 100.0, 150.0), (1.0, 0.6, 0.25), rng)
    return _sum(((air, 0.0), (hum, -24.0)))


def _sum(parts: tuple[tuple[Sound, float], ...]) -> Sound:
    total = np.zeros_like(parts[0][0])
    for sound, level in parts:
        total += sound * np.float32(10 ** (level / 20))
    return total


_BEDS: dict[str, Callable[[int, Dice], Sound]] = {
    "rain": _rain,
    "wind": _wind,
    "ocean": _ocean,
    "stream": _stream,
    "fire": _fire,
    "room": _room,
}
