"""The composer: plans in, lines out, bar by bar, with the panel reading along.

Every note is sampled from the network. What the plan and the craft want (chord tones on strong
beats, the motif again, a breath at a phrase's end, no leap beyond an octave) is added to its logits
as a bias; what cannot be (outside the range, beyond the bar line) is masked. The sections of all
takes share each step of the network as rows of a batch, a section that is like another one as soon
as that one is written; a row's result never depends on its neighbours.
"""

import hashlib
import os
import weakref
from collections.abc import Collection, Sequence
from pathlib import Path

from msgspec import Struct

from engine.compose.call import BarRater, BarsKept, Call, Manner
from engine.compose.cast import LINES
from engine.compose.choosing import MIN_P
from engine.compose.codes import DRUMS, ROLES
from engine.compose.desk import GOOD_ENOUGH, Desk
from engine.compose.floor import Floor
from engine.compose.given import Given, fixed
from engine.compose.network import DURATIONS, GRAPH, Network
from engine.compose.seats import Seat
from engine.compose.take import Take
from engine.contracts import Plan, Rewrite
from engine.errors import Stopped
from engine.score import Line
from engine.weights import CPU, manifest_of, verified

__all__ = ["GOOD_ENOUGH", "PACKAGED", "TRIES", "BarRater", "Composer", "Composition", "Seat"]

PACKAGED = Path(__file__).resolve().parent.parent / "models" / "composer"
GPU_GRAPH = "composer-gpu.onnx"  # half precision, where the manifest names it
ROWS, DEVICE_ROWS = 24, 64  # that share a step of a desk: on a CPU, on a device
SEAT = Seat()
MOST_DESKS = 4  # Python itself is one at a time: more would wait for each other
TRIES = 4  # of one bar
TEMPERATURE = 1.0
"""Measured on 44 briefs of all styles (`engine report arrangement`), with the smallest share of a
likelihood that is drawn and with what the craft adds to it:

| craft | temperature | smallest share | notes on the chord | energy | same section, AUC |
|---|---|---|---|---|---|
| as for a weaker network | 0.9 | 0.04 | 98.5 % | 0.926 | 0.893 |
| a third of its steps, half of its chord tones | 1.0 | 0.01 | 99.1 % | 0.926 | 0.928 |
| the same, and a third of its pace | 1.0 | 0.01 | 98.9 % | 0.900 | 0.944 |
| no steps or chord tones, a third of its pace | 1.0 | 0.01 | 99.2 % | 0.900 | 0.935 |

Under the plans of 150 works by people the intervals, durations, onsets and chords of what the
network writes alone come nearest to theirs at this temperature too.
"""


class Composition(Struct, frozen=True, kw_only=True):
    """What was written for one plan. ``steps`` counts the network's, rewrites included."""

    lines: tuple[Line, ...]
    rewrites: tuple[Rewrite, ...]
    steps: int


class Composer:
    """The trained weights, ready to write; any number of threads may ask it at once.

    It has as many ``desks`` as there are cores where nothing is said, one on a device, each with a
    thread of its own, ``rows`` that share every step, and slots for them that are allocated here;
    ``threads`` work on a step of a desk. Threads begin with the first call, and end when the
    composer is closed, or forgotten.
    """

    def __init__(
        self,
        models: Path | None = None,
        *,
        desks: int | None = None,
        rows: int | None = None,
        threads: int = 1,
        provider: str = CPU,
    ) -> None:
        folder = models or PACKAGED
        manifest = manifest_of(folder, "composer", told=("name", "files"))
        self.name: str = manifest["name"]
        self.digest: str = hashlib.sha256(
            "".join(sorted(manifest["files"].values())).encode()
        ).hexdigest()
        graph = graph_for(provider, manifest["files"])
        for file in sorted({graph, DURATIONS, *manifest["files"]}):
            verified(folder / file, manifest["files"].get(file))
        rows = rows or (ROWS if provider == CPU else DEVICE_ROWS)
        slots = max(2, rows)  # a row that is alone has an idle neighbour
        network = Network(folder, slots=slots, threads=threads, provider=provider, graph=graph)
        count = desks or (min(MOST_DESKS, _cores()) if provider == CPU else 1)
        self._floor = Floor(count, rows)
        self.desks = [
            Desk(network.twin() if number else network, self._floor, number)
            for number in range(count)
        ]
        self._floor.opened_by([desk.work for desk in self.desks])
        weakref.finalize(self, self._floor.shut, Stopped("the composer is no more"))

    def close(self) -> None:
        """Stop what is being written and end the desks' threads; nothing is written any more."""
        self._floor.close()

    def write(
        self,
        plans: Sequence[Plan],
        seeds: Sequence[int],
        *,
        given: Sequence[Given | None] | None = None,
        rate: BarRater | None = None,
        kept: BarsKept | None = None,
        temperature: float = TEMPERATURE,
        budget: float = 2.0,
        tries: int = TRIES,
        pull: float = 1.0,
        craft: bool = True,
        seat: Seat = SEAT,
    ) -> list[Composition]:
        """One composition per plan, the same whoever else has something written at the time.

        ``budget`` bounds the steps: times what one pass would take.

        What is ``given``, by `engine.compose.doors`, is read; the rest is written around it.
        ``tries`` bounds the versions of one bar. ``pull`` scales what the craft adds to the
        network's opinion of codes and of durations: at 0 only masks are left, breath and hits and
        cadences among them. Without ``craft`` these are gone too: the network writes alone, inside
        the bar lines and the ranges, at no pace it is told, all that it thinks possible.
        ``rate`` is asked, and ``kept`` is told of every bar that stays, from several threads,
        between two steps of all who write: both had better be quick.

        ``seat`` says for whom this is and when it is due. `Stopped` is raised, and rows are free
        before the next step, as soon as its ``stop`` says so; what ``rate`` or ``stop`` raise is
        raised here, and here alone. `DeviceLost` is raised to everybody, from then on.
        """
        manner = Manner(
            rate=rate, kept=kept, temperature=temperature, budget=budget, tries=tries,
            pull=pull if craft else 0.0, least=MIN_P if craft else 0.0,
        )  # fmt: skip
        takes = [
            Take(plan, seed, told, craft=craft, place=place)
            for place, (plan, seed, told) in enumerate(
                zip(plans, seeds, given or [None] * len(plans), strict=True)
            )
        ]
        self._have_written(takes, manner, seat)
        return [
            Composition(lines=take.lines(), rewrites=take.rewrites(), steps=take.steps)
            for take in takes
        ]

    def bits(self, plan: Plan, lines: Sequence[Line]) -> float:
        """Bits per note of given lines under this model, teacher-forced, at temperature 1.

        Drums do not count: they cannot be read back from their notes.
        """
        lines = [line for line in lines if line.role != ROLES[DRUMS]]
        silent = {part.role for part in plan.parts} - {line.role for line in lines}
        rests = [Line(role=role, notes=()) for role in LINES if role in silent]
        take = Take(plan, 0, fixed(plan, [*lines, *rests]))
        self._have_written([take], Manner(), SEAT)
        notes, told = sum(len(line.notes) for line in lines), {line.role for line in lines}
        return sum(line.bits for line in take.lines() if line.role in told) / max(1, notes)

    def _have_written(self, takes: list[Take], manner: Manner, seat: Seat) -> None:
        """Hand takes to the desks and wait until they are written."""
        call = Call(takes, manner, seat)
        call.refuse_stopped()
        self._floor.enter(call)
        try:
            call.wait()
        except BaseException as gone:
            self._floor.abandon(call, gone)
            raise


def graph_for(provider: str, files: Collection[str]) -> str:
    """The graph of an export that a provider runs: half precision off the CPU, where it has one."""
    return GPU_GRAPH if provider != CPU and GPU_GRAPH in files else GRAPH


def _cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1
