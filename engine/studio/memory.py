"""How much memory a process holds; large blocks go back to the system as soon as they are free."""

import ctypes
import os
from functools import lru_cache
from pathlib import Path

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
