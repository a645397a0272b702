"""Where finished files lie: by content, so writing the same sound twice is one object."""

import hashlib
import math
import os
import shutil
import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

import obstore
import structlog
from obstore.store import LocalStore, S3Store
from prometheus_client import Counter, Gauge

from engine.contracts import Asset
from engine.stock.places import (
    ARRIVING,
    OUT_OF_REACH,
    WRITING,
    Bucket,
    ObjectDamaged,
    ObjectMissing,
    Patience,
    StoreUnreachable,
    first_line,
    is_missing,
    object_path,
    open_store,
)
from engine.stock.service import Announce
from engine.words import formats

KEEP_TRYING_S = 30.0
"""How long a studio holds a finished file in its hands before it gives the job back."""
PAUSES_S = (0.5, 1.0, 2.0, 4.0, 8.0)
PROBES_S = (1.0, 60.0)
"""After a file could not be put away the store is probed, first so soon, then ever later."""
MOST_PROBED = 32 << 20
PROVEN_S = 15.0
"""So long after a file was put away it is believed that the next one can be, too."""
SMALL = 4096
ENDINGS = {**formats.ENDINGS, "audio/midi": "mid", "application/zip": "zip"}

log = structlog.get_logger()
FAILED = Counter("studio_store_failures_total", "Tries to put a file away that failed")
UNREACHABLE = Gauge("studio_store_unreachable", "1 while nothing can be put away")


def open_shelf(
    place: str,
    bucket: Bucket | None = None,
    *,
    announce: Announce | None = None,
    patience: Patience = WRITING,
    keep_trying_s: float = KEEP_TRYING_S,
) -> "Shelf":
    """A shelf in a folder, or in a bucket for ``s3://bucket/prefix``.

    ``announce`` is told of every object before it is put there; without it nothing that is put
    away can be known to whoever clears the store.
    """
    store = open_store(place, bucket or Bucket(), patience)
    return Shelf(store, announce or _to_nobody, keep_trying_s)


class Shelf:
    """Puts files away under the digest of what they contain. Its calls block; any thread may make
    them."""

    def __init__(
        self, store: LocalStore | S3Store, announce: Announce, keep_trying_s: float
    ) -> None:
        self._store, self._announce, self._keep_trying_s = store, announce, keep_trying_s
        self._trouble: _Trouble | None = None
        self._proven_at = -math.inf

    def put(self, name: str, content: bytes, media_type: str) -> Asset:
        """Store one file; what is there already is written anew, so that it is whole for sure.

        Raises `StoreUnreachable` when it could not be done within the shelf's patience.
        """
        sha256 = hashlib.sha256(content).hexdigest()
        asset = Asset(name=name, sha256=sha256, bytes=len(content), media_type=media_type)
        self._kept_trying(asset, content)
        return asset

    def put_file(self, name: str, path: Path, media_type: str) -> Asset:
        """Store what lies in a file, however large."""
        with path.open("rb") as content:
            sha256 = hashlib.file_digest(content, "sha256").hexdigest()
        size = path.stat().st_size
        asset = Asset(name=name, sha256=sha256, bytes=size, media_type=media_type)
        self._kept_trying(asset, path)
        return asset

    def get(self, sha256: str) -> bytes:
        """Read one file back.

        Raises `ObjectMissing`, `ObjectDamaged` when it is not what its name says, and
        `StoreUnreachable`.
        """
        try:
            content = bytes(obstore.get(self._store, object_path(sha256)).bytes())
        except OUT_OF_REACH as error:
            if is_missing(error):
                raise ObjectMissing(f"the store has no {sha256}") from error
            raise StoreUnreachable(first_line(error)) from error
        if hashlib.sha256(content).hexdigest() != sha256:
            raise ObjectDamaged(f"what lies under {sha256} is something else")
        return content

    def ready(self) -> bool:
        """Whether files can be put away: asked before work is taken on.

        When nothing was put away for a while a small file is tried; after a failure one as large
        as what failed. While that does not get through it is tried ever more rarely, and between
        the tries the answer is no.
        """
        trouble = self._trouble
        if trouble is None and time.monotonic() - self._proven_at < PROVEN_S:
            return True
        if trouble is not None and not trouble.due():
            return False
        try:
            self._probe(trouble.size if trouble else SMALL)
        except OUT_OF_REACH as error:
            log.warning("store.unreachable", error=first_line(error))
            self._bad(trouble or _Trouble(SMALL))
            return False
        if trouble:
            log.info("store.reachable")
        self._well()
        return True

    def _well(self) -> None:
        self._trouble, self._proven_at = None, time.monotonic()
        UNREACHABLE.set(0)

    def _bad(self, trouble: "_Trouble") -> None:
        self._trouble = trouble
        UNREACHABLE.set(1)

    def _kept_trying(self, asset: Asset, content: bytes | Path) -> None:
        """Put away within the shelf's patience."""
        until = time.monotonic() + self._keep_trying_s
        for pause in growing(PAUSES_S):
            try:
                self._announce(asset.sha256, asset.bytes)
                self._write(asset, content)
                self._well()
                return
            except StoreUnreachable as error:
                FAILED.inc()
                if time.monotonic() + pause > until:
                    self._bad(_Trouble(min(asset.bytes, MOST_PROBED)))
                    raise
                log.warning("store.put_failed", error=str(error))
            time.sleep(pause)

    def _write(self, asset: Asset, content: bytes | Path) -> None:
        path = object_path(asset.sha256)
        try:
            if isinstance(self._store, LocalStore):
                into_folder(_root(self._store), path, content)
            else:
                obstore.put(self._store, path, content, attributes=_attributes(asset))
        except OUT_OF_REACH as error:
            raise StoreUnreachable(first_line(error)) from error

    def _probe(self, size: int) -> None:
        """Write and delete so many bytes."""
        path = f"{ARRIVING}/probe-{uuid.uuid4().hex}"
        try:
            if isinstance(self._store, LocalStore):
                into_folder(_root(self._store), path, bytes(size))
            else:
                obstore.put(self._store, path, bytes(size))
        finally:
            obstore.delete(self._store, path)


class _Trouble:
    """A file of so many bytes could not be put away; when to look whether it can be now."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._pause_s, self._longest_s = PROBES_S
        self._due = time.monotonic() + self._pause_s

    def due(self) -> bool:
        """Whether it is time for a probe; the next one comes twice as late."""
        if time.monotonic() < self._due:
            return False
        self._pause_s = min(2 * self._pause_s, self._longest_s)
        self._due = time.monotonic() + self._pause_s
        return True


def into_folder(root: Path, path: str, content: bytes | Path) -> None:
    """Write a file so that it is there whole or not at all, also after the power went.

    obstore renames too, but without having written out what it renames: after a power failure an
    empty file may stand under the digest, in the place of a good one.
    """
    target, arriving = root / path, root / ARRIVING
    arriving.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=arriving, delete=False) as file:
        try:
            _pour(content, file)
            file.flush()
            os.fsync(file.fileno())
            Path(file.name).chmod(0o644)  # the gateway may be another user
            target.parent.mkdir(parents=True, exist_ok=True)
            Path(file.name).replace(target)
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise
    for folder in (target.parent, target.parent.parent, root):
        _write_out(folder)


def _pour(content: bytes | Path, into: IO[bytes]) -> None:
    if isinstance(content, bytes):
        into.write(content)
        return
    with content.open("rb") as source:
        shutil.copyfileobj(source, into, 1 << 20)


def _write_out(folder: Path) -> None:
    """The folder's entries, so that a file's name lasts as long as the file."""
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _root(store: LocalStore) -> Path:
    assert store.prefix is not None, "folders are opened by their path"
    return Path(store.prefix)


def _attributes(asset: Asset) -> dict[str, str]:
    """What a bucket tells those who fetch the object from it by a signed link."""
    ending = ENDINGS.get(asset.media_type)
    name = f"{asset.name.removesuffix(f'.{ending}')}.{ending}" if ending else asset.name
    return {
        "Content-Type": asset.media_type,
        "Content-Disposition": f'inline; filename="{name}"',
        "Cache-Control": "private, max-age=86400, immutable",
    }


def growing(pauses_s: Sequence[float]) -> Iterator[float]:
    """The pauses one after the other, then the last one again and again."""
    yield from pauses_s
    while True:
        yield pauses_s[-1]


def _to_nobody(sha256: str, size: int) -> None:
    """For a shelf without a database."""
