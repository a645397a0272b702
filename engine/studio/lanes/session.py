"""One leased job that is paid for: candidates are made in a thread and delivered one by one.

What is made and how it is handed back is told by its two kinds, briefs and families.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Generator
from functools import partial
from typing import Generic, TypeVar

import structlog
from msgspec import to_builtins

from engine.contracts import Failed, RetractedTake
from engine.errors import BriefRefused, Stopped
from engine.marks.content import CredentialsOver
from engine.queue.contracts import Lease
from engine.queue.events import Told
from engine.stock.places import StoreUnreachable
from engine.studio.lanes.heart import Heart
from engine.studio.lanes.lane import Studio, refusal

FEWER = "the panel kept fewer takes than were asked for; only what was delivered is charged"

Offer = TypeVar("Offer")
log = structlog.get_logger()


class Session(ABC, Generic[Offer]):
    """From a lease to the last word on its job, or to its return to the queue."""

    def __init__(self, studio: Studio, lease: Lease) -> None:
        self.studio, self.lease = studio, lease

    @property
    @abstractmethod
    def asked(self) -> int:
        """How many candidates are wanted."""

    @abstractmethod
    def begin(
        self, done: dict[int, int], heart: Heart
    ) -> Generator[Offer | RetractedTake, None, None]:
        """Make what earlier attempts have not delivered; ``done`` maps numbers to takes."""

    @abstractmethod
    async def deliver(self, offered: Offer) -> None:
        """Store one candidate and hand it back."""

    @abstractmethod
    def retracted(self, take: RetractedTake) -> None:
        """Note a take that is not offered."""

    async def run(self) -> str:
        """Make and deliver; returns how it ended, for the log."""
        async with Heart(self.studio, self.lease, "plan") as heart:
            return await self._make_all(heart)

    async def _make_all(self, heart: Heart) -> str:
        patiently = self.studio.patiently
        done = await patiently(lambda: self.studio.queue.delivered_takes(self.lease.job.id))
        made = self.begin(done, heart)
        retracted: list[RetractedTake] = []
        try:
            while (outcome := await heart.through(lambda: next(made, None))) is not None:
                if isinstance(outcome, RetractedTake):
                    retracted.append(outcome)
                    self.retracted(outcome)
                    heart.tell(Told(kind="take.retracted", facts=to_builtins(outcome)))
                else:
                    await patiently(partial(self.deliver, outcome))
        except Stopped:
            return await patiently(partial(self._interrupted, heart, tuple(retracted)))
        except (StoreUnreachable, CredentialsOver) as error:
            # Another attempt makes the same again; that the store was away, or that this studio's
            # certificate has ended, is no fault of the job.
            log.warning("candidate.not_stored", job=self.lease.job.id, error=str(error))
            return await patiently(partial(self._interrupted, heart, tuple(retracted)))
        except BriefRefused as refused:
            failure = refusal(refused)
            return await patiently(partial(self._end, heart, tuple(retracted), failure))
        finally:
            # What was played ahead is dropped.
            await asyncio.to_thread(made.close)
        return await patiently(partial(self._end, heart, tuple(retracted)))

    async def _interrupted(self, heart: Heart, retracted: tuple[RetractedTake, ...]) -> str:
        await heart.write_down_if_possible()
        queue = self.studio.queue
        if heart.canceled:
            await queue.finish(self.lease, retracted=retracted, canceled=True)
            return "canceled"
        await queue.give_back(self.lease)
        return "given_back"

    async def _end(
        self, heart: Heart, retracted: tuple[RetractedTake, ...], refused: Failed | None = None
    ) -> str:
        await heart.write_down_if_possible()
        queue = self.studio.queue
        short = len(await queue.delivered_takes(self.lease.job.id)) < self.asked
        failure = Failed(code="fewer_candidates", detail=FEWER) if short else None
        await queue.finish(self.lease, retracted=retracted, failure=refused or failure)
        return "refused" if refused else "short" if short else "done"
