"""Other shapes of a licensed track, and what is known of its files."""

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from engine.contracts.briefs import BitDepth, Channels, Kind, Meter, SampleRate, SoundFormat, Word
from engine.contracts.results import Asset

Version = Literal[
    "master",
    "stems",
    "layers",
    "cut",
    "sting",
    "underscore",
    "no_drums",
    "transition",
    "loop_parts",
]
"""``loop_parts`` are the intro before a loop, the loop's first pass and its tail, each a file."""
Profile = Literal["unity", "godot", "wwise", "fmod", "harvest", "automotive"]
"""For whom a package is laid out: a game engine, a catalogue, a car."""


AudibleMark = Literal["start", "start_end", "in_loop"]
"""Where a rhythm says aloud that a machine made this: before or over the music's beginning, at its
end too, or over the beginning of what is repeated."""


class RenditionOrder(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A shape that a track is wanted in. What is left open stays as it was delivered.

    With a ``profile`` the answer is one archive that holds what such a customer needs; ``version``
    then plays no part.
    """

    version: Version = "master"
    profile: Profile | None = None
    duration_ms: Annotated[int, Meta(ge=500, le=600_000)] | None = None  # of a cut or a sting
    stems: Annotated[tuple[Word, ...], Meta(max_length=16)] = ("all",)
    format: SoundFormat = "wav"
    sample_rate: SampleRate | None = None
    bit_depth: BitDepth | None = None
    channels: Channels | None = None
    lufs: Annotated[float, Meta(ge=-36, le=-8)] | None = None
    true_peak_dbtp: Annotated[float, Meta(ge=-9, le=-0.1)] | None = None
    # Not None: orders without it must stay, to the byte, what they were before there was one.
    audible_mark: AudibleMark | UnsetType = UNSET


class Marker(Struct, frozen=True, kw_only=True):
    """A named place in a file."""

    frame: int
    name: str


class SoundFile(Struct, frozen=True, kw_only=True):
    """What is known of one sound file, for a list, a manifest or a catalogue row.

    ``name`` is unique in its track: ``master``, ``stem.drums``, ``layer-2``, ``cut-30s``, ``tail``,
    ``door_open``. ``entry`` and ``exit`` are the frames where the music itself begins and ends;
    what lies outside is a pickup or a ring. ``loop`` are the first and the last frame that are
    repeated, both included. ``parent`` names the file this one was made from.
    """

    name: str
    version: str
    media_type: str
    sample_rate: int
    channels: int
    bit_depth: int
    frames: int
    entry: int = 0
    exit: int = 0
    loop: tuple[int, int] | None = None
    tempo: float | None = None
    meter: Meter | None = None
    bars: int | None = None
    lufs: float | None = None
    true_peak_dbtp: float | None = None
    markers: tuple[Marker, ...] = ()
    parent: str | None = None
    facts: dict[str, Any] = {}


class Party(Struct, frozen=True, kw_only=True):
    """Somebody who holds a share of a work. ``share`` in percent."""

    name: str
    share: float = 100.0
    society: str = ""
    ipi: str = ""


class TrackFacts(Struct, frozen=True, kw_only=True):
    """What a catalogue, a manifest or a tag says of a whole track, beside its files.

    The texts are the client's; ``isrc`` stays empty until the client has one. ``originality`` is
    what was measured of it when it was made.
    """

    track: str
    title: str
    description: str = ""
    keywords: tuple[str, ...] = ()
    genre: str = ""
    kind: Kind = "bed"
    tempo: float | None = None
    meter: Meter | None = None
    tonality: str | None = None  # "D minor"
    instruments: tuple[str, ...] = ()
    composers: tuple[Party, ...] = ()
    publishers: tuple[Party, ...] = ()
    library: str = ""
    album: str = ""
    album_code: str = ""
    album_description: str = ""
    release_date: str = ""  # YYYY-MM-DD
    isrc: str = ""
    license: str = ""
    originality: dict[str, Any] = {}


class Rendered(Struct, frozen=True, kw_only=True):
    """A rendition as the studio delivers it: its files, each described; an archive is described by
    the files inside."""

    order: RenditionOrder
    sounds: tuple[SoundFile, ...]
    assets: tuple[Asset, ...] = ()
    timings_s: dict[str, float] = {}
