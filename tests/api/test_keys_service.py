"""Accounts and keys: what is kept, who is let in, who is not."""

from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from api.errors import InvalidKey, KeyRevoked, NotFound
from api.keys import service as keys
from billing.ledger import service as ledger

PEPPER = b"pepper of the tests"


async def test_a_key_opens_its_own_account_and_is_kept_only_as_a_digest(
    pool: asyncpg.Pool,
) -> None:
    account = await keys.open_account(pool, "Studio", "test", "prepaid")
    key, secret = await keys.create_key(pool, account.id, "laptop", ["briefs"], pepper=PEPPER)
    caller = await keys.authenticate(pool, PEPPER, f"Bearer {secret}")
    assert (caller.account, caller.key, caller.mode) == (account.id, key, "test")
    assert caller.may("briefs")
    assert caller.may("read")
    assert not caller.may("billing")
    assert secret.startswith("sk_test_")
    assert len(secret) == len("sk_test_") + 64
    row = await pool.fetchrow("select * from api.api_keys")
    assert row is not None
    assert secret not in str(dict(row))
    async with pool.acquire() as conn:
        assert (await ledger.balance(conn, account.id)).available == 0


async def test_a_live_account_has_live_keys(pool: asyncpg.Pool) -> None:
    account = await keys.open_account(pool, "Label", "live", "postpaid", credit_limit=50)
    _, secret = await keys.create_key(pool, account.id, "server", pepper=PEPPER)
    assert secret.startswith("sk_live_")
    async with pool.acquire() as conn:
        assert (await ledger.balance(conn, account.id)).available == 50


@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Bearer ", "Basic eDp5", "Bearer sk_test_" + "0" * 64, "ÿ"]
)
async def test_what_is_no_key_is_refused(pool: asyncpg.Pool, header: str | None) -> None:
    with pytest.raises(InvalidKey):
        await keys.authenticate(pool, PEPPER, header)


async def test_a_key_hashed_with_another_pepper_opens_nothing(pool: asyncpg.Pool) -> None:
    account = await keys.open_account(pool, "Studio", "test", "prepaid")
    _, secret = await keys.create_key(pool, account.id, "laptop", pepper=PEPPER)
    with pytest.raises(InvalidKey):
        await keys.authenticate(pool, b"another pepper here", f"Bearer {secret}")


async def test_a_revoked_or_expired_key_is_refused(pool: asyncpg.Pool) -> None:
    account = await keys.open_account(pool, "Studio", "test", "prepaid")
    key, secret = await keys.create_key(pool, account.id, "laptop", pepper=PEPPER)
    first = await keys.revoke(pool, account.id, key)
    again = await keys.revoke(pool, account.id, key)
    assert first.revoked_at == again.revoked_at is not None
    with pytest.raises(KeyRevoked):
        await keys.authenticate(pool, PEPPER, f"Bearer {secret}")
    past = datetime.now(UTC) - timedelta(seconds=1)
    _, late = await keys.create_key(pool, account.id, "late", pepper=PEPPER, expires_at=past)
    with pytest.raises(KeyRevoked):
        await keys.authenticate(pool, PEPPER, f"Bearer {late}")


async def test_nobody_revokes_the_key_of_another_account(pool: asyncpg.Pool) -> None:
    mine = await keys.open_account(pool, "Mine", "test", "prepaid")
    other = await keys.open_account(pool, "Other", "test", "prepaid")
    key, secret = await keys.create_key(pool, mine.id, "laptop", pepper=PEPPER)
    with pytest.raises(NotFound):
        await keys.revoke(pool, other.id, key)
    assert (await keys.authenticate(pool, PEPPER, f"bearer {secret}")).account == mine.id
