"""The chunks of a WAV file: a walk over them, and the writers of those that are labels.

Sources: the RIFF and Multimedia Data Standards Update for ``smpl``, ``cue`` and ``LIST``, EBU Tech
3285 for ``bext``, the ID3v2 chunk as audio editors write it. Text is UTF-8 but for ``bext``.
"""

from collections.abc import Iterator, Mapping, Sequence
from math import isfinite
from struct import error, pack, unpack_from

from engine.contracts import Marker
from engine.master.files.labels import CANDIDATE, LICENSE, SOFTWARE, Labels, Unreadable
from engine.words.formats import CHANNEL_ORDER

Chunk = tuple[bytes, bytes | bytearray | memoryview]

INFO = {
    "TITLE": b"INAM",
    "ARTIST": b"IART",
    "ALBUM": b"IPRD",
    "DESCRIPTION": b"ISBJ",
    "COMMENT": b"ICMT",
    "GENRE": b"IGNR",
    "COPYRIGHT": b"ICOP",
    CANDIDATE: b"ISRC",  # the source of a sound, in the words of the standard
    "ENCODER": b"ISFT",
}
"""What the classic list has a place for; the rest goes into an ID3 chunk."""
_TEXTS = {chunk: name for name, chunk in INFO.items()}
BEXT_BYTES = 602
NOTHING_MEASURED = 0x7FFF


def walk(content: bytes | memoryview) -> Iterator[Chunk]:
    """The chunks of a RIFF WAVE file in order. Raises `Unreadable`."""
    whole = memoryview(content)
    if bytes(whole[:4]) != b"RIFF" or bytes(whole[8:12]) != b"WAVE":
        raise Unreadable("not a WAV file")
    end = min(len(whole), 8 + unpack_from("<I", whole, 4)[0])
    yield from inside(whole[12:end])


def inside(content: bytes | memoryview) -> Iterator[Chunk]:
    """The chunks that lie one after the other in ``content``."""
    whole, at = memoryview(content), 0
    while at + 8 <= len(whole):
        size = unpack_from("<I", whole, at + 4)[0]
        if at + 8 + size > len(whole):
            raise Unreadable("a WAV file that ends inside a chunk")
        yield bytes(whole[at : at + 4]), whole[at + 8 : at + 8 + size]
        at += 8 + size + size % 2


def joined(chunks: Sequence[Chunk]) -> bytes:
    """A WAV file of these chunks; `OverflowError` where it is longer than RIFF can hold."""
    return b"".join(pieces(chunks))


def pieces(chunks: Sequence[Chunk]) -> list[bytes | bytearray | memoryview]:
    """The same file piece by piece, none of them copied."""
    size = 4 + sum(8 + len(content) + len(content) % 2 for _, content in chunks)
    if size > 2**32 - 16:
        raise OverflowError("longer than a WAV file can be")
    parts: list[bytes | bytearray | memoryview] = [b"RIFF", pack("<I", size), b"WAVE"]
    for name, content in chunks:
        parts += [name, pack("<I", len(content)), content, b"\0" * (len(content) % 2)]
    return parts


def chunk(name: bytes, content: bytes) -> bytes:
    return b"".join((name, pack("<I", len(content)), content, b"\0" * (len(content) % 2)))


# --- loop points and marks ------------------------------------------------------------------------


def smpl(sample_rate: int, loop: tuple[int, int]) -> bytes:
    """One endless forward loop; its end is the last frame that is played."""
    head = pack("<9I", 0, 0, round(1e9 / sample_rate), 60, 0, 0, 0, 1, 0)
    return head + pack("<6I", 0, 0, loop[0], loop[1], 0, 0)


def cue(markers: Sequence[Marker]) -> bytes:
    points = (
        pack("<II4sIII", at + 1, marker.frame, b"data", 0, 0, marker.frame)
        for at, marker in enumerate(markers)
    )
    return pack("<I", len(markers)) + b"".join(points)


def adtl(markers: Sequence[Marker]) -> bytes:
    """The names of the cue points."""
    labels = (
        chunk(b"labl", pack("<I", at + 1) + text(marker.name)) for at, marker in enumerate(markers)
    )
    return b"adtl" + b"".join(labels)


# --- texts ----------------------------------------------------------------------------------------


def text(value: str) -> bytes:
    return value.replace("\0", "").encode() + b"\0"


def info(entries: Mapping[str, str]) -> bytes:
    """A list of those texts that it has a place for."""
    found = ((INFO[name], value) for name, value in entries.items() if name in INFO)
    return b"INFO" + b"".join(
        chunk(name, text(f"{CANDIDATE}={value}" if name == b"ISRC" else value))
        for name, value in found
    )


def read_info(content: memoryview) -> dict[str, str]:
    """The texts of a list that we know the places of."""
    found: dict[str, str] = {}
    for name, value in inside(content[4:]):
        if name in _TEXTS:
            said = bytes(value).split(b"\0", 1)[0].decode("utf-8", "replace")
            found[_TEXTS[name]] = said.removeprefix(f"{CANDIDATE}=")
    return found


def bext(
    labels: Labels,
    texts: Mapping[str, str],
    before: bytes | bytearray | memoryview | None,
    form: bytes | bytearray | memoryview,
) -> bytes:
    """The broadcast extension, version 2; without date and time, which would make two files differ.

    ``texts`` is what the file says now; loudness that is not given stays as it was ``before``.
    ``form`` is the file's ``fmt`` chunk, from which the history of its coding is told.
    """
    described = [texts.get(name, "") for name in ("TITLE", "DESCRIPTION", "COMMENT")]
    description = ". ".join(one.rstrip(".") for one in described if one) or SOFTWARE
    old = bytes(before or b"")
    try:
        measured = list(unpack_from("<5h", old, 412))
    except error:
        measured = [NOTHING_MEASURED] * 5
    for place, value in ((0, labels.lufs), (2, labels.true_peak_dbtp)):
        if value is not None:
            measured[place] = _hundredths(value)
    fixed = (
        _fixed(description, 256),
        _fixed(SOFTWARE, 32),
        _fixed(texts.get(CANDIDATE) or texts.get(LICENSE, ""), 32),
        bytes(18),
        pack("<QH", 0, 2),
        bytes(64),
        pack("<5h", *measured),
        bytes(180),
    )
    return b"".join(fixed) + (old[BEXT_BYTES:] or _history(form))


def _history(form: bytes | bytearray | memoryview) -> bytes:
    """How the sound was coded, as EBU R 98 writes it: one line for the only coding there was."""
    channels, rate = unpack_from("<HI", form, 2)
    mode = {1: "mono", 2: "stereo"}.get(channels, "multitrack")
    depth = unpack_from("<H", form, 14)[0]
    return f"A=PCM,F={rate},W={depth},M={mode},T={SOFTWARE}\r\n".encode("ascii")


def ixml(channels: int) -> bytes:
    """Which channel is which (iXML 2.0), for editors that do not read the speakers' mask."""
    tracks = "".join(
        f"<TRACK><CHANNEL_INDEX>{number}</CHANNEL_INDEX>"
        f"<INTERLEAVE_INDEX>{number}</INTERLEAVE_INDEX><NAME>{name}</NAME></TRACK>"
        for number, name in enumerate(CHANNEL_ORDER[channels], 1)
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?><BWFXML><IXML_VERSION>2.0</IXML_VERSION>'
        f"<PROJECT>{SOFTWARE}</PROJECT><TRACK_LIST><TRACK_COUNT>{channels}</TRACK_COUNT>"
        f"{tracks}</TRACK_LIST></BWFXML>"
    ).encode("ascii")


def _fixed(value: str, size: int) -> bytes:
    """The text in exactly ``size`` bytes of ASCII, which is what the standard knows."""
    return value.encode("ascii", "replace")[:size].ljust(size, b"\0")


def _hundredths(value: float) -> int:
    """The standard's way of saying nothing is 0x7fff."""
    return round(value * 100) if isfinite(value) and abs(value) < 327 else NOTHING_MEASURED
