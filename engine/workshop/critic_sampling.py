"""What the composer writes under the plans of people's works, in many manners.

Pieces are written at several temperatures, with the craft, without what it wishes, and by the
network alone, on two processes, so that whoever learns to tell them from people's does not learn
one manner.
"""

import itertools
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import msgspec
from msgspec import Struct

from engine.compose.composer import Composer
from engine.workshop.critic_works import Side
from engine.workshop.excerpts import Excerpt

AT_ONCE = 12


class Manner(Struct, frozen=True):
    """How the model writes: ``craft`` off is the network alone, ``pull`` scales what the craft
    wishes beside what it forbids."""

    temperature: float
    pull: float = 1.0
    craft: bool = True


MANNERS: tuple[Manner, ...] = tuple(
    Manner(temperature, pull, craft)
    for pull, craft in ((1.0, False), (1.0, True), (0.0, True))
    for temperature in (0.85, 0.95, 1.05)
)


def told(manner: Manner) -> str:
    """A manner in words."""
    how = "as the studio" if manner.craft and manner.pull else "no pull"
    return f"{how if manner.craft else 'the network alone'}, {manner.temperature:g}"


class Sample(Struct, frozen=True, kw_only=True):
    """A piece by the model beside the people's whose plan it was written under."""

    side: Side
    manner: Manner
    people: Excerpt
    model: Excerpt


class _Job(Struct, frozen=True, kw_only=True):
    side: Side
    manner: Manner
    seed: int
    people: list[Excerpt]


def sampled(
    by_side: dict[Side, Sequence[Excerpt]],
    pieces: dict[Side, int],
    seed: int,
    budget_s: float,
    workers: int = 2,
) -> list[Sample]:
    """So many pieces of each side, by turns over sides and manners, or as many as time allows."""
    found: list[Sample] = []
    until = time.monotonic() + budget_s
    with ProcessPoolExecutor(workers) as pool:
        jobs = _jobs(by_side, pieces, seed)
        running = [pool.submit(_written, job) for job in itertools.islice(jobs, workers + 1)]
        while running:
            found += running.pop(0).result()
            if time.monotonic() < until:
                running += [pool.submit(_written, job) for job in itertools.islice(jobs, 1)]
    return found


def save(samples: Sequence[Sample], file: Path) -> None:
    """Keep samples."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(msgspec.msgpack.encode(list(samples)))


def read(file: Path) -> list[Sample]:
    """What `save` kept."""
    return msgspec.msgpack.decode(file.read_bytes(), type=list[Sample])


def _jobs(
    by_side: dict[Side, Sequence[Excerpt]], pieces: dict[Side, int], seed: int
) -> Iterator[_Job]:
    """Every side's plans, spread over its works, in every manner by turns."""
    queues: list[Iterator[_Job]] = []
    for number, side in enumerate(by_side):
        every = by_side[side]
        count = min(pieces[side], len(every))
        chosen = [every[at * len(every) // count] for at in range(count)]
        queues.append(_of_side(side, chosen, seed + 10_000_019 * number))
    for turn in itertools.zip_longest(*queues):
        yield from (job for job in turn if job is not None)


def _of_side(side: Side, chosen: Sequence[Excerpt], seed: int) -> Iterator[_Job]:
    # Neighbours come from one work: each job takes plans from all over the list.
    jobs = -(-len(chosen) // AT_ONCE)
    for number in range(jobs):
        manner = MANNERS[number * 4 % len(MANNERS)]
        yield _Job(side=side, manner=manner, seed=seed + number * AT_ONCE,
                   people=list(chosen[number::jobs]))  # fmt: skip


_COMPOSER: list[Composer] = []  # of this process


def _written(job: _Job) -> list[Sample]:
    if not _COMPOSER:
        _COMPOSER.append(Composer())
    plans, manner = [one.plan for one in job.people], job.manner
    made = _COMPOSER[0].write(
        plans, [job.seed + at for at in range(len(plans))], temperature=manner.temperature,
        pull=manner.pull, craft=manner.craft,
    )  # fmt: skip
    return [
        Sample(side=job.side, manner=manner, people=people,
               model=Excerpt(plan=people.plan, lines=one.lines))
        for people, one in zip(job.people, made, strict=True)
    ]  # fmt: skip
