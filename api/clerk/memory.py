"""Giving back memory that was freed: a clerk that runs for months keeps no peak of an hour ago."""

import asyncio
import ctypes
from functools import lru_cache
from typing import Any

from api.clerk.desk import Desk


async def give_back(_: Desk) -> int:
    """Hand free pages of the C library's heap back to the system; 1 where there were some.

    Rounds read lists whose length follows the day's work. What they needed is freed, but glibc
    keeps it in the heap, between what is in use: under a steady load a clerk's resident set grew
    by 2.8 % in ten minutes while its memory in use stayed the same.
    """
    trim = _trim()
    return 0 if trim is None else await asyncio.to_thread(trim, 0)


@lru_cache(maxsize=1)
def _trim() -> Any:
    """glibc's own call; None where the C library is another."""
    try:
        return ctypes.CDLL(None).malloc_trim
    except (OSError, AttributeError, TypeError):
        return None
