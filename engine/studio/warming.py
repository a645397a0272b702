"""One short brief before the first one is claimed: all that is made once is made then, and a studio
that cannot make music fails before it holds anybody's."""

import asyncio
import time
from datetime import UTC, datetime, timedelta

import structlog
from msgspec import Struct

from engine.backends.contracts import Backend, Offered
from engine.contracts import Brief
from engine.errors import Stopped
from engine.queue.contracts import Job
from engine.studio.health import Health
from engine.studio.takes import nobody
from engine.words import resolve

NAME = "warm-up"
SEED = 1
SHORT = Brief(kind="bed", duration_ms=5000, candidates=1)

log = structlog.get_logger()


class WarmUp(Struct, frozen=True, kw_only=True):
    """The brief on its way. ``stop`` ends it between two steps."""

    backend: Backend
    health: Health
    stop: asyncio.Event

    async def run(self) -> None:
        """Make the brief and drop what is made; says how many seconds it took."""
        began = time.monotonic()
        try:
            made = await asyncio.to_thread(self._make)
        except Stopped:
            return
        finally:
            self.health.ended(NAME)
        seconds = round(time.monotonic() - began, 2)
        log.info("studio.warm", seconds=seconds, candidates=made)

    def _make(self) -> int:
        job = Job(
            id=NAME, account="", resolved=resolve(SHORT, SEED), seed=SEED,
            deadline_at=datetime.now(UTC) + timedelta(hours=1),
        )  # fmt: skip
        made = self.backend.make(
            job, label=str, tell=self._tell, done={}, others=nobody, stop=self.stop.is_set
        )
        return sum(isinstance(one, Offered) for one in made)

    def _tell(self, _: object) -> None:
        self.health.moved(NAME)
        if self.stop.is_set():
            raise Stopped
