"""Everybody who listens at this replica, answered by one query however many they are.

Nothing is kept for a listener: whoever is still busy sending does not wait, is not looked for, and
finds what was told meanwhile when it comes back. So a client that never reads costs one suspended
task, and no memory grows.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Iterator

import asyncpg
import structlog
from msgspec import Struct
from prometheus_client import Gauge

from api.database import GONE
from api.errors import TooManyStreams
from api.events.lines import Line, line_of
from api.keys import service as keys
from billing.connections import lent
from engine.queue import events
from engine.queue.events import Event

POLL_S = 1.0
"""How late a lost notice may make somebody, and how late a revoked key may end its streams."""
ASKED_AT_ONCE = 1000
GIVEN_BYTES = 16384
"""What is being sent is all that is held for one client alone; the rest is found again."""

log = structlog.get_logger()
STREAMS = Gauge("gateway_event_streams", "Open streams of events")


class Seat:
    """One open stream: whose it is, and whether it is to end. ``secret`` is the digest of what
    opened it: a key may have others, which end sooner or later."""

    def __init__(self, account: str, secret: bytes, job: str) -> None:
        self.account, self.secret, self.job = account, secret, job
        self.ended: str | None = None
        """Why nothing more is to be sent."""
        self.waiting: asyncio.Future[list[Line]] | None = None
        self.after = 0

    def leave(self, why: str) -> None:
        """End the stream; whoever waits in it is let go."""
        self.ended = self.ended or why
        if self.waiting is not None and not self.waiting.done():
            self.waiting.set_result([])


class _Row(Struct):
    """What is known of a job that somebody listens to."""

    seats: dict[Seat, None]
    seen: int = 0
    """The highest number any look has found."""


class Audience:
    """Tells every seat what was told of its job since."""

    def __init__(self, pool: asyncpg.Pool, most: int, most_per_account: int) -> None:
        self._pool, self._most, self._most_per_account = pool, most, most_per_account
        self._rows: dict[str, _Row] = {}
        self._accounts: Counter[str] = Counter()
        self._due: dict[str, None] = {}
        self._woken = asyncio.Event()
        self._looking: asyncio.Task[None] | None = None
        self._dismissed = False

    def check_room(self, account: str) -> None:
        """`TooManyStreams` where one more would be too many."""
        if self._accounts[account] >= self._most_per_account:
            raise TooManyStreams(self._most_per_account, "this account")
        if self._accounts.total() >= self._most:
            raise TooManyStreams(self._most, "this replica")

    @contextlib.contextmanager
    def seated(self, seat: Seat) -> Iterator[None]:
        """Belong to the audience for as long as the stream is open."""
        row = self._rows.setdefault(seat.job, _Row(seats={}))
        row.seats[seat] = None
        self._accounts[seat.account] += 1
        self.hear(seat.job)
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        if self._dismissed:
            seat.leave("shutdown")
        try:
            with STREAMS.track_inprogress():
                yield
        finally:
            del row.seats[seat]
            self._accounts[seat.account] -= 1
            if not self._accounts[seat.account]:
                del self._accounts[seat.account]
            if not row.seats:
                self._rows.pop(seat.job, None)

    async def after(self, seat: Seat, number: int, seconds: float) -> list[Line]:
        """What was told after this number, as soon as there is something; nothing when the time is
        up or the stream is to end."""
        if seat.ended is not None:
            return []
        seat.waiting, seat.after = asyncio.get_running_loop().create_future(), number
        if number < self._rows[seat.job].seen or seat.job in self._due:
            self.hear(seat.job)
        try:
            async with asyncio.timeout(seconds):
                return await seat.waiting
        except TimeoutError:
            return []
        finally:
            seat.waiting = None

    def hear(self, job: str) -> None:
        """Something was told of this job."""
        if job in self._rows:
            self._due[job] = None
            self._woken.set()

    def hear_all(self) -> None:
        """Something may have been told of any job."""
        self._due.update(dict.fromkeys(self._rows))
        self._woken.set()

    def dismiss(self) -> None:
        """End every stream now, and open none any more."""
        self._dismissed = True
        for row in self._rows.values():
            for seat in row.seats:
                seat.leave("shutdown")

    async def close(self) -> None:
        """Stop looking."""
        self.dismiss()
        if self._looking is not None:
            self._looking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._looking

    async def _look(self) -> None:
        loop = asyncio.get_running_loop()
        poll_at = loop.time() + POLL_S
        while self._rows:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(poll_at):
                    await self._woken.wait()
            self._woken.clear()
            try:
                if loop.time() >= poll_at:
                    self.hear_all()
                    self._woken.clear()
                    await self._end_revoked()
                    poll_at = loop.time() + POLL_S
                await self._answer()
            except GONE as error:
                log.warning("audience.unanswered", error=str(error))
                self.hear_all()
                await asyncio.sleep(POLL_S)

    async def _answer(self) -> None:
        """One query for all who wait for what has something new. Who does not wait stays due."""
        asked = [(job, after) for job in self._due for after in self._waited_behind(job)]
        answered = {job for job, _ in asked}
        self._due = {job: None for job in self._due if job in self._rows and job not in answered}
        for begin in range(0, len(asked), ASKED_AT_ONCE):
            async with lent(self._pool) as conn:
                told = await events.since_each(conn, asked[begin : begin + ASKED_AT_ONCE])
            self._hand_out(told)

    def _waited_behind(self, job: str) -> list[int]:
        """The numbers behind which somebody waits; each is asked for, for one who has far to go
        must not keep those back who are nearly there."""
        seats = self._rows[job].seats if job in self._rows else ()
        return list(dict.fromkeys(seat.after for seat in seats if _waits(seat)))

    def _hand_out(self, told: dict[tuple[str, int], list[Event]]) -> None:
        by_job: dict[str, dict[int, list[Event]]] = {}
        for (job, after), found in told.items():
            by_job.setdefault(job, {})[after] = found
        for job, by_number in by_job.items():
            if job in self._rows:
                self._tell(job, self._rows[job], by_number)

    def _tell(self, job: str, row: _Row, told: dict[int, list[Event]]) -> None:
        """Give everybody of one row what was found behind their number, each event written once."""
        lines = {event.number: line_of(event) for found in told.values() for event in found}
        row.seen = max(row.seen, *lines)
        for seat in row.seats:
            if not _waits(seat) or seat.waiting is None:
                continue
            if seat.after in told:
                news = [lines[event.number] for event in told[seat.after]]
                seat.waiting.set_result(_beginning(news))
            elif seat.after < row.seen:  # it came while the others were being looked for
                self.hear(job)

    async def _end_revoked(self) -> None:
        seats = [seat for row in self._rows.values() for seat in row.seats]
        secrets = list(dict.fromkeys(seat.secret for seat in seats))
        if not secrets:
            return
        async with lent(self._pool) as conn:
            ended = await keys.ended(conn, secrets)
        for seat in seats:
            if seat.secret in ended:
                seat.leave("key_revoked")


def _waits(seat: Seat) -> bool:
    return seat.waiting is not None and not seat.waiting.done()


def _beginning(lines: list[Line]) -> list[Line]:
    """As many lines as go at once, one at least."""
    total = 0
    for at, line in enumerate(lines):
        total += len(line.text)
        if total > GIVEN_BYTES and at:
            return lines[:at]
    return lines
