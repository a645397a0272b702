"""The last thing that happens to a file before it is stored: it says that a machine made it.

What is said depends on the brief's ``marking``. ``eu`` signs content credentials. ``cn`` writes
China's label and signs. ``closed_loop`` leaves it at the file's texts: the client has said that
only his own product will be heard, such as a car that its sounds never leave, and that he marks it;
the license's certificate repeats it. China's audible mark is on order, a rendition at a time.
Without credentials nothing is signed, and nothing pretends to be.
"""

from collections.abc import Collection
from pathlib import Path
from typing import Any

from msgspec import UNSET, Struct, structs

from engine.contracts import (
    AudibleMark,
    FamilyMade,
    Made,
    Marking,
    ResolvedFamily,
    SoundFile,
)
from engine.marks import audible
from engine.marks import content as credentials_of
from engine.marks.audible import Sound
from engine.marks.content import Origin
from engine.marks.credentials import Credentials
from engine.marks.labels import aigc
from engine.master import files
from engine.master.files.labels import Labels
from engine.provenance.origin import build
from engine.queue.contracts import Job

PRODUCER = "Cuesmith"
SIDECAR = credentials_of.SIDECAR
SOUNDS = frozenset({"audio/wav", "audio/mpeg", "audio/flac", "audio/ogg"})


class Marked(Struct, frozen=True, kw_only=True):
    """Whose files are marked, how, and what is told of their making."""

    named: str
    profile: Marking
    facts: dict[str, Any]


class Stamp(Struct, frozen=True, kw_only=True):
    """What puts a job's marks onto its files; without ``credentials`` nothing is signed."""

    marked: Marked
    credentials: Credentials | None = None

    def put(self, content: bytes, media_type: str) -> bytes:
        """The file with its marks."""
        if self._labels(media_type):
            content = files.labelled(content, media_type, self._texts)
        if (signer := self._signer(media_type, credentials_of.INSIDE)) is not None:
            content = credentials_of.signed(content, media_type, self._origin, signer)
        return content

    def put_file(self, file: Path, media_type: str) -> None:
        """Mark a file that lies on the disk, where a long one had better stay."""
        if self._labels(media_type):
            files.label_file(file, media_type, self._texts)
        if (signer := self._signer(media_type, credentials_of.INSIDE)) is not None:
            credentials_of.sign_file(file, media_type, self._origin, signer)

    def beside(self, content: bytes | Path, media_type: str) -> bytes | None:
        """The credentials that lie beside a marked file; None where it holds them or has none."""
        signer = self._signer(media_type, credentials_of.BESIDE)
        return None if signer is None else credentials_of.sidecar(content, self._origin, signer)

    def finish(self, file: Path, media_type: str) -> bytes | None:
        """Mark a file on the disk; what must lie beside it."""
        self.put_file(file, media_type)
        return self.beside(file, media_type)

    @property
    def _texts(self) -> Labels:
        return Labels(marks=(aigc(PRODUCER, self.marked.named),))

    @property
    def _origin(self) -> Origin:
        return Origin(title=self.marked.named, version=build(), facts=self.marked.facts)

    def _labels(self, media_type: str) -> bool:
        return self.marked.profile == "cn" and media_type in SOUNDS

    def _signer(self, media_type: str, kinds: Collection[str]) -> Credentials | None:
        """Who signs a file of this type, if it is one of these kinds and is signed at all."""
        signs = self.marked.profile != "closed_loop" and media_type in kinds
        return self.credentials if signs else None


def of_candidate(named: str, made: Made | FamilyMade) -> Marked:
    """What is told of a candidate's files: models, seeds and digests, not what was compared with
    other accounts' music."""
    facts = {name: told for name, told in made.provenance.items() if name != "originality"}
    return Marked(named=named, profile=made.resolved.marking, facts=facts)


def of_rendition(job: Job, license_: str) -> Marked:
    """What is told of the files of a licensed track in another shape."""
    resolved = job.family if isinstance(job.resolved, ResolvedFamily) else job.music
    facts = {"license": license_, "build": build(), "seed": job.seed}
    aloud = job.source is not None and job.source.order.audible_mark is not UNSET
    # China's mark is for the ears and in the metadata, whatever the brief was for.
    return Marked(named=job.id, profile="cn" if aloud else resolved.marking, facts=facts)


def aloud(sound: SoundFile, audio: Sound, where: AudibleMark) -> tuple[SoundFile, Sound]:
    """A version with its audible mark, and what is then true of its file."""
    made = audible.marked(
        audio if audio.ndim == 2 else audio[:, None], sound.sample_rate, where, sound.lufs,
        loops=sound.loop is not None,
    )  # fmt: skip
    shift = made.shift
    return structs.replace(
        sound,
        frames=len(made.sound),
        entry=sound.entry + shift,
        exit=sound.exit + shift,
        loop=None if sound.loop is None else (sound.loop[0] + shift, sound.loop[1] + shift),
        markers=tuple(structs.replace(one, frame=one.frame + shift) for one in sound.markers),
    ), made.sound
