"""Uploads on their way in: few at a time, for each is thousands of lines in our memory."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from prometheus_client import Gauge

from api.errors import UploadsBusy

MOST = 6
"""Uploads that a replica has in hand at once, each of which may be 32 MB."""
OF_ACCOUNT = 2
READ_AT_ONCE = 2
"""Those of which the lines are being understood; the others wait for them."""
OPEN = Gauge("gateway_uploads_open", "Uploads of batches that a gateway has in hand")


class Uploads:
    """The uploads that a replica has in hand."""

    def __init__(self) -> None:
        self._open: Counter[str] = Counter()
        self._reading = asyncio.Semaphore(READ_AT_ONCE)
        OPEN.set_function(self._open.total)

    @property
    def open(self) -> int:
        """How many are in hand."""
        return self._open.total()

    @contextmanager
    def one(self, account: str) -> Iterator[None]:
        """Around an upload, until it is taken in or refused; `UploadsBusy` where there are enough
        already."""
        if self._open[account] >= OF_ACCOUNT or self._open.total() >= MOST:
            crowded = self._open[account] >= OF_ACCOUNT
            raise UploadsBusy("this account" if crowded else "this gateway")
        self._open[account] += 1
        try:
            yield
        finally:
            self._open[account] -= 1
            if not self._open[account]:
                del self._open[account]

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[None]:
        """Around the reading of its lines, once all of them are here: whoever sends slowly keeps
        nobody from it."""
        async with self._reading:
            yield
