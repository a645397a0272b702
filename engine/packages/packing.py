"""A package: its files, its manifests and the archive around them."""

import io
import shutil
import zipfile
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import IO

from engine.contracts import Profile, SoundFile, TrackFacts
from engine.errors import EngineError
from engine.packages import automotive, fmod, godot, harvest, unity, wwise
from engine.packages.content import Content, Held, content, reading, size
from engine.packages.manifest import manifest
from engine.words.formats import ENDINGS

Files = Mapping[str, bytes]
_LAYOUTS: Mapping[Profile, tuple[str, Callable[[Content, str], Files]]] = {
    "unity": (unity.FOLDER, unity.files),
    "godot": (godot.FOLDER, godot.files),
    "wwise": (wwise.FOLDER, wwise.files),
    "fmod": (fmod.FOLDER, fmod.files),
    "harvest": (harvest.FOLDER, harvest.files),
    "automotive": (automotive.FOLDER, automotive.files),
}
_THEN = (1980, 1, 1, 0, 0, 0)  # the earliest that an archive can say: no clock enters it


class NothingToPack(EngineError):
    """A package without a sound in it, or with one that no package can hold."""


def pack(profile: Profile, sounds: Sequence[tuple[SoundFile, Held]], facts: TrackFacts) -> bytes:
    """An archive for a kind of customer; the same sounds and facts give the same bytes.

    The sounds go in as they are, with the labels and signatures they bear. Every path begins with
    a folder named after the track; no text of the client's can lead out of it.
    """
    out = io.BytesIO()
    pack_into(out, profile, sounds, facts)
    return out.getvalue()


def pack_into(
    out: IO[bytes],
    profile: Profile,
    sounds: Sequence[tuple[SoundFile, Held]],
    facts: TrackFacts,
    beside: Mapping[str, bytes] = MappingProxyType({}),
) -> None:
    """The same archive into a file, for packages that no memory should hold.

    ``beside`` holds the content credentials of sounds that cannot hold their own, by their names.
    """
    if not sounds:
        raise NothingToPack("a package needs at least one sound")
    if strange := sorted({one.media_type for one, _ in sounds} - ENDINGS.keys()):
        raise NothingToPack(f"a package holds {', '.join(ENDINGS)}, not {', '.join(strange)}")
    whole = content(sounds, facts, beside)
    folder, layout = _LAYOUTS[profile]
    files: dict[str, Held] = {f"{folder}/{item.file}": item.content for item in whole.items}
    files |= {
        f"{folder}/{item.sidecar}": item.credentials
        for item in whole.items
        if item.credentials is not None
    }
    files |= layout(whole, folder)
    files["manifest.json"] = manifest(profile, whole, folder)
    archive(out, {f"{whole.title}/{path}": held for path, held in files.items()})


def archive(out: IO[bytes], files: Mapping[str, Held]) -> None:
    """A zip of these files in the order of their paths, stored as they are."""
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as written:
        for path in sorted(files):
            entry = zipfile.ZipInfo(path, _THEN)
            entry.create_system = 3
            entry.external_attr = 0o100644 << 16
            entry.file_size = size(files[path])
            with reading(files[path]) as held, written.open(entry, "w") as into:
                shutil.copyfileobj(held, into, 1 << 20)
