"""The last thing that happens to a file before it is stored: it says that a machine made it.

What is said depends on the brief's ``marking``: ``eu`` signs content credentials, ``cn`` writes
China's label and signs, ``closed_loop`` leaves it at the file's texts, because the client has said
that only his own product will be heard and that he marks it. Without credentials nothing is signed,
and nothing pretends to be.
"""

from typing import Any

from msgspec import Struct

from engine.contracts import FamilyMade, Made, Marking, ResolvedFamily
from engine.marks import content as credentials_of
from engine.marks.content import Origin
from engine.marks.credentials import Credentials
from engine.marks.labels import aigc
from engine.master import files
from engine.master.files.labels import Labels
from engine.provenance.origin import build
from engine.queue.contracts import Job

PRODUCER = "Cuesmith"
SIGNED = credentials_of.HOLD - {"audio/flac"}
"""A signed FLAC file begins with an ID3 tag, and then a strict reader of a client's takes it for no
FLAC at all."""
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

    def changes(self, media_type: str) -> bool:
        """Whether a file of this type gets a mark."""
        return self._labels(media_type) or self._signs(media_type)

    def put(self, content: bytes, media_type: str) -> bytes:
        """The file with its marks."""
        named = self.marked.named
        if self._labels(media_type):
            content = files.labelled(content, media_type, Labels(marks=(aigc(PRODUCER, named),)))
        if self.credentials is None or not self._signs(media_type):
            return content
        origin = Origin(title=named, version=build(), facts=self.marked.facts)
        return credentials_of.signed(content, media_type, origin, self.credentials)

    def _labels(self, media_type: str) -> bool:
        return self.marked.profile == "cn" and media_type in SOUNDS

    def _signs(self, media_type: str) -> bool:
        wanted = self.credentials is not None and self.marked.profile != "closed_loop"
        return wanted and media_type in SIGNED


def of_candidate(named: str, made: Made | FamilyMade) -> Marked:
    """What is told of a candidate's files: models, seeds and digests, not what was compared with
    other accounts' music."""
    facts = {name: told for name, told in made.provenance.items() if name != "originality"}
    return Marked(named=named, profile=made.resolved.marking, facts=facts)


def of_rendition(job: Job, license_: str) -> Marked:
    """What is told of the files of a licensed track in another shape."""
    resolved = job.family if isinstance(job.resolved, ResolvedFamily) else job.music
    facts = {"license": license_, "build": build(), "seed": job.seed}
    return Marked(named=job.id, profile=resolved.marking, facts=facts)
