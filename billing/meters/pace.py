"""One pace for all who send: they take turns from a row, so many clerks are no faster than one.

Stripe's "too many requests" is answered for everybody: the pace is halved and nobody sends for a
second. Every batch that goes well raises it by a quarter, up to the top.
"""

import asyncio
import time

import asyncpg

SLOWEST_PER_S = 1.0
QUICKER = 1.25


class Turns:
    """Moments at which events may go, the next one first; fewer than asked for may be used."""

    def __init__(self, begins_in_s: float, per_s: float) -> None:
        self._begin, self._step = time.monotonic() + begins_in_s, 1.0 / per_s
        self._taken = 0

    async def turn(self) -> None:
        """Wait until the next event may go."""
        at = self._begin + self._taken * self._step
        self._taken += 1
        if (wait := at - time.monotonic()) > 0:
            await asyncio.sleep(wait)


async def turns(conn: asyncpg.Connection, count: int, top_per_s: float) -> Turns:
    """Reserve the next ``count`` moments, after those that others have reserved."""
    row = await conn.fetchrow(RESERVE, count, top_per_s)
    assert row is not None, "an upsert that returns nothing raises"
    return Turns(row["begins_in_s"], row["per_s"])


async def slow_down(conn: asyncpg.Connection) -> None:
    """It was too fast: half of it, for everybody, after a second of silence."""
    await conn.execute(SLOW_DOWN, SLOWEST_PER_S)


async def speed_up(conn: asyncpg.Connection, top_per_s: float) -> None:
    """It went well: a quarter more."""
    await conn.execute(SPEED_UP, QUICKER, top_per_s)


RESERVE = """
insert into billing.meter_pace as pace (per_s, next_at)
values ($2::real, clock_timestamp() + $1::int * interval '1 second' / $2::real)
on conflict (only_row) do update
set per_s = least(pace.per_s, $2::real),
  next_at = greatest(pace.next_at, clock_timestamp())
    + $1::int * interval '1 second' / least(pace.per_s, $2::real)
returning per_s,
  greatest(0, extract(epoch from
    next_at - $1::int * interval '1 second' / per_s - clock_timestamp()))::float8 as begins_in_s
"""
SLOW_DOWN = """
update billing.meter_pace
set per_s = greatest(per_s / 2, $1::real),
  next_at = greatest(next_at, clock_timestamp() + interval '1 second')
"""
SPEED_UP = """
update billing.meter_pace set per_s = least(per_s * $1::real, $2::real) where per_s < $2::real
"""
