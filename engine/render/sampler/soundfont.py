"""Reads sound fonts: SoundFont 2 (sf2) and its compressed kin with Vorbis samples (sf3).

The nine tables of a font are read and checked here once; whoever gets a `SoundFont` may index it
without fear. Source: the SoundFont technical specification 2.04, chapters 4, 5 and 7.
"""

import mmap
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from struct import unpack_from

import numpy as np
import soundfile
from msgspec import Struct
from numpy.typing import NDArray

from engine.errors import BankMissing

PRESETS = np.dtype(
    [("name", "S20"), ("program", "<u2"), ("bank", "<u2"), ("bag", "<u2"), ("rest", "V12")]
)
INSTRUMENTS = np.dtype([("name", "S20"), ("bag", "<u2")])
BAGS = np.dtype([("generators", "<u2"), ("modulators", "<u2")])
GENERATORS = np.dtype([("kind", "<u2"), ("amount", "<i2")])
MODULATORS = np.dtype(
    [("source", "<u2"), ("target", "<u2"), ("amount", "<i2"), ("by", "<u2"), ("shape", "<u2")]
)
SAMPLES = np.dtype(
    [
        ("name", "S20"), ("start", "<u4"), ("end", "<u4"), ("loop_start", "<u4"),
        ("loop_end", "<u4"), ("rate", "<u4"), ("root", "u1"), ("correction", "i1"),
        ("link", "<u2"), ("type", "<u2"),
    ]
)  # fmt: skip
_TABLES = {
    b"phdr": PRESETS, b"pbag": BAGS, b"pmod": MODULATORS, b"pgen": GENERATORS,
    b"inst": INSTRUMENTS, b"ibag": BAGS, b"imod": MODULATORS, b"igen": GENERATORS,
    b"shdr": SAMPLES,
}  # fmt: skip
VORBIS, ROM = 0x10, 0x8000
LEAST_RATE, MOST_RATE = 400, 200_000
MOST_FRAMES = 1 << 26  # of one sample: 25 minutes, far above any instrument
Table = NDArray[np.void]
Wave = NDArray[np.int16]


class SoundFont(Struct, frozen=True, kw_only=True):
    """A font's checked tables; each still ends with the record that only marks its end.

    ``samples_at`` is the place and size in bytes of the recorded sound within ``content``.
    """

    name: str
    content: mmap.mmap
    tables: dict[bytes, Table]
    samples_at: tuple[int, int]


def opened(path: Path) -> SoundFont:
    """The font at ``path``; `BankMissing` where it cannot be read or is not whole."""
    try:
        with path.open("rb") as file:
            if path.stat().st_size < 12:
                raise BankMissing(f"{path.name} is not a sound font: it is {_size(path)} long")
            content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise BankMissing(f"the sound font {path} cannot be read: {reason}") from None
    if content[:4] != b"RIFF" or content[8:12] != b"sfbk":
        raise BankMissing(f"{path.name} is not a sound font")
    chunks = dict(_chunks(content, 12, len(content)))
    missing = sorted(name.decode() for name in {*_TABLES, b"smpl"} - chunks.keys())
    if missing:
        raise BankMissing(f"the sound font {path.name} is cut short: it lacks {', '.join(missing)}")
    place, size = chunks[b"smpl"]
    if place + size > len(content):
        raise BankMissing(f"the sound font {path.name} is cut short within its samples")
    tables = {name: _table(path.name, content, name, chunks[name]) for name in _TABLES}
    _check_order(path.name, tables)
    return SoundFont(name=path.name, content=content, tables=tables, samples_at=(place, size))


def sound(font: SoundFont, number: int) -> Wave:
    """One sample, (frames,) int16; `BankMissing` where its place or its Vorbis stream is broken."""
    head = font.tables[b"shdr"][number]
    place, size = font.samples_at
    start, end = int(head["start"]), int(head["end"])
    if int(head["type"]) & VORBIS:
        if not 0 <= start < end <= size:
            raise BankMissing(f"sample {number} of {font.name} lies outside the font")
        return _decoded(font.content[place + start : place + end], font.name, number)
    if not 0 <= start < end <= size // 2 or end - start > MOST_FRAMES:
        raise BankMissing(f"sample {number} of {font.name} lies outside the font")
    return np.frombuffer(font.content[place + 2 * start : place + 2 * end], "<i2").astype(np.int16)


def _decoded(stream: bytes, font: str, number: int) -> Wave:
    """Vorbis to int16. What the codec overshoots is clipped, as every player of such fonts does."""
    try:
        with soundfile.SoundFile(BytesIO(stream)) as file:
            if file.channels != 1 or not 0 < file.frames <= MOST_FRAMES:
                raise BankMissing(f"sample {number} of {font} is no mono recording")
            return np.asarray(file.read(dtype="int16"), np.int16)
    except (soundfile.LibsndfileError, RuntimeError, MemoryError) as error:
        raise BankMissing(f"sample {number} of {font} cannot be decoded: {error}") from None


def _chunks(content: mmap.mmap, start: int, end: int) -> Iterator[tuple[bytes, tuple[int, int]]]:
    """Every chunk by name: where its content begins, and how long it says it is."""
    at = start
    while at + 8 <= end:
        name, (size,) = content[at : at + 4], unpack_from("<I", content, at + 4)
        if name == b"LIST":
            yield from _chunks(content, at + 12, min(at + 8 + size, end))
        else:
            yield name, (at + 8, size)
        at += 8 + size
        # The format pads to even places; compressed fonts may not.
        if at & 1 and not content[at : at + 4].isalpha():
            at += 1


def _table(font: str, content: mmap.mmap, name: bytes, place: tuple[int, int]) -> Table:
    start, size = place
    record = _TABLES[name]
    if start + size > len(content) or size % record.itemsize or not size:
        raise BankMissing(
            f"the sound font {font} is broken: its table {name.decode()} is not whole"
        )
    return np.frombuffer(content[start : start + size], record)


def _check_order(font: str, tables: dict[bytes, Table]) -> None:
    """Every table points forward into the next one."""
    for table, field, into in (
        (b"phdr", "bag", b"pbag"), (b"inst", "bag", b"ibag"),
        (b"pbag", "generators", b"pgen"), (b"ibag", "generators", b"igen"),
        (b"pbag", "modulators", b"pmod"), (b"ibag", "modulators", b"imod"),
    ):  # fmt: skip
        places = tables[table][field].astype(int)
        if (np.diff(places) < 0).any() or places.max() >= len(tables[into]) + 1:
            raise BankMissing(
                f"the sound font {font} is broken: {table.decode()} points outside {into.decode()}"
            )


def _size(path: Path) -> str:
    return f"{path.stat().st_size} bytes"
