"""The lane of licensed tracks that are wanted in another shape: no new music, seconds of work."""

import tempfile
import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import IO

import structlog
from prometheus_client import Counter, Histogram

from engine.backends.contracts import Reshaper
from engine.contracts import (
    Asset,
    Failed,
    FamilyMade,
    Profile,
    Rendered,
    ResolvedFamily,
    SoundFile,
    TrackFacts,
)
from engine.errors import BriefRefused, EngineError, NotYetAvailable
from engine.marks.content import SIDECAR, SIDECAR_TYPE, CredentialsOver
from engine.packages import NothingToPack, family_sounds, pack_into
from engine.queue.contracts import Job, Lease, Source
from engine.stock.places import StoreUnreachable
from engine.studio.family_copies import without_copies
from engine.studio.lanes.heart import Heart
from engine.studio.lanes.lane import Studio, facts_of, refuse_unbuilt, survived
from engine.studio.manuscript import Unreadable
from engine.studio.marking import Stamp, of_rendition
from engine.studio.renditions import (
    NoSuchVersion,
    RenditionFailed,
    TooShort,
)
from engine.studio.shelf import Shelf
from engine.words import formats

MEDIA_TYPES: dict[str, str] = {
    **formats.MEDIA_TYPES, "mid": "audio/midi", "zip": "application/zip",
    SIDECAR: SIDECAR_TYPE,
}  # fmt: skip
FINAL = (BriefRefused, NoSuchVersion, TooShort, RenditionFailed, NothingToPack, Unreadable)
"""What another attempt would find again."""
SLOWEST = 12.0
"""Seconds for one of the track until a rendition, which tells nothing, seems to stand still."""

log = structlog.get_logger()
RENDITIONS = Counter("studio_renditions_total", "Renditions ended by this studio", ["outcome"])
SECONDS = Histogram(
    "studio_rendition_seconds", "Seconds from claim to end", buckets=(0.5, 1, 2, 5, 10, 20, 40, 80)
)


async def reshape(studio: Studio, lease: Lease) -> None:
    """Make one rendition, or leave it to another studio."""
    facts = facts_of(lease, "rendition")
    log.info("rendition.claimed", **facts)
    with SECONDS.time():
        outcome = await survived(studio, lease, _reshaped(studio, lease), "rendition", facts)
    RENDITIONS.labels(outcome).inc()
    log.info("rendition.ended", outcome=outcome, **facts)


async def _reshaped(studio: Studio, lease: Lease) -> str:
    """Make and hand over; returns how it ended, for the log. A stopping studio finishes this."""
    if not isinstance(studio.backend, Reshaper):
        return await refuse_unbuilt(studio, lease, "renditions")
    failure, made = None, None
    async with Heart(studio, lease, "render", _silent_s(lease.job)) as heart:
        try:
            made = await heart.through(partial(_made, studio, studio.backend, lease.job))
        except FINAL as refused:
            failure = _failure(refused)
        except (StoreUnreachable, CredentialsOver) as error:
            log.warning("rendition.not_stored", rendition=lease.job.id, error=str(error))
            await studio.queue.give_back(lease)
            return "given_back"
    if heart.canceled or made is None:
        await studio.queue.finish(lease, failure=failure, canceled=heart.canceled)
        return "canceled" if heart.canceled else "refused"
    await studio.patiently(partial(studio.queue.hand_over, lease, made))
    return "done"


def _silent_s(job: Job) -> float:
    """How long a rendition may take: a package holds the whole of a long track many times over."""
    return (
        0.0 if isinstance(job.resolved, ResolvedFamily) else SLOWEST * job.music.duration_ms / 1000
    )


def _failure(refused: EngineError) -> Failed:
    codes = {
        NotYetAvailable: "not_yet_available",
        RenditionFailed: "rendition_failed",
        Unreadable: "score_unreadable",
    }
    return Failed(code=codes.get(type(refused), "order_refused"), detail=str(refused))


def _made(studio: Studio, reshaper: Reshaper, job: Job) -> Rendered:
    """The rendition, its files on the shelf one after the other."""
    source = job.source
    assert source is not None, "the database keeps no rendition without one"
    began = time.perf_counter()
    marked = of_rendition(job, source.facts.license)
    stamp = Stamp(marked=marked, credentials=studio.credentials)
    made = _reformed if source.order.profile is None else _packed
    sounds, assets = made(reshaper, studio.shelf, job, source, stamp)
    return Rendered(
        order=source.order,
        sounds=tuple(sounds),
        assets=tuple(assets),
        timings_s={"made": round(time.perf_counter() - began, 3)},
    )


def _reformed(
    reshaper: Reshaper, shelf: Shelf, job: Job, source: Source, stamp: Stamp
) -> tuple[Sequence[SoundFile], list[Asset]]:
    kept, sounds, assets = _score(shelf, source), [], []
    for piece in reshaper.pieces(kept, job):
        sounds.append(piece.sound)
        for name, content in piece.named():
            assets += _marked(shelf, name, content, stamp)
    return sounds, assets


def _marked(shelf: Shelf, name: str, content: bytes, stamp: Stamp) -> Iterator[Asset]:
    """A file with its marks, and what lies beside it where it cannot hold them."""
    media_type = _media_type(name)
    content = stamp.put(content, media_type)
    yield shelf.put(name, content, media_type)
    if (beside := stamp.beside(content, media_type)) is not None:
        yield shelf.put(f"{name.rpartition('.')[0]}.{SIDECAR}", beside, SIDECAR_TYPE)


def _packed(
    reshaper: Reshaper, shelf: Shelf, job: Job, source: Source, stamp: Stamp
) -> tuple[Sequence[SoundFile], list[Asset]]:
    order, facts, family = source.order, source.facts, source.family
    assert order.profile is not None, "without a profile there is nothing to pack"
    name = f"{order.profile}.zip"
    with tempfile.NamedTemporaryFile(prefix="cuesmith-", suffix=".zip") as out:
        if family is not None:
            sounds = _packed_family(order.profile, family, facts, shelf, out)
        else:
            sounds = reshaper.pack(_score(shelf, source), job, out, stamp.finish)
        out.flush()
        return sounds, [shelf.put_file(name, Path(out.name), _media_type(name))]


def _packed_family(
    profile: Profile, family: FamilyMade, facts: TrackFacts, shelf: Shelf, out: IO[bytes]
) -> Sequence[SoundFile]:
    """A family's files as they were delivered, packed from the disk."""
    held: list[tuple[SoundFile, Path]] = []
    with tempfile.TemporaryDirectory(prefix="cuesmith-family-") as folder:
        for sound, asset in family_sounds(without_copies(family)):
            file = Path(folder) / str(len(held))
            file.write_bytes(shelf.get(asset.sha256))
            held.append((sound, file))
        pack_into(out, profile, held, facts)
    return tuple(sound for sound, _ in held)


def _media_type(name: str) -> str:
    return MEDIA_TYPES[name.rpartition(".")[2]]


def _score(shelf: Shelf, source: Source) -> bytes:
    kept = next((asset for asset in source.assets if asset.name == "score"), None)
    if kept is None:
        raise Unreadable("this track was made before its score was kept")
    return shelf.get(kept.sha256)
