"""The reading side of the shelf: finished files by the digest of what they contain."""

from collections.abc import AsyncIterator
from datetime import timedelta

import obstore
from obstore.store import LocalStore, S3Store

from engine.contracts import Asset
from engine.stock.places import (
    OUT_OF_REACH,
    READING,
    Bucket,
    ObjectDamaged,
    ObjectMissing,
    Patience,
    StoreUnreachable,
    first_line,
    is_missing,
    object_path,
    open_public,
    open_store,
)

CHUNK_BYTES = 1 << 20


def open_shelf(place: str, bucket: Bucket | None = None, patience: Patience = READING) -> "Shelf":
    """The shelf in a folder, or in a bucket for ``s3://bucket/prefix``."""
    bucket = bucket or Bucket()
    return Shelf(open_store(place, bucket, patience), open_public(place, bucket))


class Shelf:
    """Reads what studios have put away. What it reads never changes: the name is the digest."""

    def __init__(self, store: LocalStore | S3Store, public: S3Store | None) -> None:
        self._store, self._public = store, public

    async def open(self, asset: Asset, start: int, end: int) -> AsyncIterator[bytes]:
        """The bytes from ``start`` up to, not including, ``end``, a chunk at a time.

        What cannot be had is known when this returns, before anything was sent: `ObjectMissing`,
        `ObjectDamaged` for an object of another size, `StoreUnreachable`. Each chunk is a request
        of its own, so no connection to the store waits for a client who reads slowly.
        """
        first = await self._chunk(asset, start, min(end, start + CHUNK_BYTES))

        async def chunks() -> AsyncIterator[bytes]:
            yield first
            for at in range(start + CHUNK_BYTES, end, CHUNK_BYTES):
                yield await self._chunk(asset, at, min(end, at + CHUNK_BYTES))

        return chunks()

    async def link(self, asset: Asset, lasting: timedelta) -> str | None:
        """A signed address at the store itself; None where clients cannot reach it.

        Fails as reading does: nobody is sent to what is not there.
        """
        await self._chunk(asset, 0, 1)
        if self._public is None:
            return None
        return await obstore.sign_async(self._public, "GET", object_path(asset.sha256), lasting)

    async def _chunk(self, asset: Asset, start: int, end: int) -> bytes:
        path = object_path(asset.sha256)
        try:
            found = await obstore.get_async(self._store, path, options={"range": (start, end)})
            content = bytes(await found.bytes_async())
        except OUT_OF_REACH as error:
            if is_missing(error):
                raise ObjectMissing(f"the store has no {asset.sha256}") from error
            raise StoreUnreachable(first_line(error)) from error
        if found.meta["size"] != asset.bytes or len(content) != end - start:
            raise ObjectDamaged(f"{asset.sha256} has {found.meta['size']} bytes in the store")
        return content
