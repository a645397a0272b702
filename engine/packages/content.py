"""What goes into a package, seen once and used by every profile."""

import hashlib
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from engine.contracts import Meter, SoundFile, TrackFacts
from engine.packages.names import counted, file_names, in_order, titled
from engine.score import beats_per_bar

Held = bytes | Path
"""A file's content: at hand, or lying in a file because all of a package would not fit."""


class Item(Struct, frozen=True, kw_only=True):
    """A sound, the name of its file in the package, and the credentials that lie beside it."""

    sound: SoundFile
    file: str
    content: Held
    credentials: bytes | None = None

    @property
    def sidecar(self) -> str:
        """What the file of its credentials is called, where it has one: readers look for it so."""
        return f"{self.stem}.c2pa"

    @property
    def stem(self) -> str:
        """The file's name without its ending."""
        return self.file.rpartition(".")[0]

    @property
    def sha256(self) -> str:
        with reading(self.content) as held:
            return hashlib.file_digest(held, "sha256").hexdigest()

    @property
    def bytes(self) -> int:
        return size(self.content)

    @property
    def seconds(self) -> float:
        return self.sound.frames / self.sound.sample_rate

    @property
    def exit(self) -> int:
        """The frame where its music ends; a file that only rings is all of it."""
        return self.sound.exit if self.sound.exit > self.sound.entry else self.sound.frames


def reading(held: Held) -> io.BytesIO | io.BufferedReader:
    """The content from its beginning."""
    return io.BytesIO(held) if isinstance(held, bytes) else held.open("rb")


def size(held: Held) -> int:
    return len(held) if isinstance(held, bytes) else held.stat().st_size


class Content(Struct, frozen=True, kw_only=True):
    """All of a package: the items in the order of their file names, and what is known of all."""

    facts: TrackFacts
    items: tuple[Item, ...]

    @property
    def title(self) -> str:
        return titled(self.facts)

    def of(self, *versions: str) -> list[Item]:
        """The items of these versions."""
        return [item for item in self.items if item.sound.version in versions]

    def named(self, name: str) -> Item | None:
        return next((item for item in self.items if item.sound.name == name), None)

    def layers(self) -> list[Item]:
        """Intensities, calmest first."""
        by_name = {item.sound.name: item for item in self.items}
        return [by_name[one.name] for one in in_order(item.sound for item in self.items)]

    def form(self) -> list[Item]:
        """What is played one after the other: intro, the loop's first pass, the loop; or the piece.

        On the first pass nothing rings over from a pass before it: only the intro does.
        """
        intro, first = self.named("intro"), self.named("first_pass")
        piece = self.named("loop") or self.named("master") or self.items[0]
        return [item for item in (intro, first, piece) if item is not None]

    def tempo(self, item: Item) -> float | None:
        return counted(item.sound, self.facts)

    def meter(self, item: Item) -> Meter | None:
        return item.sound.meter or self.facts.meter


def content(
    sounds: Sequence[tuple[SoundFile, Held]], facts: TrackFacts, beside: Mapping[str, bytes]
) -> Content:
    """The sounds by name, in whatever order they came; ``beside`` are credentials by that name."""
    ordered = sorted(sounds, key=lambda one: one[0].name)
    names = file_names([sound for sound, _ in ordered], facts)
    items = [
        Item(sound=sound, file=name, content=held, credentials=beside.get(sound.name))
        for name, (sound, held) in zip(names, ordered, strict=True)
    ]
    return Content(facts=facts, items=tuple(sorted(items, key=lambda item: item.file)))


def beats(meter: Meter | None) -> int:
    """Beats that a tempo counts in one bar."""
    return beats_per_bar(meter or "4/4")


def as_written(tempo: float, meter: Meter | None) -> tuple[float, int, int]:
    """Tempo counted in the note value below the meter's line, and the meter's two numbers.

    Tools that ask for a time signature count a tempo so; ours counts dotted quarters in 6/8.
    """
    upper, lower = (int(number) for number in (meter or "4/4").split("/"))
    return tempo * upper / beats(meter), upper, lower
