"""Four candidates of a minute as a studio makes them: composed, rendered, mastered, heard, written.

``python -m loadtests.bench_candidates house_edm rock`` prints seconds by the clock and of CPU, the
second of two briefs of a process, and a digest of all files. It judges nothing.
"""

import hashlib
import os
import sys
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")

from engine.contracts import Brief, RetractedTake
from engine.settings import StudioSettings
from engine.studio.rooms import Rooms, furnish
from engine.studio.session import perform
from engine.words import resolve


def main() -> None:
    """A line for every style."""
    rooms = furnish(StudioSettings(database_url="", store="", bank=None))
    for style in sys.argv[1:] or ["house_edm", "rock", "orchestral_epic", "jazz_trio"]:
        _made(style, 12, rooms)
        began, cpu = time.perf_counter(), time.process_time()
        digest = _made(style, 11, rooms)
        clock, cpu = time.perf_counter() - began, time.process_time() - cpu
        print(f"{style:18s} {clock:6.2f} s by the clock, {cpu:6.2f} s of CPU, {digest}, "
              f"load {os.getloadavg()[0]:.1f}", flush=True)  # fmt: skip


def _made(style: str, seed: int, rooms: Rooms) -> str:
    brief = resolve(Brief(kind="bed", style=style, duration_ms=60_000, candidates=4), seed)
    files = hashlib.sha256()
    for one in perform(brief, seed, rooms, label=str, tell=lambda _: None):
        if not isinstance(one, RetractedTake):
            for content in (one.master, one.preview, one.evaluation, one.midi):
                files.update(content)
    return files.hexdigest()[:12]


if __name__ == "__main__":
    main()
