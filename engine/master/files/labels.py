"""What a file says of itself, whatever its format: titles, marks, loop points, section marks."""

import re
from collections.abc import Mapping

from msgspec import Struct

from engine.contracts import Marker, SoundFile, TrackFacts
from engine.errors import EngineError
from engine.words.formats import short_key

SOFTWARE = "Cuesmith"
CANDIDATE = "CUESMITH_CANDIDATE"
LICENSE = "CUESMITH_LICENSE"


class Unreadable(EngineError):
    """The content is not a file of the kind that it is said to be."""


class Labels(Struct, frozen=True, kw_only=True):
    """What is to be said in a file.

    None leaves what the file says already; an empty text or an empty tuple takes it away. ``key``
    is a tonality ("F minor"); ``license`` the id of a license or ``unlicensed``; ``marks`` are
    further texts by name, such as a label that a country's law asks for. ``loop`` are the first and
    the last frame that are repeated, both included.
    """

    title: str | None = None
    artist: str | None = None
    album: str | None = None
    description: str | None = None
    comment: str | None = None
    genre: str | None = None
    composer: str | None = None
    publisher: str | None = None
    copyright: str | None = None
    isrc: str | None = None
    bpm: float | None = None
    key: str | None = None
    candidate: str | None = None
    license: str | None = None
    marks: tuple[tuple[str, str], ...] = ()
    loop: tuple[int, int] | None = None
    markers: tuple[Marker, ...] | None = None
    lufs: float | None = None
    true_peak_dbtp: float | None = None


def described(sound: SoundFile, facts: TrackFacts) -> Labels:
    """What a file of a licensed track says of itself: its own places and levels, the track's
    texts. The main version bears the track's title, every other one its own name beside it."""
    main = sound.name == "master"
    return Labels(
        title=facts.title if main else f"{facts.title} ({sound.name.replace('_', ' ')})",
        album=facts.album or None,
        description=facts.description or None,
        genre=facts.genre or None,
        composer=", ".join(party.name for party in facts.composers) or None,
        publisher=", ".join(party.name for party in facts.publishers) or None,
        isrc=(facts.isrc or None) if main else None,
        bpm=sound.tempo or facts.tempo,
        key=facts.tonality,
        license=facts.license or None,
        loop=sound.loop,
        markers=sound.markers,
        lufs=sound.lufs,
        true_peak_dbtp=sound.true_peak_dbtp,
    )


_NAMES = {
    "title": "TITLE",
    "artist": "ARTIST",
    "album": "ALBUM",
    "description": "DESCRIPTION",
    "comment": "COMMENT",
    "genre": "GENRE",
    "composer": "COMPOSER",
    "publisher": "PUBLISHER",
    "copyright": "COPYRIGHT",
    "isrc": "ISRC",
    "candidate": CANDIDATE,
    "license": LICENSE,
}
_MARK = re.compile(r"[ -<>-}]{1,64}")  # what a Vorbis comment may be called


def texts(labels: Labels) -> dict[str, str]:
    """Every text that is to be written, by its name in capitals; an empty one is to be removed.

    NUL, which ends a text in most formats, is left out. Raises ValueError for a mark whose name no
    format could hold.
    """
    given = ((name, getattr(labels, field)) for field, name in _NAMES.items())
    found = {name: value for name, value in given if value is not None}
    if labels.bpm is not None:
        found["BPM"] = f"{labels.bpm:g}" if labels.bpm else ""
    if labels.key is not None:
        found["KEY"] = short_key(labels.key)
    for name, value in labels.marks:
        if not _MARK.fullmatch(name):
            raise ValueError(f"a mark cannot be called {name!r}")
        found[name.upper()] = value
    found["ENCODER"] = SOFTWARE
    return {name: _clean(value) for name, value in found.items()}


def merged(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, str]:
    """What a file says once the texts of ``after`` have been put in or, where empty, taken away.

    Always in the same order, so that a file does not tell in how many steps it was labelled.
    """
    said = {name: value for name, value in {**before, **after}.items() if value}
    return dict(sorted(said.items(), key=lambda one: (_RANK.get(one[0], len(_RANK)), one[0])))


_RANK = {name: rank for rank, name in enumerate((*_NAMES.values(), "BPM", "KEY"))}


def _clean(value: str) -> str:
    return value.replace("\0", "").encode("utf-8", "replace").decode()
