"""Accounts and keys in SQL."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import asyncpg
from msgspec import Struct

from api.keys.contracts import Account, Caller, Key

INSERT_ACCOUNT = "insert into api.accounts (id, name, mode, billing) values ($1, $2, $3, $4)"


async def insert_account(conn: asyncpg.Connection, account: Account) -> None:
    await conn.execute(INSERT_ACCOUNT, account.id, account.name, account.mode, account.billing)


SELECT_ACCOUNT = "select id, name, mode, billing from api.accounts where id = $1"


async def select_account(conn: asyncpg.Connection, account: str) -> Account | None:
    row = await conn.fetchrow(SELECT_ACCOUNT, account)
    return None if row is None else Account(**dict(row))


# Two requests of one account at the same moment must not both find the last free place.
LOCK_ACCOUNT = "select 1 from api.accounts where id = $1 for no key update"


async def lock_account(conn: asyncpg.Connection, account: str) -> None:
    await conn.execute(LOCK_ACCOUNT, account)


SELECT_ACCOUNTS = "select id, name, mode, billing from api.accounts order by created_at, id"


async def select_accounts(conn: asyncpg.Connection) -> tuple[Account, ...]:
    return tuple(Account(**dict(row)) for row in await conn.fetch(SELECT_ACCOUNTS))


KEY_COLUMNS = """
api_keys.id, api_keys.name, hint, mode, scopes, api_keys.created_at, expires_at, revoked_at,
rotated_at, last_used_at
"""
INSERT_KEY = """
insert into api.api_keys (id, account, name, hint, digest, scopes, expires_at)
values ($1, $2, $3, $4, $5, $6, $7)
returning created_at
"""


async def insert_key(conn: asyncpg.Connection, account: str, key: Key, digest: bytes) -> datetime:
    row = await conn.fetchrow(
        INSERT_KEY, key.id, account, key.name, key.hint, digest, list(key.scopes), key.expires_at
    )
    assert row is not None, "an insert that returns nothing raises"
    return row["created_at"]


SELECT_CALLERS = """
select held.digest, api_keys.id as key, account, mode, billing, scopes,
  revoked_at is not null or coalesce(least(expires_at, ends_at) <= now(), false) as over,
  extract(epoch from least(expires_at, ends_at) - now())::float8 as left_s
from (
  select digest, id as key, null::timestamptz as ends_at from api.api_keys where digest = any($1)
  union all
  select digest, key, ends_at from api.former_secrets where digest = any($1)
) as held
join api.api_keys on api_keys.id = held.key
join api.accounts on accounts.id = api_keys.account
"""


class Found(Struct, frozen=True, kw_only=True):
    """Whose a secret is. ``over``: it was revoked, or its time is over; ``left_s``: how long it
    has, where it ends."""

    caller: Caller
    over: bool
    left_s: float | None


async def select_callers(
    conn: asyncpg.Connection | asyncpg.Pool, digests: Sequence[bytes]
) -> dict[bytes, Found]:
    """The owners of those digests that are known."""
    rows = await conn.fetch(SELECT_CALLERS, digests)
    return {row["digest"]: _found(row) for row in rows}


def _found(row: asyncpg.Record) -> Found:
    caller = Caller(
        account=row["account"], key=row["key"], mode=row["mode"], billing=row["billing"],
        scopes=tuple(row["scopes"]),
    )  # fmt: skip
    return Found(caller=caller, over=row["over"], left_s=row["left_s"])


SELECT_OVER = """
select revoked_at is not null or coalesce(expires_at <= now(), false)
from api.api_keys where id = $1
"""


async def select_over(conn: asyncpg.Connection, key: str) -> bool:
    """Whether a key was revoked, or its time is over."""
    return await conn.fetchval(SELECT_OVER, key) is not False


NOTE_USED = "update api.api_keys set last_used_at = now() where id = any($1)"


async def note_used(conn: asyncpg.Connection, keys: Sequence[str]) -> None:
    await conn.execute(NOTE_USED, keys)


# ruff: noqa: S608 - the only thing put into these texts is the constant above
SELECT_KEYS = f"""
select {KEY_COLUMNS} from api.api_keys join api.accounts on accounts.id = api_keys.account
where account = $1
order by api_keys.created_at desc, api_keys.id desc
"""


async def select_keys(conn: asyncpg.Connection, account: str) -> tuple[Key, ...]:
    return tuple(_key(row) for row in await conn.fetch(SELECT_KEYS, account))


REVOKE_KEY = f"""
update api.api_keys set revoked_at = coalesce(revoked_at, now())
from api.accounts
where accounts.id = api_keys.account and account = $1 and api_keys.id = $2
returning {KEY_COLUMNS}
"""


async def revoke_key(conn: asyncpg.Connection, account: str, key: str) -> Key | None:
    row = await conn.fetchrow(REVOKE_KEY, account, key)
    return None if row is None else _key(row)


# The row's lock is what makes two rotations come one after the other.
LOCK_KEY = f"""
select {KEY_COLUMNS}, digest from api.api_keys join api.accounts on accounts.id = api_keys.account
where account = $1 and api_keys.id = $2
for no key update of api_keys
"""


async def lock_key(conn: asyncpg.Connection, account: str, key: str) -> tuple[Key, bytes] | None:
    """A key and the digest of its secret, ours until the transaction ends."""
    row = await conn.fetchrow(LOCK_KEY, account, key)
    if row is None:
        return None
    facts = dict(row)
    digest = facts.pop("digest")
    return Key(**{**facts, "scopes": tuple(facts["scopes"])}), digest


TURN_KEY = """
update api.api_keys set digest = $2, hint = $3, rotated_at = now() where id = $1
returning rotated_at
"""
SHORTEN_FORMER = """
update api.former_secrets set ends_at = least(ends_at, now() + $2::interval) where key = $1
"""
INSERT_FORMER = """
insert into api.former_secrets (digest, key, ends_at) values ($2, $1, now() + $3::interval)
"""
DELETE_FORMER = """
delete from api.former_secrets
where key = $1 and (ends_at <= now() or digest not in (
  select digest from api.former_secrets where key = $1 order by ends_at desc limit $2))
"""


async def replace_secret(
    conn: asyncpg.Connection,
    key: str,
    former: bytes,
    digest: bytes,
    hint: str,
    overlap: timedelta,
    most: int,
) -> datetime:
    """Give a key another secret; those before it, ``most`` at most, end within ``overlap``."""
    await conn.execute(SHORTEN_FORMER, key, overlap)
    await conn.execute(INSERT_FORMER, key, former, overlap)
    await conn.execute(DELETE_FORMER, key, most)
    row = await conn.fetchrow(TURN_KEY, key, digest, hint)
    assert row is not None, "the key is locked by this transaction"
    return row["rotated_at"]


def _key(row: asyncpg.Record) -> Key:
    return Key(**{**dict(row), "scopes": tuple(row["scopes"])})


TRY_LOCK = "select pg_try_advisory_xact_lock(hashtextextended($1, 727002))"


async def try_lock(conn: asyncpg.Connection, name: str) -> bool:
    return bool(await conn.fetchval(TRY_LOCK, name))


SELECT_ANSWER = """
select fingerprint, status, body, location from api.idempotency
where account = $1 and route = $2 and key = $3
"""


async def select_answer(
    conn: asyncpg.Connection, account: str, route: str, key: str
) -> asyncpg.Record | None:
    return await conn.fetchrow(SELECT_ANSWER, account, route, key)


INSERT_ANSWER = """
insert into api.idempotency (account, route, key, fingerprint, status, body, location)
values ($1, $2, $3, $4, $5, $6, $7)
on conflict (account, route, key) do nothing
"""


async def insert_answer(
    conn: asyncpg.Connection,
    account: str,
    route: str,
    key: str,
    fingerprint: str,
    status: int,
    body: bytes,
    location: str | None,
) -> None:
    await conn.execute(INSERT_ANSWER, account, route, key, fingerprint, status, body, location)


DELETE_ANSWERS = """
with old as (
  delete from api.idempotency where created_at < now() - make_interval(days => $1) returning 1
)
select count(*) from old
"""


async def delete_answers(conn: asyncpg.Connection, days: int) -> int:
    return await conn.fetchval(DELETE_ANSWERS, days) or 0
