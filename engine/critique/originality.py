"""How much of a take's melody stands in a work the composer learned from, or in a piece that
somebody else was given.

Melodies are compared as intervals, and by whether each note lasts shorter, longer or about as long
as the one before: key, tempo and how a rhythm is notated do not matter. Without rhythm the measure
finds mostly what nobody would call a quotation: of 500 composed pieces 70 then shared twelve notes
with a training work, with it 5; of 81 human works held out it was 53, and 47.

The index holds no melody that could be read back or played. Of every place in every training part
it keeps 64 bits: 16 of a hash of the first four intervals, then 6 for each of the next eight,
scrambled by a hash of what came before. Two places that agree in their first n intervals agree in
the bits up to there, so the longest agreement is found beside the place where a key would stand.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from msgspec import Struct

from engine.errors import ModelMissing
from engine.score import Line, Note
from engine.weights import manifest_of, verified

PACKAGED = Path(__file__).resolve().parent.parent / "models" / "composer"
MOST_NOTES = 12
"""A take that shares so many notes in a row with one training work is retracted."""

DISTINCT = 5
"""Runs of fewer different intervals are scales, trills and repeated notes: nobody's. A run of more
than 13 notes has as many in every 13 of them."""

NOBODYS = ("upper", "middle", "lower", "figure", "drums")
"""Roles that no work is known by: the harmony's held voices, its broken chords, and drums."""

REACH = 12  # intervals in a key
WIDEST = 10  # semitones; wider leaps count as these
SAME = 1.26  # times as long is about as long
_ALIKE = 1  # of 0 shorter, 1 about as long, 2 longer
_HEAD = 4  # intervals in the first hash
_HEAD_BITS, _STEP_BITS = 16, 6
_END = 3 * (2 * WIDEST + 1)  # the line is over
_MIX = np.uint64(0x9E3779B97F4A7C15)
_SIGN = np.uint64(1 << 63)
# Bits that lie behind the first n intervals of a key, for n = 4 … 12.
_BEHIND = [np.uint64((REACH - n) * _STEP_BITS) for n in range(_HEAD, REACH + 1)]


class Finding(Struct, frozen=True, kw_only=True):
    """The longest run of a take that stands in another work.

    ``longest_run`` counts notes, 0 when no run has enough different intervals; ``work`` is the
    corpus and file where its beginning was found, empty for works without a name. It is never told
    too short: runs of more than 13 notes are put together from shorter ones that may stand in
    several works, and up to seven notes may be found by the chance of a hash.
    """

    longest_run: int = 0
    distinct_intervals: int = 0
    role: str = ""
    note: int = 0  # which note of the role's line it begins with, from 0
    work: str = ""

    @property
    def original(self) -> bool:
        """Whether it stays under the limit."""
        return self.longest_run < MOST_NOTES

    @property
    def reason(self) -> str:
        """Why a take with it is not offered; empty when it is."""
        if self.original:
            return ""
        return f"its {self.role} quotes {self.longest_run} notes of a training work ({self.work})"

    def facts(self, *, limited: bool = True) -> dict[str, Any]:
        """What a candidate's provenance says of it."""
        said = {"longest_run": self.longest_run, "distinct_intervals": self.distinct_intervals}
        return said | {"limit": MOST_NOTES} if limited else said


class Index:
    """The training parts' keys in order, and the work each stands in. Shared by threads."""

    def __init__(self, keys: np.ndarray, works: np.ndarray, names: Sequence[str]) -> None:
        self.keys, self.works, self.names = keys, works, tuple(names)

    def longest(self, lines: Iterable[Line]) -> Finding:
        """The longest shared run of all the lines that a work can be known by; of equals the
        first."""
        best = Finding()
        for line in (one for one in lines if one.role not in NOBODYS):
            found = self.longest_of(steps_of(line.notes), line.role)
            if found.longest_run > best.longest_run:
                best = found
        return best

    def longest_of(self, steps: np.ndarray, role: str = "") -> Finding:
        """The longest shared run of one line of steps."""
        if len(steps) < _HEAD or not len(self.keys):
            return Finding()
        lengths, where = self.matches(steps)
        leaps = steps // 3
        varied = [_distinct(leaps, *run) >= DISTINCT for run in enumerate(lengths.tolist())]
        reached = _chained(np.where(varied, lengths, 0))
        start = int(reached.argmax())
        if not reached[start]:
            return Finding()
        return Finding(
            longest_run=int(reached[start]) + 1,
            distinct_intervals=_distinct(leaps, start, int(reached[start])),
            role=role,
            note=start,
            work=self.names[self.works[where[start]]],
        )

    def matches(self, steps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """For every place of a line that can be looked up: shared intervals from it on, at most
        12, and the place in the index."""
        wanted = keys_of(steps)
        left = np.minimum(REACH, len(steps) - np.arange(len(wanted)))
        after = np.searchsorted(self.keys, wanted)
        best, where = np.zeros(len(wanted), np.int64), np.zeros(len(wanted), np.int64)
        for beside in (after, after - 1):
            place = np.clip(beside, 0, len(self.keys) - 1)
            agreed = np.minimum(_agreed(self.keys[place] ^ wanted), left)
            where = np.where(agreed > best, place, where)
            best = np.maximum(agreed, best)
        return best, where


@lru_cache(maxsize=2)
def packaged(folder: Path = PACKAGED) -> Index:
    """The index beside the weights; refuses one that their manifest does not name."""
    named = manifest_of(folder, "index").get("originality")
    if named is None:
        raise ModelMissing(
            f"the manifest in {folder} names no index of the training works; "
            f"python -m engine.workshop index makes it"
        )
    return read(verified(folder / named["file"], named["sha256"]))


def read(file: Path) -> Index:
    """An index as `write` wrote it."""
    with np.load(file, allow_pickle=False) as kept:
        keys = np.ascontiguousarray(kept["keys"].T).view(">u8")[:, 0].astype(np.uint64)
        return Index(keys, kept["works"], bytes(kept["names"]).decode().split("\n"))


def write(index: Index, file: Path) -> None:
    """Keep an index: its keys by planes of bytes, of which the first are nearly all alike."""
    planes = np.ascontiguousarray(index.keys.astype(">u8").view(np.uint8).reshape(-1, 8).T)
    names = np.frombuffer("\n".join(index.names).encode(), np.uint8)
    with file.open("wb") as out:
        np.savez_compressed(out, keys=planes, works=index.works, names=names)


def built(works: Iterable[tuple[str, Sequence[np.ndarray]]]) -> Index:
    """An index over works, each with the steps of its lines; of equal keys the first work.

    Places from which on nothing begins that could be somebody's are left out.
    """
    names, keys, owners = [], [], []
    for name, lines in works:
        found = [keys_of(steps)[_needed(steps) <= REACH] for steps in lines if len(steps) >= _HEAD]
        if not found:
            continue
        own = np.unique(np.concatenate(found))
        keys.append(own)
        owners.append(np.full(len(own), len(names), np.uint16))
        names.append(name)
    ordered, first = np.unique(np.concatenate(keys), return_index=True)
    return Index(ordered, np.concatenate(owners)[first], names)


class Runs(Struct, frozen=True, kw_only=True):
    """The places of some lines at which a run could begin that is long enough to be somebody's.

    ``keys`` in order, each once; ``first`` and ``last`` are the smallest and the largest key that
    agree with it in as many intervals as it takes until ``DISTINCT`` of them are different. What
    agrees in fewer is no run at all, so nobody need look further.
    """

    keys: np.ndarray  # (n,) uint64
    first: np.ndarray
    last: np.ndarray

    @property
    def signed(self) -> tuple[list[int], list[int], list[int]]:
        """The same for a database, which knows signed numbers only."""
        return signed(self.keys), signed(self.first), signed(self.last)


def runs_of(lines: Iterable[Line]) -> Runs:
    """Every place of some lines at which a run could begin."""
    keys, reach = [np.zeros(0, np.uint64)], [np.zeros(0, np.int64)]
    for line in lines:
        steps = steps_of(line.notes)
        needed = _needed(steps)
        varied = needed <= REACH
        keys.append(keys_of(steps)[varied])
        reach.append(needed[varied])
    found, at = np.unique(np.concatenate(keys), return_index=True)
    behind = ((REACH - np.concatenate(reach)[at]) * _STEP_BITS).astype(np.uint64)
    spread = (np.uint64(1) << behind) - np.uint64(1)
    return Runs(keys=found, first=found & ~spread, last=found | spread)


def signed(keys: np.ndarray) -> list[int]:
    """Keys as signed numbers in the same order."""
    return (keys ^ _SIGN).view(np.int64).tolist()


def unsigned(numbers: Sequence[int]) -> np.ndarray:
    """Keys from signed numbers."""
    return np.array(numbers, np.int64).view(np.uint64) ^ _SIGN


def among(keys: np.ndarray) -> Index:
    """An index over bare keys, of works that have no name."""
    ordered = np.unique(keys)
    return Index(ordered, np.zeros(len(ordered), np.uint16), [""])


def _needed(steps: np.ndarray) -> np.ndarray:
    """(n - 3,) how many intervals from each place on hold ``DISTINCT`` different ones; more than
    ``REACH`` where a key's intervals do not."""
    count = max(0, len(steps) - _HEAD + 1)
    leaps = np.concatenate([steps // 3, np.full(REACH, -1)])  # behind the line's end is nothing
    ahead = [leaps[place : place + count] for place in range(REACH)]
    seen, needed = np.zeros(count, np.int64), np.full(count, REACH + 1, np.int64)
    for place, here in enumerate(ahead):
        new = here >= 0
        for earlier in ahead[:place]:
            new &= here != earlier
        seen += new
        needed[new & (seen == DISTINCT)] = place + 1
    return needed


def steps_of(notes: Sequence[Note], *, top: bool = True) -> np.ndarray:
    """(n - 1,) steps from note to note, of a chord from the outer one: three times the interval,
    from the widest downward, and whether it waits shorter, about as long, or longer than before."""
    outer: dict[int, int] = {}
    for note in notes:
        before = outer.get(note.start)
        if before is None or (note.pitch > before) == top:
            outer[note.start] = note.pitch
    starts = np.array(sorted(outer), np.int64)
    pitches = np.array([outer[start] for start in starts.tolist()], np.int64)
    leaps, waits = np.clip(np.diff(pitches), -WIDEST, WIDEST), np.diff(starts)
    pace = np.full(len(waits), _ALIKE)
    pace[1:] += (waits[1:] > SAME * waits[:-1]).astype(int) - (waits[:-1] > SAME * waits[1:])
    return 3 * (leaps + WIDEST) + pace


def keys_of(steps: np.ndarray) -> np.ndarray:
    """(n - 3,) keys, one for every place of a line that has four intervals left."""
    count = len(steps) - _HEAD + 1
    if count <= 0:
        return np.zeros(0, np.uint64)
    padded = np.concatenate([steps, np.full(REACH, _END)]).astype(np.uint64)
    # Where a run begins, what its first step waited before does not belong to it.
    first = (steps[:count] // 3 * 3 + _ALIKE).astype(np.uint64)
    state = _mixed(np.zeros(count, np.uint64), first)
    for n in range(1, _HEAD):
        state = _mixed(state, padded[n : n + count])
    key = state >> np.uint64(64 - _HEAD_BITS)
    for n in range(_HEAD, REACH):
        step = padded[n : n + count]
        key = (key << np.uint64(_STEP_BITS)) | (step ^ (state >> np.uint64(64 - _STEP_BITS)))
        state = _mixed(state, step)
    return key


def _mixed(state: np.ndarray, step: np.ndarray) -> np.ndarray:
    state = (state + step + np.uint64(1)) * _MIX
    state = (state ^ (state >> np.uint64(29))) * _MIX
    return state ^ (state >> np.uint64(32))


def _agreed(difference: np.ndarray) -> np.ndarray:
    """How many intervals two keys share from their beginning, from what differs in them."""
    shared = np.where(difference >> _BEHIND[0] == 0, _HEAD, 0)
    for behind in _BEHIND[1:]:
        shared += difference >> behind == 0
    return shared


def _distinct(leaps: np.ndarray, start: int, length: int) -> int:
    return len(set(leaps[start : start + length].tolist()))


def _chained(lengths: np.ndarray) -> np.ndarray:
    """Agreements that go on: a whole key followed by one at the next place reaches further."""
    reached = lengths.copy()
    for at in range(len(reached) - 2, -1, -1):
        if lengths[at] == REACH:
            reached[at] = max(REACH, reached[at + 1] + 1)
    return reached
