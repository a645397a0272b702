"""A rendition: a licensed track in another shape or another format, from its kept manuscript."""

import contextlib
from collections.abc import Iterator

from msgspec import Struct, structs

from engine.arrange.midi import write_midi
from engine.contracts import RenditionOrder, Resolved, SoundFile, TrackFacts
from engine.critique import panel
from engine.errors import EngineError
from engine.master.files import Labels, sound_file
from engine.master.hearing import hear
from engine.packages import needed, pack
from engine.studio import manuscript
from engine.studio.manuscript import Manuscript
from engine.studio.rooms import Rooms
from engine.studio.versions import NoSuchVersion, TooShort, Version, versions
from engine.words.formats import Form, settled
from engine.words.tonality import printed

__all__ = [
    "NoSuchVersion",
    "Rendition",
    "RenditionFailed",
    "TooShort",
    "packed",
    "played",
    "render",
]

WHOLE_MIXES = frozenset({"master", "cut", "sting", "underscore", "no_drums", "transition"})
"""Versions that are heard as music on their own; of others a file may well be silent."""


class RenditionFailed(EngineError):
    """A rendition that nobody should be sent."""


class Rendition(Struct, frozen=True, kw_only=True):
    """The files of a rendition, each with what is known of it, and the scores of those that have
    one of their own, as MIDI by name."""

    files: tuple[tuple[SoundFile, bytes], ...]
    scores: tuple[tuple[str, bytes], ...] = ()

    def named(self) -> Iterator[tuple[str, bytes]]:
        """Every file under its name."""
        for sound, content in self.files:
            yield f"{sound.name}.{_ENDINGS[sound.media_type]}", content
        for name, content in self.scores:
            yield f"{name}.mid", content


_ENDINGS = {"audio/wav": "wav", "audio/flac": "flac", "audio/mpeg": "mp3", "audio/ogg": "ogg"}


def render(
    kept: bytes, resolved: Resolved, order: RenditionOrder, rooms: Rooms, license_id: str = ""
) -> Rendition:
    """What an order asks of a track. ``kept`` is the track's stored manuscript.

    Raises `BriefRefused` for a format that cannot be, `NoSuchVersion` and `TooShort` for a version
    that this music has not, `RenditionFailed` where the result must not be delivered.
    """
    return played(manuscript.read(kept), resolved, order, rooms, license_id)


def packed(
    kept: bytes, resolved: Resolved, order: RenditionOrder, rooms: Rooms, facts: TrackFacts
) -> tuple[Rendition, bytes]:
    """The package that an order's profile asks for, and what is in it.

    A version that this music cannot have (no drums to leave out, no room for a cut) is left out.
    """
    assert order.profile, "without a profile there is nothing to pack"
    if order.profile == "automotive":
        raise NoSuchVersion("a package for a car holds a family of sounds; this is one track")
    score, files = manuscript.read(kept), []
    for one in needed(order.profile, resolved.kind, resolved.duration_ms):
        asked = structs.replace(
            order, profile=None, version=one.version, duration_ms=one.duration_ms,
            format=one.format, sample_rate=order.sample_rate or one.sample_rate,
            bit_depth=order.bit_depth or one.bit_depth,
        )  # fmt: skip
        with contextlib.suppress(NoSuchVersion, TooShort):
            files += played(score, resolved, asked, rooms, facts.license).files
    return Rendition(files=tuple(files)), pack(order.profile, files, facts)


def played(
    kept: Manuscript, resolved: Resolved, order: RenditionOrder, rooms: Rooms, license_id: str = ""
) -> Rendition:
    """The same from a manuscript that is at hand."""
    form = settled(order, resolved.delivery)
    shaped = _as_ordered(resolved, order, form)
    files, scores = [], []
    for one in versions(
        order.version, kept, shaped, rooms, duration_ms=order.duration_ms, stems=order.stems
    ):
        files.append(_file(one, form, shaped, kept.seed, license_id))
        if one.score.parts and one.score != kept.score:
            scores.append((one.name, write_midi(one.score)))
    return Rendition(files=tuple(files), scores=tuple(scores))


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
    version: Version, form: Form, resolved: Resolved, seed: int, license_id: str
) -> tuple[SoundFile, bytes]:
    _hear(version)
    mastered, plan = version.mastered, version.score.plan
    frames = len(mastered.audio)
    loop = (0, frames - 1) if version.loop else None
    about = SoundFile(
        name=version.name,
        version=version.version,
        media_type=form.media_type,
        sample_rate=form.sample_rate,
        channels=form.channels,
        bit_depth=form.bit_depth,
        frames=frames,
        entry=version.entry,
        exit=version.exit,
        loop=loop,
        tempo=plan.tempo,
        meter=plan.meter,
        bars=plan.bars if version.score.parts else 0,
        lufs=mastered.loudness_lufs,
        true_peak_dbtp=mastered.true_peak_dbtp,
        markers=version.markers,
        parent=version.parent,
    )
    labels = Labels(
        title=f"{plan.style} {resolved.kind} {version.name}".replace("_", " "),
        bpm=plan.tempo,
        key=printed(plan.tonic, plan.mode),
        license=license_id or None,
        loop=loop,
        markers=version.markers,
        lufs=mastered.loudness_lufs,
        true_peak_dbtp=mastered.true_peak_dbtp,
    )
    content = sound_file(
        mastered.audio,
        form,
        labels,
        seed=seed,
        dithered=bool(mastered.audio.any()),
        ceiling_dbtp=resolved.delivery.true_peak_dbtp,
    )
    return about, content


def _hear(version: Version) -> None:
    """Hear what is a whole mix; `RenditionFailed` where it is silent, clipped or broken."""
    if version.version not in WHOLE_MIXES:
        return
    mastered = version.mastered
    heard = hear(mastered.audio, mastered.sample_rate, loop=version.loop)
    verdict = panel.hear(version.score, heard)
    if not verdict.kept:
        raise RenditionFailed(f"{version.name}: {'; '.join(verdict.reasons)}")
