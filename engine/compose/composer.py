"""The composer: plans in, lines out, bar by bar, with the panel reading along.

Every note is sampled from the network. What the plan and the craft want (chord tones on strong
beats, the motif again, a breath at a phrase's end, no leap beyond an octave) is added to its logits
as a bias; what cannot be (outside the range, beyond the bar line) is masked. The sections of all
takes share each step of the network as rows of a batch, a section that is like another one as soon
as that one is written; a row's result never depends on its neighbours.
"""

import hashlib
import os
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from msgspec import Struct

from engine.compose.cast import LINES
from engine.compose.choosing import MIN_P
from engine.compose.codes import DRUMS, ROLES
from engine.compose.desk import GOOD_ENOUGH, ROWS, BarRater, Desk, Manner
from engine.compose.given import Given, fixed
from engine.compose.network import DURATIONS, GRAPH, Network
from engine.compose.take import Take
from engine.contracts import Plan, Rewrite
from engine.score import Line
from engine.weights import CPU, manifest_of, verified

__all__ = ["GOOD_ENOUGH", "PACKAGED", "TRIES", "BarRater", "Composer", "Composition"]

PACKAGED = Path(__file__).resolve().parent.parent / "models" / "composer"
GPU_GRAPH = "composer-gpu.onnx"  # half precision, where the manifest names it
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
    """The trained weights, ready to write. Not safe for two threads at once.

    Takes are shared out among ``desks``, each with slots and a thread of its own; as many as there
    are cores where nothing is said. ``threads`` work on each step of a desk.
    """

    def __init__(
        self,
        models: Path | None = None,
        *,
        desks: int | None = None,
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
        network = Network(folder, slots=ROWS, threads=threads, provider=provider, graph=graph)
        count = desks or (min(MOST_DESKS, _cores()) if provider == CPU else 1)
        self.desks = [Desk(network), *(Desk(network.twin()) for _ in range(count - 1))]

    def write(
        self,
        plans: Sequence[Plan],
        seeds: Sequence[int],
        *,
        given: Sequence[Given | None] | None = None,
        rate: BarRater | None = None,
        temperature: float = TEMPERATURE,
        budget: float = 2.0,
        tries: int = TRIES,
        pull: float = 1.0,
        craft: bool = True,
    ) -> list[Composition]:
        """One composition per plan. ``budget`` bounds the steps: times what one pass would take.

        What is ``given``, by `engine.compose.doors`, is read; the rest is written around it.
        ``tries`` bounds the versions of one bar. ``pull`` scales what the craft adds to the
        network's opinion of codes and of durations: at 0 only masks are left, breath and hits and
        cadences among them. Without ``craft`` these are gone too: the network writes alone, inside
        the bar lines and the ranges, at no pace it is told, all that it thinks possible.
        ``rate`` may be asked from several threads.
        """
        manner = Manner(
            rate=rate, temperature=temperature, budget=budget, tries=tries,
            pull=pull if craft else 0.0, least=MIN_P if craft else 0.0,
        )  # fmt: skip
        takes = [
            Take(plan, seed, kept, craft=craft)
            for plan, seed, kept in zip(plans, seeds, given or [None] * len(plans), strict=True)
        ]
        self._share(takes, manner)
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
        self.desks[0].write([take], Manner())
        notes, told = sum(len(line.notes) for line in lines), {line.role for line in lines}
        return sum(line.bits for line in take.lines() if line.role in told) / max(1, notes)

    def _share(self, takes: list[Take], manner: Manner) -> None:
        """Every desk writes its share of the takes."""
        shares = _shares(takes, len(self.desks))
        if len(shares) == 1:
            self.desks[0].write(shares[0], manner)
            return
        with ThreadPoolExecutor(len(shares), thread_name_prefix="desk") as threads:
            for done in [
                threads.submit(desk.write, share, manner)
                for desk, share in zip(self.desks, shares, strict=False)
            ]:
                done.result()


def graph_for(provider: str, files: Collection[str]) -> str:
    """The graph of an export that a provider runs: half precision off the CPU, where it has one."""
    return GPU_GRAPH if provider != CPU and GPU_GRAPH in files else GRAPH


def _cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1


def _shares(takes: list[Take], most: int) -> list[list[Take]]:
    """The takes in shares of about as much work each; none is empty, unless there is no take."""
    work = [sum(len(passage.slots) for passage in take.passages) for take in takes]
    shares: list[list[Take]] = [[] for _ in range(max(1, min(most, len(takes))))]
    loads = [0] * len(shares)
    for at in sorted(range(len(takes)), key=lambda at: -work[at]):
        lightest = loads.index(min(loads))
        shares[lightest].append(takes[at])
        loads[lightest] += max(1, work[at])
    return shares
