"""A rendition: a licensed track in another shape or another format, from its kept manuscript."""

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from msgspec import UNSET, UnsetType, structs

from engine.arrange.midi import write_midi
from engine.backends.contracts import Finish, Piece
from engine.contracts import AudibleMark, RenditionOrder, Resolved, SoundFile, TrackFacts
from engine.critique import panel
from engine.errors import EngineError
from engine.master.files import described, sound_file
from engine.master.hearing import hear
from engine.packages import needed, pack_into
from engine.score import beats_per_bar
from engine.studio import manuscript
from engine.studio.manuscript import Manuscript
from engine.studio.marking import aloud
from engine.studio.rooms import Rooms
from engine.studio.versions import NoSuchVersion, TooShort, Version, versions
from engine.words.formats import Form, settled
from engine.words.tonality import printed

__all__ = [
    "NoSuchVersion", "Piece", "RenditionFailed", "TooShort", "packed", "played", "render",
]  # fmt: skip

WHOLE_MIXES = frozenset({"master", "cut", "sting", "underscore", "no_drums", "transition"})
"""Versions that are heard as music on their own; of others a file may well be silent."""


def unmarked(file: Path, media_type: str) -> bytes | None:
    """Leaves a file as it is, for who has nothing to sign with."""


class RenditionFailed(EngineError):
    """A rendition that nobody should be sent."""


def render(
    kept: bytes,
    resolved: Resolved,
    order: RenditionOrder,
    rooms: Rooms,
    facts: TrackFacts | None = None,
) -> Iterator[Piece]:
    """What an order asks of a track, file by file. ``kept`` is the track's stored manuscript;
    without ``facts`` the files are called after their style.

    Raises `BriefRefused` for a format that cannot be, `NoSuchVersion` and `TooShort` for a version
    that this music has not, `RenditionFailed` where the result must not be delivered.
    """
    return played(manuscript.read(kept), resolved, order, rooms, facts)


def packed(
    kept: bytes,
    resolved: Resolved,
    order: RenditionOrder,
    rooms: Rooms,
    facts: TrackFacts,
    out: IO[bytes],
    finish: Finish = unmarked,
) -> tuple[SoundFile, ...]:
    """Write the package that an order's profile asks for, and tell what is in it.

    A version that this music cannot have (no drums to leave out, no room for a cut) is left out.
    Each file is given to ``finish`` when it is whole. They lie on the disk until they are packed,
    since those of a long piece fit no memory.
    """
    assert order.profile, "without a profile there is nothing to pack"
    if order.profile == "automotive":
        raise NoSuchVersion("a package for a car holds a family of sounds; this is one track")
    score = manuscript.read(kept)
    held: list[tuple[SoundFile, Path]] = []
    beside: dict[str, bytes] = {}
    with tempfile.TemporaryDirectory(prefix="cuesmith-package-") as folder:
        for asked in _orders(order, resolved):
            with contextlib.suppress(NoSuchVersion, TooShort):
                for piece in played(score, resolved, asked, rooms, facts):
                    file = Path(folder) / str(len(held))
                    file.write_bytes(piece.content)
                    held.append((piece.sound, file))
                    if (credentials := finish(file, piece.sound.media_type)) is not None:
                        beside[piece.sound.name] = credentials
        pack_into(out, order.profile, held, facts, beside)
    return tuple(sound for sound, _ in held)


def _orders(order: RenditionOrder, resolved: Resolved) -> Iterator[RenditionOrder]:
    """What a package is made of, each in the form that was ordered."""
    assert order.profile
    for one in needed(order.profile, resolved.kind, resolved.duration_ms):
        yield structs.replace(
            order, profile=None, version=one.version, duration_ms=one.duration_ms,
            format=one.format, sample_rate=order.sample_rate or one.sample_rate,
            bit_depth=order.bit_depth or one.bit_depth,
        )  # fmt: skip


def played(
    kept: Manuscript,
    resolved: Resolved,
    order: RenditionOrder,
    rooms: Rooms,
    facts: TrackFacts | None = None,
) -> Iterator[Piece]:
    """The same from a manuscript that is at hand."""
    form = settled(order, resolved.delivery)
    shaped = _as_ordered(resolved, order, form)
    for one in versions(
        order.version, kept, shaped, rooms, duration_ms=order.duration_ms, stems=order.stems
    ):
        own = one.score.parts and one.score != kept.score
        told = facts or _own_facts(resolved, kept)
        sound, content = _file(one, form, shaped, kept.seed, told, order.audible_mark)
        yield Piece(sound=sound, content=content, midi=write_midi(one.score) if own else None)


def _own_facts(resolved: Resolved, kept: Manuscript) -> TrackFacts:
    """What can be said of a piece that nobody has licensed."""
    plan = kept.score.plan
    return TrackFacts(
        track="",
        title=f"{plan.style} {resolved.kind}".replace("_", " "),
        kind=resolved.kind,
        tempo=plan.tempo,
        meter=plan.meter,
        tonality=printed(plan.tonic, plan.mode),
    )


def _as_ordered(resolved: Resolved, order: RenditionOrder, form: Form) -> Resolved:
    """The brief with the order's rate, channels and loudness; as long as it was."""
    delivery = structs.replace(
        resolved.delivery,
        sample_rate=form.sample_rate,
        bit_depth=form.bit_depth,
        channels=form.channels,
        lufs=resolved.delivery.lufs if order.lufs is None else order.lufs,
        true_peak_dbtp=order.true_peak_dbtp
        if order.true_peak_dbtp is not None
        else resolved.delivery.true_peak_dbtp,
    )
    frames = round(resolved.duration_frames * form.sample_rate / resolved.delivery.sample_rate)
    return structs.replace(resolved, delivery=delivery, duration_frames=frames)


def _file(
    version: Version,
    form: Form,
    resolved: Resolved,
    seed: int,
    facts: TrackFacts,
    where: AudibleMark | UnsetType,
) -> tuple[SoundFile, bytes]:
    _hear(version)
    audio, about = version.mastered.audio, _about(version, form)
    if where is not UNSET:
        about, audio = aloud(about, audio, where)
    content = sound_file(
        audio,
        form,
        described(about, facts),
        seed=seed,
        dithered=bool(audio.any()),
        ceiling_dbtp=resolved.delivery.true_peak_dbtp,
    )
    return about, content


def _about(version: Version, form: Form) -> SoundFile:
    mastered, plan = version.mastered, version.score.plan
    frames = len(mastered.audio)
    return SoundFile(
        name=version.name,
        version=version.version,
        media_type=form.media_type,
        sample_rate=form.sample_rate,
        channels=form.channels,
        bit_depth=form.bit_depth,
        frames=frames,
        entry=version.entry,
        exit=version.exit,
        loop=(0, frames - 1) if version.loop else None,
        tempo=plan.tempo,
        meter=plan.meter,
        bars=plan.bars if version.score.parts else 0,
        lufs=mastered.loudness_lufs,
        true_peak_dbtp=mastered.true_peak_dbtp,
        markers=version.markers,
        parent=version.parent,
    )


def _hear(version: Version) -> None:
    """Hear what is a whole mix; `RenditionFailed` where it is silent, clipped or broken."""
    if version.version not in WHOLE_MIXES:
        return
    mastered = version.mastered
    plan, loop = version.score.plan, version.loop
    bars = plan.bars if loop and plan.kind == "loop" else 0
    beats = beats_per_bar(plan.meter)
    heard = hear(mastered.audio, mastered.sample_rate, loop=loop, bars=bars, beats=beats)
    verdict = panel.hear(version.score, heard)
    if not verdict.kept:
        raise RenditionFailed(f"{version.name}: {'; '.join(verdict.reasons)}")
