"""Every door that takes MIDI files, tried with a folder of them in a process that may not grow.

``python midi_doors.py FOLDER`` prints what each door answered to each file, as JSON.
"""

import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

from engine.arrange.midi import write_midi
from engine.compose.doors import accompany, extend
from engine.contracts import Brief, Plan
from engine.critique import originality
from engine.errors import EngineError
from engine.midi.reading import read
from engine.plan import draw
from engine.score import Line
from engine.words import resolve
from engine.workshop import bits, own
from engine.workshop.index import lines_of

ROOM = 400 << 20  # bytes that the doors may take together, beyond what they are


def main(folder: Path) -> None:
    """Open the doors, close the room, and let every file in."""
    plan = draw(resolve(Brief(style="lofi", duration_ms=60_000), 3), 3, 1)[0]
    meter, index = bits.Meter(), originality.packaged()
    doors: dict[str, Callable[[bytes], object]] = {
        "bits": lambda content: _measured(meter, content),
        "accompany": lambda content: accompany(plan, _melody(content)),
        "extend": lambda content: extend(plan, _lines(plan, content), 4),
        "originality": lambda content: [index.longest_of(one) for one in lines_of(read(content))],
    }
    good = write_midi(next(own.scores(1, 1)))
    for door in doors.values():
        _answered(door, good)  # what a first call takes for good is not a file's doing
    taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (taken + ROOM, taken + ROOM))
    answers = [
        {"file": file.name, "door": name} | _answered(door, file.read_bytes())
        for file in sorted(folder.iterdir())
        for name, door in doors.items()
    ]
    print(json.dumps(answers))


def _answered(door: Callable[[bytes], object], content: bytes) -> dict[str, object]:
    began = time.process_time()
    refusal = None
    try:
        door(content)
    except EngineError as error:
        refusal = f"{type(error).__name__}: {error}"
    return {"refusal": refusal, "cpu_s": time.process_time() - began}


def _measured(meter: bits.Meter, content: bytes) -> None:
    found, _ = meter.windows(content)
    meter.measure(found)


def _melody(content: bytes) -> tuple:
    return next((track.notes for track in read(content).tracks), ())


def _lines(plan: Plan, content: bytes) -> list[Line]:
    """The tracks of a file as the plan's lines, in order."""
    roles = [part.role for part in plan.parts if part.role in ("lead", "bass", "counter")]
    tracks = read(content).tracks
    return [Line(role=role, notes=track.notes) for role, track in zip(roles, tracks, strict=False)]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
