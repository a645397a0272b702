"""One pace for all who send: they take turns from a row, so many clerks are no faster than one.

Stripe's "too many requests" is answered for everybody: the pace is halved and nobody sends for a
second. Every batch that goes well raises it by a quarter, up to the top.
"""

import asyncio
import time

import asyncpg

SLOWEST_PER_S = 1.0
QUICKER = 1.25
AHEAD_S = 5.0
"""How far one sender may reserve."""


class Turns:
    """Moments at which events may go, the next one first."""

    def __init__(self, count: int, begins_in_s: float, per_s: float) -> None:
        self._begin, self._step = time.monotonic() + begins_in_s, 1.0 / per_s
        self._count, self._taken, self._ended = count, 0, False

    async def turn(self, until: float) -> bool:
        """Wait until the next event may go; False where none may, or none before ``until``, by our
        own running time."""
        now, at = time.monotonic(), self._begin + self._taken * self._step
        if self._ended or self._taken >= self._count or max(now, at) > until:
            return False
        self._taken += 1
        if at > now:
            await asyncio.sleep(at - now)
        return not self._ended

    def end(self) -> bool:
        """Let nothing more go; whether this is the first to say so."""
        first, self._ended = not self._ended, True
        return first


async def turns(conn: asyncpg.Connection, count: int, top_per_s: float) -> Turns:
    """Reserve the next ``count`` moments, after those that others have reserved; no more than fit
    into `AHEAD_S`, for what is reserved and not used is lost to everybody."""
    row = await conn.fetchrow(RESERVE, count, top_per_s, AHEAD_S)
    assert row is not None, "an upsert that returns nothing raises"
    return Turns(row["count"], row["begins_in_s"], row["per_s"])


async def slow_down(conn: asyncpg.Connection) -> None:
    """It was too fast: half of it, for everybody, after a second of silence."""
    await conn.execute(SLOW_DOWN, SLOWEST_PER_S)


async def speed_up(conn: asyncpg.Connection, top_per_s: float) -> None:
    """It went well: a quarter more."""
    await conn.execute(SPEED_UP, QUICKER, top_per_s)


RESERVE = """
insert into billing.meter_pace as pace (per_s, next_at)
values ($2::real, clock_timestamp()
  + least($1::int, greatest(1, floor($3::float8 * $2::real))) * interval '1 second' / $2::real)
on conflict (only_row) do update
set per_s = least(pace.per_s, $2::real),
  next_at = greatest(pace.next_at, clock_timestamp())
    + least($1::int, greatest(1, floor($3::float8 * least(pace.per_s, $2::real))))
      * interval '1 second' / least(pace.per_s, $2::real)
returning per_s, least($1::int, greatest(1, floor($3::float8 * per_s)))::int as count,
  greatest(0, extract(epoch from
    next_at - least($1::int, greatest(1, floor($3::float8 * per_s))) * interval '1 second' / per_s
    - clock_timestamp()))::float8 as begins_in_s
"""
SLOW_DOWN = """
update billing.meter_pace
set per_s = greatest(per_s / 2, $1::real),
  next_at = greatest(next_at, clock_timestamp() + interval '1 second')
"""
SPEED_UP = """
update billing.meter_pace set per_s = least(per_s * $1::real, $2::real) where per_s < $2::real
"""
