"""Webhooks to bad endpoints, while gateways and clerks are killed with -9 and briefs run.

``python -m loadtests.bench_webhooks --kills 10 --briefs 60 --seed 1``

A house of two gateways, two clerks and a studio with the light backend. Each account has an
endpoint of every manner: one that is good, one that fails or hangs up without an answer, one that
hangs, one that answers with ten megabytes, one that redirects to private addresses and to a port
that must stay unvisited, one that nobody listens at, and one that is gone (410). While briefs are
sent, gateways and clerks die by turns; a clerk dies when it has messages in its hands. Waits
between tries are moved, not waited for, and so is the rest of a dead clerk's lease.

Then the bad ones recover. What briefs say over HTTP of themselves must have come to every endpoint
that was not gone: each candidate and each end at least once, under one id with the same bytes each
time, signed, those of one brief in order; the one that was gone is disabled, its account was told,
and it is sent nothing more. Only this machine; exits 1 on any difference or where less was killed.
"""

import argparse
import asyncio
import collections
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import asyncpg
import msgspec

from api.parts import Part
from api.workbench import Workbench
from loadtests.clients import Book, Client
from loadtests.endpoints import FAITHFUL, MANNERS, Endpoint, Trap
from loadtests.house import house, open_accounts, resident_kb, table

REPLICAS = {"gateway": 2, "clerk": 2}
BRIEF = {"prompt": "two soft notes", "kind": "chime", "candidates": 2}
HOLDS = "select count(*) from api.threads where worker like '%/' || $1 || '/%'"
FREE = """
update api.threads set lease_until = now()
where worker like '%/' || $1 || '/%' and lease_until > now()
"""
UNPAUSE = "update api.webhook_endpoints set paused_until = null where paused_until is not null"
HURRY = """
update api.threads set due_at = now()
where lease_until is null and due_at > now() and not exists (
  select from api.sendings as sent
  where sent.endpoint = threads.endpoint and sent.subject = threads.subject
    and state = 'waiting' and tries > $1)
"""
HURRIED_TRIES, ANY_TRIES = 6, 100
"""Before the bad ones recover nothing is hurried so often that it would be given up."""
STATES = "select state, count(*) as many from api.sendings group by state order by state"
BURST = 4
"""Briefs of each account that a dying gateway has in its hands, or its neighbour."""
ARRIVED_S = 1.0
"""What a dead clerk had sent has been read by now: only then another may send it again."""
LEFT = """
select (select count(*) from api.sendings where state = 'waiting') as messages,
  (select count(*) from engine.deliveries where settled_at is null) as deliveries
"""
GONE = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError)
HOLDS_WITHIN_S, ALIVE_WITHIN_S, SETTLED_WITHIN_S = 20.0, 90.0, 240.0


class Bench:
    """One run of it."""

    def __init__(self, bench: Workbench, given: argparse.Namespace) -> None:
        self._bench, self._given, self._book = bench, given, Book()
        self._dice = random.Random(given.seed)
        self.killed: collections.Counter[str] = collections.Counter()
        self.clerks_in_the_middle = 0
        self.endpoints: list[Endpoint] = []
        self.memory_kb: collections.Counter[str] = collections.Counter()
        self._trap = Trap()
        self._over = self._recovered = False
        self._states: dict[str, int] = {}
        self.verdict = 1

    def go(self) -> None:
        """In a thread beside the one that starts the dead again."""
        self.verdict = asyncio.run(self._live())

    async def _live(self) -> int:
        given, address = self._given, self._bench.address
        async with asyncpg.create_pool(address.database_url, min_size=1, max_size=4) as pool:
            accounts = await open_accounts(address, given.accounts, tokens=10**6)
            clients = [
                Client(self._book, address, one, random.Random(f"{given.seed} {number}"))
                for number, one in enumerate(accounts)
            ]
            await self._open(clients)
            began = time.monotonic()
            hurrying = asyncio.create_task(self._hurry(pool))
            sending = [asyncio.create_task(self._send(one)) for one in clients]
            await self._kill_all(pool, clients)
            self._over = True
            await asyncio.gather(*sending)
            for one in self.endpoints:
                await one.recover()
            self._recovered = True
            left = await self._settled(pool)
            hurrying.cancel()
            took = time.monotonic() - began
            faults = [*left, *self._book.faults, *[f for one in self.endpoints for f in one.faults]]
            rows = await pool.fetch("select id, position from api.messages")
            self._states = {row["state"]: row["many"] for row in await pool.fetch(STATES)}
            places = {row["id"]: row["position"] for row in rows}
            for client in clients:
                faults += await self._missing(client, places)
            faults += self._visited()
            await self._close(clients)
        self._print(took, faults)
        return 1 if faults or self.killed.total() < given.kills else 0

    # --- what runs ---

    async def _open(self, clients: list[Client]) -> None:
        """Register an endpoint of every manner for each account."""
        await self._trap.open()
        for client in clients:
            for manner in MANNERS:
                one = Endpoint(client.account.id, manner, self._given.seed)
                one.trap = self._trap
                await one.open()
                answer = await client.call("POST", "/v1/webhook_endpoints", {"url": one.url})
                assert answer is not None
                made = answer.raise_for_status().json()
                one.id, one.secret = made["endpoint"]["id"], made["secret"]
                self.endpoints.append(one)

    async def _close(self, clients: list[Client]) -> None:
        for one in (*self.endpoints, self._trap, *clients):
            await one.close()

    async def _send(self, client: Client) -> None:
        """So many briefs at least, and more until everything was killed."""
        share = -(-self._given.briefs // self._given.accounts)
        mine = 0
        while mine < share or not self._over:
            mine += await self._ask(client)
            await asyncio.sleep(client.dice.expovariate(1 / self._given.pause))

    async def _ask(self, client: Client) -> bool:
        """Have a brief made, at whichever gateway lives."""
        answer = await client.named_call(
            "/v1/briefs", client.named("brief"), BRIEF, walks_away=False
        )
        if answer is None or not client.expected(answer, 202):
            return False
        self._book.accepts(client.account.id, answer.json()["id"])
        return True

    async def _hurry(self, pool: asyncpg.Pool) -> None:
        while True:
            with suppress(*GONE):
                await pool.execute(UNPAUSE)
                await pool.execute(HURRY, ANY_TRIES if self._recovered else HURRIED_TRIES)
            for name, part in self._bench.parts.items():
                if part.alive:
                    self.memory_kb[name] = max(self.memory_kb[name], resident_kb(part.pid))
            await asyncio.sleep(0.5)

    # --- what is killed ---

    async def _kill_all(self, pool: asyncpg.Pool, clients: list[Client]) -> None:
        """Gateways and clerks by turns, each kind's two in an order of the seed's."""
        for number in range(self._given.kills):
            kind = ("clerk", "gateway")[number % 2]
            name = self._dice.choice((kind, f"{kind}-2"))
            part = self._bench.parts[name]
            await _ready(part)
            if kind == "clerk":
                await self._kill_clerk(pool, part)
            else:
                await self._kill_gateway(clients, part)
            self.killed[kind] += 1
            await asyncio.sleep(self._dice.uniform(0.5, 1.5) * self._given.apart)

    async def _kill_clerk(self, pool: asyncpg.Pool, part: Part) -> None:
        """In the middle of sending."""
        pid = str(part.pid)
        self.clerks_in_the_middle += await _holds(pool, pid)
        await asyncio.to_thread(part.kill)
        await asyncio.sleep(ARRIVED_S)
        await pool.execute(FREE, pid)

    async def _kill_gateway(self, clients: list[Client], part: Part) -> None:
        """In the middle of a burst of briefs."""
        burst = [asyncio.create_task(self._ask(client)) for client in clients for _ in range(BURST)]
        await asyncio.sleep(self._dice.uniform(0.005, 0.05))
        await asyncio.to_thread(part.kill)
        await asyncio.gather(*burst)

    async def _settled(self, pool: asyncpg.Pool) -> list[str]:
        """What is still under way when patience is over."""
        end = time.monotonic() + SETTLED_WITHIN_S
        while True:
            left = dict(await pool.fetchrow(LEFT) or {})
            open_ = await self._open_briefs(pool)
            if not any(left.values()) and not open_:
                return []
            if time.monotonic() > end:
                return [f"still under way: {left}, {open_} briefs"]
            await asyncio.sleep(0.2)

    async def _open_briefs(self, pool: asyncpg.Pool) -> int:
        return await pool.fetchval("select count(*) from api.briefs where outcome is null") or 0

    # --- what must have come ---

    async def _missing(self, client: Client, places: dict[str, int]) -> list[str]:
        """What the account's briefs say of themselves beside what came to its endpoints."""
        mine = [one for one in self.endpoints if one.account == client.account.id]
        due = [await self._due(client, brief) for brief, of in self._book.accepted.items()
               if of == client.account.id]  # fmt: skip
        faults: list[str] = []
        for one in mine:
            if one.manner in FAITHFUL:
                faults += lost(one, due)
            faults += unordered(one, places)
        return [*faults, *await self._disabled(client, mine)]

    async def _due(self, client: Client, brief: str) -> list[tuple[str, str]]:
        """What is to be told of a brief: kinds, each with what it is about."""
        answer = await client.call("GET", f"/v1/briefs/{brief}")
        assert answer is not None
        view = answer.raise_for_status().json()
        self._book.counts["candidates"] += len(view["candidates"])
        return [
            *(("candidate.ready", one["id"]) for one in view["candidates"]),
            (f"brief.{view['status']}", brief),
        ]

    async def _disabled(self, client: Client, mine: list[Endpoint]) -> list[str]:
        """The one that is gone is disabled and the others are not; the account was told."""
        answer = await client.call("GET", "/v1/webhook_endpoints")
        assert answer is not None
        why = {one["id"]: one["disabled_why"] for one in answer.raise_for_status().json()["items"]}
        faults = [
            f"{one.manner} is disabled: {why[one.id]}" for one in mine
            if why[one.id] != ("gone" if one.manner == "gone" else None)
        ]  # fmt: skip
        for one in mine:
            told = [came for came in one.came if b'"webhook_endpoint.disabled"' in came.body]
            if one.manner in FAITHFUL and not told:
                faults.append(f"{one.manner} was not told that another was disabled")
            if one.manner == "gone" and one.counts["leave"] > 1 + 2 * self._given.kills:
                faults.append(f"one that is gone was asked {one.counts['leave']} times")
        return faults

    def _visited(self) -> list[str]:
        return [f"{self._trap.visits} redirects were followed"] if self._trap.visits else []

    # --- what is printed ---

    def _print(self, took: float, faults: list[str]) -> None:
        given, book = self._given, self._book
        print(f"\nseed {given.seed}, {took:.0f} s: {len(book.accepted)} briefs of "
              f"{given.accounts} accounts, {book.counts['candidates']} candidates; killed -9: "
              f"{self.killed['gateway']} gateways, {self.killed['clerk']} clerks "
              f"({self.clerks_in_the_middle} with messages in their hands); "
              f"{book.counts['connections lost']} connections lost\n")  # fmt: skip
        print(table(("endpoint", "requests", "messages", "came again", "what it did"),
                    list(self._rows())))  # fmt: skip
        most = ", ".join(f"{name} {kb // 1024} MB" for name, kb in sorted(self.memory_kb.items()))
        states = ", ".join(f"{many:,} {state}" for state, many in self._states.items())
        print(f"\nsendings: {states}\nmost memory: {most}\n{self._trap.visits} redirects followed\n"
              f"{len(faults)} faults")  # fmt: skip
        for one in faults[:40]:
            print(f"- {one}")

    def _rows(self) -> Iterator[tuple[str, int, int, int, str]]:
        for manner in MANNERS:
            alike = [one for one in self.endpoints if one.manner == manner]
            requests = sum(len(one.came) for one in alike)
            messages = sum(len({came.message for came in one.came}) for one in alike)
            did = sum((one.counts for one in alike), collections.Counter[str]())
            told = ", ".join(f"{what} {times:,}" for what, times in sorted(did.items()))
            yield manner, requests, messages, requests - messages, told


async def _holds(pool: asyncpg.Pool, pid: str) -> bool:
    """Whether the clerk has messages in its hands, as soon as it has, or not for long enough."""
    end = time.monotonic() + HOLDS_WITHIN_S
    while time.monotonic() < end:
        if await pool.fetchval(HOLDS, pid):
            return True
        await asyncio.sleep(0.01)
    return False


def lost(one: Endpoint, due: list[list[tuple[str, str]]]) -> list[str]:
    """What is due and was never taken, and what came under two ids."""
    names: dict[tuple[str, str], set[str]] = {}
    for came in one.came:
        if came.taken:
            names.setdefault(_about(came.body), set()).add(came.message)
    wanted = [what for brief in due for what in brief]
    return [
        *(f"{one.manner} never got {kind} of {about}" for kind, about in wanted
          if (kind, about) not in names),
        *(f"{one.manner} got {kind} of {about} under {len(ids)} ids"
          for (kind, about), ids in names.items() if len(ids) > 1 and kind != "notice"),
    ]  # fmt: skip


def unordered(one: Endpoint, places: dict[str, int]) -> list[str]:
    """Bodies that changed under their id, and messages of a brief that came before others that were
    written earlier."""
    bodies: dict[str, bytes] = {}
    came_so: dict[str, list[int]] = {}
    faults: list[str] = []
    for came in one.came:
        if bodies.setdefault(came.message, came.body) != came.body:
            faults.append(f"{one.manner}: {came.message} changed")
        if brief := msgspec.json.decode(came.body)["data"].get("brief"):
            came_so.setdefault(brief, []).append(places[came.message])
    return [
        *faults,
        *(f"{one.manner}: {brief} came as {order}" for brief, order in came_so.items()
          if order != sorted(order)),
    ]  # fmt: skip


def _about(body: bytes) -> tuple[str, str]:
    told = msgspec.json.decode(body)
    facts = told["data"]
    if told["type"] == "candidate.ready":
        return told["type"], facts["candidate"]
    return (told["type"], facts["brief"]) if "brief" in facts else ("notice", told["type"])


async def _ready(part: Part) -> None:
    """Until what was killed works again."""
    end = time.monotonic() + ALIVE_WITHIN_S
    while not (part.alive and await asyncio.to_thread(lambda: part.ready)):
        if time.monotonic() > end:
            raise SystemExit(f"the {part.name} was not ready within {ALIVE_WITHIN_S:g} s")
        await asyncio.sleep(0.1)


def measured(given: argparse.Namespace, folder: Path) -> int:
    """Everything in a folder of its own; 1 where something is wrong."""
    with house(folder, replicas=REPLICAS, candidate_s=0.02, CUESMITH_SESSIONS="2") as bench:
        run = Bench(bench, given)
        bench.run(run.go)
    return run.verdict


def asked(arguments: list[str] | None = None) -> argparse.Namespace:
    """What is to be done."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--briefs", type=int, default=60, help="at least, of all accounts together")
    parser.add_argument("--accounts", type=int, default=2)
    parser.add_argument("--pause", type=float, default=0.5, help="seconds between an account's")
    parser.add_argument("--apart", type=float, default=3.0, help="seconds between two kills, about")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="a folder for the logs; gone otherwise")
    return parser.parse_args(arguments)


def main() -> int:
    """The command."""
    given = asked()
    with tempfile.TemporaryDirectory(prefix="cue-hooks-", ignore_cleanup_errors=True) as name:
        folder = given.keep or Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        return measured(given, folder)


if __name__ == "__main__":
    sys.exit(main())
