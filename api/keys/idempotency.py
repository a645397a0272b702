"""One request, one effect: the answer is kept in the transaction that had the effect.

While a request runs it holds an advisory lock of its transaction, so a second one with the same key
is told to wait, and a gateway that dies in the middle leaves neither lock nor row behind.
"""

import hashlib

import asyncpg
import msgspec
from msgspec import Struct

from api.errors import IdempotencyInProgress, IdempotencyMismatch
from api.keys import store
from api.keys.contracts import Caller

KEPT_DAYS = 30


class Kept(Struct, frozen=True, kw_only=True):
    """An answer as it was given the first time."""

    status: int
    body: bytes
    location: str | None = None


class Once(Struct, frozen=True, kw_only=True):
    """A request under the name that its client gave it."""

    account: str
    route: str
    key: str
    fingerprint: str

    async def begin(self, conn: asyncpg.Connection) -> Kept | None:
        """The answer already given, or None when this is the first time.

        Must run in the transaction that will have the effect.
        """
        if not await store.try_lock(conn, f"{self.account} {self.route} {self.key}"):
            raise IdempotencyInProgress("a request with this Idempotency-Key is still running")
        row = await store.select_answer(conn, self.account, self.route, self.key)
        if row is None:
            return None
        self.refuse_another(row["fingerprint"])
        return Kept(status=row["status"], body=row["body"], location=row["location"])

    def refuse_another(self, fingerprint: str) -> None:
        """`IdempotencyMismatch` where what was answered under this name was another request."""
        if fingerprint != self.fingerprint:
            raise IdempotencyMismatch(
                "this Idempotency-Key was used for another request; use a new one"
            )

    async def keep(self, conn: asyncpg.Connection, answer: Kept) -> None:
        """Remember the answer for as long as repeats may come."""
        await store.insert_answer(
            conn, self.account, self.route, self.key, self.fingerprint,
            answer.status, answer.body, answer.location,
        )  # fmt: skip


def once(caller: Caller, route: str, key: str, request: Struct | str) -> Once:
    """Name a request. Two bodies are the same when they mean the same, whatever their spaces."""
    digest = hashlib.sha256(msgspec.json.encode(request)).hexdigest()
    return Once(account=caller.account, route=route, key=key, fingerprint=digest)


async def forget_old(conn: asyncpg.Connection) -> int:
    """Drop answers that nobody will ask for again; returns how many."""
    return await store.delete_answers(conn, KEPT_DAYS)
