"""How clients behave, for locust. What they need comes in ``CROWD``, a file of JSON: the gateways'
addresses, the sandbox's, and accounts' keys.

Whoever sends something that costs repeats it under the same name when the answer was lost, at the
next gateway; only the last try counts as failed.
"""

import http.client
import itertools
import json
import os
import random
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import gevent
from locust import FastHttpUser, between, constant, task
from locust.exception import StopUser

CROWD: dict[str, Any] = json.loads(Path(os.environ["CROWD"]).read_text())
URLS: list[str] = CROWD["urls"]
BED = {"prompt": "calm piano", "kind": "bed", "duration_ms": 60_000, "candidates": 4}
CHIME = {"prompt": "two soft notes", "kind": "chime", "candidates": 2}
TRIES, LOST = 12, 0
_numbers = itertools.count(1)
_keys = itertools.cycle(CROWD["keys"])


class Client(FastHttpUser):
    """A program with a key, which knows all gateways."""

    abstract = True
    host = URLS[0]
    network_timeout = connection_timeout = 90.0
    max_retries = 0

    def on_start(self) -> None:
        self.secret: str = next(_keys)
        self._doors = itertools.cycle(URLS)

    def call(
        self, name: str, method: str, path: str, *, key: str = "", body: Any = None,
        expected: tuple[int, ...] = (200,), prefer: str = "",
    ) -> Any:  # fmt: skip
        """The decoded answer; None where it never came as expected, which counts as failed."""
        headers = {"Authorization": f"Bearer {self.secret}"}
        headers |= {"Idempotency-Key": key} if key else {}
        headers |= {"Prefer": prefer} if prefer else {}
        for left in reversed(range(TRIES)):
            url = next(self._doors)
            with self.rest_or_bytes(method, url + path, name, headers, body) as answer:
                if answer.status_code in expected:
                    answer.success()
                    audio = "/audio" in path
                    return answer.content if audio else json.loads(answer.content or "null")
                again = answer.status_code in (LOST, 502, 503, 504)
                if not again or not left:
                    answer.failure(f"{answer.status_code} {(answer.text or '')[:120]}")
                    return None
                answer.request_meta["name"] = f"{name} (said again)"
                answer.success()
            gevent.sleep(0.3)
        return None

    def rest_or_bytes(
        self, method: str, url: str, name: str, headers: dict[str, str], body: Any
    ) -> Any:
        sent = {"json": body} if body is not None else {}
        return self.client.request(
            method, url, name=name, headers=headers, catch_response=True, **sent
        )

    def named(self, what: str) -> str:
        """A name nobody else gives."""
        return f"{what}-{os.getpid()}-{next(_numbers)}"

    def timed(self, name: str, began: float, error: Exception | None = None) -> None:
        """A figure of our own among locust's."""
        self.environment.events.request.fire(
            request_type="SEEN", name=name, response_time=(time.perf_counter() - began) * 1000,
            response_length=0, exception=error, context={},
        )  # fmt: skip

    def made(self, brief: dict[str, Any], wait_s: float = 120.0) -> dict[str, Any] | None:
        """Send a brief and wait for its end; how long that took is one of the figures."""
        began = time.perf_counter()
        taken = self.call(
            "POST briefs", "POST", "/v1/briefs", key=self.named("brief"), body=brief,
            expected=(202,),
        )  # fmt: skip
        end = time.monotonic() + wait_s
        while taken is not None and time.monotonic() < end:
            seen = self.call("GET brief, wait", "GET", f"/v1/briefs/{taken['id']}?wait=20")
            if seen is None:
                return None
            if seen["finished_at"] is not None:
                short = seen["status"] != "succeeded"
                self.timed("brief to its end", began, ValueError(seen["status"]) if short else None)
                return seen
        return None


class Buyer(Client):
    """Buys a pack now and then, orders a bed of a minute, listens to all four, licenses one."""

    wait_time = between(0.5, 2.0)

    @task
    def visit(self) -> None:
        if random.random() < 0.1:
            self.buy()
        brief = self.made(BED)
        if brief is None:
            return
        for line in brief["candidates"]:
            self.call("GET audio", "GET", f"/v1/candidates/{line['id']}/audio?format=mp3")
        best = brief["candidates"][0]["id"]
        license_ = self.call(
            "POST pick", "POST", f"/v1/candidates/{best}/pick", key=self.named("pick"),
            expected=(200, 201),
        )  # fmt: skip
        if license_ is not None:
            self.call("GET track audio", "GET", f"/v1/tracks/{license_['track']}/audio")

    def buy(self) -> None:
        asked = self.call(
            "POST topups", "POST", "/v1/topups", key=self.named("topup"), body={"tokens": 100},
            expected=(200, 202), prefer="wait=20",
        )  # fmt: skip
        if asked is not None and asked["checkout_url"]:
            with self.client.post(
                f"{asked['checkout_url']}/pay", name="pay at the sandbox", catch_response=True
            ) as paid:
                paid.success() if paid.status_code < 400 else paid.failure(str(paid.status_code))


class Burster(Client):
    """A game's build: twenty chimes at once, then a while of nothing."""

    wait_time = between(4.0, 8.0)
    concurrency = 24

    @task
    def burst(self) -> None:
        began = time.perf_counter()
        gevent.joinall([gevent.spawn(self.made, CHIME) for _ in range(20)])
        self.timed("twenty chimes", began)


class Poller(Client):
    """Asks for one brief again and again, as fast as it is answered."""

    wait_time = constant(0.0)

    def on_start(self) -> None:
        super().on_start()
        taken = self.call(
            "POST briefs", "POST", "/v1/briefs", key=self.named("polled"), body=CHIME,
            expected=(202,),
        )  # fmt: skip
        if taken is None:
            raise StopUser
        self.brief: str = taken["id"]

    @task
    def poll(self) -> None:
        self.call("GET brief", "GET", f"/v1/briefs/{self.brief}")


class Listener(Client):
    """Orders a bed and hears of it by server-sent events, until it has ended."""

    wait_time = between(0.5, 3.0)

    @task
    def listen(self) -> None:
        taken = self.call(
            "POST briefs", "POST", "/v1/briefs", key=self.named("heard"), body=BED, expected=(202,)
        )
        if taken is None:
            return
        began, heard, error = time.perf_counter(), list[str](), None
        try:
            heard = list(self._events(taken["id"], began))
        except (OSError, ValueError, http.client.HTTPException) as fault:
            error = fault
        if error is None and not any(one.endswith(".ended") for one in heard):
            error = ValueError(f"the stream ended after {heard[-1:]}")
        self.timed("events to their end", began, error)

    def _events(self, brief: str, began: float) -> Iterator[str]:
        """The events' names as they come. Not by locust's client, which fills a buffer first."""
        place = urlsplit(next(self._doors))
        line = http.client.HTTPConnection(place.hostname or "", place.port, timeout=90)
        try:
            line.request(
                "GET", f"/v1/briefs/{brief}/events",
                headers={"Authorization": f"Bearer {self.secret}", "Accept": "text/event-stream"},
            )  # fmt: skip
            answer = line.getresponse()
            if answer.status != 200:
                raise ValueError(f"events answered {answer.status}")
            first = True
            while said := answer.readline():
                if said.startswith(b"event: "):
                    if first:
                        self.timed("first event", began)
                        first = False
                    yield said[7:].decode().strip()
        finally:
            line.close()


class Cataloguer(Client):
    """A licensing company's run: batch briefs, one after the other, as fast as they are taken."""

    wait_time = constant(0.05)
    fixed_count = 2

    @task
    def order(self) -> None:
        self.call(
            "POST batch briefs", "POST", "/v1/briefs", key=self.named("batch"),
            body={**BED, "lane": "batch", "deadline_s": 86_400}, expected=(202, 429),
        )  # fmt: skip


class Slow(Client):
    """Sends a body byte by byte and reads its answer as slowly; never twice as fast."""

    wait_time = constant(0.1)

    @task
    def crawl(self) -> None:
        place = urlsplit(next(self._doors))
        body = json.dumps(CHIME).encode()
        head = (
            f"POST /v1/quotes HTTP/1.1\r\nHost: {place.netloc}\r\nConnection: close\r\n"
            f"Authorization: Bearer {self.secret}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        ).encode()
        began, error = time.perf_counter(), None
        try:
            with socket.create_connection((place.hostname, place.port), timeout=90) as line:
                for byte in head + body:
                    line.sendall(bytes([byte]))
                    gevent.sleep(0.02)
                answer = b""
                while part := line.recv(64):
                    answer += part
                    gevent.sleep(0.02)
            if b" 200 " not in answer[:16]:
                error = ValueError(answer[:40].decode(errors="replace"))
        except OSError as fault:
            error = fault
        self.timed("a slow quote", began, error)
