"""The store as whoever keeps it in order sees it: lists, and takes away."""

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta

import obstore
from obstore.store import LocalStore, S3Store

from api.stock.contracts import Found
from engine.stock.places import (
    ARRIVING,
    OUT_OF_REACH,
    READING,
    Bucket,
    StoreUnreachable,
    first_line,
    is_missing,
    object_path,
    open_store,
)

SHARDS = 256
_OBJECT = re.compile(r"sha256/[0-9a-f]{2}/([0-9a-f]{64})")


def open_warehouse(place: str, bucket: Bucket | None = None) -> "Warehouse":
    """The store in a folder, or in a bucket for ``s3://bucket/prefix``."""
    return Warehouse(open_store(place, bucket or Bucket(), READING))


class Warehouse:
    """All its calls raise `StoreUnreachable` when the store does not answer."""

    def __init__(self, store: LocalStore | S3Store) -> None:
        self._store = store

    async def shard(self, number: int) -> list[Found]:
        """The objects of one of 256 parts of equal size."""
        found = []
        async for path, size, modified_at in self._listed(f"sha256/{number:02x}/"):
            if (named := _OBJECT.fullmatch(path)) is not None:
                found.append(Found(sha256=named[1], bytes=size, modified_at=modified_at))
        return found

    async def delete(self, sha256s: Sequence[str]) -> None:
        """Take these away; those that are not there are no trouble."""
        await self._delete([object_path(sha256) for sha256 in sha256s])

    async def clear_arrivals(self, older_than: timedelta) -> int:
        """Take away what crashed writers have left half written."""
        limit = datetime.now(UTC) - older_than
        left = [path async for path, _, at in self._listed(f"{ARRIVING}/") if at < limit]
        await self._delete(left)
        return len(left)

    async def _listed(self, prefix: str) -> AsyncIterator[tuple[str, int, datetime]]:
        try:
            async for page in obstore.list(self._store, prefix):
                for one in page:
                    yield one["path"], one["size"], one["last_modified"]
        except OUT_OF_REACH as error:
            if not is_missing(error):  # a folder that nothing was ever put into
                raise StoreUnreachable(first_line(error)) from error

    async def _delete(self, paths: list[str]) -> None:
        try:
            if isinstance(self._store, S3Store):
                await obstore.delete_async(self._store, paths)
                return
            await asyncio.gather(*(self._delete_file(path) for path in paths))
        except OUT_OF_REACH as error:
            raise StoreUnreachable(first_line(error)) from error

    async def _delete_file(self, path: str) -> None:
        try:
            await obstore.delete_async(self._store, path)
        except OUT_OF_REACH as error:
            if not is_missing(error):
                raise
