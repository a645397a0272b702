"""Where finished files lie: by content, so writing the same sound twice is one object."""

import hashlib
from pathlib import Path

import obstore
from obstore.store import LocalStore, ObjectStore, S3Store

from engine.contracts import Asset


def open_shelf(place: str) -> "Shelf":
    """A shelf in a folder, or in a bucket for ``s3://bucket/prefix``."""
    if place.startswith("s3://"):
        return Shelf(S3Store.from_url(place))
    Path(place).mkdir(parents=True, exist_ok=True)
    return Shelf(LocalStore(place))


def object_path(sha256: str) -> str:
    """Where the object with this digest lies inside a store."""
    return f"sha256/{sha256[:2]}/{sha256}"


class Shelf:
    """Puts files away under the digest of what they contain."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    def put(self, name: str, content: bytes, media_type: str) -> Asset:
        """Store one file; a repeat is a no-op."""
        sha256 = hashlib.sha256(content).hexdigest()
        obstore.put(self._store, object_path(sha256), content)
        return Asset(name=name, sha256=sha256, bytes=len(content), media_type=media_type)

    def put_file(self, name: str, path: Path, media_type: str) -> Asset:
        """Store what lies in a file, however large."""
        with path.open("rb") as content:
            sha256 = hashlib.file_digest(content, "sha256").hexdigest()
        obstore.put(self._store, object_path(sha256), path)
        size = path.stat().st_size
        return Asset(name=name, sha256=sha256, bytes=size, media_type=media_type)

    def get(self, sha256: str) -> bytes:
        """Read one file back."""
        return bytes(obstore.get(self._store, object_path(sha256)).bytes())
