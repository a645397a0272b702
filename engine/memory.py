"""How much memory a process holds, and giving it back: one that runs for months keeps no peak of an
hour ago. Large blocks go back to the system as soon as they are free, the rest each minute."""

import asyncio
import ctypes
import gc
import os
from functools import lru_cache
from pathlib import Path
from typing import Any

EVERY_S = 60.0

_MMAP_THRESHOLD = -3  # of mallopt, in glibc's malloc.h
_LARGE_BYTES = 2 << 20


@lru_cache(maxsize=1)
def give_back_large_blocks() -> bool:
    """Keep sounds out of the heap, once per process; False where the C library cannot.

    glibc raises the size from which it maps blocks apart up to 32 MiB, so a minute of stereo would
    lie in the heaps of its threads, which never shrink: a third more memory for the same work.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError, TypeError):
        return False
    return bool(mallopt(_MMAP_THRESHOLD, _LARGE_BYTES))


def resident_bytes(pid: int | str = "self") -> int:
    """The memory that a process holds, its share of files among it; 0 where nobody can tell."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def settle() -> None:
    """Leave what is here at the start out of every collection to come: it stays, and looking
    through it would take a tenth of a second each time."""
    gc.collect()
    gc.freeze()


async def give_back() -> int:
    """Collect what refers to itself, and hand free pages of the C library's heap back to the
    system; 1 where there were some.

    Left to itself Python waits until a quarter of what is in use is garbage: under a steady load a
    process grew for fifteen minutes. And glibc keeps what was freed in the heap, between what is in
    use.
    """
    gc.collect()
    trim = _trim()
    return 0 if trim is None else await asyncio.to_thread(trim, 0)


async def keep_small() -> None:
    """The same every minute, until it is cancelled."""
    settle()
    while True:
        await asyncio.sleep(EVERY_S)
        await give_back()


@lru_cache(maxsize=1)
def _trim() -> Any:
    """glibc's own call; None where the C library is another."""
    try:
        return ctypes.CDLL(None).malloc_trim
    except (OSError, AttributeError, TypeError):
        return None
