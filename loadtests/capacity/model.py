"""Studios, their queue and whoever scales them, event by event.

Jobs come at given moments. A free session of a studio takes the first waiting one, interactive
before batch, a batch job that has come near its deadline among the interactive ones. A studio that
is told to go stops claiming and drains; what it has not ended then goes back to the queue without
the candidates it has delivered. One that is lost is missed when its lease has run out. Nothing else
is modelled: the database and the network take no time.
"""

import heapq
import itertools
import math
import random
from collections import deque
from collections.abc import Iterable, Sequence

from msgspec import Struct

DAY_S = 86_400
URGENT_S = 2 * 3600.0
"""So long before its deadline a batch job counts as interactive."""


class Wish(Struct, frozen=True, kw_only=True):
    """A brief as the queue sees it: ``takes_s`` is what each candidate takes a session, one after
    the other; ``first_s`` what comes before the first; ``expected_s`` what the door told KEDA."""

    at: float
    takes_s: tuple[float, ...]
    first_s: float = 0.0
    expected_s: float = 0.0
    batch: bool = False
    deadline_s: float = 600.0

    @property
    def work_s(self) -> float:
        """Seconds of one session."""
        return self.first_s + sum(self.takes_s)


class Scaling(Struct, frozen=True, kw_only=True):
    """KEDA's settings, as in deploy/helm/values.yaml."""

    least: int = 1
    most: int = 200
    target_s: float = 120.0
    batch_weight: float = 0.25
    look_s: float = 15.0
    stable_s: float = 300.0
    leaves_share: float = 0.5  # of all, in a minute


class Studios(Struct, frozen=True, kw_only=True):
    """How studios are run. ``pods`` stay as many unless ``scaling`` says otherwise; ``poll_s`` is
    how often a free session looks."""

    pods: int = 1
    sessions: int = 1
    scaling: Scaling | None = None
    poll_s: float = 0.5
    drain_s: float = 25.0
    cold_s: float = 30.0
    lease_s: float = 30.0
    lost_per_day: float = 0.0  # of each pod


class Outcome(Struct, kw_only=True):
    """What came of it. Waits are from a job's arrival to its first claim, seconds."""

    waits: list[float]
    batch_waits: list[float]
    latencies: list[float]  # of interactive ones, to their end
    lasted_s: float = 0.0
    pod_s: float = 0.0
    busy_s: float = 0.0
    most_pods: int = 0
    started: int = 0
    given_back: int = 0
    lost: int = 0
    late: int = 0


class _Job(Struct, kw_only=True):
    wish: Wish
    takes: deque[float]
    first_claim: float | None = None
    began: float = 0.0
    waiting: bool = True


class _Pod(Struct, kw_only=True):
    number: int
    ready: bool = False
    draining: bool = False
    gone: bool = False
    busy: dict[int, _Job]
    since: float


class Day:
    """One simulation. Times are seconds from its beginning."""

    def __init__(self, wishes: Sequence[Wish], studios: Studios, seed: int = 1) -> None:
        self._studios, self._dice = studios, random.Random(seed)
        self._heap: list[tuple[float, int, str, object]] = []
        self._numbers, self._tokens = itertools.count(), itertools.count()
        self._interactive, self._batch = deque[_Job](), deque[_Job]()
        self._pods: dict[int, _Pod] = {}
        self._roomy: dict[int, _Pod] = {}  # those with a free session
        self._free = 0
        self._backlog = [0.0, 0.0]  # expected seconds, interactive and batch
        self._wanted = deque[tuple[float, int]]()
        self._open = len(wishes)
        self.outcome = Outcome(waits=[], batch_waits=[], latencies=[])
        for wish in wishes:
            self._at(wish.at, "arrive", wish)

    def run(self) -> Outcome:
        """Until every job has ended."""
        scaling = self._studios.scaling
        for _ in range(scaling.least if scaling else self._studios.pods):
            self._start(0.0, cold_s=0.0)
        if scaling:
            self._at(0.0, "look", None)
        now = 0.0
        while self._open and self._heap:
            now, _, kind, what = heapq.heappop(self._heap)
            getattr(self, f"_{kind}")(now, what)
        for pod in self._pods.values():
            self.outcome.pod_s += now - pod.since
        self.outcome.lasted_s = now
        return self.outcome

    # --- what happens ---

    def _arrive(self, now: float, wish: object) -> None:
        assert isinstance(wish, Wish)
        self._backlog[wish.batch] += wish.expected_s
        self._enqueue(now, _Job(wish=wish, takes=deque(wish.takes_s)))
        if wish.batch:
            self._at(now + max(0.0, wish.deadline_s - URGENT_S), "urgent", None)

    def _enqueue(self, now: float, job: _Job, *, ahead: bool = False) -> None:
        job.waiting = True
        line = self._batch if job.wish.batch else self._interactive
        line.appendleft(job) if ahead else line.append(job)
        if self._free:  # the first of the free sessions that looks
            soon = 1 - (1 - self._dice.random()) ** (1 / self._free)
            self._at(now + self._studios.poll_s * soon, "claim", None)

    def _urgent(self, now: float, _: object) -> None:
        """The oldest batch job has come near its deadline."""
        while self._batch and now - self._batch[0].wish.at >= (
            self._batch[0].wish.deadline_s - URGENT_S - 1e-6
        ):
            self._interactive.append(self._batch.popleft())

    def _claim(self, now: float, _: object) -> None:
        """Free sessions take what waits."""
        while self._roomy and (self._interactive or self._batch):
            pod = next(iter(self._roomy.values()))
            self._begin(now, pod, (self._interactive or self._batch).popleft())

    def _begin(self, now: float, pod: _Pod, job: _Job) -> None:
        token = next(self._tokens)
        job.waiting, job.began = False, now
        if job.first_claim is None:
            job.first_claim = now
            waits = self.outcome.batch_waits if job.wish.batch else self.outcome.waits
            waits.append(now - job.wish.at)
        pod.busy[token] = job
        self._free -= 1
        if len(pod.busy) == self._studios.sessions:
            del self._roomy[pod.number]
        self._at(now + job.wish.first_s + sum(job.takes), "end", (pod, token))

    def _end(self, now: float, which: object) -> None:
        pod, token = which  # type: ignore[misc]
        job = pod.busy.pop(token, None)
        if job is None:  # its studio was lost or drained
            return
        self.outcome.busy_s += now - job.began
        self._close(now, job)
        if pod.draining:
            if not pod.busy:
                self._leave(now, pod)
            return
        self._free += 1
        self._roomy[pod.number] = pod
        self._claim(now, None)

    def _close(self, now: float, job: _Job) -> None:
        self._open -= 1
        self._backlog[job.wish.batch] -= job.wish.expected_s
        took = now - job.wish.at
        self.outcome.late += took > job.wish.deadline_s
        if not job.wish.batch:
            self.outcome.latencies.append(took)

    # --- studios come and go ---

    def _start(self, now: float, cold_s: float) -> None:
        pod = _Pod(number=next(self._numbers), busy={}, since=now)
        self._pods[pod.number] = pod
        self.outcome.started += 1
        self.outcome.most_pods = max(self.outcome.most_pods, len(self._pods))
        self._at(now + cold_s, "ready", pod)

    def _ready(self, now: float, pod: object) -> None:
        assert isinstance(pod, _Pod)
        if pod.gone:
            return
        pod.ready = True
        self._free += self._studios.sessions
        self._roomy[pod.number] = pod
        if rate := self._studios.lost_per_day / 86_400:
            self._at(now + self._dice.expovariate(rate), "lose", pod)
        self._claim(now, None)

    def _lose(self, now: float, pod: object) -> None:
        """Gone without a word: its jobs are missed when their leases have run out."""
        assert isinstance(pod, _Pod)
        if pod.gone:
            return
        self.outcome.lost += 1
        self._leave(now, pod, missed_s=self._studios.lease_s)
        if self._studios.scaling is None:
            self._start(now, self._studios.cold_s)

    def _drain(self, now: float, pod: _Pod) -> None:
        self._free -= self._studios.sessions - len(pod.busy) if pod.ready else 0
        pod.draining = True
        self._roomy.pop(pod.number, None)
        if pod.busy:
            self._at(now + self._studios.drain_s, "drained", pod)
        else:
            self._leave(now, pod)

    def _drained(self, now: float, pod: object) -> None:
        assert isinstance(pod, _Pod)
        if not pod.gone:
            self.outcome.given_back += len(pod.busy)
            self._leave(now, pod)

    def _leave(self, now: float, pod: _Pod, missed_s: float = 0.0) -> None:
        if pod.ready and not pod.draining:
            self._free -= self._studios.sessions - len(pod.busy)
        for job in pod.busy.values():
            self.outcome.busy_s += now - job.began
            _keep_what_was_delivered(job, now - job.began)
            self._at(now + missed_s, "again", job)
        pod.busy = {}
        pod.gone = True
        self._roomy.pop(pod.number, None)
        self.outcome.pod_s += now - pod.since
        del self._pods[pod.number]

    def _again(self, now: float, job: object) -> None:
        assert isinstance(job, _Job)
        self._enqueue(now, job, ahead=True)

    def _look(self, now: float, _: object) -> None:
        """KEDA: as many pods as the backlog has targets; fewer only when it has been so a while."""
        scaling = self._studios.scaling
        assert scaling is not None
        seconds = self._backlog[0] + scaling.batch_weight * self._backlog[1]
        wanted = math.ceil(seconds / scaling.target_s - 1e-9)
        wanted = min(max(wanted, scaling.least), scaling.most)
        self._wanted.append((now, wanted))
        while self._wanted[0][0] < now - scaling.stable_s:
            self._wanted.popleft()
        staying = [pod for pod in self._pods.values() if not pod.draining]
        for _ in range(wanted - len(staying)):
            self._start(now, self._studios.cold_s)
        stable = max(count for _, count in self._wanted)
        leaving = min(
            len(staying) - stable,
            math.ceil(len(staying) * scaling.leaves_share * scaling.look_s / 60),
        )
        if leaving > 0:
            for pod in self._dice.sample(staying, leaving):
                self._drain(now, pod)
        self._at(now + scaling.look_s, "look", None)

    def _at(self, when: float, kind: str, what: object) -> None:
        heapq.heappush(self._heap, (when, next(self._tokens), kind, what))


def _keep_what_was_delivered(job: _Job, worked_s: float) -> None:
    """Candidates that were ready stay; the one that was being made is made again."""
    left = worked_s - job.wish.first_s
    while job.takes and left >= job.takes[0]:
        left -= job.takes.popleft()


def fewest_pods(wishes: Sequence[Wish], studios: Studios, p95_s: float) -> tuple[int, Outcome]:
    """So few pods, always there, that 95 % of interactive jobs wait no longer and none is late.

    Never fewer than a day's work fills in a day: there is another one tomorrow.
    """
    low = max(1, math.ceil(sum(one.work_s for one in wishes) / studios.sessions / DAY_S))
    high, best = low, Day(wishes, _of(studios, low)).run()
    while not _good(best, p95_s):
        low, high = high + 1, 2 * high
        best = Day(wishes, _of(studios, high)).run()
    while low < high:
        middle = (low + high) // 2
        found = Day(wishes, _of(studios, middle)).run()
        if _good(found, p95_s):
            high, best = middle, found
        else:
            low = middle + 1
    return high, best


def _good(found: Outcome, p95_s: float) -> bool:
    return percentile(found.waits, 0.95) <= p95_s and not found.late


def _of(studios: Studios, pods: int) -> Studios:
    return Studios(
        pods=pods, sessions=studios.sessions, poll_s=studios.poll_s, drain_s=studios.drain_s,
        cold_s=studios.cold_s, lease_s=studios.lease_s, lost_per_day=studios.lost_per_day,
    )  # fmt: skip


def percentile(values: Iterable[float], share: float) -> float:
    """The value that this share does not exceed; 0 of none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, math.ceil(share * len(ordered)) - 1)] if ordered else 0.0
