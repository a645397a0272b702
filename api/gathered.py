"""Reads that come at the same moment share one round trip.

A database answers a hundred keys of one table about as fast as one. So a read that comes while
another of its kind is under way waits for it to end, and goes with all that have come by then. What
is answered was always read after it was asked for.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Generic, TypeVar

from api.database import GONE

K = TypeVar("K")
V = TypeVar("V")

MOST_AT_ONCE = 200


class Gathered(Generic[K, V]):
    """One kind of read. ``read`` takes keys, ``most`` of them at once, and returns what there is of
    them."""

    def __init__(
        self, read: Callable[[list[K]], Awaitable[Mapping[K, V]]], most: int = MOST_AT_ONCE
    ) -> None:
        self._read, self._most = read, most
        self._wanted: dict[K, list[asyncio.Future[V | None]]] = {}
        self._reading: asyncio.Task[None] | None = None

    async def of(self, key: K) -> V | None:
        """What there is under this key now, or None. Raises what the read raised."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[V | None] = loop.create_future()
        self._wanted.setdefault(key, []).append(answer)
        if self._reading is None or self._reading.done():
            self._reading = loop.create_task(self._read_all())
        return await answer

    async def _read_all(self) -> None:
        while self._wanted:
            keys = list(islice(self._wanted, self._most))
            await self._answer({key: self._wanted.pop(key) for key in keys})

    async def _answer(self, asked: Mapping[K, list[asyncio.Future[V | None]]]) -> None:
        """Read what was asked for. What cannot be read is looked for by halves: whoever asked for
        something else is answered all the same."""
        keys = list(asked)
        try:
            found = await self._read(keys)
        except Exception as error:  # noqa: BLE001 - it belongs to those who asked
            if len(keys) > 1 and not isinstance(error, GONE):
                for half in (keys[::2], keys[1::2]):
                    await self._answer({key: asked[key] for key in half})
                return
            for answer in _still_there(asked.values()):
                answer.set_exception(error)
            return
        for key, answers in asked.items():
            for answer in _still_there([answers]):
                answer.set_result(found.get(key))


def _still_there(
    asked: Iterable[list[asyncio.Future[V | None]]],
) -> Iterator[asyncio.Future[V | None]]:
    """Those whose asker has not gone meanwhile."""
    return (answer for answers in asked for answer in answers if not answer.done())
