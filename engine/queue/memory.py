"""The queue of one process: nothing is kept when it ends. For the shell, and for studios that are
tried without a database."""

import itertools
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta

from msgspec import Struct, field, structs

from engine.contracts import Failed, FamilyMade, Made, Outline, Rendered, RetractedTake
from engine.errors import LeaseLost
from engine.queue.contracts import (
    POSITION_MAX,
    UNCOUNTED_RETURNS,
    Delivered,
    Delivery,
    Ended,
    FamilyDelivered,
    Job,
    JobState,
    JobView,
    Lane,
    Lease,
    Planned,
    Played,
    Progress,
    Queue,
    Wants,
    candidate_id,
)
from engine.queue.endings import hopeless, state_after
from engine.queue.events import Told
from engine.queue.service import PUT_OFF_FIRST, PUT_OFF_LONGEST, URGENT
from engine.queue.turns import ALL_KEYS, LANES, LEAST_S

Body = Delivered | FamilyDelivered | Ended | Planned | Played
UNPAID: tuple[Wants, ...] = ("plans", "renditions")


class _Row(Struct, kw_only=True):
    """A job, and how far it is."""

    job: Job
    nth: int
    """In the order in which they came."""
    lane: Lane
    urgent_at: datetime | None
    state: JobState = "queued"
    attempt: int = 0
    returns: int = 0
    worker: str | None = None
    lease_until: datetime | None = None
    cancel_asked: bool = False
    progress: Progress = field(default_factory=Progress)
    finished_at: datetime | None = None


class _Handed(Struct, kw_only=True):
    """A delivery, and whether it is settled."""

    id: int
    number: int
    body: Body
    made_at: datetime
    due_at: datetime
    tries: int = 0
    settled: bool = False


class _Turn(Struct, kw_only=True):
    """Where the last job of an account or a key began on the clock of its kind, and ended."""

    begun_s: float
    ended_s: float


def _now() -> datetime:
    return datetime.now(UTC)


class MemoryQueue(Queue):
    """All of it in dictionaries; ``clock`` says what time it is. Not for several threads."""

    def __init__(self, clock: Callable[[], datetime] = _now) -> None:
        self._clock = clock
        self._rows: dict[str, _Row] = {}
        self._handed: dict[str, dict[int, _Handed]] = {}
        self._turns: dict[tuple[Wants, str, str], _Turn] = {}
        self._numbers = itertools.count(1)
        self.offered: dict[str, tuple[int, ...]] = {}
        """The runs of notes of every delivered candidate."""
        self.told: dict[str, list[Told]] = {}
        """What was said of every job."""

    # --- the door ---------------------------------------------------------------------------------

    async def enqueue(self, job: Job) -> None:
        ahead = max(URGENT, timedelta(seconds=4 * job.expected_s))
        self._rows[job.id] = _Row(
            job=job, nth=next(self._numbers), lane=job.lane,
            urgent_at=job.deadline_at - ahead if job.lane == "batch" else None,
        )  # fmt: skip

    async def ask_cancel(self, job: str) -> bool:
        row = self._rows.get(job)
        if row is None or row.finished_at is not None:
            return False
        row.cancel_asked = True
        if row.state == "queued":
            self._end(row, Ended(delivered=self._delivered(job), canceled=True))
        return True

    async def view(self, job: str) -> JobView | None:
        row = self._rows.get(job)
        if row is None:
            return None
        return JobView(
            state=row.state, attempt=row.attempt, position=self._position(row),
            finished_at=row.finished_at, progress=row.progress, expected_s=row.job.expected_s,
            cancel_asked=row.cancel_asked,
        )  # fmt: skip

    async def last_word(self, job: str) -> Planned | Played | Ended | None:
        last = self._handed.get(job, {}).get(0)
        if last is None:
            return None
        assert isinstance(last.body, (Planned, Played, Ended)), "number 0 ends a job"
        return last.body

    async def backlog(self) -> tuple[int, float]:
        there = [row.job.expected_s for row in self._rows.values() if row.finished_at is None]
        return len(there), sum(there)

    # --- the studio -------------------------------------------------------------------------------

    async def claim(
        self, worker: str, lease: timedelta, wants: Wants | None = None, engine: str | None = None
    ) -> Lease | None:
        for one in LANES if wants is None else (wants,):
            if (row := self._next(one, engine)) is not None:
                self._turn(row)
                row.state, row.worker, row.attempt = "leased", worker, row.attempt + 1
                row.lease_until = self._clock() + lease
                job = structs.replace(row.job, lane=row.lane)
                return Lease(job=job, worker=worker, attempt=row.attempt)
        return None

    async def beat(self, lease: Lease, until: timedelta, progress: Progress) -> bool:
        row = self._held(lease)
        row.lease_until, row.progress = self._clock() + until, progress
        return row.cancel_asked

    async def tell(self, lease: Lease, told: Sequence[Told]) -> None:
        if _holds(self._rows[lease.job.id], lease):
            self.told.setdefault(lease.job.id, []).extend(told)

    async def delivered_takes(self, job: str) -> dict[int, int]:
        return {
            one.number: one.body.made.take
            for one in self._handed.get(job, {}).values()
            if isinstance(one.body, (Delivered, FamilyDelivered))
        }

    async def deliver(
        self, lease: Lease, made: Made | FamilyMade, runs: Sequence[int] = ()
    ) -> None:
        row = self._held(lease)
        body = Delivered(made=made) if isinstance(made, Made) else FamilyDelivered(made=made)
        self._hand(row, made.number, body)
        if runs:
            self.offered[candidate_id(lease.job.id, made.number)] = tuple(runs)

    async def finish(
        self,
        lease: Lease,
        *,
        retracted: tuple[RetractedTake, ...] = (),
        failure: Failed | None = None,
        canceled: bool = False,
    ) -> None:
        row = self._held(lease)
        delivered = self._delivered(lease.job.id)
        last = Ended(
            delivered=delivered, retracted_takes=retracted, failure=failure, canceled=canceled
        )
        self._end(row, last)

    async def hand_over(self, lease: Lease, made: tuple[Outline, ...] | Rendered) -> None:
        row = self._held(lease)
        self._end(row, Played(rendered=made) if isinstance(made, Rendered) else Planned(plans=made))

    async def give_back(self, lease: Lease) -> None:
        row = self._rows[lease.job.id]
        if not _holds(row, lease):
            return
        row.returns += 1
        if row.returns > UNCOUNTED_RETURNS:
            row.lease_until = self._clock()
        else:
            self._requeue(row)
            row.attempt -= 1

    async def reap(self) -> int:
        now, reaped = self._clock(), 0
        for row in self._rows.values():
            if row.finished_at is not None:
                continue
            late = row.job.deadline_at <= now
            silent = row.lease_until is not None and row.lease_until < now
            if (late and row.state == "queued") or (
                silent and (late or row.attempt >= row.job.max_attempts)
            ):
                why = hopeless(row.job.wants, late=late)
                self._end(row, Ended(delivered=self._delivered(row.job.id), failure=why))
                reaped += 1
            elif silent:
                self._requeue(row)
                reaped += 1
            if row.urgent_at is not None and row.urgent_at <= now and row.state == "queued":
                row.lane = "interactive"
        return reaped

    # --- the clerk --------------------------------------------------------------------------------

    async def unsettled(self, limit: int) -> list[Delivery]:
        now = self._clock()
        waiting = [
            (row.job, one)
            for name, row in self._rows.items()
            for one in self._handed.get(name, {}).values()
            if not one.settled and one.due_at <= now
        ]
        waiting.sort(key=lambda each: each[1].id)
        return [_delivery(job, one, now) for job, one in waiting[:limit]]

    async def settle(self, delivery: int) -> None:
        self._find(delivery).settled = True

    async def put_off(self, delivery: int) -> None:
        one = self._find(delivery)
        pause = min(PUT_OFF_FIRST * 2 ** min(one.tries, 20), PUT_OFF_LONGEST)
        one.tries, one.due_at = one.tries + 1, self._clock() + pause

    # --- whose turn it is -------------------------------------------------------------------------

    def _next(self, wants: Wants, engine: str | None) -> _Row | None:
        """See `engine.queue.turns`: the same order, without leaping."""
        waiting = [
            row for row in self._of(wants, "queued")
            if row.job.engine is None or row.job.engine == engine
        ]  # fmt: skip
        busy = [row.job for row in self._of(wants, "leased")]

        def account_order(row: _Row) -> tuple[float, ...]:
            account = row.job.account
            running = sum(job.account == account for job in busy)
            begins = self._begins(wants, account, ALL_KEYS)
            return LANES[wants].index(row.lane), running, begins, row.nth

        def key_order(row: _Row) -> tuple[float, ...]:
            account, key = row.job.account, row.job.api_key
            running = sum(job.account == account and job.api_key == key for job in busy)
            return running, self._begins(wants, account, key), row.nth

        firsts: dict[tuple[Lane, str], _Row] = {}
        for row in sorted(waiting, key=key_order):
            firsts.setdefault((row.lane, row.job.account), row)
        return min(firsts.values(), key=account_order, default=None)

    def _turn(self, row: _Row) -> None:
        wants, account = row.job.wants, row.job.account
        for key in (ALL_KEYS, row.job.api_key):
            begun = self._begins(wants, account, key)
            ended = begun + max(row.job.expected_s, LEAST_S)
            self._turns[wants, account, key] = _Turn(begun_s=begun, ended_s=ended)

    def _begins(self, wants: Wants, account: str, key: str) -> float:
        """Where the next job would begin: where the last one ended, but not in the past."""
        clock = (
            turn.begun_s
            for (kind, who, which), turn in self._turns.items()
            if kind == wants and (which == ALL_KEYS) == (key == ALL_KEYS)
            and (key == ALL_KEYS or who == account)
        )  # fmt: skip
        own = self._turns.get((wants, account, key))
        return max(0.0 if own is None else own.ended_s, max(clock, default=0.0))

    # --- rows -------------------------------------------------------------------------------------

    def _of(self, wants: Wants, state: JobState) -> Iterable[_Row]:
        return (row for row in self._rows.values() if row.job.wants == wants and row.state == state)

    def _held(self, lease: Lease) -> _Row:
        row = self._rows[lease.job.id]
        if not _holds(row, lease):
            raise LeaseLost(f"{lease.job.id} belongs to another studio now")
        return row

    def _requeue(self, row: _Row) -> None:
        row.state, row.worker, row.lease_until = "queued", None, None

    def _position(self, row: _Row) -> int:
        if row.state != "queued":
            return 0
        mine = (row.lane, row.job.engine, row.job.account, row.job.api_key)
        ahead = sum(
            (other.lane, other.job.engine, other.job.account, other.job.api_key) == mine
            and other.nth < row.nth
            for other in self._of(row.job.wants, "queued")
        )
        return min(ahead, POSITION_MAX)

    def _delivered(self, job: str) -> int:
        return sum(number > 0 for number in self._handed.get(job, {}))

    def _end(self, row: _Row, last: Ended | Planned | Played) -> None:
        state: JobState = "done"
        if isinstance(last, Ended):
            state = state_after(last.delivered, last.failure, canceled=last.canceled)
        row.state, row.worker, row.lease_until = state, None, None
        row.finished_at = self._clock()
        self._hand(row, 0, last)

    def _hand(self, row: _Row, number: int, body: Body) -> None:
        handed, now = self._handed.setdefault(row.job.id, {}), self._clock()
        if number not in handed:
            handed[number] = _Handed(
                id=next(self._numbers), number=number, body=body, made_at=now, due_at=now,
                settled=row.job.wants in UNPAID,
            )  # fmt: skip

    def _find(self, delivery: int) -> _Handed:
        return next(
            one for handed in self._handed.values() for one in handed.values() if one.id == delivery
        )


def _holds(row: _Row, lease: Lease) -> bool:
    return row.state == "leased" and (row.worker, row.attempt) == (lease.worker, lease.attempt)


def _delivery(job: Job, one: _Handed, now: datetime) -> Delivery:
    assert not isinstance(one.body, (Planned, Played)), "what has no money is settled at once"
    return Delivery(
        id=one.id, job=job.id, account=job.account, trace=job.trace, number=one.number,
        body=one.body, waited=now - one.made_at,
    )  # fmt: skip
