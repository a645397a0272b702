"""Clients that say a thing until it is answered, and a book of what they were told.

Whatever costs is said under an idempotency key of its own and repeated under the same one, at
another gateway where one has died. A third of what was answered is said once more all the same,
and some who lost an answer walk away: `Book.unheard` is what they never learned.
"""

import asyncio
import collections
import random
import time
from typing import Any

import httpx
from msgspec import Struct

from api.workbench import Address
from loadtests.house import Account

AGAIN, WALKS_AWAY = 1 / 3, 0.15
PATIENCE_S = 120.0
"""How long a client repeats what nobody answers, before that is a fault of its own."""


class Asked(Struct, frozen=True, kw_only=True):
    """What somebody asked for under a name."""

    account: Account
    path: str
    name: str
    body: dict[str, Any] | None


class Book:
    """What clients were told."""

    def __init__(self) -> None:
        self.counts: collections.Counter[str] = collections.Counter()
        self.accepted: dict[str, str] = {}  # brief: its account
        self.unheard: list[Asked] = []
        self.heard: dict[str, set[str]] = {}  # brief: candidates that were seen in it
        self.ends: dict[str, str] = {}  # brief: how it was seen to have ended
        self.licenses: dict[str, str] = {}  # candidate: license
        self.bought: dict[str, int] = {}  # top-up that was paid: its tokens
        self.faults: list[str] = []

    def saw(self, view: dict[str, Any]) -> None:
        """A brief as it was shown; what was heard stays, and an end is an end."""
        brief, shown = view["id"], {line["id"] for line in view["candidates"]}
        if missing := self.heard.get(brief, set()) - shown:
            self.faults.append(f"{brief} lost {sorted(missing)}")
        self.heard[brief] = self.heard.get(brief, set()) | shown
        if view["finished_at"] is None:
            if brief in self.ends:
                self.faults.append(f"{brief} had ended and goes on")
        elif self.ends.setdefault(brief, view["status"]) != view["status"]:
            self.faults.append(f"{brief} ended as {self.ends[brief]}, then as {view['status']}")

    def accepts(self, account: str, brief: str) -> None:
        """A brief was answered with 202."""
        self.accepted[brief] = account
        self.counts["briefs accepted"] += 1


class Client:
    """One program of an account's, which knows all gateways."""

    def __init__(self, book: Book, address: Address, account: Account, dice: random.Random) -> None:
        self.book, self.account, self.dice = book, account, dice
        self._address = address
        self.doors = [
            httpx.AsyncClient(
                base_url=url, timeout=20, headers={"authorization": f"Bearer {account.secret}"}
            )
            for url in address.urls
        ]
        self.browser = httpx.AsyncClient(timeout=20)
        self._made = 0
        self._prefix = f"{account.id[-6:]}-{dice.randrange(10**9)}"
        self.over = False

    async def close(self) -> None:
        """Hang up."""
        for door in (*self.doors, self.browser):
            await door.aclose()

    async def named_call(
        self, path: str, name: str, body: dict[str, Any] | None, *, walks_away: bool = True
    ) -> httpx.Response | None:
        """What costs. None where the answer was lost and the client has walked away."""
        asked = Asked(account=self.account, path=path, name=name, body=body)
        leaves = walks_away and self.dice.random() < WALKS_AWAY
        answer = await self.call("POST", path, body, name=name, tries=1 if leaves else None)
        if answer is None:
            self.book.unheard.append(asked)
            self.book.counts["answers lost for good"] += 1
        elif answer.is_success and self.dice.random() < AGAIN:
            again = await self.call("POST", path, body, name=name)
            self.book.counts["said again"] += 1
            if again is not None and id_of(again) != id_of(answer):
                self.book.faults.append(f"{path} {name}: {id_of(answer)}, then {id_of(again)}")
        return answer

    async def repeat(self, asked: Asked) -> httpx.Response | None:
        """What somebody else asked, under the same name."""
        return await self.call("POST", asked.path, asked.body, name=asked.name)

    async def call(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        *,
        name: str = "",
        prefer: str = "",
        tries: int | None = None,
    ) -> httpx.Response | None:
        """The answer, at whichever gateway gives one; None after ``tries`` or all patience."""
        headers = {"idempotency-key": name} if name else {}
        headers |= {"prefer": prefer} if prefer else {}
        end, tried, pause_s = time.monotonic() + PATIENCE_S, 0, 0.1
        while time.monotonic() < end:
            answer = await self._said(method, path, body, headers)
            if answer is not None:
                return answer
            tried += 1
            if tries is not None and tried >= tries:
                return None
            await asyncio.sleep(pause_s * self.dice.uniform(0.5, 1.5))
            pause_s = min(2 * pause_s, 2.0)
        if tries is None:
            self.book.faults.append(f"{method} {path} was not answered in {PATIENCE_S:g} s")
        return None

    async def _said(
        self, method: str, path: str, body: dict[str, Any] | None, headers: dict[str, str]
    ) -> httpx.Response | None:
        """One try; None where it is to be repeated."""
        try:
            answer = await self.dice.choice(self.doors).request(
                method, path, json=body, headers=headers
            )
        except httpx.HTTPError as lost:
            self.book.counts["connections lost" if _met(lost) else "gateways not there"] += 1
            return None
        self.book.counts["requests answered"] += 1
        if answer.status_code >= 500:
            code = answer.json().get("code", "")
            self.book.counts[f"answered {answer.status_code} {code}"] += 1
            if answer.status_code != 503:
                self.book.faults.append(f"{method} {path}: {answer.status_code} {code}")
            return None
        if answer.status_code == 409 and answer.json()["code"] == "idempotency_in_progress":
            self.book.counts["told that the same is still running"] += 1
            return None
        return answer

    def expected(self, answer: httpx.Response, *statuses: int) -> bool:
        if answer.status_code in statuses:
            return True
        asked = f"{answer.request.method} {answer.request.url.path}"
        self.book.faults.append(f"{asked}: {answer.status_code} {answer.text[:200]}")
        return False

    def named(self, what: str) -> str:
        self._made += 1
        return f"{what}-{self._prefix}-{self._made}"

    def some_brief(self, of: str = "") -> str | None:
        """One of the account's last fifty, whose ids begin so."""
        mine = [
            one
            for one, account in self.book.accepted.items()
            if account == self.account.id and one.startswith(of)
        ]
        return self.dice.choice(mine[-50:]) if mine else None

    def some_candidate(self, of: str = "") -> str | None:
        """One that was heard of a brief like that."""
        brief = self.some_brief(of)
        heard = sorted(self.book.heard.get(brief or "", ()))
        return self.dice.choice(heard) if heard else None


def id_of(answer: httpx.Response) -> str:
    return answer.json().get("id", "") if answer.is_success else f"status {answer.status_code}"


def _met(lost: httpx.HTTPError) -> bool:
    """Whether there was anybody who may have understood."""
    return not isinstance(lost, (httpx.ConnectError, httpx.ConnectTimeout))
