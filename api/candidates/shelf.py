"""The reading side of the shelf: finished files by the digest of what they contain."""

from collections.abc import AsyncIterator
from pathlib import Path

import obstore
from obstore.store import LocalStore, ObjectStore, S3Store

CHUNK_BYTES = 256 * 1024


def open_shelf(place: str) -> "Shelf":
    """The shelf in a folder, or in a bucket for ``s3://bucket/prefix``."""
    if place.startswith("s3://"):
        return Shelf(S3Store.from_url(place))
    Path(place).mkdir(parents=True, exist_ok=True)
    return Shelf(LocalStore(place))


class Shelf:
    """Reads what studios have put away. What it reads never changes: the name is the digest."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    async def open(self, sha256: str, start: int, end: int) -> AsyncIterator[bytes]:
        """The bytes from ``start`` up to, not including, ``end``, a chunk at a time.

        A file that cannot be had is known when this returns, before anything was sent.
        """
        path = f"sha256/{sha256[:2]}/{sha256}"
        found = await obstore.get_async(self._store, path, options={"range": (start, end)})

        async def chunks() -> AsyncIterator[bytes]:
            async for chunk in found.stream(min_chunk_size=CHUNK_BYTES):
                yield bytes(chunk)

        return chunks()
