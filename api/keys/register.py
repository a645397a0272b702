"""Whom a key belongs to, remembered for a moment: a request must not cost a question each time.

A replica believes what it read for at most a second. Postgres tells it at once of a key that has
changed; where that message is lost, the second is all that a revoked key has left.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable

import asyncpg
import structlog
from msgspec import Struct

from api.database import GONE
from api.gathered import Gathered
from api.keys import store
from api.keys.store import Found
from billing.connections import lent

KEPT_S = 1.0
MOST = 20_000
"""With so many in memory those that are believed no longer are dropped."""
CHANNEL = "api_keys"
USES_WRITTEN_S = 60.0

log = structlog.get_logger()


class _Kept(Struct, frozen=True):
    found: Found
    until: float
    """By our clock, when this is believed no longer."""


class Register:
    """The keys that this replica has seen."""

    def __init__(self, pool: asyncpg.Pool, clock: Callable[[], float] = time.monotonic) -> None:
        self._pool, self._clock = pool, clock
        self._kept: dict[bytes, _Kept] = {}
        self._reads: Gathered[bytes, Found] = Gathered(self._read)
        self._told = 0
        self._used: set[str] = set()
        self._writing: asyncio.Task[None] | None = None

    async def find(self, digest: bytes) -> Found | None:
        """The key with this digest, as it stands or stood a second ago at most."""
        kept = self._kept.get(digest)
        if kept is not None and self._clock() < kept.until:
            found = kept.found
        else:
            found = await self._reads.of(digest)
        if found is not None:
            self._used.add(found.caller.key)
        return found

    def forget(self, key: str) -> None:
        """Believe nothing any more of a key: it has changed."""
        self._told += 1
        self._kept = {
            digest: kept for digest, kept in self._kept.items() if kept.found.caller.key != key
        }

    def forget_all(self) -> None:
        """The same of every key: any of them may have changed unheard."""
        self._told += 1
        self._kept = {}

    def open(self) -> None:
        """Write down now and then which keys were used."""
        self._writing = asyncio.create_task(self._write())

    async def close(self) -> None:
        """Write it down for the last time."""
        if self._writing is not None:
            self._writing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._writing
        await self._write_uses()

    async def _read(self, digests: list[bytes]) -> dict[bytes, Found]:
        asked_at, told = self._clock(), self._told
        async with lent(self._pool) as conn:
            found = await store.select_callers(conn, digests)
        # What was read while we were told of a change may be from before it.
        if told == self._told:
            self._make_room(asked_at)
            for digest, one in found.items():
                left_s = KEPT_S if one.left_s is None or one.over else min(KEPT_S, one.left_s)
                self._kept[digest] = _Kept(one, asked_at + left_s)
        return found

    def _make_room(self, now: float) -> None:
        if len(self._kept) >= MOST:
            fresh = {digest: kept for digest, kept in self._kept.items() if kept.until > now}
            self._kept = fresh if len(fresh) < MOST else {}

    async def _write(self) -> None:
        while True:
            await asyncio.sleep(USES_WRITTEN_S)
            await self._write_uses()

    async def _write_uses(self) -> None:
        used, self._used = self._used, set()
        if not used:
            return
        try:
            async with lent(self._pool) as conn:
                await store.note_used(conn, sorted(used))
        except GONE as error:
            log.warning("keys.uses_unwritten", keys=len(used), why=type(error).__name__)
