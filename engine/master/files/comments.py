"""Vorbis comments, the texts of Ogg Vorbis and FLAC. Source: Xiph's comment field specification.

Loop points and section marks have no chunk of their own there: they are comments too, in the
names that game engines read (LOOPSTART and LOOPLENGTH in frames) and in those of the chapter
extension.
"""

import re
from collections.abc import Mapping
from struct import error, pack, unpack_from

from engine.master.files.labels import Labels, Unreadable, merged, texts

_CHAPTER = re.compile(r"CHAPTER\d{3}(NAME)?")


def block(vendor: bytes, comments: Mapping[str, str]) -> bytes:
    """The comment block: the encoder's own name, then ``NAME=text`` for every comment."""
    entries = [f"{name}={value}".encode() for name, value in comments.items()]
    listed = b"".join(pack("<I", len(entry)) + entry for entry in entries)
    return pack("<I", len(vendor)) + vendor + pack("<I", len(entries)) + listed


def read(written: bytes) -> tuple[bytes, dict[str, str]]:
    """The encoder's name and the comments. Raises `Unreadable`."""
    try:
        size = unpack_from("<I", written)[0]
        vendor, at = written[4 : 4 + size], 8 + size
        found: dict[str, str] = {}
        for _ in range(unpack_from("<I", written, 4 + size)[0]):
            size = unpack_from("<I", written, at)[0]
            entry = written[at + 4 : at + 4 + size].decode("utf-8", "replace")
            name, _, value = entry.partition("=")
            found[name.upper()] = value
            at += 4 + size
    except error as problem:
        raise Unreadable("a comment block that is not whole") from problem
    return vendor, found


def relabelled(written: bytes, labels: Labels, sample_rate: int) -> bytes:
    """The comment block with these labels put in."""
    vendor, before = read(written)
    if labels.markers is not None:
        before = {name: said for name, said in before.items() if not _CHAPTER.fullmatch(name)}
    return block(vendor, merged(before, texts(labels) | _places(labels, sample_rate)))


def _places(labels: Labels, sample_rate: int) -> dict[str, str]:
    found: dict[str, str] = {}
    if labels.loop is not None:
        first, last = labels.loop
        found |= {"LOOPSTART": str(first), "LOOPLENGTH": str(last - first + 1)}
    for number, marker in enumerate((labels.markers or ())[:1000]):
        found[f"CHAPTER{number:03}"] = _clock(marker.frame / sample_rate)
        found[f"CHAPTER{number:03}NAME"] = marker.name.replace("\0", "")
    return found


def _clock(seconds: float) -> str:
    """``HH:MM:SS.mmm``."""
    whole = round(seconds * 1000)
    return (
        f"{whole // 3_600_000:02}:{whole // 60_000 % 60:02}:{whole // 1000 % 60:02}"
        f".{whole % 1000:03}"
    )
