"""Accounts are opened by an operator; keys are made by an operator or by an account's admin key.

A key is a prefix that says its mode and 32 random bytes. We keep its HMAC under the deployment's
pepper, so a stolen table opens nothing, and a lookup is one index read instead of a slow hash.
"""

import hmac
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache

import asyncpg
from msgspec import structs

from api.errors import AlreadyTerminal, InvalidKey, KeyRevoked, NotFound
from api.keys import store
from api.keys.contracts import SCOPES, Account, Caller, Key, Mode, Scope
from api.keys.register import Register
from api.keys.store import Found
from billing.connections import lent, transaction
from billing.contracts import BillingMode
from billing.ledger import service as ledger

HINT_LENGTH = 16
FORMER_SECRETS = 10
"""So many of a key's earlier secrets may still open the door; what ends first goes first."""
_OVER = "this API key was revoked or has expired"


async def open_account(
    pool: asyncpg.Pool, name: str, mode: Mode, billing: BillingMode, credit_limit: int = 0
) -> Account:
    """A new account with its wallet; the name is for people, the id for everything else."""
    account = Account(id=f"acc_{secrets.token_hex(12)}", name=name, mode=mode, billing=billing)
    async with transaction(pool) as conn:
        await store.insert_account(conn, account)
        await ledger.open_account(conn, account.id, billing, credit_limit)
    return account


async def create_key(
    pool: asyncpg.Pool,
    account: str,
    name: str,
    scopes: Sequence[Scope] = SCOPES,
    *,
    pepper: bytes,
    expires_at: datetime | None = None,
) -> tuple[str, str]:
    """A new key as (id, secret). The secret is known only to whoever called this."""
    made, secret = await issue(pool, account, name, scopes, pepper=pepper, expires_at=expires_at)
    return made.id, secret


async def issue(
    pool: asyncpg.Pool,
    account: str,
    name: str,
    scopes: Sequence[Scope],
    *,
    pepper: bytes,
    expires_at: datetime | None = None,
) -> tuple[Key, str]:
    """A new key as its account sees it, and its secret."""
    async with transaction(pool) as conn:
        owner = await store.select_account(conn, account)
        if owner is None:
            raise NotFound(f"there is no account {account}")
        secret = new_secret(owner.mode)
        key = Key(
            id=f"key_{secrets.token_hex(12)}", name=name, hint=secret[:HINT_LENGTH],
            mode=owner.mode, scopes=tuple(dict.fromkeys(scopes)), created_at=datetime.now(UTC),
            expires_at=expires_at,
        )  # fmt: skip
        created_at = await store.insert_key(conn, account, key, digest(pepper, secret))
    return structs.replace(key, created_at=created_at), secret


async def admit(register: Register, pepper: bytes, authorization: str | None) -> Caller:
    """The caller an ``Authorization`` header names; the key itself is never echoed or logged."""
    return _usable(await register.find(digest_in(pepper, authorization)))


def digest_in(pepper: bytes, authorization: str | None) -> bytes:
    """What we know a header's secret by."""
    return digest(pepper, _secret_in(authorization))


async def ended(conn: asyncpg.Connection, digests: Sequence[bytes]) -> set[bytes]:
    """Those of these secrets that open the door no longer."""
    found = await store.select_callers(conn, digests)
    return {one for one in digests if one not in found or found[one].over}


async def authenticate(pool: asyncpg.Pool, pepper: bytes, authorization: str | None) -> Caller:
    """The same for a process that asks once."""
    asked = digest_in(pepper, authorization)
    return _usable((await store.select_callers(pool, [asked])).get(asked))


def _secret_in(authorization: str | None) -> str:
    scheme, _, secret = (authorization or "").partition(" ")
    secret = secret.strip()
    if scheme.lower() != "bearer" or not secret:
        raise InvalidKey("send your API key as `Authorization: Bearer <key>`")
    return secret


async def still(conn: asyncpg.Connection, caller: Caller) -> None:
    """`KeyRevoked` where the key of a caller was revoked since it was admitted."""
    if await store.select_over(conn, caller.key):
        raise KeyRevoked(_OVER)


def _usable(found: Found | None) -> Caller:
    if found is None:
        raise InvalidKey("this API key is not known")
    if found.over:
        raise KeyRevoked(_OVER)
    return found.caller


async def keys(pool: asyncpg.Pool, account: str) -> tuple[Key, ...]:
    """All keys of an account, revoked ones too, newest first."""
    async with lent(pool) as conn:
        return await store.select_keys(conn, account)


async def revoke(pool: asyncpg.Pool, account: str, key: str) -> Key:
    """End a key now; a repeat changes nothing."""
    async with lent(pool) as conn:
        revoked = await store.revoke_key(conn, account, key)
    if revoked is None:
        raise NotFound(f"there is no API key {key}")
    return revoked


async def rotate(
    pool: asyncpg.Pool, account: str, key: str, overlap: timedelta, *, pepper: bytes
) -> tuple[Key, str]:
    """Another secret for a key, which stays itself: its name, scopes, budgets and rate. The secrets
    it had open the door for ``overlap`` longer at most."""
    async with transaction(pool) as conn:
        found = await store.lock_key(conn, account, key)
        if found is None:
            raise NotFound(f"there is no API key {key}")
        kept, former = found
        if _ended(kept):
            raise AlreadyTerminal("this API key was revoked or has expired; make a new one")
        secret = new_secret(kept.mode)
        hint = secret[:HINT_LENGTH]
        rotated_at = await store.replace_secret(
            conn, key, former, digest(pepper, secret), hint, overlap, FORMER_SECRETS
        )
    return structs.replace(kept, hint=hint, rotated_at=rotated_at), secret


def _ended(key: Key) -> bool:
    expired = key.expires_at is not None and key.expires_at <= datetime.now(UTC)
    return expired or key.revoked_at is not None


def new_secret(mode: Mode) -> str:
    """A secret that nobody has had before; how it begins says for what it is."""
    return f"sk_{mode}_{secrets.token_hex(32)}"


async def accounts(pool: asyncpg.Pool) -> tuple[Account, ...]:
    """Every account, oldest first; for operators."""
    async with lent(pool) as conn:
        return await store.select_accounts(conn)


def digest(pepper: bytes, secret: str) -> bytes:
    """What is kept of a key."""
    mac = _keyed(pepper).copy()
    mac.update(secret.encode())
    return mac.digest()


@cache
def _keyed(pepper: bytes) -> "hmac.HMAC":
    """The pepper's part of every digest, made once: it takes longer than a secret's."""
    return hmac.new(pepper, digestmod="sha256")
