"""Whether a studio moves: its event loop, and each piece of work that it has begun.

A studio that waits for work is healthy, and so is one whose database is away; one whose work stands
still is not, and only a new process will help.
"""

import asyncio
import time

TICK_S = 1.0


class Health:
    """What moved when. Told from any thread, asked from any."""

    def __init__(self, stuck_s: float = 300.0) -> None:
        self.ready = False
        """Whether work is claimed, or will be as soon as there is some."""
        self._stuck_s = stuck_s
        self._ticked = time.monotonic()
        self._moved: dict[str, float] = {}

    def moved(self, work: str, silent_s: float = 0.0) -> None:
        """This work has begun, or come further; it may say nothing for so much longer than other
        work."""
        self._moved[work] = time.monotonic() + silent_s

    def ended(self, work: str) -> None:
        """This work is over, however it ended."""
        self._moved.pop(work, None)

    def stuck(self) -> list[str]:
        """What has stood still for too long: ``the event loop``, or the work's name."""
        long_ago = time.monotonic() - self._stuck_s
        still = [work for work, moved in self._moved.copy().items() if moved < long_ago]
        return ["the event loop", *still] if self._ticked < long_ago else still

    async def tick(self) -> None:
        """Show that the event loop turns, for as long as it does."""
        while True:
            self._ticked = time.monotonic()
            await asyncio.sleep(TICK_S)
