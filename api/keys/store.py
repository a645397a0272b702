"""Accounts and keys in SQL."""

from datetime import datetime

import asyncpg

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
api_keys.id, api_keys.name, hint, mode, scopes, api_keys.created_at, expires_at, revoked_at
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


SELECT_CALLER = """
select api_keys.id as key, account, mode, billing, scopes,
  revoked_at is not null as revoked, coalesce(expires_at <= now(), false) as expired
from api.api_keys join api.accounts on accounts.id = api_keys.account
where digest = $1
"""


async def select_caller(
    conn: asyncpg.Connection | asyncpg.Pool, digest: bytes
) -> tuple[Caller, bool] | None:
    """The key's owner, and whether the key may still be used."""
    row = await conn.fetchrow(SELECT_CALLER, digest)
    if row is None:
        return None
    caller = Caller(
        account=row["account"], key=row["key"], mode=row["mode"], billing=row["billing"],
        scopes=tuple(row["scopes"]),
    )  # fmt: skip
    return caller, not (row["revoked"] or row["expired"])


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
