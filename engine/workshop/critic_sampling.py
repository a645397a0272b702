"""What the composer writes under the plans of people's works, in many manners.

``python -m engine.workshop.critic_sampling --works FILE --out FILE`` writes pieces at several
temperatures, with the craft's pull and without it, on two processes, so that whoever learns to tell
them from people's does not learn one setting. It stops when its time is up and says what it has.
"""

import argparse
import itertools
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import msgspec
from msgspec import Struct

from engine.compose.composer import Composer
from engine.workshop.critic_works import Side, passages
from engine.workshop.excerpts import Excerpt, excerpts_of

TEMPERATURES = (0.75, 0.85, 0.95, 1.05)
PULLS = (1.0, 0.0, 0.5)
AT_ONCE = 12


class Sample(Struct, frozen=True, kw_only=True):
    """A piece by the model beside the people's whose plan it was written under."""

    side: Side
    temperature: float
    pull: float
    people: Excerpt
    model: Excerpt


class _Job(Struct, frozen=True, kw_only=True):
    side: Side
    temperature: float
    pull: float
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
    manners = list(itertools.product(TEMPERATURES, PULLS))
    queues: list[Iterator[_Job]] = []
    for number, side in enumerate(by_side):
        every = by_side[side]
        count = min(pieces[side], len(every))
        chosen = [every[at * len(every) // count] for at in range(count)]
        queues.append(_of_side(side, chosen, manners, seed + 10_000_019 * number))
    for turn in itertools.zip_longest(*queues):
        yield from (job for job in turn if job is not None)


def _of_side(
    side: Side, chosen: Sequence[Excerpt], manners: list[tuple[float, float]], seed: int
) -> Iterator[_Job]:
    # Neighbours come from one work: each job takes plans from all over the list.
    jobs = -(-len(chosen) // AT_ONCE)
    for number in range(jobs):
        temperature, pull = manners[number * 5 % len(manners)]
        yield _Job(side=side, temperature=temperature, pull=pull, seed=seed + number * AT_ONCE,
                   people=list(chosen[number::jobs]))  # fmt: skip


_COMPOSER: list[Composer] = []  # of this process


def _written(job: _Job) -> list[Sample]:
    if not _COMPOSER:
        _COMPOSER.append(Composer())
    plans = [one.plan for one in job.people]
    made = _COMPOSER[0].write(
        plans, [job.seed + at for at in range(len(plans))], temperature=job.temperature,
        pull=job.pull,
    )  # fmt: skip
    return [
        Sample(side=job.side, temperature=job.temperature, pull=job.pull, people=people,
               model=Excerpt(plan=people.plan, lines=one.lines))
        for people, one in zip(job.people, made, strict=True)
    ]  # fmt: skip


def main() -> None:
    """Sample from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", type=Path, required=True, help="folder of the archives")
    parser.add_argument("--works", type=Path, required=True, help="passages, made where missing")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--budget", type=float, default=780.0, help="seconds")
    parser.add_argument("--pieces", type=int, default=1600)
    parser.add_argument("--seed", type=int, default=20261126)
    given = parser.parse_args()
    works = passages(given.corpus, given.works, Counter())
    by_side: dict[Side, Sequence[Excerpt]] = {
        side: excerpts_of([one for one in works if one.side == side])
        for side in ("critic", "judge", "held out", "ranker")
    }
    shares: dict[Side, float] = {"critic": 0.4, "judge": 0.25, "held out": 0.2, "ranker": 0.15}
    pieces: dict[Side, int] = {side: round(given.pieces * one) for side, one in shares.items()}
    found = sampled(by_side, pieces, given.seed, given.budget)
    save(found, given.out)
    print(Counter((one.side, one.temperature, one.pull) for one in found))


if __name__ == "__main__":
    main()
