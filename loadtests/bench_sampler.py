"""One dense minute on the sampled bank: our player against FluidSynth, same notes, same font.

``python -m loadtests.bench_sampler [--bank FONT] [--no-conversion]``

FluidSynth is used only here, through its library: ``apt-get install libfluidsynth3`` (Debian,
Ubuntu), ``brew install fluid-synth`` (macOS). It plays all channels in one pass, without its
reverberation and chorus, at its usual quality; ours plays every part into a stem of its own. CPU
seconds are compared, loading the font is left out on both sides and shown below. Exits 1 where ours
is not three times as fast with its cache cold, where a process takes more than 1.2 GB or where it
takes more than 2 s to start with a converted font; 2 where something is missing.
"""

import argparse
import ctypes
import ctypes.util
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from engine.render import banks, sampled
from engine.render.notes import NOTES
from engine.render.sampler import pitching
from engine.render.strokes import Stroke

RATE, SECONDS = 48_000, 60
FRAMES = SECONDS * RATE
DRUMS = 128
RATIO, MOST_MB, MOST_START_S = 3.0, 1200, 2.0
Parts = list[tuple[int, list[Stroke]]]


def main() -> int:
    """Print the figures; see the module for the exit codes."""
    given = _arguments()
    if given.child:
        return _child(given.child, given.bank)
    bank = banks.find(given.bank)
    if bank.path is None:
        print("no sampled bank is installed: `python -m engine sounds fetch` brings one")
        return 2
    library = _fluid_library()
    if library is None:
        print(
            "FluidSynth is missing, so there is nothing to compare with. Install its library: "
            "`apt-get install libfluidsynth3` or `brew install fluid-synth`."
        )
        return 2
    parts = score()
    notes = sum(len(strokes) for _, strokes in parts)
    print(f"{bank.name}, {SECONDS} s, {notes} notes in {len(parts)} parts")
    cold, warm = _ours(bank.path, parts)
    load, play = _fluid(library, bank.path, parts)
    print(f"ours, cold cache   {cold:6.2f} s CPU   {SECONDS / cold:6.0f} x real time")
    print(f"ours, warm cache   {warm:6.2f} s CPU   {SECONDS / warm:6.0f} x real time")
    print(f"FluidSynth         {play:6.2f} s CPU   {SECONDS / play:6.0f} x real time")
    print(f"cold against FluidSynth {play / cold:5.1f} x, warm {play / warm:5.1f} x")
    start_s, memory_mb = _in_a_child("start", bank.path), _in_a_child("memory", bank.path)
    print(f"warm start         {start_s:6.2f} s by the clock (FluidSynth loads in {load:.2f} s)")
    print(f"process, all played {memory_mb:5.0f} MB at most")
    if given.conversion:
        with tempfile.TemporaryDirectory() as empty:
            seconds = _in_a_child("start", bank.path, XDG_CACHE_HOME=empty, TMPDIR=empty)
        print(f"first conversion   {seconds:6.2f} s by the clock")
    kept = play / cold >= RATIO and memory_mb <= MOST_MB and start_s <= MOST_START_S
    return 0 if kept else 1


def score() -> Parts:
    """Thirty bars at 120 in ten parts that never rest: (program, strokes), drums at 128."""
    dice = np.random.default_rng(7)
    beat = RATE // 2
    chords = (
        (45, 52, 57, 60, 64),
        (41, 48, 57, 60, 65),
        (36, 48, 55, 60, 64),
        (43, 50, 55, 59, 62),
    )
    parts: dict[int, list[Stroke]] = {}

    def strike(program: int, at: float, beats: float, pitch: int, velocity: int) -> None:
        late = int(dice.normal(0, 200))
        strength = int(np.clip(velocity + dice.normal(0, 9), 20, 120))
        onset = max(0, int(at * beat) + late)
        parts.setdefault(program, []).append(Stroke(onset, int(beats * beat), pitch, strength))

    for bar in range(SECONDS // 2):
        chord, start = chords[bar % 4], bar * 4
        for step in range(16):
            strike(0, start + step / 4, 0.5, chord[step % 4 + 1] + 12 * (step % 3 == 2), 78)
            strike(25, start + step / 4, 0.25, chord[(step * 3) % 4 + 1], 70)
            strike(46, start + step / 4, 1.0, chord[step % 5] + 12 * (step // 5), 66)
            strike(DRUMS, start + step / 4, 0.25, 42 if step % 4 != 2 else 46, 60 + 20 * (step % 2))
        for step in range(8):
            strike(33, start + step / 2, 0.45, chord[0] - 12 * (chord[0] > 43), 92)
            strike(73, start + step / 2, 0.6, chord[(bar + step * 2) % 4 + 1] + 12, 84)
            strike(11, start + step / 2, 1.5, chord[step % 4 + 1] + 12, 72)
        for note in chord[1:]:
            strike(48, start, 4.0, note, 80)
            strike(60, start, 1.9, note, 76)
            strike(60, start + 2, 1.9, note, 80)
            strike(71, start + 1, 2.5, note + 12, 68)
        for step in range(4):
            strike(DRUMS, start + step, 0.25, 36 if step % 2 == 0 else 38, 104)
    return sorted(parts.items())


def _ours(font: Path, parts: Parts) -> tuple[float, float]:
    """CPU seconds of all parts with nothing cached and with all notes cached: best of three."""
    _play(font, parts)
    cold, warm = [], []
    for _ in range(3):
        NOTES.clear()
        pitching.forget()
        cold.append(_cpu(lambda: _play(font, parts)))
        warm.append(_cpu(lambda: _play(font, parts)))
    return min(cold), min(warm)


def _play(font: Path, parts: Parts) -> float:
    peak = 0.0
    for program, strokes in parts:
        if program == DRUMS:
            sounds = list(sampled.play_kit(font, 0, strokes, FRAMES).values())
        else:
            sounds = [sampled.play_part(font, program, strokes, FRAMES)]
        peak = max(peak, *(float(sound[: RATE * 2].max()) for sound in sounds))
    if peak <= 0:
        raise SystemExit("ours was silent: nothing was measured")
    return peak


def _cpu(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def _fluid_library() -> ctypes.CDLL | None:
    name = ctypes.util.find_library("fluidsynth")
    return ctypes.CDLL(name) if name else None


def _fluid(library: ctypes.CDLL, font: Path, parts: Parts) -> tuple[float, float]:
    """FluidSynth's CPU seconds for loading the font and for playing all parts at once."""
    for maker in ("new_fluid_settings", "new_fluid_synth"):
        getattr(library, maker).restype = ctypes.c_void_p
    settings = ctypes.c_void_p(library.new_fluid_settings())
    library.fluid_settings_setnum(settings, b"synth.sample-rate", ctypes.c_double(RATE))
    for switch in (b"synth.reverb.active", b"synth.chorus.active"):
        library.fluid_settings_setint(settings, switch, 0)
    library.fluid_settings_setint(settings, b"synth.polyphony", 1024)
    synth = ctypes.c_void_p(library.new_fluid_synth(settings))
    began = time.process_time()
    if library.fluid_synth_sfload(synth, str(font).encode(), 1) < 0:
        raise SystemExit(f"FluidSynth cannot load {font}")
    events = _events(parts)
    for channel, (program, _) in enumerate(parts):
        number = 9 if program == DRUMS else channel
        if program != DRUMS:
            library.fluid_synth_program_change(synth, number, program)
    load = time.process_time() - began
    best = min(_fluid_pass(library, synth, events) for _ in range(3))
    library.delete_fluid_synth(synth)
    library.delete_fluid_settings(settings)
    return load, best


def _events(parts: Parts) -> list[tuple[int, int, int, int, int]]:
    """(frame, 0 off 1 on, channel, pitch, velocity) of all parts in order."""
    events = []
    for channel, (program, strokes) in enumerate(parts):
        number = 9 if program == DRUMS else channel
        for one in strokes:
            events.append((one.onset, 1, number, one.pitch, one.velocity))
            events.append((one.onset + one.frames, 0, number, one.pitch, 0))
    return sorted(event for event in events if event[0] < FRAMES)


def _fluid_pass(library: ctypes.CDLL, synth: ctypes.c_void_p, events: list) -> float:
    out = np.zeros((FRAMES, 2), np.float32)
    library.fluid_synth_all_sounds_off(synth, -1)
    began, at = time.process_time(), 0
    for frame, on, channel, pitch, velocity in [*events, (FRAMES, 0, 0, 0, 0)]:
        if frame > at:
            place = out.ctypes.data + at * 8
            left, right = ctypes.c_void_p(place), ctypes.c_void_p(place + 4)
            library.fluid_synth_write_float(synth, frame - at, left, 0, 2, right, 0, 2)
            at = frame
        if on:
            library.fluid_synth_noteon(synth, channel, pitch, velocity)
        else:
            library.fluid_synth_noteoff(synth, channel, pitch)
    took = time.process_time() - began
    if not out.any():
        raise SystemExit("FluidSynth was silent: nothing was measured")
    return took


def _in_a_child(what: str, font: Path, **environment: str) -> float:
    """A figure that only a fresh process can tell."""
    told = subprocess.run(
        [sys.executable, "-m", "loadtests.bench_sampler", "--child", what, "--bank", str(font)],
        check=True, capture_output=True, text=True, env={**os.environ, **environment},
    )  # fmt: skip
    return float(told.stdout.splitlines()[-1])  # what is logged comes before it


def _child(what: str, font: str) -> int:
    began = time.perf_counter()
    bank = banks.find(font)
    started = time.perf_counter() - began
    if what == "memory" and bank.path:
        _play(bank.path, score())
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    else:
        print(started)
    return 0


def _arguments() -> argparse.Namespace:
    given = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    given.add_argument("--bank", help="a sound font; the best installed one where not given")
    given.add_argument("--no-conversion", dest="conversion", action="store_false")
    given.add_argument("--child", help=argparse.SUPPRESS)
    return given.parse_args()


if __name__ == "__main__":
    sys.exit(main())
