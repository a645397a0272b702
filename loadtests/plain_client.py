"""A client that costs next to nothing: prepared bytes, one process, epoll, no library.

``python -m loadtests.plain_client`` reads an `Errand` as JSON from its input and writes what came
of it as a `Tally`. A library's client would spend more CPU on a request than the server that is
measured; this one also says how much it spent itself.

Without a rate every connection asks again as soon as it is answered (a closed loop: how much the
server can do). With one, requests come at random moments of that rate, whatever the answers do (an
open loop: how long clients wait); a request that finds no free connection waits for one, and that
is counted as waiting too.
"""

import ctypes
import os
import random
import select
import socket
import struct
import sys
import time
from collections import Counter, deque
from collections.abc import Iterator

import msgspec
from msgspec import Struct, field

_CLOCK_MONOTONIC = 1
_ABSOLUTE = 1
_LIBC = ctypes.CDLL(None, use_errno=True)


class Errand(Struct, frozen=True, kw_only=True):
    """What to ask, of whom and how often."""

    port: int
    method: str
    path: str
    secrets: list[str]
    """Keys, which take turns."""
    bodies: list[str] = field(default_factory=list)
    """So do these; none for requests without a body."""
    named: bool = False
    """Whether each request has an ``Idempotency-Key`` of its own."""
    connections: int = 16
    seconds: float = 4.0
    rate: float | None = None
    seed: int = 1


class Tally(Struct, frozen=True, kw_only=True):
    """What came back. ``late_ms``: how long each answer took, sorted."""

    statuses: dict[str, int]
    seconds: float
    cpu_s: float
    late_ms: list[float] = field(default_factory=list)

    @property
    def per_s(self) -> float:
        return sum(self.statuses.values()) / self.seconds

    def late(self, share: float) -> float:
        """The time within which this share of the answers came."""
        return self.late_ms[min(len(self.late_ms) - 1, int(share * len(self.late_ms)))]


class Line:
    """One connection: at most one request under way."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.settimeout(30)
        self.asked_at = 0.0
        self._came = b""

    def ask(self, request: bytes, at: float) -> None:
        self.asked_at = at
        self.socket.sendall(request)

    def answered(self) -> str | None:
        """The status, once the whole answer is here."""
        part = self.socket.recv(65_536)
        if not part:
            raise ConnectionError("the server closed a connection")
        came = self._came + part if self._came else part
        head = came.find(b"\r\n\r\n")
        if head > 0:
            begins = came.find(b"content-length: ", 0, head) + 16
            length = int(came[begins : came.find(b"\r\n", begins)])
            if len(came) >= head + 4 + length:
                self._came = b""
                return came[9:12].decode()
        self._came = came
        return None


class Alarm:
    """A timer to the microsecond among the sockets; epoll's own counts milliseconds."""

    def __init__(self) -> None:
        self.fd: int = _LIBC.timerfd_create(_CLOCK_MONOTONIC, 0)

    def set(self, at: float) -> None:
        whole = int(at)
        when = struct.pack("qqqq", 0, 0, whole, int((at - whole) * 1e9) or 1)
        if _LIBC.timerfd_settime(self.fd, _ABSOLUTE, when, None) != 0:
            raise OSError(ctypes.get_errno(), "timerfd_settime")

    def hear(self) -> None:
        os.read(self.fd, 8)


def run(errand: Errand) -> Tally:
    """Ask, and count."""
    lines = [Line(errand.port) for _ in range(errand.connections)]
    requests = _requests(errand)
    before, began = time.process_time(), time.monotonic()
    if errand.rate is None:
        statuses, late = _closed(lines, requests, began + errand.seconds)
    else:
        moments = _moments(errand.rate, errand.seconds, errand.seed)
        statuses, late = _open(lines, requests, [began + one for one in moments])
    took, cpu = time.monotonic() - began, time.process_time() - before
    for line in lines:
        line.socket.close()
    late.sort()
    return Tally(statuses=dict(statuses), seconds=took, cpu_s=cpu, late_ms=late)


def _requests(errand: Errand) -> Iterator[bytes]:
    """Requests without end, each from the next key and with the next body."""
    kind = f"{errand.method} {errand.path} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    heads = [f"{kind}Authorization: Bearer {secret}\r\n".encode() for secret in errand.secrets]
    bodies = [_body(body.encode()) for body in errand.bodies] or [b"\r\n"]
    number, run = 0, f"{os.getpid()}-{errand.seed}".encode()
    while True:
        head, body = heads[number % len(heads)], bodies[number % len(bodies)]
        number += 1
        yield head + (b"Idempotency-Key: %s-%d\r\n" % (run, number) if errand.named else b"") + body


def _body(body: bytes) -> bytes:
    return b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body


def _moments(rate: float, seconds: float, seed: int) -> list[float]:
    draws, moments, at = random.Random(seed), list[float](), 0.0
    while (at := at + draws.expovariate(rate)) < seconds:
        moments.append(at)
    return moments


def _closed(
    lines: list[Line], requests: Iterator[bytes], end: float
) -> tuple[Counter[str], list[float]]:
    poll, by_fd = select.epoll(), {line.socket.fileno(): line for line in lines}
    statuses, late = Counter[str](), list[float]()
    for fd, line in by_fd.items():
        poll.register(fd, select.EPOLLIN)
        line.ask(next(requests), time.monotonic())
    waiting = len(lines)
    while waiting:
        for fd, _ in poll.poll(30):
            line = by_fd[fd]
            if (status := line.answered()) is None:
                continue
            now = time.monotonic()
            statuses[status] += 1
            late.append((now - line.asked_at) * 1000)
            if now < end:
                line.ask(next(requests), now)
            else:
                waiting -= 1
    return statuses, late


def _open(
    lines: list[Line], requests: Iterator[bytes], moments: list[float]
) -> tuple[Counter[str], list[float]]:
    poll, alarm = select.epoll(), Alarm()
    by_fd = {line.socket.fileno(): line for line in lines}
    statuses, late = Counter[str](), list[float]()
    for fd in (*by_fd, alarm.fd):
        poll.register(fd, select.EPOLLIN)
    due, free, wait = deque(moments), deque(lines), deque[float]()  # none idles for long
    alarm.set(due[0])
    left = len(moments)
    while left:
        for fd, _ in poll.poll(30):
            if fd == alarm.fd:
                alarm.hear()
            elif (status := by_fd[fd].answered()) is not None:
                statuses[status] += 1
                late.append((time.monotonic() - by_fd[fd].asked_at) * 1000)
                free.append(by_fd[fd])
                left -= 1
        now = time.monotonic()
        came = bool(due) and due[0] <= now
        while due and due[0] <= now:
            wait.append(due.popleft())
        while wait and free:
            free.popleft().ask(next(requests), wait.popleft())
        if came and due:
            alarm.set(due[0])
    return statuses, late


def main() -> int:
    """From an errand to its tally."""
    errand = msgspec.json.decode(sys.stdin.buffer.read(), type=Errand)
    sys.stdout.buffer.write(msgspec.json.encode(run(errand)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
