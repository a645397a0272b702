"""A house without sound: rows and files as studios and the clerk leave them, and time passing."""

import hashlib
import itertools
import json
import os
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg

from api.stock.warehouse import Warehouse, open_warehouse
from billing.connections import lent
from engine.stock import service as stock
from engine.studio.shelf import Shelf, open_shelf

WAV = "audio/wav"
ACCOUNTS = ("acc_1", "acc_2")
_jobs = itertools.count(1)

OPEN = """
insert into api.accounts (id, name, mode, billing) values ($1, $1, 'test', 'prepaid');
"""
OPEN_KEY = """
insert into api.api_keys (id, account, name, hint, digest, scopes)
values ($1, $2, 'test', 'sk', $3, '{}')
"""
BRIEF = """
insert into api.briefs (id, account, api_key, request, resolved, audition_tokens, license_tokens,
                        hold, price_book, deadline_at)
values ($1, $2, $3, '{}', '{}', 1, 4, $1, 'book', now() + interval '1 hour')
"""
JOB = """
insert into engine.jobs (id, account, resolved, seed, deadline_at, lane, wants, source)
values ($1, $2, '{}', 1, now() + interval '1 hour', $3, $4, $5::jsonb)
"""
DELIVER = "insert into engine.deliveries (job, number, attempt, body) values ($1, $2, 1, $3::jsonb)"
SETTLE = """
with settled as (
  update engine.deliveries set settled_at = now() where job = $1 and number = 1 returning body
)
insert into api.candidates (id, account, brief, number, made, tokens, expires_at)
select $1, jobs.account, jobs.id, 1, body -> 'made', 1, now() + interval '7 days'
from settled join engine.jobs on jobs.id = $1
"""
HANDED_OVER = "update engine.deliveries set settled_at = now() where job = $1"
PICK = """
insert into api.licenses (id, account, candidate, track, tokens, certificate)
select id, account, id, id, 4, '' from api.candidates where id = $1 and expires_at > now()
on conflict do nothing returning id
"""
PASS = """
update engine.objects set touched_at = touched_at - $1::interval, due_at = due_at - $1::interval,
  condemned_at = condemned_at - $1::interval, deleting_at = deleting_at - $1::interval
"""
PASS_FOR_CANDIDATES = "update api.candidates set expires_at = expires_at - $1::interval"


def named(content: bytes) -> str:
    """The digest of a content."""
    return hashlib.sha256(content).hexdigest()


class House:
    """One store in a folder and one database."""

    def __init__(self, pool: asyncpg.Pool, folder: Path) -> None:
        self.pool, self.folder = pool, folder
        self.warehouse: Warehouse = open_warehouse(str(folder))
        self.shelf: Shelf = open_shelf(str(folder), keep_trying_s=0)

    async def open_accounts(self) -> None:
        for account in ACCOUNTS:
            await self.pool.execute(OPEN.strip(), account)
            await self.pool.execute(OPEN_KEY, f"key_{account}", account, account.encode())

    async def announce(self, content: bytes) -> None:
        async with lent(self.pool) as conn:
            await stock.announce(conn, named(content), len(content))

    def put(self, content: bytes) -> None:
        self.shelf.put("master", content, WAV)

    async def deliver(self, account: str, contents: Iterable[bytes], nested: bool = False) -> str:
        """A candidate's delivery row, its files being there already; of a family its members'."""
        job = f"brf_{next(_jobs)}"
        assets: list[dict[str, Any]] = [
            {"name": "master", "sha256": named(one), "bytes": len(one), "media_type": WAV}
            for one in contents
        ]
        made = {"assets": [], "members": [{"assets": assets}]} if nested else {"assets": assets}
        await self.pool.execute(BRIEF, job, account, f"key_{account}")
        await self.pool.execute(JOB, job, account, "interactive", "candidates", None)
        await self.pool.execute(DELIVER, job, 1, json.dumps({"type": "delivered", "made": made}))
        return job

    async def deliver_rendition(self, account: str, contents: Iterable[bytes]) -> str:
        """A rendition's last word."""
        job = f"rnd_{next(_jobs)}"
        assets = [
            {"name": "cut.wav", "sha256": named(one), "bytes": len(one), "media_type": WAV}
            for one in contents
        ]
        body = {"type": "rendition", "rendered": {"assets": assets}}
        await self.pool.execute(JOB, job, account, "rendition", "renditions", "{}")
        await self.pool.execute(DELIVER, job, 0, json.dumps(body))
        await self.pool.execute(HANDED_OVER, job)
        return job

    async def settle(self, job: str) -> None:
        """The delivery becomes a candidate, which is offered for seven days."""
        await self.pool.execute(SETTLE, job)

    async def pick(self, job: str) -> bool:
        """Whether the candidate could be licensed."""
        return await self.pool.fetchval(PICK, job) is not None

    async def let_pass(self, time: timedelta) -> None:
        """Everything that happened becomes so much older."""
        await self.pool.execute(PASS, time)
        await self.pool.execute(PASS_FOR_CANDIDATES, time)
        for file in self.folder.rglob("*"):
            if file.is_file():
                then = file.stat().st_mtime - time.total_seconds()
                os.utime(file, (then, then))

    def there(self) -> set[str]:
        """What lies in the store."""
        return {file.name for file in (self.folder / "sha256").glob("*/*")}
