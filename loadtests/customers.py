"""What customers of the house do, in an order that their seed decides."""

import asyncio
import random
import time
from collections.abc import Sequence
from typing import Any

from api.workbench import Address
from loadtests.clients import PATIENCE_S, Book, Client, id_of
from loadtests.ears import follow
from loadtests.house import Account

PACK_TOKENS = 100
FOLLOWED = 0.1
"""Of the briefs that are sent, so many are listened to until they end."""
BRIEFS: tuple[tuple[dict[str, Any], float], ...] = (
    ({"prompt": "calm piano", "kind": "bed", "duration_ms": 60_000, "candidates": 2}, 4),
    ({"prompt": "lo-fi beat", "kind": "bed", "duration_ms": 20_000, "candidates": 4}, 3),
    ({"style": "synthwave", "kind": "loop", "bars": 8, "candidates": 3}, 3),
    ({"prompt": "bright win", "kind": "sting", "duration_ms": 4_000, "candidates": 2}, 2),
    ({"prompt": "two soft notes", "kind": "chime", "candidates": 3}, 3),
    ({"prompt": "night rain", "kind": "ambience", "duration_ms": 30_000, "candidates": 1}, 2),
    ({"prompt": "warm pads", "kind": "bed", "duration_ms": 30_000, "candidates": 2,
      "lane": "batch", "deadline_s": 86_400}, 1),
)  # fmt: skip
FAMILY: dict[str, Any] = {"candidates": 1, "functions": ["door_open", "door_close"]}


class Customer(Client):
    """A program of a paying company's."""

    async def work(self, pause_s: float) -> None:
        """One thing after the other, until it is over."""
        steps = (
            (self.send_brief, 8), (self.look, 10), (self.pick, 4), (self.cancel, 1.5),
            (self.listen, 3), (self.count, 2), (self.quote, 2), (self.plan, 0.5),
            (self.send_family, 0.2),
        )  # fmt: skip
        doing, weights = [step for step, _ in steps], [weight for _, weight in steps]
        while not self.over:
            await self.dice.choices(doing, weights)[0]()
            await asyncio.sleep(self.dice.expovariate(1 / pause_s))
        await self.close()

    async def send_brief(self) -> None:
        """A brief of any kind; tokens are bought when they run low."""
        body = dict(self.dice.choices([one for one, _ in BRIEFS], [w for _, w in BRIEFS])[0])
        body["customer_ref"] = self.named("ref")
        answer = await self.named_call("/v1/briefs", self.named("brief"), body)
        if answer is None:
            return
        if answer.status_code == 402:
            self.book.counts["briefs refused for want of tokens"] += 1
            await self.buy()
            return
        if answer.status_code == 429:
            self.book.counts["briefs refused since too many are open"] += 1
        elif self.expected(answer, 202):
            brief = answer.json()["id"]
            self.book.accepts(self.account.id, brief)
            if self.dice.random() < FOLLOWED:
                await follow(self, brief)

    async def send_family(self) -> None:
        """The sounds of a car's doors."""
        answer = await self.named_call("/v1/families", self.named("family"), FAMILY)
        if answer is None or answer.status_code == 429:
            return
        if answer.status_code == 402:
            await self.buy()
        elif self.expected(answer, 202):
            self.book.accepts(self.account.id, answer.json()["id"])

    async def look(self) -> None:
        """One of the account's briefs, or their list."""
        if (brief := self.some_brief()) is None or self.dice.random() < 0.1:
            await self.call("GET", "/v1/briefs")
            return
        wait = self.dice.choice(("", "", "?wait=3"))
        answer = await self.call("GET", f"{_place(brief)}{wait}")
        if answer is not None and self.expected(answer, 200):
            self.book.saw(answer.json())

    async def pick(self) -> None:
        """A license for a candidate that was heard; often for one that was licensed before."""
        if (candidate := self.some_candidate()) is None:
            return
        path = f"/v1/candidates/{candidate}/pick"
        answer = await self.named_call(path, self.named("pick"), None)
        if answer is None:
            return
        if answer.status_code == 402:
            await self.buy()
        elif self.expected(answer, 200, 201):
            license_ = answer.json()["id"]
            if self.book.licenses.setdefault(candidate, license_) != license_:
                self.book.faults.append(f"{candidate} has two licenses")
            self.book.counts["picks answered"] += 1

    async def cancel(self) -> None:
        """Stop one that may or may not have ended."""
        if (brief := self.some_brief()) is not None:
            answer = await self.call("POST", f"{_place(brief)}/cancel")
            if answer is not None and self.expected(answer, 200, 409):
                self.book.counts["cancels answered"] += answer.status_code == 200

    async def listen(self) -> None:
        """The small copy of a candidate, whole."""
        if (candidate := self.some_candidate(of="brf_")) is not None:
            answer = await self.call("GET", f"/v1/candidates/{candidate}/audio?format=mp3")
            if (
                answer is not None
                and self.expected(answer, 200)
                and len(answer.content) != int(answer.headers["content-length"])
            ):
                self.book.faults.append(f"{candidate}'s small copy was cut short")

    async def count(self) -> None:
        """What there is and what was spent."""
        for path in ("/v1/balance", "/v1/usage"):
            answer = await self.call("GET", path)
            if answer is not None:
                self.expected(answer, 200)

    async def quote(self) -> None:
        """A price."""
        body = self.dice.choice(BRIEFS)[0]
        answer = await self.call("POST", "/v1/quotes", body)
        if answer is not None:
            self.expected(answer, 200)

    async def plan(self) -> None:
        """What would be written."""
        answer = await self.call("POST", "/v1/plans", BRIEFS[0][0], prefer="wait=2")
        if answer is not None and answer.status_code != 429:
            self.expected(answer, 200, 202)

    async def buy(self) -> None:
        """A pack, paid on the checkout's page, until its tokens are there."""
        body = {"tokens": PACK_TOKENS}
        answer = await self.named_call("/v1/topups", self.named("topup"), body, walks_away=False)
        if answer is None or not self.expected(answer, 200, 202):
            return
        topup = answer.json()["id"]
        paid, end = False, time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            answer = await self.call("GET", f"/v1/topups/{topup}")
            if answer is None or not self.expected(answer, 200):
                return
            seen = answer.json()
            if seen["status"] == "paid":
                self.book.counts["top-ups seen paid"] += 1
                return
            if seen["checkout_url"] and not paid:
                paid = (await self.browser.post(f"{seen['checkout_url']}/pay")).is_success
                if paid:
                    self.book.bought[topup] = PACK_TOKENS
            await asyncio.sleep(0.5)


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
        elif asked.path in ("/v1/briefs", "/v1/families"):
            book.accepts(asked.account.id, answer.json()["id"])
            book.counts["briefs found on repeat"] += 1
        elif asked.path.endswith("/pick"):
            candidate = asked.path.split("/")[3]
            if book.licenses.setdefault(candidate, id_of(answer)) != id_of(answer):
                book.faults.append(f"{candidate} has two licenses")
    for client in clients.values():
        await client.close()


def _place(brief: str) -> str:
    return f"/v1/{'families' if brief.startswith('fam_') else 'briefs'}/{brief}"
