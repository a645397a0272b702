"""How fast and how large a studio is: each question asked in a process of its own, on one core.

Run as ``python -m loadtests.sound_speed PART FOLDER BANK …`` by the bench; prints one line of JSON.
The numeric libraries are told to use one thread before they are imported.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


def asked(part: str, folder: Path, bank: str | None, *more: str) -> dict:
    """The answer of a fresh process."""
    command = [sys.executable, "-m", "loadtests.sound_speed", part, str(folder), bank or "", *more]
    done = subprocess.run(
        command, env=os.environ | ONE_THREAD, check=True, capture_output=True, text=True
    )
    return json.loads(done.stdout.splitlines()[-1])


def _one_core() -> None:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def _speed(folder: Path, bank: str | None, style: str, seconds: str) -> dict:
    """CPU seconds of render, master and second hearing: the first piece of a process, then the
    others, then the last one again."""
    _one_core()
    from engine.contracts import Brief
    from engine.master.hearing import hear
    from loadtests.sound_pieces import RATE, Library, mastered, rendered

    library = Library(folder, bank)
    brief = Brief(kind="bed", style=style, duration_ms=int(seconds) * 1000, candidates=3)
    pieces = library.pieces(brief, 7, 3)
    laps = []
    for piece in [*pieces, pieces[-1]]:
        began = time.process_time()
        stems = rendered(piece, library.bank)
        played = time.process_time()
        done = mastered(piece, stems)
        finished = time.process_time()
        hear(done.audio, RATE)
        heard = time.process_time()
        laps.append((played - began, finished - played, heard - finished))
    return {"laps": laps, "notes": [sum(len(p.notes) for p in one.score.parts) for one in pieces]}


def _candidates(folder: Path, bank: str | None, style: str) -> dict:
    """Clock and CPU seconds of four candidates, two abreast as the studio plays them."""
    from concurrent.futures import ThreadPoolExecutor

    from engine.contracts import Brief
    from engine.master.hearing import hear
    from loadtests.sound_pieces import RATE, Library, Piece, mastered, rendered

    library = Library(folder, bank)
    brief = Brief(kind="bed", style=style, duration_ms=60_000, candidates=4)
    first, *pieces = library.pieces(brief, 11, 5)

    def played(piece: Piece) -> float:
        done = mastered(piece, rendered(piece, library.bank))
        return hear(done.audio, RATE)["lufs"]

    played(first)
    began, cpu = time.perf_counter(), time.process_time()
    with ThreadPoolExecutor(2) as players:
        list(players.map(played, pieces))
    return {"clock_s": time.perf_counter() - began, "cpu_s": time.process_time() - cpu}


def _memory(folder: Path, bank: str | None, style: str) -> dict:
    """Seconds until a studio is furnished, and its megabytes then and after two beds."""
    began, cpu = time.perf_counter(), time.process_time()
    from engine.settings import StudioSettings
    from engine.studio.rooms import furnish

    rooms = furnish(StudioSettings(database_url="", store="", bank=bank))
    start = (time.perf_counter() - began, time.process_time() - cpu)
    from engine.contracts import Brief
    from engine.memory import give_back_large_blocks
    from loadtests.sound_pieces import Library, mastered, rendered

    give_back_large_blocks()
    before = _megabytes()
    brief = Brief(kind="bed", style=style, duration_ms=60_000, candidates=4)
    for piece in Library(folder, bank).pieces(brief, 11, 5)[:2]:
        mastered(piece, rendered(piece, rooms.bank))
    return {"start_s": start, "before_mb": before, "after_mb": _megabytes(), "peak_mb": _peak_mb()}


def _megabytes() -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return float("nan")


def _peak_mb() -> float:
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


PARTS = {"speed": _speed, "candidates": _candidates, "memory": _memory}

if __name__ == "__main__":
    part, folder, bank, *more = sys.argv[1:]
    print(json.dumps(PARTS[part](Path(folder), bank or None, *more)))
