"""A MIDI file from anywhere, read within bounds or refused with a reason.

Nothing here trusts the file: every length is checked, and bytes, tracks, events and minutes are
bounded, so the worst file costs about a second and a few dozen megabytes. Notes come back at 480
ticks to the quarter whatever the file counted in; one track per channel and program.
"""

from collections import defaultdict, deque
from collections.abc import Iterator

from msgspec import Struct

from engine.errors import EngineError
from engine.score import TICKS_PER_QUARTER, Note

MOST_BYTES = 4_000_000
MOST_TRACKS = 512
MOST_EVENTS = 400_000
LONGEST_S = 7_200  # two hours
MOST_QUARTERS = 40_000  # two hours at 333 beats a minute
DRUM_CHANNEL = 9
STANDARD_TEMPO = 500_000  # microseconds to the quarter where a file says nothing

_DATA_BYTES = {0x80: 2, 0x90: 2, 0xA0: 2, 0xB0: 2, 0xC0: 1, 0xD0: 1, 0xE0: 2}
_LARGEST_METER = 64


class UnreadableMidi(EngineError):
    """The bytes are not a MIDI file that we read; the message says why, and what limit it broke."""


class Track(Struct, frozen=True, kw_only=True):
    """What one instrument plays: notes ordered by start, then by where they stand in the file."""

    name: str
    channel: int
    program: int
    notes: tuple[Note, ...]

    @property
    def drums(self) -> bool:
        """Whether General MIDI plays it on a drum kit."""
        return self.channel == DRUM_CHANNEL


class Heard(Struct, frozen=True, kw_only=True):
    """A file as music: all ticks at 480 to the quarter.

    ``tempos`` are (tick, microseconds to the quarter), ``meters`` (tick, numerator, denominator);
    both begin at tick 0 and say what holds where the file is silent: 120 a minute, 4/4.
    """

    tempos: tuple[tuple[int, int], ...]
    meters: tuple[tuple[int, int, int], ...]
    tracks: tuple[Track, ...]
    length: int

    @property
    def seconds(self) -> float:
        """How long it lasts at its own tempos."""
        return _seconds(self.tempos, self.length)


def read(content: bytes) -> Heard:
    """The music of a MIDI file of type 0 or 1; `UnreadableMidi` for everything else."""
    if len(content) > MOST_BYTES:
        raise UnreadableMidi(f"{len(content)} bytes; at most {MOST_BYTES} are read")
    division = _division(content)
    budget = _Budget(MOST_EVENTS)
    pages = [_Page(body, budget, number) for number, body in enumerate(_bodies(content), 1)]
    if not pages:
        raise UnreadableMidi("no track in the file")
    last = max(page.tick for page in pages)
    if last > MOST_QUARTERS * division:
        raise UnreadableMidi(f"{last // division} quarters long; at most {MOST_QUARTERS} are read")
    heard = Heard(
        tempos=_changes([one for page in pages for one in page.tempos], division, STANDARD_TEMPO),
        meters=_changes([one for page in pages for one in page.meters], division, 4, 4),
        tracks=tuple(track for page in pages for track in page.tracks(division)),
        length=_scaled(last, division),
    )
    if heard.seconds > LONGEST_S:
        raise UnreadableMidi(
            f"{heard.seconds / 3600:.1f} hours long; at most {LONGEST_S // 3600} are read"
        )
    return heard


def _division(content: bytes) -> int:
    """Ticks to the quarter, as the header says."""
    if content[:4] != b"MThd" or len(content) < 14:
        raise UnreadableMidi("not a MIDI file: it does not begin with a MIDI header")
    kind, tracks = _word(content, 8), _word(content, 10)
    if kind > 1:
        raise UnreadableMidi(f"a MIDI file of type {kind}; types 0 and 1 are read")
    if tracks > MOST_TRACKS:
        raise UnreadableMidi(f"{tracks} tracks; at most {MOST_TRACKS} are read")
    division = _word(content, 12)
    if division & 0x8000:
        raise UnreadableMidi("its time is counted in film frames (SMPTE), not in quarters")
    if division == 0:
        raise UnreadableMidi("its header says that a quarter has no ticks")
    return division


def _bodies(content: bytes) -> Iterator[bytes]:
    """The tracks' bytes; chunks of other kinds are passed over, as the standard says."""
    at, tracks, chunks = 8 + int.from_bytes(content[4:8], "big"), 0, 0
    while at < len(content):
        kind, size = content[at : at + 4], int.from_bytes(content[at + 4 : at + 8], "big")
        at, chunks = at + 8, chunks + 1
        if chunks > 2 * MOST_TRACKS:
            raise UnreadableMidi(f"more than {2 * MOST_TRACKS} chunks")
        if kind == b"MTrk":
            tracks += 1
            if tracks > MOST_TRACKS:
                raise UnreadableMidi(f"more than {MOST_TRACKS} tracks")
            if at + size > len(content):
                raise UnreadableMidi(f"track {tracks} is cut off")
            yield content[at : at + size]
        at += size


class _Budget:
    """Events that may still be read, of all tracks together."""

    def __init__(self, events: int) -> None:
        self.left = events

    def spend(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise UnreadableMidi(f"more than {MOST_EVENTS} events")


class _Page:
    """One track chunk while it is read. ``tick`` is where it ends, in the file's own ticks."""

    def __init__(self, body: bytes, budget: _Budget, number: int) -> None:
        self.name = ""
        self.tempos: list[tuple[int, ...]] = []
        self.meters: list[tuple[int, ...]] = []
        self.tick, self._number = 0, number
        self._programs = [0] * 16
        # (channel, program) → (start, end, pitch, velocity); keys in the order they come up.
        self._notes: defaultdict[tuple[int, int], list[tuple[int, int, int, int]]] = defaultdict(
            list
        )
        # channel and pitch → what sounds, the first struck first: (start, velocity, program)
        self._sounding: defaultdict[int, deque[tuple[int, int, int]]] = defaultdict(deque)
        try:
            self._read(body, budget)
        except IndexError:
            raise self._refused("ends in the middle of an event") from None

    def tracks(self, division: int) -> list[Track]:
        """What was read, by channel and program."""
        return [
            Track(
                name=self.name,
                channel=channel,
                program=program,
                notes=tuple(_note(one, division) for one in sorted(notes, key=lambda one: one[0])),
            )
            for (channel, program), notes in self._notes.items()
        ]

    def _read(self, body: bytes, budget: _Budget) -> None:
        at, running = 0, 0
        while at < len(body):
            budget.spend()
            waited, at = _number(body, at)
            self.tick += waited
            status = body[at]
            if status == 0xFF:
                kind, (size, at) = body[at + 1], _number(body, at + 2)
                if kind == 0x2F:
                    return
                self._meta(kind, self._slice(body, at, size))
                at += size
            elif status in (0xF0, 0xF7):
                size, at = _number(body, at + 1)
                at += len(self._slice(body, at, size))
            else:
                if status >= 0x80:
                    running, at = status, at + 1
                at = self._message(running, body, at)

    def _message(self, status: int, body: bytes, at: int) -> int:
        """One channel message whose first data byte is at ``at``; the place after it."""
        kind, channel = status & 0xF0, status & 0x0F
        length = _DATA_BYTES.get(kind)
        if length is None:
            raise self._refused(f"has an event that no MIDI file may have ({status:#04x})")
        first, second = body[at], body[at + length - 1]
        if first > 0x7F or second > 0x7F:
            raise self._refused("has a status byte where a value belongs")
        if kind == 0x90 and second:
            struck = (self.tick, second, self._programs[channel])
            self._sounding[channel << 7 | first].append(struck)
        elif kind in (0x80, 0x90):
            self._release(channel, first)
        elif kind == 0xC0:
            self._programs[channel] = first
        return at + length

    def _release(self, channel: int, pitch: int) -> None:
        sounding = self._sounding[channel << 7 | pitch]
        if sounding:
            start, velocity, program = sounding.popleft()
            self._notes[channel, program].append((start, self.tick, pitch, velocity))

    def _meta(self, kind: int, body: bytes) -> None:
        if kind == 0x03 and not self.name:
            self.name = body[:120].decode("utf-8", "replace")
        elif kind == 0x51 and len(body) == 3:
            tempo = int.from_bytes(body, "big")
            if tempo == 0:
                raise self._refused("has a tempo without end")
            self.tempos.append((self.tick, tempo))
        elif kind == 0x58 and len(body) >= 2:
            over, under = body[0], 1 << min(body[1], 16)
            if not 1 <= over <= _LARGEST_METER or under > _LARGEST_METER:
                raise self._refused(f"has a bar of {over}/{under}")
            self.meters.append((self.tick, over, under))

    def _slice(self, body: bytes, at: int, size: int) -> bytes:
        if at + size > len(body):
            raise self._refused("ends in the middle of an event")
        return body[at : at + size]

    def _refused(self, what: str) -> UnreadableMidi:
        return UnreadableMidi(f"track {self._number} {what}")


def _number(body: bytes, at: int) -> tuple[int, int]:
    """A number of variable length, four bytes at most, and the place after it."""
    byte = body[at]
    if byte < 0x80:
        return byte, at + 1
    value = byte & 0x7F
    for place in (at + 1, at + 2, at + 3):
        byte = body[place]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, place + 1
    raise UnreadableMidi("a number in it has more than four bytes")


def _note(raw: tuple[int, int, int, int], division: int) -> Note:
    start, end, pitch, velocity = raw
    begin = _scaled(start, division)
    return Note(begin, _scaled(end, division) - begin, pitch, velocity)


def _changes(found: list[tuple[int, ...]], division: int, *standard: int) -> tuple:
    """Changes in order at our ticks, of several at one tick the last; the first is at 0."""
    at = {0: standard}
    for tick, *what in sorted(found, key=lambda one: one[0]):
        at[_scaled(tick, division)] = tuple(what)
    return tuple((tick, *at[tick]) for tick in sorted(at))


def _seconds(tempos: tuple[tuple[int, int], ...], length: int) -> float:
    ends = [min(tick, length) for tick, _ in tempos[1:]] + [length]
    return sum(
        max(0, end - tick) / TICKS_PER_QUARTER * tempo / 1e6
        for (tick, tempo), end in zip(tempos, ends, strict=True)
    )


def _scaled(tick: int, division: int) -> int:
    return (2 * tick * TICKS_PER_QUARTER + division) // (2 * division)


def _word(content: bytes, at: int) -> int:
    return content[at] << 8 | content[at + 1]
