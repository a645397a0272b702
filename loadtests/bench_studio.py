"""Candidate minutes a second that whole studios make on this machine, composed to encoded.

``python -m loadtests.bench_studio`` lets a studio make briefs of four candidates of a minute, as
many at once as it has sessions, with players beside it for what is heard. Every line of the table
is another way to share the machine out: studios (processes of their own), sessions and players of
each. The first is the reference. What a GPU did meanwhile is told where there is one (``--provider
CUDAExecutionProvider``). No queue and no store: what they cost is said by `bench_gateway`.
"""

import argparse
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

os.environ.setdefault("OMP_NUM_THREADS", "1")

from engine.compose.seats import Seat
from engine.contracts import Brief, RetractedTake
from engine.render.banks import find
from engine.settings import StudioSettings
from engine.studio.players import Players
from engine.studio.rooms import Rooms, furnish
from engine.studio.session import perform
from engine.studio.stage import Stage, Threads
from engine.weights import CPU
from engine.words import resolve
from loadtests.accelerator import Watched

STYLES = ("rock", "lofi", "orchestral_epic", "house_edm", "solo_piano", "jazz_trio")
CANDIDATES, SECONDS = 4, 60


def main() -> int:
    """Print a line for every way."""
    given = _arguments()
    if given.way:
        return _studio(given, *map(int, given.way.split(",")))
    print(f"| studios | sessions | players | candidate minutes/s | to the first | the GPU |\n"
          f"|{'---|' * 6}")  # fmt: skip
    first = 0.0
    for way in given.ways:
        with Watched() as gpu:
            made = _opened(given, way)
        first = first or made
        studios, sessions, players = way.split(",")
        print(f"| {studios} | {sessions} | {players} | {made:.2f} | {made / first:.2f} "
              f"| {gpu.words} |", flush=True)  # fmt: skip
    return 0


def _opened(given: argparse.Namespace, way: str) -> float:
    """Candidate minutes a second of some studios that begin together, once all are warm."""
    studios, sessions, players = way.split(",")
    command = [
        sys.executable, "-m", "loadtests.bench_studio", "--provider", given.provider,
        "--briefs", str(given.briefs), "--way", f"{sessions},{players}",
    ]  # fmt: skip
    open_ = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(int(studios))
    ]
    for one in open_:
        assert one.stdout is not None
        if one.stdout.readline() != "warm\n":
            raise SystemExit("a studio could not begin: see above")
    began = time.perf_counter()
    for one in open_:
        assert one.stdin is not None
        one.stdin.close()
    made = sum(float(one.stdout.read()) for one in open_ if one.stdout)
    spent = time.perf_counter() - began
    for one in open_:
        one.wait()
    return made / spent


def _studio(given: argparse.Namespace, sessions: int, players: int) -> int:
    """One studio: gets warm, waits for the others, makes its briefs, says how many minutes."""
    rooms = furnish(StudioSettings(database_url="", store="", provider=given.provider))
    bank = find()
    stage: Stage = Players(bank, None, players) if players else Threads(bank)
    with closing(stage):
        for style in STYLES[: min(sessions, len(STYLES))]:
            _made(rooms, stage, style, 1)
        print("warm", flush=True)
        sys.stdin.read()
        with ThreadPoolExecutor(sessions) as desks:
            briefs = [(STYLES[at % len(STYLES)], 100 + at) for at in range(given.briefs * sessions)]
            made = sum(desks.map(lambda one: _made(rooms, stage, *one), briefs))
        print(made * SECONDS / 60, flush=True)
    rooms.composer.close()
    return 0


def _made(rooms: Rooms, stage: Stage, style: str, seed: int) -> int:
    """How many candidates of a brief were good enough to offer."""
    asked = Brief(kind="bed", style=style, duration_ms=SECONDS * 1000, candidates=CANDIDATES)
    made = perform(
        resolve(asked, seed), seed, rooms, label=str, tell=lambda _: None, stage=stage,
        seat=Seat(account=style),
    )  # fmt: skip
    return sum(not isinstance(one, RetractedTake) for one in made)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--provider", default=CPU)
    parser.add_argument("--ways", nargs="+", default=["1,1,0", "1,2,0"],
                        help="studios,sessions,players of each")  # fmt: skip
    parser.add_argument("--briefs", type=int, default=1, help="of every session")
    parser.add_argument("--way", help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
