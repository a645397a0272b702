"""What a process has freed goes back to the system."""

import asyncio
import gc
import sys
import weakref
from pathlib import Path

import pytest

from engine import memory
from engine.memory import give_back, settle

BLOCKS, BYTES = 20_000, 4_000


class Ring:
    """Kept alive by nothing but itself."""

    def __init__(self) -> None:
        self.next = self


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's own")
async def test_freed_memory_under_what_is_in_use_goes_back() -> None:
    blocks = [bytearray(BYTES) for _ in range(BLOCKS)]
    in_use = blocks[-1]  # the heap cannot shrink below it by itself
    full = _resident()
    del blocks
    held = _resident()
    assert held > full - BLOCKS * BYTES / 2, "without the round it stays"
    await give_back()
    assert _resident() < full - BLOCKS * BYTES / 2
    assert len(in_use) == BYTES


async def test_what_refers_to_itself_goes_at_the_next_round() -> None:
    gc.collect()
    rings = weakref.WeakSet(Ring() for _ in range(100))
    assert len(rings) == 100, "counting references does not find them"
    await give_back()
    assert len(rings) == 0


async def test_what_was_there_at_the_start_is_not_looked_through_again() -> None:
    before = gc.get_freeze_count()
    settle()
    try:
        assert gc.get_freeze_count() > before + 1000
    finally:
        gc.unfreeze()


async def test_a_repeat_finds_nothing_and_does_no_harm() -> None:
    await give_back()
    assert await give_back() in (0, 1)


async def test_a_process_that_keeps_small_collects_again_and_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(memory, "EVERY_S", 0.01)
    keeping = asyncio.create_task(memory.keep_small())
    try:
        for _ in range(2):
            await asyncio.sleep(0)
            rings = weakref.WeakSet(Ring() for _ in range(100))
            assert len(rings) == 100
            async with asyncio.timeout(30):
                while len(rings):  # noqa: ASYNC110 - nobody would tell us
                    await asyncio.sleep(0.01)
    finally:
        keeping.cancel()
        gc.unfreeze()
