"""Files that nobody should have sent: broken ones, and the worst of those that can be read."""

import struct
from collections.abc import Callable

Fault = Callable[[], bytes]


def number(value: int) -> bytes:
    """A number of variable length."""
    groups = [value & 0x7F]
    while value := value >> 7:
        groups.append(0x80 | (value & 0x7F))
    return bytes(reversed(groups))


def track(*events: bytes, end: bytes = b"\x00\xff\x2f\x00", size: int | None = None) -> bytes:
    """A track chunk; ``size`` is what it claims to hold."""
    body = b"".join(events) + end
    return b"MTrk" + struct.pack(">I", len(body) if size is None else size) + body


def file(*tracks: bytes, kind: int = 1, division: int = 480, count: int | None = None) -> bytes:
    """A file; ``count`` is how many tracks it claims to have."""
    head = struct.pack(">IHHH", 6, kind, len(tracks) if count is None else count, division)
    return b"MThd" + head + b"".join(tracks)


def note(pitch: int, *, wait: int = 0, ticks: int = 480, channel: int = 0) -> bytes:
    """One note after some ticks."""
    on, off = bytes([0x90 | channel, pitch, 80]), bytes([0x80 | channel, pitch, 0])
    return number(wait) + on + number(ticks) + off


def meter(over: int, power: int, wait: int = 0) -> bytes:
    """A time signature."""
    return number(wait) + bytes([0xFF, 0x58, 4, over, power, 24, 8])


FAST = b"\x00\xff\x51\x03" + (170_000).to_bytes(3, "big")  # 353 beats a minute
TUNE = track(*(note(pitch) for pitch in (60, 62, 64, 65, 67, 69, 71, 72) * 8))

# What each is, and a word of the reason it is refused for.
REFUSED: dict[str, tuple[Fault, str]] = {
    "empty": (lambda: b"", "header"),
    "header only": (lambda: file(), "no track"),
    "half a header": (lambda: file()[:9], "header"),
    "truncated": (lambda: file(TUNE)[:-100], "cut off"),
    "claims more than it has": (lambda: file(track(note(60), size=2**32 - 1)), "cut off"),
    "claims less than it has": (lambda: file(track(note(60), note(62), size=6)), "middle of"),
    "a header of 2^32 bytes": (
        lambda: b"MThd" + struct.pack(">IHHH", 2**32 - 1, 1, 1, 480) + TUNE, "no track",
    ),
    "running status without status": (lambda: file(track(b"\x00\x3c\x50" * 9)), "no MIDI file"),
    "running status from a text": (
        lambda: file(track(b"\x00\xff\x01\x02hi\x00\x3c\x50")), "no MIDI file",
    ),
    "running status from an exclusive": (
        lambda: file(track(b"\x00\xf0\x01\xf7\x00\x3c\x50")), "no MIDI file",
    ),
    "division 0": (lambda: file(TUNE, division=0), "no ticks"),
    "SMPTE": (lambda: file(TUNE, division=0xE728), "film frames"),
    "65535 tracks claimed": (lambda: file(TUNE, count=65_535), "65535 tracks"),
    "a million tracks": (lambda: file(*[track()] * 1_000_000, count=1), "bytes; at most"),
    "as many tracks as fit": (lambda: file(*[track()] * 300_000, count=1), "512 tracks"),
    "50 MB of junk": (lambda: bytes(range(256)) * 200_000, "bytes; at most"),
    "50 MB behind a header": (lambda: file(count=1) + bytes(50_000_000), "bytes; at most"),
    "ten hours of one note": (
        lambda: file(track(*[note(60, ticks=48_000)] * 720)), "72000 quarters",
    ),
    "ten hours, slowly": (
        lambda: file(track(b"\x00\xff\x51\x03\xff\xff\xff", note(60, ticks=480 * 2_200))), "hours",
    ),
    "waits of 2^28": (lambda: file(track(note(60, ticks=2**28 - 1) * 9), division=1), "quarters"),
    "a number of five bytes": (lambda: file(track(b"\xff\xff\xff\xff\x7f\x90\x3c\x50")), "four"),
    "a million notes at once": (
        lambda: file(track(b"\x00\x90\x3c\x50", b"\x00\x3c\x50" * 1_000_000)), "events",
    ),
    "a bar of 255 by 2^255": (lambda: file(track(meter(255, 255), note(60))), "a bar of"),
    "a bar of nothing": (lambda: file(track(meter(0, 2), note(60))), "a bar of"),
    "tempo 0": (lambda: file(track(b"\x00\xff\x51\x03\x00\x00\x00", note(60))), "tempo"),
    "another file": (lambda: b"RIFF" + bytes(100), "does not begin"),
    "many odd chunks": (lambda: file(*[b"junk" + bytes(4)] * 10_000, count=1), "chunks"),
    "cut inside a note": (lambda: file(track(b"\x00\x90\x3c", end=b"")), "middle of"),
    "text beyond the end": (lambda: file(track(b"\x00\xff\x01\xff\xff\xff\x7fhi")), "middle of"),
    "exclusive beyond the end": (lambda: file(track(b"\x00\xf0\x8f\x7f")), "middle of"),
    "status for a value": (lambda: file(track(b"\x00\x90\x90\x50")), "where a value"),
    "real-time message": (lambda: file(track(b"\x00\xfa")), "no MIDI file"),
    "five hours": (lambda: file(track(*[note(60, ticks=48_000)] * 360)), "5.0 hours"),
    "songs in a row": (lambda: file(TUNE, kind=2), "type 2"),
}  # fmt: skip


def _chord() -> bytes:
    """190 000 notes that begin at once and end at once."""
    on = b"".join(bytes([0, 21 + at % 88, 80]) for at in range(190_000))
    off = b"".join(bytes([0, 21 + at % 88, 0]) for at in range(190_000))
    return file(track(b"\x00\x90\x3c\x01", on, number(48_000) + b"\x3c\x00", off))


def _crowd() -> bytes:
    """As many tracks and quarters as are read, each with something everywhere."""
    busy = [
        track(*(note(30 + at % 60, wait=40_000, ticks=9_000, channel=at % 9) for at in range(390)))
        for _ in range(500)
    ]
    return file(track(FAST), *busy)


def _shortest_bars() -> bytes:
    """Eighty thousand bars of an eighth, each window just too poor to be measured."""
    hits = b"".join(
        (number(240) if at % 31 else number(960)) + b"\x99\x24\x50" + number(1) + b"\x89\x24\x00"
        for at in range(72_000)
    )
    return file(track(FAST, meter(1, 3), hits))


def _meters() -> bytes:
    """A new meter on every eighth."""
    signs = b"".join(meter(2 + at % 5, 2, wait=97) for at in range(190_000))
    return file(track(FAST, signs), track(*(note(60 + at % 12) for at in range(38_000))))


def _drones() -> bytes:
    """Notes that last two hours, one more in every bar."""
    keys = [(at % 9, 30 + at % 70) for at in range(9_990)]
    on = b"".join(number(1_900) + bytes([0x90 | channel, pitch, 9]) for channel, pitch in keys)
    off = b"".join(bytes([0, 0x80 | channel, pitch, 0]) for channel, pitch in keys)
    return file(track(FAST, on, off))


READ: dict[str, Fault] = {
    "nothing but a drum": lambda: file(track(*[note(36, channel=9)] * 60)),
    "a chord of 190 000": _chord,
    "500 tracks": _crowd,
    "the shortest bars": _shortest_bars,
    "a meter a beat": _meters,
    "drones": _drones,
    "as long as is read": lambda: file(track(FAST, *[note(60, ticks=9_600)] * 1_990)),
}
