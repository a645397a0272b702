"""Clients that say a thing until it is answered, and a book of what they were told.

Whatever costs is said under an idempotency key of its own and repeated under the same one, at
another gateway where one has died. A third of what was answered is said once more all the same,
and some who lost an answer walk away: `Book.unheard` is what they never learned.
"""

import asyncio
import collections
import random
import time
from collections.abc import Sequence
from typing import Any

import httpx
from msgspec import Struct

from api.workbench import Address
from loadtests.house import Account

AGAIN, WALKS_AWAY = 1 / 3, 0.15
PATIENCE_S = 120.0
"""How long a client repeats what nobody answers, before that is a fault of its own."""
PACK_TOKENS, LOW_TOKENS = 100, 30
BRIEFS: tuple[tuple[dict[str, Any], float], ...] = (
    ({"prompt": "calm piano", "kind": "bed", "duration_ms": 60_000, "candidates": 2}, 4),
    ({"prompt": "lo-fi beat", "kind": "bed", "duration_ms": 20_000, "candidates": 4}, 3),
    ({"style": "synthwave", "kind": "loop", "bars": 8, "candidates": 3}, 3),
    ({"prompt": "bright win", "kind": "sting", "duration_ms": 4_000, "candidates": 2}, 2),
    ({"prompt": "two soft notes", "kind": "chime", "candidates": 3}, 3),
    ({"prompt": "night rain", "kind": "ambience", "duration_ms": 30_000, "candidates": 1}, 2),
)


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
        self._doors = [
            httpx.AsyncClient(
                base_url=url, timeout=20, headers={"authorization": f"Bearer {account.secret}"}
            )
            for url in address.urls
        ]
        self._browser = httpx.AsyncClient(timeout=20)
        self._made = 0
        self._prefix = f"{account.id[-6:]}-{dice.randrange(10**9)}"
        self.over = False

    async def close(self) -> None:
        """Hang up."""
        for door in (*self._doors, self._browser):
            await door.aclose()

    # --- what clients do ---

    async def work(self, pause_s: float) -> None:
        """One thing after the other, until it is over."""
        steps = (
            (self.send_brief, 8), (self.look, 10), (self.pick, 4), (self.cancel, 1.5),
            (self.listen, 3), (self.count, 2), (self.quote, 2), (self.plan, 0.5),
        )  # fmt: skip
        doing, weights = [step for step, _ in steps], [weight for _, weight in steps]
        while not self.over:
            await self.dice.choices(doing, weights)[0]()
            await asyncio.sleep(self.dice.expovariate(1 / pause_s))
        await self.close()

    async def send_brief(self) -> None:
        """A brief of any kind; tokens are bought when they run low."""
        body = dict(self.dice.choices([one for one, _ in BRIEFS], [w for _, w in BRIEFS])[0])
        body["customer_ref"] = self._named("ref")
        answer = await self._named_call("/v1/briefs", self._named("brief"), body)
        if answer is None:
            return
        if answer.status_code == 402:
            self.book.counts["briefs refused for want of tokens"] += 1
            await self.buy()
            return
        if answer.status_code == 429:
            self.book.counts["briefs refused since too many are open"] += 1
        elif self._expected(answer, 202):
            self.book.accepts(self.account.id, answer.json()["id"])

    async def look(self) -> None:
        """One of the account's briefs, or their list."""
        if (brief := self._some_brief()) is None or self.dice.random() < 0.1:
            await self._call("GET", "/v1/briefs")
            return
        wait = self.dice.choice(("", "", "?wait=3"))
        answer = await self._call("GET", f"/v1/briefs/{brief}{wait}")
        if answer is not None and self._expected(answer, 200):
            self.book.saw(answer.json())

    async def pick(self) -> None:
        """A license for a candidate that was heard; often for one that was licensed before."""
        if (candidate := self._some_candidate()) is None:
            return
        path = f"/v1/candidates/{candidate}/pick"
        answer = await self._named_call(path, self._named("pick"), None)
        if answer is None:
            return
        if answer.status_code == 402:
            await self.buy()
        elif self._expected(answer, 200, 201):
            license_ = answer.json()["id"]
            if self.book.licenses.setdefault(candidate, license_) != license_:
                self.book.faults.append(f"{candidate} has two licenses")
            self.book.counts["picks answered"] += 1

    async def cancel(self) -> None:
        """Stop one that may or may not have ended."""
        if (brief := self._some_brief()) is not None:
            answer = await self._call("POST", f"/v1/briefs/{brief}/cancel")
            if answer is not None and self._expected(answer, 200, 409):
                self.book.counts["cancels answered"] += answer.status_code == 200

    async def listen(self) -> None:
        """The small copy of a candidate, whole."""
        if (candidate := self._some_candidate()) is not None:
            answer = await self._call("GET", f"/v1/candidates/{candidate}/audio?format=mp3")
            if (
                answer is not None
                and self._expected(answer, 200)
                and len(answer.content) != int(answer.headers["content-length"])
            ):
                self.book.faults.append(f"{candidate}'s small copy was cut short")

    async def count(self) -> None:
        """What there is and what was spent."""
        for path in ("/v1/balance", "/v1/usage"):
            answer = await self._call("GET", path)
            if answer is not None:
                self._expected(answer, 200)

    async def quote(self) -> None:
        """A price."""
        body = self.dice.choice(BRIEFS)[0]
        answer = await self._call("POST", "/v1/quotes", body)
        if answer is not None:
            self._expected(answer, 200)

    async def plan(self) -> None:
        """What would be written."""
        answer = await self._call("POST", "/v1/plans", BRIEFS[0][0], prefer="wait=2")
        if answer is not None and answer.status_code != 429:
            self._expected(answer, 200, 202)

    async def buy(self) -> None:
        """A pack, paid on the checkout's page, until its tokens are there."""
        body = {"tokens": PACK_TOKENS}
        answer = await self._named_call("/v1/topups", self._named("topup"), body, walks_away=False)
        if answer is None or not self._expected(answer, 200, 202):
            return
        topup = answer.json()["id"]
        paid, end = False, time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            answer = await self._call("GET", f"/v1/topups/{topup}")
            if answer is None or not self._expected(answer, 200):
                return
            seen = answer.json()
            if seen["status"] == "paid":
                self.book.counts["top-ups seen paid"] += 1
                return
            if seen["checkout_url"] and not paid:
                paid = (await self._browser.post(f"{seen['checkout_url']}/pay")).is_success
                if paid:
                    self.book.bought[topup] = PACK_TOKENS
            await asyncio.sleep(0.5)

    # --- how they say it ---

    async def _named_call(
        self, path: str, name: str, body: dict[str, Any] | None, *, walks_away: bool = True
    ) -> httpx.Response | None:
        """What costs. None where the answer was lost and the client has walked away."""
        asked = Asked(account=self.account, path=path, name=name, body=body)
        leaves = walks_away and self.dice.random() < WALKS_AWAY
        answer = await self._call("POST", path, body, name=name, tries=1 if leaves else None)
        if answer is None:
            self.book.unheard.append(asked)
            self.book.counts["answers lost for good"] += 1
        elif answer.is_success and self.dice.random() < AGAIN:
            again = await self._call("POST", path, body, name=name)
            self.book.counts["said again"] += 1
            if again is not None and _id(again) != _id(answer):
                self.book.faults.append(f"{path} {name}: {_id(answer)}, then {_id(again)}")
        return answer

    async def repeat(self, asked: Asked) -> httpx.Response | None:
        """What somebody else asked, under the same name."""
        return await self._call("POST", asked.path, asked.body, name=asked.name)

    async def _call(
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
            answer = await self.dice.choice(self._doors).request(
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

    def _expected(self, answer: httpx.Response, *statuses: int) -> bool:
        if answer.status_code in statuses:
            return True
        asked = f"{answer.request.method} {answer.request.url.path}"
        self.book.faults.append(f"{asked}: {answer.status_code} {answer.text[:200]}")
        return False

    def _named(self, what: str) -> str:
        self._made += 1
        return f"{what}-{self._prefix}-{self._made}"

    def _some_brief(self) -> str | None:
        """One of the account's last fifty."""
        mine = [one for one, account in self.book.accepted.items() if account == self.account.id]
        return self.dice.choice(mine[-50:]) if mine else None

    def _some_candidate(self) -> str | None:
        brief = self._some_brief()
        heard = sorted(self.book.heard.get(brief or "", ()))
        return self.dice.choice(heard) if heard else None


async def hear_the_rest(book: Book, address: Address, accounts: Sequence[Account]) -> None:
    """Ask again for every answer that was lost for good; then all that was accepted is known."""
    clients = {
        one.id: Client(book, address, one, random.Random(number))
        for number, one in enumerate(accounts)
    }
    for asked in book.unheard:
        answer = await clients[asked.account.id].repeat(asked)
        if answer is None or answer.status_code in (402, 429):
            continue
        if not answer.is_success:
            book.faults.append(f"{asked.path} repeated: {answer.status_code} {answer.text[:200]}")
        elif asked.path == "/v1/briefs":
            book.accepts(asked.account.id, answer.json()["id"])
            book.counts["briefs found on repeat"] += 1
        elif asked.path.endswith("/pick"):
            candidate = asked.path.split("/")[3]
            if book.licenses.setdefault(candidate, _id(answer)) != _id(answer):
                book.faults.append(f"{candidate} has two licenses")
    for client in clients.values():
        await client.close()


def _id(answer: httpx.Response) -> str:
    return answer.json().get("id", "") if answer.is_success else f"status {answer.status_code}"


def _met(lost: httpx.HTTPError) -> bool:
    """Whether there was anybody who may have understood."""
    return not isinstance(lost, (httpx.ConnectError, httpx.ConnectTimeout))
