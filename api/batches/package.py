"""One package of a whole batch: an archive written as it is read, whatever its length."""

import io
import re
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

import msgspec
from msgspec import Struct, structs

from api.batches import store
from api.batches.contracts import Files, Result, ResultCandidate
from api.files import EXTENSIONS
from api.licenses import service as licenses
from api.licenses.contracts import Track
from api.shop import Shop
from billing.connections import lent
from billing.statements import sheets
from engine.contracts import Asset

CHUNK = 50
"""Lines of a batch that are read at a time."""
MASTER = "master"
_ZIP32 = 2**31 - 1
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


class Row(Struct, frozen=True, kw_only=True):
    """A line of the manifest: what has become of a line of the upload, and the files there are of
    it in the archive. A line of which several candidates were licensed has several."""

    line: int
    reference: str | None
    brief: str
    status: str
    candidates: int
    candidate: str | None = None
    rating: float | None = None
    license: str | None = None
    track: str | None = None
    duration_ms: int | None = None
    master_sha256: str | None = None
    certificate: str | None = None
    files: tuple[str, ...] = ()


class _Spool(io.RawIOBase):
    """Where the archive is written: what has not been sent yet."""

    def __init__(self) -> None:
        super().__init__()
        self._written = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, piece: "bytes | bytearray | memoryview") -> int:  # pyright: ignore
        self._written += piece
        return len(piece)

    def taken(self) -> bytes:
        """What was written since it was last asked."""
        written, self._written = bytes(self._written), bytearray()
        return written


async def package(
    shop: Shop, account: str, batch: str, last_line: int, files: Files
) -> AsyncIterator[bytes]:
    """The licensed tracks of a batch, their certificates, and a manifest of all its lines.

    What cannot be read ends it in the middle: an archive without its directory is none.
    """
    spool, rows = _Spool(), list[Row]()
    with ZipFile(spool, "w", ZIP_STORED) as archive:
        for after in range(0, last_line, CHUNK):
            for line in await _lines(shop, batch, after):
                for row, track in await _rows(shop, account, line, files):
                    if track is not None and files != "manifest":
                        async for piece in _add(shop, account, archive, spool, row, track):
                            yield piece
                    rows.append(row)
        _add_manifest(archive, rows)
    yield spool.taken()


async def _lines(shop: Shop, batch: str, after: int) -> list[Result]:
    async with lent(shop.pool) as conn:
        return await store.select_results(conn, batch, after, None, CHUNK, through=after + CHUNK)


async def _rows(
    shop: Shop, account: str, line: Result, files: Files
) -> list[tuple[Row, Track | None]]:
    """What the manifest says of a line, and the tracks that were licensed of it."""
    row = Row(
        line=line.line, reference=line.reference, brief=line.brief, status=line.status,
        candidates=len(line.candidates),
    )  # fmt: skip
    rows: list[tuple[Row, Track | None]] = []
    for one in line.candidates:
        if one.track is not None:
            track = await licenses.track(shop.pool, account, one.track)
            rows.append((_licensed(row, one, track, len(rows), files), track))
    return rows or [(row, None)]


def _licensed(row: Row, one: ResultCandidate, track: Track, number: int, files: Files) -> Row:
    master = next((asset.sha256 for asset in track.files if asset.name == MASTER), None)
    folder = _folder(row, number)
    there = files != "manifest"
    return structs.replace(
        row, candidate=one.id, rating=one.rating, license=one.license, track=track.id,
        duration_ms=track.duration_ms, master_sha256=master,
        certificate=f"{folder}/{track.license}.json" if there else None,
        files=tuple(f"{folder}/{_name(asset)}" for asset in _wanted(track, files)),
    )  # fmt: skip


def _wanted(track: Track, files: Files) -> Sequence[Asset]:
    if files == "manifest":
        return ()
    return [asset for asset in track.files if files == "all" or asset.name == MASTER]


def _folder(row: Row, number: int) -> str:
    """A folder of a line's own, that every system can write: ``00017-acme-42``."""
    named = _UNSAFE.sub("-", row.reference or row.brief).strip("-.")[:64] or row.brief
    return f"{row.line:05d}-{named}" + (f"-{number + 1}" if number else "")


def _name(asset: Asset) -> str:
    ending = EXTENSIONS.get(asset.media_type, "")
    return f"{asset.name.removesuffix(ending)}{ending}"


async def _add(
    shop: Shop, account: str, archive: ZipFile, spool: _Spool, row: Row, track: Track
) -> AsyncIterator[bytes]:
    """A track's files and its certificate, a piece at a time. Sound does not get smaller."""
    named = {name.rpartition("/")[2]: name for name in row.files}
    for asset in track.files:
        if (name := named.get(_name(asset))) is None:
            continue
        entry = _entry(name, track.created_at)
        with archive.open(entry, "w", force_zip64=asset.bytes > _ZIP32) as out:
            async for piece in await shop.shelf.open(asset, 0, asset.bytes):
                out.write(piece)
                yield spool.taken()
    if row.certificate is not None:
        document = await licenses.document(shop.pool, account, track.license)
        archive.writestr(_entry(row.certificate, track.created_at), document)
    yield spool.taken()


def _add_manifest(archive: ZipFile, rows: list[Row]) -> None:
    """The same twice: for a program, and for a spreadsheet."""
    now = datetime.now(UTC)
    content = msgspec.json.encode(rows)
    archive.writestr(_entry("manifest.json", now), content, compress_type=ZIP_DEFLATED)
    columns = Row.__struct_fields__
    content = sheets.head("csv", columns) + sheets.rows("csv", columns, map(_said, rows))
    archive.writestr(_entry("manifest.csv", now), content, compress_type=ZIP_DEFLATED)


def _said(row: Row) -> dict[str, Any]:
    return structs.asdict(row) | {"files": " ".join(row.files)}


def _entry(name: str, at: datetime) -> ZipInfo:
    return ZipInfo(name, at.astimezone(UTC).timetuple()[:6])
