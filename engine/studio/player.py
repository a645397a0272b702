"""One player: a process that is given takes and hands them back as files in a folder."""

import signal
import traceback
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path

from msgspec import Struct

from engine.contracts import Measured, Resolved, RetractedTake
from engine.memory import give_back_large_blocks
from engine.render.banks import find
from engine.sound import compiled
from engine.studio.playing import Sounded, play
from engine.studio.takes import Take

FIRST_TO_GO = "500"  # of 1000: when memory runs out, a player goes rather than its studio


class Order(Struct, frozen=True, kw_only=True):
    """A take to play, and the empty folder for its files."""

    resolved: Resolved
    take: Take
    folder: Path


class Filed(Struct, frozen=True, kw_only=True):
    """A take's sound, as ``master``, ``preview``, ``sheet`` and ``stem.<name>`` in its folder."""

    stems: tuple[str, ...]
    peaks: tuple[float, ...]
    measured: tuple[Measured, ...]
    laps: dict[str, float]


class Fault(Struct, frozen=True, kw_only=True):
    """A take that cannot be played; ``told`` is the traceback."""

    told: str


Answer = Filed | RetractedTake | Fault


def serve(studio: Connection, place: str | None) -> None:
    """Play what the studio sends until it is gone; first say which bank was found."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal tells all, the studio decides
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(FIRST_TO_GO)
    give_back_large_blocks()
    bank = find(place)
    compiled.ready()
    with suppress(EOFError, OSError):
        studio.send(bank.digest)
        while True:
            order: Order = studio.recv()
            try:
                answer = _filed(order, play(order.resolved, order.take, bank))
            except Exception:  # noqa: BLE001 - told to the studio, which knows whose take it was
                answer = Fault(told=traceback.format_exc())
            studio.send(answer)


def _filed(order: Order, sounded: Sounded | RetractedTake) -> Answer:
    if isinstance(sounded, RetractedTake):
        return sounded
    files = {"master": sounded.master, "preview": sounded.preview, "sheet": sounded.sheet}
    files |= {f"stem.{name}": content for name, content in sounded.stems.items()}
    for name, content in files.items():
        assert isinstance(content, bytes), "what is played here lies in memory"
        (order.folder / name).write_bytes(content)
    return Filed(
        stems=tuple(sounded.stems),
        peaks=sounded.peaks,
        measured=sounded.measured,
        laps=sounded.laps,
    )
