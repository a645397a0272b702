"""The converted form of a sound font: what a player needs, in a shape that opens at once.

A font is converted once into a folder of the user's cache, named by the font's digest and the
number of our format: ``samples.i16`` holds every recording one after the other as int16 and is
mapped into memory, so processes share it and only what is played is read; ``tables.msgpack`` holds
the zones, the samples' places and what the audit found, behind its own checksum. A folder gets its
name only when it is whole; one that is not whole, or was changed, is made again.
"""

import hashlib
import mmap
import os
import shutil
import tempfile
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
import numpy as np
import structlog
from msgspec import Struct
from numpy.typing import NDArray

from engine.errors import BankMissing
from engine.render.sampler import soundfont, zones
from engine.render.sampler.soundfont import SoundFont, Table

FORMAT = 2  # raised whenever what is written here, or how it is heard, changes
SAMPLES, TABLES = "samples.i16", "tables.msgpack"
SAMPLE = np.dtype(
    [
        ("start", "<i8"), ("frames", "<i8"), ("loop_start", "<i8"), ("loop_end", "<i8"),
        ("rate", "<i4"), ("root", "<i4"), ("correction", "<i4"),
    ]
)  # fmt: skip
MOST_BYTES = 2 << 30  # of recordings, converted
_BATCH = 64  # samples that are decoded ahead of the writing
_CHUNK = 1 << 20


class Program(Struct, frozen=True, kw_only=True):
    """What the audit found of one program; pitches are MIDI, ``low`` to ``high`` sound.

    ``trim_db`` brings it to -20 LUFS (momentary) at velocity 100, a kit to -9 dBFS. ``marks`` says
    what is wrong: ``silent``, ``out of tune``, ``short loop``, ``flat velocity``, ``uneven``.
    """

    trim_db: float
    low: int
    high: int
    marks: tuple[str, ...] = ()
    cents: float = 0.0
    loop_db: float = 0.0
    velocity_db: float = 0.0
    spread_db: float = 0.0


class _Tables(Struct, frozen=True, kw_only=True):
    digest: str
    samples_bytes: int
    samples_crc: int
    zones: bytes
    generators: bytes
    modulators: bytes
    samples: bytes
    programs: dict[int, Program]


class Library(Struct, frozen=True, kw_only=True, eq=False):
    """A font ready to be played. ``recordings`` is every sample, (frames,) int16, mapped."""

    digest: str
    recordings: NDArray[np.int16]
    zones: Table
    generators: NDArray[np.int32]
    modulators: Table
    samples: Table
    programs: dict[int, Program]


log = structlog.get_logger()
Audit = Callable[[Library], dict[int, Program]]


def library(font: Path, digest: str, cache: Path, audit: Audit) -> Library:
    """The font in its converted form, converted now where that has not happened yet.

    Raises `BankMissing` for a font that is not whole, plays nothing, or cannot be kept anywhere.
    """
    name = f"converted-{digest[:16]}-{FORMAT}"
    for folder in (cache, _elsewhere()):
        found = _kept(folder / name, digest)
        if found is not None:
            return found
    log.info("bank.converting", font=str(font))
    for folder in (cache, _elsewhere()):
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with tempfile.TemporaryDirectory(prefix=f"{name}.", dir=folder) as made:
                _convert(font, digest, Path(made), audit)
                _install(Path(made), folder / name, digest)
            _tidy(folder, digest)
        except OSError:
            continue
        found = _kept(folder / name, digest)
        if found is not None:
            return found
    raise BankMissing(
        f"{font.name} must be converted before it can be played, and neither {cache} nor "
        f"{_elsewhere()} has room for it"
    )


def _elsewhere() -> Path:
    """Where to convert to when the cache cannot be written: a folder of this user's own."""
    return Path(tempfile.gettempdir()) / f"cuesmith-banks-{os.getuid()}"


def _convert(font: Path, digest: str, into: Path, audit: Audit) -> None:
    read = soundfont.opened(font)
    found = zones.resolved(read)
    used = np.unique(found.zones["sample"])
    with (into / SAMPLES).open("wb") as file:
        samples, crc = _record(read, used, file)
    found.zones["sample"] = np.searchsorted(used, found.zones["sample"])
    made = Library(
        digest=digest,
        recordings=_mapped(into / SAMPLES),
        zones=found.zones,
        generators=found.generators,
        modulators=found.modulators,
        samples=samples,
        programs={},
    )
    programs = audit(made)
    if all("silent" in one.marks for one in programs.values()):
        raise BankMissing(f"the sound font {font.name} makes no sound")
    _write(into, msgspec.structs.replace(made, programs=programs), crc)


def _record(font: SoundFont, used: NDArray[np.int64], file: BinaryIO) -> tuple[Table, int]:
    """All used samples into the file, in order; their places, and the file's checksum."""
    samples = np.zeros(len(used), SAMPLE)
    at = crc = 0
    for place, wave in enumerate(_waves(font, used)):
        content = wave.tobytes()
        file.write(content)
        crc = zlib.crc32(content, crc)
        samples[place] = _place(font.tables[b"shdr"][used[place]], at, len(wave))
        at += len(wave)
        if 2 * at > MOST_BYTES:
            raise BankMissing(
                f"the sound font {font.name} holds more than {MOST_BYTES >> 30} GiB of sound"
            )
    return samples, crc


def _waves(font: SoundFont, used: NDArray[np.int64]) -> Iterator[NDArray[np.int16]]:
    with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
        for first in range(0, len(used), _BATCH):
            some = used[first : first + _BATCH].tolist()
            yield from pool.map(lambda number: soundfont.sound(font, number), some)


def _place(head: Any, at: int, frames: int) -> tuple[int, ...]:
    """A row of `SAMPLE`. A plain font counts its loops from the start of the file."""
    base = 0 if int(head["type"]) & soundfont.VORBIS else int(head["start"])
    start = min(max(int(head["loop_start"]) - base, 0), frames)
    end = min(max(int(head["loop_end"]) - base, 0), frames)
    root = int(head["root"]) if head["root"] < 128 else 60
    return (at, frames, start, end, int(head["rate"]), root, int(head["correction"]))


def _write(into: Path, made: Library, crc: int) -> None:
    body = msgspec.msgpack.encode(
        _Tables(
            digest=made.digest,
            samples_bytes=made.recordings.nbytes,
            samples_crc=crc,
            zones=made.zones.tobytes(),
            generators=made.generators.tobytes(),
            modulators=made.modulators.tobytes(),
            samples=made.samples.tobytes(),
            programs=made.programs,
        )
    )
    (into / TABLES).write_bytes(hashlib.sha256(body).digest() + body)


def _install(made: Path, target: Path, digest: str) -> None:
    """The whole folder under its name; another process may have been faster, which is as good."""
    if target.exists():
        if _kept(target, digest) is not None:
            return
        broken = made.with_name(f"{made.name}.broken")
        target.rename(broken)
        shutil.rmtree(broken, ignore_errors=True)
    # The temporary folder goes away with its name, so its files move into one that stays.
    whole = made.with_name(f"{made.name}.whole")
    whole.mkdir()
    for name in (SAMPLES, TABLES):
        (made / name).rename(whole / name)
    try:
        whole.rename(target)
    except OSError:
        shutil.rmtree(whole, ignore_errors=True)
        if _kept(target, digest) is None:
            raise


def _tidy(cache: Path, digest: str) -> None:
    """Take away what earlier formats left of this font."""
    for old in cache.glob(f"converted-{digest[:16]}-*"):
        if old.name.split("-")[-1] != str(FORMAT):
            shutil.rmtree(old, ignore_errors=True)


def _kept(folder: Path, digest: str) -> Library | None:
    """The library in this folder, or None where it is absent, cut short, changed or foreign."""
    try:
        content = (folder / TABLES).read_bytes()
        if folder.stat().st_uid not in (0, os.getuid()):
            return None
    except OSError:
        return None
    if hashlib.sha256(content[32:]).digest() != content[:32]:
        return None
    try:
        told = msgspec.msgpack.decode(content[32:], type=_Tables)
    except msgspec.DecodeError:
        return None
    samples = folder / SAMPLES
    if told.digest != digest or _measured(samples) != (told.samples_bytes, told.samples_crc):
        return None
    return Library(
        digest=digest,
        recordings=_mapped(samples),
        zones=np.frombuffer(told.zones, zones.ZONE),
        generators=np.frombuffer(told.generators, np.int32).reshape(-1, zones.g.COUNT),
        modulators=np.frombuffer(told.modulators, zones.MODULATOR),
        samples=np.frombuffer(told.samples, SAMPLE),
        programs=told.programs,
    )


def _measured(path: Path) -> tuple[int, int]:
    """Size and checksum of a file, read piece by piece."""
    size = crc = 0
    try:
        with path.open("rb") as file:
            while piece := file.read(_CHUNK):
                size += len(piece)
                crc = zlib.crc32(piece, crc)
    except OSError:
        return (-1, 0)
    return size, crc


def _mapped(path: Path) -> NDArray[np.int16]:
    with path.open("rb") as file:
        return np.frombuffer(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ), np.int16)
