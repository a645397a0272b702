"""The figures of the sound, measured and judged: speed, memory, files, stems, loops, durations.

``python -m loadtests.bench_sound`` measures everything; ``--only loops --count 100`` a part of it,
``--quick`` a few of everything. Scores are composed once and kept in ``--scores``, a folder of the
run unless it is named. Exits 1 where a figure misses.

Speed is CPU seconds in a process of its own on one core; "cold" is the first piece of the process,
"warm" the mean of two other takes of the same style after it, "again" the last one once more.
Whether four candidates are ready in time is told by the clock, so on a busy machine it may miss.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
from msgspec import Struct

from engine.render.desk import NARROW
from loadtests import sound_files, sound_loops
from loadtests.sound_pieces import STYLES, Library
from loadtests.sound_speed import asked

FIVE = ("house_edm", "orchestral_epic", "rock", "lofi", "jazz_trio")
REAL_TIME = 60.0
CANDIDATES_S = 3.0
MEMORY_MB = 1200.0
START_S = 2.0
LOUDNESS_LU = 0.3
REACH_KHZ = 15.0
STEMS_DB = -80.0


class Figure(Struct, frozen=True, kw_only=True):
    """One row of the table."""

    name: str
    asked: str
    measured: str
    met: bool


class Run(Struct, frozen=True, kw_only=True):
    """What one run of the bench was told."""

    library: Library
    seconds: int
    count: int | None
    quick: bool
    styles: tuple[str, ...]
    seed: int

    def of(self, whole: int, few: int) -> int:
        """How many to measure."""
        return self.count or (few if self.quick else whole)


def main() -> int:
    """Print the table; 1 where a figure misses."""
    given = _arguments()
    with tempfile.TemporaryDirectory() as folder:
        run = Run(
            library=Library(Path(given.scores or folder), given.bank),
            seconds=given.seconds,
            count=given.count,
            quick=given.quick,
            styles=tuple(given.styles.split(",")) if given.styles else (),
            seed=given.seed,
        )
        print(f"bank {run.library.bank.name}, load {os.getloadavg()[0]:.1f}")
        figures = [one for part in given.only or PARTS for one in PARTS[part](run)]
    print()
    for one in figures:
        verdict = "met" if one.met else "MISSED"
        print(f"{one.name:<52} {one.asked:>16}   {one.measured:<44} {verdict}")
    return 0 if all(one.met for one in figures) else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", action="append", choices=PARTS, help="may be given again")
    parser.add_argument("--count", type=int, help="how many files, loops or durations")
    parser.add_argument("--quick", action="store_true", help="a few of everything")
    parser.add_argument("--styles", help="ids with commas between them, for speed, reach and stems")
    parser.add_argument("--seconds", type=int, default=60, help="of a bed")
    parser.add_argument("--bank", help="a sound font's path, or builtin; found where left out")
    parser.add_argument("--scores", help="a folder where composed scores are kept")
    parser.add_argument("--seed", type=int, default=5)
    return parser.parse_args()


def _shown(items: Iterable, line: Callable[..., str]) -> list:
    out = []
    for item in items:
        out.append(item)
        print(f"  {len(out):3d} {line(item)}", flush=True)
    return out


# --- speed and size -------------------------------------------------------------------------------


def _speed(run: Run) -> list[Figure]:
    styles = run.styles or (FIVE[:2] if run.quick else FIVE)
    out = []
    for style in styles:
        found = asked("speed", run.library.folder, run.library.bank_name, style, str(run.seconds))
        cold, *warm, again = ([run.seconds / sum(lap[:2]), *lap] for lap in found["laps"])
        mean = run.seconds / np.mean([sum(lap[1:3]) for lap in warm])
        steps = np.mean([lap[1:] for lap in warm], axis=0)
        print(
            f"  {style:18s} cold {cold[0]:5.1f}, warm {mean:5.1f}, again {again[0]:5.1f} x;"
            f" warm: render {steps[0]:.2f}, master {steps[1]:.2f}, hearing {steps[2]:.2f} s; "
            f"notes {found['notes']}",
            flush=True,
        )
        out.append(
            Figure(
                name=f"render + mix + master of {run.seconds} s, one core, {style}",
                asked=f">= {REAL_TIME:.0f} x",
                measured=f"{mean:.1f} x (cold {cold[0]:.1f} x, again {again[0]:.1f} x)",
                met=bool(mean >= REAL_TIME),
            )
        )
    return out


def _candidates(run: Run) -> list[Figure]:
    out = []
    for style in run.styles or (FIVE[:1] if run.quick else FIVE[:3]):
        found = asked("candidates", run.library.folder, run.library.bank_name, style)
        clock, cpu = found["clock_s"], found["cpu_s"]
        out.append(
            Figure(
                name=f"4 candidates of 60 s, two cores, {style}",
                asked=f"<= {CANDIDATES_S:.0f} s",
                measured=f"{clock:.2f} s by the clock, {cpu:.2f} s of CPU",
                met=clock <= CANDIDATES_S,
            )
        )
    return out


def _memory(run: Run) -> list[Figure]:
    folder, bank = run.library.folder, run.library.bank_name
    asked("memory", folder, bank, FIVE[0])  # what a first start converts, a warm one finds
    found = asked("memory", folder, bank, FIVE[0])
    clock, cpu = found["start_s"]
    return [
        Figure(
            name="memory of a studio with its bank",
            asked=f"<= {MEMORY_MB:.0f} MB",
            measured=f"{found['before_mb']:.0f} MB; {found['after_mb']:.0f} after two beds, "
            f"at most {found['peak_mb']:.0f}",
            met=found["peak_mb"] <= MEMORY_MB,
        ),
        Figure(
            name="warm start of a studio",
            asked=f"<= {START_S:.0f} s",
            measured=f"{clock:.2f} s by the clock, {cpu:.2f} s of CPU",
            met=clock <= START_S,
        ),
    ]


# --- files ----------------------------------------------------------------------------------------


def _file_line(one: sound_files.File) -> str:
    return (
        f"{one.loudness_error:+6.2f} LU, {one.peak_over_db:+6.2f} dB, "
        f"{one.frames_error:+d} frames  {one.what}  {one.detail}"
    )


def _loudness(run: Run) -> list[Figure]:
    count = run.of(200, 24)
    found = _shown(
        sound_files.read_back(run.library, sound_files.briefs(count, run.seed), run.seed),
        _file_line,
    )
    honest = [one for one in found if one.passed]
    off = [one for one in honest if abs(one.loudness_error) > LOUDNESS_LU]
    over = [one for one in found if one.peak_over_db > 0]
    worst = max((abs(one.loudness_error) for one in honest), default=0.0)
    highest = max(one.peak_over_db for one in found)
    return [
        Figure(
            name=f"loudness error of {count} files",
            asked=f"<= {LOUDNESS_LU} LU",
            measured=f"{worst:.2f} LU at worst, {len(off)} over; "
            f"{count - len(honest)} said they could not",
            met=not off,
        ),
        Figure(
            name=f"true peak over the asked, {count} files",
            asked="0 files",
            measured=f"{len(over)} files; the nearest at {highest:+.3f} dB",
            met=not over,
        ),
        _lengths(f"length of {count} files", found),
    ]


def _durations(run: Run) -> list[Figure]:
    count = run.of(60, 12)
    asked_for = sound_files.durations(count, run.seed)
    found = _shown(sound_files.read_back(run.library, asked_for, run.seed), _file_line)
    return [_lengths(f"{count} durations from 0.2 s to 10 min", found)]


def _lengths(name: str, found: list[sound_files.File]) -> Figure:
    wrong = [one for one in found if one.frames_error]
    return Figure(
        name=name, asked="0 frames off", measured=f"{len(wrong)} files off", met=not wrong
    )


def _reach(run: Run) -> list[Figure]:
    styles = run.styles or tuple(one for one in STYLES if not run.quick or one in FIVE)
    found = _shown(
        ((one, sound_files.reach_khz(run.library, one, run.seed, 24)) for one in styles),
        lambda one: f"{one[0]:20s} {one[1]:5.1f} kHz{' (narrow)' if one[0] in NARROW else ''}",
    )
    full = {style: reach for style, reach in found if style not in NARROW}
    low = sorted(full, key=lambda style: full[style])[0] if full else ""
    under = [style for style, reach in full.items() if reach < REACH_KHZ]
    return [
        Figure(
            name=f"highest frequency within 60 dB, {len(full)} full-band styles",
            asked=f">= {REACH_KHZ:.0f} kHz",
            measured=f"lowest {full.get(low, 0):.1f} kHz ({low}); under: {len(under)}",
            met=not under,
        )
    ]


def _stems(run: Run) -> list[Figure]:
    found = _shown(
        (
            (one, *sound_files.stem_residuals_db(run.library, one, run.seed, 16))
            for one in run.styles or FIVE
        ),
        lambda one: f"{one[0]:20s} {one[1]:.0f} dBFS, as 24-bit files {one[2]:.0f}",
    )
    worst = max(max(one[1:]) for one in found)
    return [
        Figure(
            name=f"sum of the stems against the master, {len(found)} styles",
            asked=f"<= {STEMS_DB:.0f} dBFS",
            measured=f"{worst:.0f} dBFS at the loudest sample of 24-bit files",
            met=worst <= STEMS_DB,
        )
    ]


def _loops(run: Run) -> list[Figure]:
    count = run.of(100, 10)
    found = _shown(
        sound_loops.seams(run.library, sound_loops.briefs(count, run.seed), run.seed),
        lambda one: (
            f"flux {one.added[0]:+5.1f} (usual {one.usual[0]:4.1f}) dB, jump {one.added[1]:+5.1f} "
            f"(usual {one.usual[1]:4.1f}) dB, calmer lines {one.rank[0]:.0%} and {one.rank[1]:.0%},"
            f" over all {one.beyond[0]:+.1f} and {one.beyond[1]:+.1f} dB"
            f"  {one.what}{'  WORSE' if one.worse else ''}"
        ),
    )
    worse = [one for one in found if one.worse]
    ranks = np.median([one.rank for one in found], axis=0)
    return [
        Figure(
            name=f"seams of {count} loops worse than their median bar line",
            asked="0 loops",
            measured=f"{len(worse)} loops; a seam is rougher than {ranks[0]:.0%} (flux) and "
            f"{ranks[1]:.0%} (level) of its loop's lines",
            met=not worse,
        )
    ]


PARTS: dict[str, Callable[[Run], list[Figure]]] = {
    "speed": _speed,
    "candidates": _candidates,
    "memory": _memory,
    "loudness": _loudness,
    "reach": _reach,
    "stems": _stems,
    "loops": _loops,
    "durations": _durations,
}

if __name__ == "__main__":
    sys.exit(main())
