"""What accounts have licensed, as hashes of runs: asked while composing, never shown to anybody.

A candidate's runs are put down when it is delivered and become its account's when it is licensed,
in the transaction of the pick. Who holds a run is known to the database alone: a studio is told
only that somebody other than the asking account holds one near it.
"""

from collections.abc import Sequence
from datetime import timedelta

import asyncpg

from engine.repertoire import store

OFFERS_KEPT = timedelta(days=30)
"""Longer than any candidate may be picked, also one whose delivery had to wait for its money."""

ASK_S = 30.0
"""A question that takes longer is given up; the brief is then tried again."""


async def offer(conn: asyncpg.Connection, candidate: str, keys: Sequence[int]) -> None:
    """Put down a delivered candidate's runs. A repeat changes nothing."""
    await store.insert_offer(conn, candidate, keys)


async def license_runs(conn: asyncpg.Connection, candidate: str, account: str) -> None:
    """From now on these runs are the account's. Nothing to do for a candidate without any."""
    await store.insert_runs(conn, candidate, await store.holder_of(conn, account))
    await store.delete_offer(conn, candidate)


async def held_by_others(conn: asyncpg.Connection, candidate: str, account: str) -> bool:
    """Whether somebody else has licensed twelve notes that a candidate, not yet licensed, has."""
    return await store.select_held(conn, candidate, account)


async def forget_offers(conn: asyncpg.Connection) -> int:
    """Drop the runs of candidates that nobody can pick any more."""
    return await store.delete_old_offers(conn, OFFERS_KEPT)


async def nearest(
    conn: asyncpg.Connection, account: str, asked: tuple[list[int], list[int], list[int]]
) -> list[int]:
    """For every asked key, first to last, the keys next to it that other accounts hold."""
    return await store.select_nearest(conn, account, asked, ASK_S) if asked[0] else []
