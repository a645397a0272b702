"""Notes that were played once: the cache they are kept in, and how they get into a part.

Every bank and every synthesiser plays a note once, at its natural level, and keeps it here; a part
is then nothing but additions. A note says nothing of its neighbours, so what a part sounds like
depends neither on what is cached nor on who else is playing.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from functools import lru_cache
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from engine.sound.compiled import compiled

SAMPLE_RATE = 48_000
CACHE_BYTES = 256 * 2**20
SHORTEST_CLOSE = 240  # frames of the raised cosine that ends a note: 5 ms
STRETCH = 1 << 14  # frames that are added at a time: a stretch stays in the nearest cache
Sound = NDArray[np.floating]


class NoteCache:
    """Notes by name, least recently used out first; safe for any number of threads.

    A note is float32, (frames,) or (frames, 2) with every channel in one piece, and read-only:
    whoever tries to write into one that others are playing is told so.
    """

    def __init__(self, most_bytes: int) -> None:
        self._most, self._held, self._lock = most_bytes, 0, Lock()
        self._notes: OrderedDict[Hashable, Sound] = OrderedDict()

    def get(self, key: Hashable) -> Sound | None:
        """The note of this name, which counts as used now."""
        with self._lock:
            note = self._notes.get(key)
            if note is not None:
                self._notes.move_to_end(key)
            return note

    def played(self, key: Hashable, play: Callable[[], Sound]) -> Sound:
        """The note of this name, played now where it is not there yet.

        Playing is outside the lock: two threads that miss at once play the same note twice, which
        is cheaper than waiting, and both go on with the one that was kept first.
        """
        note = self.get(key)
        return note if note is not None else self.put(key, play())

    def put(self, key: Hashable, note: Sound) -> Sound:
        """Keep a note; returns the one that is kept under this name. Oversized ones are not."""
        note = in_one_piece(note)
        note.flags.writeable = False
        with self._lock:
            if key in self._notes:
                return self._notes[key]
            if note.nbytes <= self._most // 4:
                self._notes[key] = note
                self._held += note.nbytes
                while self._held > self._most:
                    self._held -= self._notes.popitem(last=False)[1].nbytes
        return note

    def clear(self) -> None:
        """Forget every note."""
        with self._lock:
            self._notes.clear()
            self._held = 0

    @property
    def held_bytes(self) -> int:
        """What the kept notes take, never above the bound."""
        return self._held


NOTES = NoteCache(CACHE_BYTES)
_NONE = np.empty(0, np.float32)


def in_one_piece(note: Sound) -> Sound:
    """The note as float32 with every channel contiguous, its shape as it was."""
    return np.ascontiguousarray(note.T, np.float32).T


@lru_cache(maxsize=256)
def falling(tau_s: float, close: int = SHORTEST_CLOSE) -> Sound:
    """How a note dies that is let go: ``exp(-t/tau)`` for 4.6 tau (-40 dB) and a little more, the
    last ``close`` frames along a raised cosine to exact zero. Read-only, one for every tau."""
    frames = int(4.6 * tau_s * SAMPLE_RATE) + close
    curve = np.exp(np.arange(frames) * (-1.0 / (max(tau_s, 1e-4) * SAMPLE_RATE)))
    curve[-close:] *= 0.5 + 0.5 * np.cos(np.pi * (np.arange(close) + 1) / close)
    curve = curve.astype(np.float32)
    curve.flags.writeable = False
    return curve


@lru_cache(maxsize=16)
def closing(frames: int) -> Sound:
    """A raised cosine from 1 to exact zero, for notes that are taken away. Read-only."""
    curve = (0.5 + 0.5 * np.cos(np.pi * (np.arange(frames) + 1) / frames)).astype(np.float32)
    curve.flags.writeable = False
    return curve


def add(
    out: Sound,
    note: Sound,
    onset: int,
    gain: float | tuple[float, float],
    *,
    let_go: int | None = None,
    fall: Sound | None = None,
) -> None:
    """Add a note to a part's buffer ``out`` (frames, 2), from ``onset`` on, even a negative one.

    ``gain`` is a level, or one for the left and one for the right. A note that is ``let_go`` after
    so many frames sinks along ``fall`` (see `falling`) and is over where that ends; without a
    ``fall`` it is cut, for notes that are silent by then. Nothing is written outside ``out`` and
    nothing into ``note``.
    """
    if (
        not out.T.flags.c_contiguous
    ):  # frames of both sides lie by turns: nobody in a hurry has it so
        sides = in_one_piece(out)
        add(sides, note, onset, gain, let_go=let_go, fall=fall)
        out[:] = sides
        return
    length = len(note)
    if let_go is not None:
        length = min(length, let_go + (0 if fall is None else len(fall)))
    first, last = max(0, -onset), min(length, len(out) - onset)
    held = last if let_go is None else min(max(let_go, first), last)
    left, right = gain if isinstance(gain, tuple) else (gain, gain)
    sides, note = out.T, np.atleast_2d(in_one_piece(note).T)
    _add_piece(note, sides, onset, first, held, left, right, _NONE)
    if fall is not None and let_go is not None and held < last:
        _add_piece(note, sides, onset, held, last, left, right, fall[held - let_go :])


@compiled(
    "const float32[:, :]", "float32[:, :]", "int64", "int64", "int64", "float32", "float32",
    "const float32[:]",
)  # fmt: skip
def _add_piece(
    note: Sound,
    out: Sound,
    onset: int,
    first: int,
    last: int,
    left: float,
    right: float,
    fall: Sound,
) -> None:
    """Frames ``first`` to ``last`` of the note, through ``fall`` where it has any; channels first.

    Stretch by stretch, so that what is read once for both sides is still near.
    """
    for begin in range(first, last, STRETCH):
        count = min(STRETCH, last - begin)
        for side in range(2):
            source = note[min(side, len(note) - 1), begin : begin + count]
            target = out[side, onset + begin : onset + begin + count]
            level = left if side == 0 else right
            if len(fall):
                falling = fall[begin - first : begin - first + count]
                for at in range(count):
                    target[at] += source[at] * level * falling[at]
            else:
                for at in range(count):
                    target[at] += source[at] * level
