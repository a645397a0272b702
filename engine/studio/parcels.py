"""A package of a licensed track: every version that a customer needs, played and put into one
archive."""

from collections.abc import Iterator

from msgspec import Struct, structs

from engine.contracts import Profile, RenditionOrder, Resolved, SoundFile, TrackFacts
from engine.packages import needed, pack
from engine.studio.manuscript import Manuscript
from engine.studio.renditions import NoSuchVersion, Rendition, TooShort, played
from engine.studio.rooms import Rooms


class Parcel(Struct, frozen=True, kw_only=True):
    """An archive, and what is in it."""

    name: str
    archive: bytes
    sounds: tuple[SoundFile, ...]


def packed(
    kept: Manuscript,
    resolved: Resolved,
    order: RenditionOrder,
    rooms: Rooms,
    facts: TrackFacts,
) -> Parcel:
    """The package of ``order.profile``. A version that this music cannot have is left out; what
    the piece itself is refused for is raised, as `engine.studio.renditions.render` says."""
    assert order.profile is not None, "this is no order for a package"
    wanted = needed(order.profile, resolved.kind, resolved.duration_ms)
    made = [
        file
        for number, one in enumerate(wanted)
        for rendition in _version(kept, resolved, _as_asked(one, order), rooms, facts, number)
        for file in rendition.files
    ]
    return parcel(order.profile, made, facts)


def parcel(profile: Profile, sounds: list[tuple[SoundFile, bytes]], facts: TrackFacts) -> Parcel:
    """Sounds that are there already, packed."""
    archive = pack(profile, sounds, facts)
    return Parcel(
        name=f"{profile}.zip", archive=archive, sounds=tuple(sound for sound, _ in sounds)
    )


def _as_asked(usual: RenditionOrder, order: RenditionOrder) -> RenditionOrder:
    """What the customer usually takes, with what this one said of the files."""
    return structs.replace(
        usual,
        sample_rate=order.sample_rate or usual.sample_rate,
        bit_depth=order.bit_depth or usual.bit_depth,
        channels=order.channels,
        lufs=order.lufs,
        true_peak_dbtp=order.true_peak_dbtp,
    )


def _version(
    kept: Manuscript,
    resolved: Resolved,
    order: RenditionOrder,
    rooms: Rooms,
    facts: TrackFacts,
    number: int,
) -> Iterator[Rendition]:
    """One of the versions; none where this music has it not. The first is the piece itself."""
    try:
        yield played(kept, resolved, order, rooms, facts.license)
    except (NoSuchVersion, TooShort):
        if number == 0:
            raise
