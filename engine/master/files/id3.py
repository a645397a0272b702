"""ID3v2.3 tags, written and, where they are ours, read again. Source: the ID3v2.3.0 standard.

Version 2.3 because every player and catalogue knows it; text is UTF-16 with its mark, the only
Unicode that this version has.
"""

import re
from collections.abc import Iterator, Mapping
from struct import pack, unpack_from

from engine.master.files.labels import Unreadable

FRAMES = {
    "TITLE": b"TIT2",
    "ARTIST": b"TPE1",
    "ALBUM": b"TALB",
    "GENRE": b"TCON",
    "COMPOSER": b"TCOM",
    "PUBLISHER": b"TPUB",
    "COPYRIGHT": b"TCOP",
    "ISRC": b"TSRC",
    "BPM": b"TBPM",
    "KEY": b"TKEY",
    "ENCODER": b"TSSE",
}
_TEXTS = {frame: name for name, frame in FRAMES.items()}
HEADER_BYTES = 10
_LANGUAGE = b"eng"


def tag(texts: Mapping[str, str]) -> bytes:
    """A tag of these texts: a frame of its own where the standard has one, else a named text."""
    body = b"".join(_written(name, value) for name, value in texts.items())
    size = bytes((len(body) >> shift) & 0x7F for shift in (21, 14, 7, 0))
    if len(body) >> 28:
        raise OverflowError("longer than an ID3 tag can be")
    return b"ID3\x03\x00\x00" + size + body


def split(content: bytes) -> tuple[bytes, bytes]:
    """The tag at the beginning of a file, empty where there is none, and what follows it."""
    if content[:3] != b"ID3":
        return b"", content
    if len(content) < HEADER_BYTES or any(byte & 0x80 for byte in content[6:10]):
        raise Unreadable("an ID3 tag that is not whole")
    size = HEADER_BYTES
    for byte, shift in zip(content[6:10], (21, 14, 7, 0), strict=True):
        size += byte << shift
    if len(content) < size:
        raise Unreadable("an ID3 tag that is not whole")
    return content[:size], content[size:]


def read(written: bytes) -> dict[str, str]:
    """The texts of a tag of ours; frames of other makers are left out."""
    found: dict[str, str] = {}
    if written[3:4] != b"\x03":
        return found
    for name, content in _frames(written[HEADER_BYTES:]):
        if content[:1] != b"\x01":
            continue
        if name == b"TXXX":
            described, value = _apart(content[1:])
            found[described] = value
        elif name == b"COMM":
            found["COMMENT"] = _apart(content[4:])[1]
        elif name in _TEXTS:
            found.setdefault(_TEXTS[name], _decoded(content[1:]))
    return found


def _frames(body: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    while at + HEADER_BYTES <= len(body) and body[at]:
        size = unpack_from(">I", body, at + 4)[0]
        yield body[at : at + 4], body[at + HEADER_BYTES : at + HEADER_BYTES + size]
        at += HEADER_BYTES + size


def _written(name: str, value: str) -> bytes:
    if name == "COMMENT":
        return _frame(b"COMM", b"\x01" + _LANGUAGE + _utf16("") + b"\0\0" + _utf16(value))
    if name == "BPM":
        return _named(name, value) + _tempo(value)
    if name in FRAMES:
        return _frame(FRAMES[name], b"\x01" + _utf16(value))
    return _named(name, value)


def _tempo(value: str) -> bytes:
    """The standard's frame holds a whole number; what is no tempo has no place there."""
    if not _NUMBER.fullmatch(value):
        return b""
    return _frame(b"TBPM", b"\x01" + _utf16(str(round(float(value)))))


_NUMBER = re.compile(r"[0-9]{1,5}(\.[0-9]{1,9})?")


def _named(name: str, value: str) -> bytes:
    return _frame(b"TXXX", b"\x01" + _utf16(name) + b"\0\0" + _utf16(value))


def _frame(name: bytes, content: bytes) -> bytes:
    return name + pack(">IH", len(content), 0) + content


def _utf16(value: str) -> bytes:
    return b"\xff\xfe" + value.encode("utf-16-le")


def _apart(content: bytes) -> tuple[str, str]:
    """Two texts with two zero bytes between them, which count only at an even place."""
    for at in range(0, len(content) - 1, 2):
        if content[at : at + 2] == b"\0\0":
            return _decoded(content[:at]), _decoded(content[at + 2 :])
    return _decoded(content), ""


def _decoded(content: bytes) -> str:
    return content.decode("utf-16", "replace").rstrip("\0")
