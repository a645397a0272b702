"""Makes a sound font safe to play.

symusic 0.5.8 ignores the generator that overrides a sample's root key and misreads the coarse
tuning. A font that relies on them plays its drums an octave or more too low and whole instruments
in the wrong key (in FluidR3 the piano's A4 sounds as G5). So the font is copied once into the
user's cache with both written where the player does look: into the sample headers, one header for
every root in use. The samples themselves stay as they are.
"""

import hashlib
import os
import tempfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from struct import pack, unpack_from

from engine.errors import BankMissing

ROOT_KEY, SAMPLE, COARSE_TUNE = 58, 53, 51
_HEADER, _ZONE, _GENERATOR, _INSTRUMENT = 46, 4, 4, 22
_PITCH_AT = 40  # of the root key inside a sample header
FORMAT = 2  # raised whenever what is written here changes


def prepared(path: Path, cache: Path) -> Path:
    """The playable copy of the font, made on first use; the font itself where nothing is amiss."""
    stat = path.stat()
    told = f"{path.resolve()}|{stat.st_size}|{stat.st_mtime_ns}|{FORMAT}"
    name = f"playable-{hashlib.sha256(told.encode()).hexdigest()[:16]}{path.suffix}"
    for folder in (cache, Path(tempfile.gettempdir()) / "cuesmith-banks"):
        if (folder / name).is_file():
            return folder / name
    written = with_roots(path.read_bytes())
    if written is None:
        return path
    for folder in (cache, Path(tempfile.gettempdir()) / "cuesmith-banks"):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            arriving = folder / f"{name}.{os.getpid()}"
            arriving.write_bytes(written)
            arriving.replace(folder / name)
        except OSError:
            continue
        return folder / name
    raise BankMissing(
        f"{path.name} must be copied before it can be played, and no folder allows it"
    )


def with_roots(font: bytes) -> bytes | None:
    """The font with every overridden root in a sample header; None when there is none."""
    chunks = dict(_chunks(font, 12, len(font)))
    missing = {b"inst", b"ibag", b"igen", b"shdr"} - chunks.keys()
    if missing:
        raise BankMissing("the sound font lacks its tables")
    headers = _content(font, chunks[b"shdr"])
    generators = bytearray(_content(font, chunks[b"igen"]))
    count = len(headers) // _HEADER - 1  # the last one only marks the end
    added: dict[tuple[int, int], int] = {}
    for place, sample, override, coarse in _tunings(font, chunks):
        own = headers[sample * _HEADER + _PITCH_AT]
        root = (override if override is not None else own if own < 128 else 60) - coarse
        if root == own or not 0 <= root < 128:
            continue
        number = added.setdefault((sample, root), count + len(added))
        generators[place : place + 4] = pack("<HH", SAMPLE, number)
    if not added:
        return None
    for at in range(0, len(generators), _GENERATOR):
        if unpack_from("<H", generators, at)[0] == COARSE_TUNE:
            generators[at + 2 : at + 4] = b"\0\0"
    more = bytearray(headers[: count * _HEADER])
    for sample, root in added:
        header = bytearray(headers[sample * _HEADER : (sample + 1) * _HEADER])
        header[_PITCH_AT] = root
        more += header
    more += headers[count * _HEADER :]
    return _replaced(font, chunks, {b"igen": bytes(generators), b"shdr": bytes(more)})


def _chunks(font: bytes, start: int, end: int) -> Iterator[tuple[bytes, tuple[int, int]]]:
    """Every chunk by name: where its content begins, and how long it is."""
    at = start
    while at + 8 <= end:
        name, (size,) = font[at : at + 4], unpack_from("<I", font, at + 4)
        if name == b"LIST":
            yield b"LIST" + font[at + 8 : at + 12], (at + 8, size)
            yield from _chunks(font, at + 12, at + 8 + size)
        else:
            yield name, (at + 8, size)
        at = _after(font, at + 8 + size)


def _after(font: bytes, at: int) -> int:
    """Where the next chunk begins: the format pads to even places, compressed fonts may not."""
    return at + 1 if at & 1 and not font[at : at + 4].isalpha() else at


def _content(font: bytes, place: tuple[int, int]) -> bytes:
    return font[place[0] : place[0] + place[1]]


def _tunings(
    font: bytes, chunks: dict[bytes, tuple[int, int]]
) -> Iterator[tuple[int, int, int | None, int]]:
    """Where in igen a sample is named, the sample, the root that overrides its own, semitones."""
    instruments = _content(font, chunks[b"inst"])
    zones = _content(font, chunks[b"ibag"])
    generators = _content(font, chunks[b"igen"])
    firsts = [
        unpack_from("<H", instruments, at + 20)[0] for at in range(0, len(instruments), _INSTRUMENT)
    ]
    for first, after in pairwise(firsts):
        common: dict[int, int] = {}
        for zone in range(first, after):
            begin = unpack_from("<H", zones, zone * _ZONE)[0]
            end = unpack_from("<H", zones, (zone + 1) * _ZONE)[0]
            found = dict(common)
            place = 0
            for number in range(begin, end):
                kind, value = unpack_from("<Hh", generators, number * _GENERATOR)
                found[kind] = value
                if kind == SAMPLE:
                    place = number * _GENERATOR
            if SAMPLE in found:
                root = found.get(ROOT_KEY, -1)
                override = root if 0 <= root < 128 else None
                yield place, found[SAMPLE] & 0xFFFF, override, found.get(COARSE_TUNE, 0)
            elif zone == first:
                common = found


def _replaced(font: bytes, chunks: dict[bytes, tuple[int, int]], new: dict[bytes, bytes]) -> bytes:
    """The font with other contents in some chunks of its last list."""
    start, size = chunks[b"LISTpdta"]
    body = bytearray(b"pdta")
    for name, place in _chunks(font, start + 4, start + size):
        content = new.get(name, _content(font, place))
        body += name + pack("<I", len(content)) + content + (b"\0" if len(content) & 1 else b"")
    head = font[: start - 8] + b"LIST" + pack("<I", len(body)) + bytes(body)
    rest = font[_after(font, start + size) :]
    whole = head + rest
    return whole[:4] + pack("<I", len(whole) - 8) + whole[8:]
