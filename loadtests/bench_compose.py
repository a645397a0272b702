"""Seconds per step and peak memory of composing one brief, against a reference from the same run.

``python loadtests/bench_compose.py --seconds 60 --candidates 4 --style lofi --bank builtin``

CPU seconds, not the clock's, are the figure to compare: they bear a busy machine better. The
reference is a plain numpy convolution of as much stereo noise with a room of 3.5 s, by one
transform over the whole length: what a straightforward program pays for its reverberation alone.
"""

import argparse
import resource
import sys
import time

import numpy as np

from engine.compose.composer import Composer
from engine.contracts import Brief, RetractedTake
from engine.queue.contracts import Progress
from engine.queue.events import Told
from engine.render.banks import find
from engine.studio.rooms import Rooms
from engine.studio.session import perform
from engine.words import resolve

SAMPLE_RATE = 48_000


def main() -> int:
    """Print the table; 1 when memory went over the promise."""
    given = _arguments()
    reference = _reference_s(given.seconds)
    brief = Brief(
        kind="bed",
        style=given.style,
        duration_ms=given.seconds * 1000,
        candidates=given.candidates,
        seed=given.seed,
    )
    resolved = resolve(brief, given.seed)
    began, cpu = time.perf_counter(), time.process_time()
    rooms = Rooms(composer=Composer(None), bank=find(given.bank))
    print(f"{given.style}, {given.seconds} s, {given.candidates} candidates, {rooms.bank.name}")
    print(f"start               {time.process_time() - cpu:7.2f} s CPU")
    steps: dict[str, float] = {}

    def told(progress: Progress | Told) -> None:
        if not isinstance(progress, Progress):
            return
        steps.setdefault(progress.step, time.process_time())

    made = 0
    for one in perform(resolved, given.seed, rooms, label=str, tell=told):
        if isinstance(one, RetractedTake):
            print(f"take {one.take} retracted: {one.reason}")
            continue
        made += 1
        laps = ", ".join(f"{name} {took:.2f}" for name, took in one.made.timings_s.items())
        print(f"candidate {one.made.number}: {laps} (seconds by the clock)")
    spent = time.process_time() - cpu
    audio = made * given.seconds
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    paper = steps["render"] - steps["plan"] if "render" in steps else 0.0
    print(f"plan and compose    {paper:7.2f} s CPU")
    print(
        f"everything          {spent:7.2f} s CPU, {time.perf_counter() - began:.2f} s by the clock"
    )
    print(f"per candidate       {spent / max(made, 1):7.2f} s CPU, {audio / spent:.1f} x real time")
    print(f"reference           {reference:7.2f} s CPU; a candidate costs "
          f"{spent / max(made, 1) / reference:.1f} of it")  # fmt: skip
    print(f"peak memory         {peak_mb:7.0f} MB")
    return 0 if peak_mb < given.most_mb else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--candidates", type=int, default=4)
    parser.add_argument("--style", default="lofi")
    parser.add_argument("--bank", default="builtin")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--most-mb", type=float, default=1500.0)
    return parser.parse_args()


def _reference_s(seconds: int) -> float:
    """CPU seconds of the reference, at most a minute of sound at a time."""
    length = min(seconds, 60) * SAMPLE_RATE
    rng = np.random.default_rng(0)
    sound = rng.standard_normal((2, length), np.float32)
    room = rng.standard_normal((2, int(3.5 * SAMPLE_RATE)), np.float32)
    began = time.process_time()
    size = 1 << (length + room.shape[1]).bit_length()
    np.fft.irfft(np.fft.rfft(sound, n=size) * np.fft.rfft(room, n=size), n=size)
    return (time.process_time() - began) * seconds * SAMPLE_RATE / length


if __name__ == "__main__":
    sys.exit(main())
