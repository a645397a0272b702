"""Names of files in an archive: safe everywhere, unique, and telling what a file is.

``KartSelect_LayerA_Loop_120bpm_Dm.wav``. Only ASCII letters, digits, ``-`` and ``_``: that is what
every engine, file system and bank takes. Nothing a client wrote can become a path.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence

from engine.contracts import SoundFile, TrackFacts
from engine.words.formats import ENDINGS, short_key

LONGEST = 48
_WORD = re.compile(r"[A-Za-z0-9]+")
_DEVICES = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)")  # no file may be called so on Windows


def slug(text: str, otherwise: str = "Track") -> str:
    """The words of a text in one: ``kart select!`` → ``KartSelect``; never empty."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    words = (word[0].upper() + word[1:] for word in _WORD.findall(plain))
    found = "".join(words)[:LONGEST]
    return otherwise if not found or _DEVICES.fullmatch(found) else found


def titled(facts: TrackFacts) -> str:
    """The name of a track's folder and the beginning of its files' names."""
    return slug(facts.title, slug(facts.track))


def in_order(sounds: Iterable[SoundFile]) -> list[SoundFile]:
    """The layers among these, calmest first."""
    layers = [sound for sound in sounds if sound.version == "layers"]
    return sorted(layers, key=lambda one: (_number(one.name), one.name))


def counted(sound: SoundFile, facts: TrackFacts) -> float | None:
    """The tempo that is of use with a sound; a chime and an ambience have no beat to count."""
    return None if facts.kind in ("chime", "ambience") else sound.tempo or facts.tempo


def file_names(sounds: Sequence[SoundFile], facts: TrackFacts) -> list[str]:
    """A name for every sound, in the same order; no two alike, whatever their case."""
    layers = [sound.name for sound in in_order(sounds)]
    taken: set[str] = set()
    return [_unique(sound, _stem(sound, facts, layers), taken) for sound in sounds]


def _stem(sound: SoundFile, facts: TrackFacts, layers: Sequence[str]) -> str:
    parts = [titled(facts), _version(sound, layers)]
    if sound.loop and parts[-1] != "Loop":
        parts.append("Loop")
    if tempo := counted(sound, facts):
        parts.append(f"{round(tempo, 1):g}bpm".replace(".", "-"))
    if key := short_key(facts.tonality):
        parts.append(key.replace("#", "s"))
    return "_".join(parts)


def _version(sound: SoundFile, layers: Sequence[str]) -> str:
    if sound.name in layers and len(layers) <= 26:
        return f"Layer{chr(ord('A') + layers.index(sound.name))}"
    return "Main" if sound.name == "master" else slug(sound.name, "Sound")


def _unique(sound: SoundFile, stem: str, taken: set[str]) -> str:
    ending = ENDINGS[sound.media_type]
    name, number = f"{stem}.{ending}", 2
    while name.lower() in taken:
        name, number = f"{stem}_{number}.{ending}", number + 1
    taken.add(name.lower())
    return name


def _number(name: str) -> int:
    digits = re.findall(r"\d+", name)
    return int(digits[-1][:9]) if digits else 0
