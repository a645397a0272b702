"""Large blocks go back to the system as soon as they are free."""

import ctypes
from functools import lru_cache

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
