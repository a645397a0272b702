"""How much one account, and one of its keys, may have unfinished at once."""

import asyncpg

from api.briefs import store
from api.briefs.backlog import patience
from api.errors import QueueFull
from api.keys.contracts import Caller
from api.settings import GatewaySettings
from engine.queue import service as queue

WHAT = "briefs and families"


async def keep(conn: asyncpg.Connection, settings: GatewaySettings, caller: Caller) -> None:
    """Refuse the brief or family just written down where it is one too many.

    Its hold has locked the account's wallet, so no other one of the account can be written down
    between this count and the end of the transaction.
    """
    of_account, of_key = await store.count_open(conn, caller.account, caller.key)
    if of_account > settings.open_briefs:
        raise QueueFull(settings.open_briefs, WHAT, await _soon(conn, caller))
    if 0 < settings.open_briefs_per_key < of_key:
        soon = await _soon(conn, caller)
        raise QueueFull(settings.open_briefs_per_key, WHAT, soon, whose="key")


async def _soon(conn: asyncpg.Connection, caller: Caller) -> int:
    """In how many seconds one of the account's briefs will about have ended."""
    return patience(await queue.soonest_end_s(conn, caller.account))
