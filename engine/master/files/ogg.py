"""Ogg Vorbis: libsndfile's encoder, our own pages around its headers.

Sources: RFC 3533 (pages, lacing, checksum) and the Vorbis I specification (headers, and the order
of channels in §4.3.9, which is not the order of WAV and which libsndfile leaves to its caller).
"""

import io
import zlib
from collections.abc import Iterator, Sequence
from struct import pack, unpack_from

import numpy as np
import soundfile
from msgspec import Struct
from numpy.typing import NDArray

from engine.master.files import comments
from engine.master.files.labels import Labels, Unreadable

ORDER = {1: (0,), 2: (0, 1), 4: (0, 1, 2, 3), 6: (0, 2, 1, 4, 5, 3)}
"""Which of our channels (FL FR C LFE RL RR) is which of Vorbis (FL C FR RL RR LFE)."""
_LEVEL = 0.4  # of libsndfile's 0 (best) to 1 (smallest): quality 6, about 190 kbit/s in stereo
_SERIAL = 1  # of the only stream in the file; libsndfile would draw it from the clock
_HEAD = 27
_CONTINUED = 1
_UNFINISHED = -1  # the position of a page on which no packet ends
_HEADERS = (b"\x01vorbis", b"\x03vorbis", b"\x05vorbis")


class Page(Struct, frozen=True, kw_only=True):
    """One page: its flags, the frames that are complete with it, its number, lacing and content."""

    flags: int
    position: int
    serial: int
    number: int
    lacing: bytes
    content: bytes


def ogg(samples: NDArray[np.floating], sample_rate: int) -> bytes:
    """An Ogg Vorbis file of ``samples`` (frames, channels); the same bytes for the same sound."""
    channels = samples.shape[1]
    content = io.BytesIO()
    with soundfile.SoundFile(
        content, "w", sample_rate, channels, "VORBIS", format="OGG", compression_level=_LEVEL
    ) as written:
        # One call with the whole sound overruns libsndfile's stack.
        for start in range(0, len(samples), sample_rate):
            piece = samples[start : start + sample_rate, ORDER[channels]]
            written.write(np.ascontiguousarray(piece, np.float32))
    pages = list(_pages(content.getvalue()))
    return b"".join(_written(page, serial=_SERIAL, number=page.number) for page in pages)


def label(content: bytes, labels: Labels) -> bytes:
    """The file with a comment header of these labels; the pages of the sound only change number."""
    pages = list(_pages(content))
    headers, used = _headers(pages)
    sample_rate = unpack_from("<I", headers[0], 12)[0]
    body = headers[1][len(_HEADERS[1]) : -1]
    comment = _HEADERS[1] + comments.relabelled(body, labels, sample_rate) + b"\x01"
    front = _paged((comment, headers[2]), pages[0].serial)
    parts = [_written(pages[0], pages[0].serial, 0), *front]
    parts += [
        _written(page, page.serial, len(front) + 1 + place)
        for place, page in enumerate(pages[used:])
    ]
    return b"".join(parts)


# --- pages ----------------------------------------------------------------------------------------


def _pages(content: bytes) -> Iterator[Page]:
    at = 0
    while at < len(content):
        if content[at : at + 5] != b"OggS\0" or at + _HEAD > len(content):
            raise Unreadable("not an Ogg file")
        flags, position, serial, number = unpack_from("<BqII", content, at + 5)
        segments = content[at + 26]
        lacing = content[at + _HEAD : at + _HEAD + segments]
        start, size = at + _HEAD + segments, sum(lacing)
        if start + size > len(content):
            raise Unreadable("an Ogg file that ends inside a page")
        whole = content[at : at + 22] + bytes(4) + content[at + 26 : start + size]
        if checksum(whole) != unpack_from("<I", content, at + 22)[0]:
            raise Unreadable("an Ogg file with a page that was damaged")
        yield Page(
            flags=flags, position=position, serial=serial, number=number,
            lacing=lacing, content=content[start : start + size],
        )  # fmt: skip
        at = start + size


def _written(page: Page, serial: int, number: int) -> bytes:
    """The page as bytes, with its checksum."""
    front = b"OggS\0" + pack("<BqII", page.flags, page.position, serial, number)
    back = bytes([len(page.lacing)]) + page.lacing + page.content
    return b"".join((front, pack("<I", checksum(front + bytes(4) + back)), back))


def checksum(content: bytes) -> int:
    """Ogg's CRC-32: the polynomial of zlib's with the bits of everything the other way round."""
    mirrored = zlib.crc32(content.translate(_MIRRORED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int(f"{mirrored:032b}"[::-1], 2)


_MIRRORED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def _headers(pages: Sequence[Page]) -> tuple[list[bytes], int]:
    """The three header packets, and how many pages they fill."""
    packets: list[bytes] = []
    packet = b""
    for used, page in enumerate(pages, 1):
        at = 0
        for size in page.lacing:
            packet += page.content[at : at + size]
            at += size
            if size < 255:
                packets.append(packet)
                packet = b""
        if [packet[:7] for packet in packets] == list(_HEADERS):
            return packets, used
    raise Unreadable("an Ogg file without the headers of Vorbis")


def _paged(packets: Sequence[bytes], serial: int) -> list[bytes]:
    """The packets on as many pages as they need, from page 1 on."""
    lacing = b"".join(bytes([255] * (len(one) // 255) + [len(one) % 255]) for one in packets)
    content = b"".join(packets)
    pages: list[bytes] = []
    at, continued = 0, False
    for start in range(0, len(lacing), 255):
        part = lacing[start : start + 255]
        page = Page(
            flags=_CONTINUED if continued else 0,
            position=0 if any(size < 255 for size in part) else _UNFINISHED,
            serial=serial,
            number=len(pages) + 1,
            lacing=part,
            content=content[at : at + sum(part)],
        )
        pages.append(_written(page, serial, page.number))
        at += sum(part)
        continued = part[-1] == 255
    return pages
