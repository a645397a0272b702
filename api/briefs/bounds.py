"""How much one account, and one of its keys, may have unfinished at once."""

from typing import Literal

import asyncpg

from api.briefs import store
from api.briefs.backlog import patience
from api.errors import QueueFull
from api.keys.contracts import Caller
from api.settings import GatewaySettings
from engine.queue import service as queue

WHAT = "briefs and families"
Whose = Literal["account", "key"]


async def keep(conn: asyncpg.Connection, settings: GatewaySettings, caller: Caller) -> None:
    """Refuse the brief or family just written down where it is one too many.

    Its hold has locked the account's wallet, so no other one of the account can be written down
    between this count and the end of the transaction.
    """
    of_account, of_key = await store.count_open(conn, caller.account, caller.key)
    if of_account > settings.open_briefs:
        raise await full(conn, settings, caller, "account")
    if 0 < settings.open_briefs_per_key < of_key:
        raise await full(conn, settings, caller, "key")


async def full(
    conn: asyncpg.Connection, settings: GatewaySettings, caller: Caller, whose: Whose
) -> QueueFull:
    """Too much of an account's or a key's is open; says in how many seconds one of the account's
    briefs will about have ended."""
    bound = settings.open_briefs if whose == "account" else settings.open_briefs_per_key
    soon = patience(await queue.soonest_end_s(conn, caller.account))
    return QueueFull(bound, WHAT, soon, whose=whose)
