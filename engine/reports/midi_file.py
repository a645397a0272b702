"""A MIDI file read back from its bytes alone, by mido: none of our own writer's code is used here.

Everything that can be in a file is taken from the file. What cannot (sections, chords, which role
a track plays) comes from the plan, and `matched` joins the two.
"""

import io
from collections import defaultdict
from typing import Any

from msgspec import Struct

from engine.contracts import PartPlan, Plan
from engine.errors import EngineError
from engine.score import Note

DRUM_CHANNEL = 9


class ReaderMissing(EngineError):
    """A report was asked for where nothing can read MIDI files independently of us."""


class UnreadableFile(EngineError):
    """The bytes are not a MIDI file whose every note begins and ends."""


class Track(Struct, frozen=True, kw_only=True):
    """One track with notes: starts and lengths in ticks, ordered by start and pitch."""

    name: str
    channel: int
    program: int
    notes: tuple[Note, ...]

    @property
    def drums(self) -> bool:
        """Whether General MIDI plays it on a drum kit."""
        return self.channel == DRUM_CHANNEL


class MidiFile(Struct, frozen=True, kw_only=True):
    """A file: ``tempos`` in microseconds per quarter, ``meters`` as printed, ``end`` in ticks."""

    division: int  # ticks to the quarter
    tempos: tuple[tuple[int, int], ...]
    meters: tuple[tuple[int, str], ...]
    markers: tuple[tuple[int, str], ...]
    tracks: tuple[Track, ...]
    end: int

    @property
    def meter(self) -> str:
        """The first time signature; 4/4 where a file has none, as the standard says."""
        return self.meters[0][1] if self.meters else "4/4"

    @property
    def bar(self) -> float:
        """Ticks of one bar."""
        over, under = (int(one) for one in self.meter.split("/"))
        return over * 4 * self.division / under

    @property
    def tick_s(self) -> float:
        """Seconds of one tick at the first tempo; 120 quarters a minute where a file has none."""
        quarter_us = self.tempos[0][1] if self.tempos else 500_000
        return quarter_us / 1e6 / self.division

    @property
    def bpm(self) -> float:
        """Beats a minute; the beat is a quarter, or a dotted quarter in 6/8 and 12/8."""
        quarters = 1.5 if self.meter in ("6/8", "12/8") else 1.0
        return 60.0 / (self.tick_s * self.division * quarters)


def read(content: bytes) -> MidiFile:
    """Read a standard MIDI file; raises `UnreadableFile`."""
    mido = _mido()
    try:
        file = mido.MidiFile(file=io.BytesIO(content))
    except (OSError, EOFError, ValueError, KeyError, IndexError) as broken:
        raise UnreadableFile(f"not a MIDI file: {broken}") from broken
    tempos, meters, markers, tracks, ends = [], [], [], [], [0]
    for one in file.tracks:
        at = 0
        for message in one:
            at += message.time
            if message.type == "set_tempo":
                tempos.append((at, message.tempo))
            elif message.type == "time_signature":
                meters.append((at, f"{message.numerator}/{message.denominator}"))
            elif message.type == "marker":
                markers.append((at, message.text))
        ends.append(at)
        track = _track(one)
        if track is not None:
            tracks.append(track)
    return MidiFile(
        division=file.ticks_per_beat, tempos=tuple(sorted(tempos)), meters=tuple(sorted(meters)),
        markers=tuple(markers), tracks=tuple(tracks), end=max(ends),
    )  # fmt: skip


def _mido() -> Any:
    try:
        import mido
    except ImportError as missing:
        raise ReaderMissing(
            'reports read MIDI files with mido, which is not installed: pip install "cuesmith[dev]"'
        ) from missing
    return mido


def _track(messages: Any) -> Track | None:
    """The notes of one track; a note of the same pitch that began first also ends first."""
    name, program, channel, at = "", 0, -1, 0
    begun: dict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)
    notes: list[Note] = []
    for message in messages:
        at += message.time
        if message.type == "track_name":
            name = message.name
        elif message.type == "program_change":
            program = message.program
        elif message.type == "note_on" and message.velocity > 0:
            channel = message.channel
            begun[channel, message.note].append((at, message.velocity))
        elif message.type in ("note_off", "note_on"):
            if not begun[message.channel, message.note]:
                raise UnreadableFile(f"{name}: a note {message.note} ends that never began")
            start, velocity = begun[message.channel, message.note].pop(0)
            notes.append(Note(start, at - start, message.note, velocity))
    if any(begun.values()):
        raise UnreadableFile(f"{name}: a note never ends")
    if not notes:
        return None
    notes.sort(key=lambda note: (note.start, note.pitch))
    return Track(name=name, channel=channel, program=program, notes=tuple(notes))


class Player(Struct, frozen=True, kw_only=True):
    """A track of the file and the planned part that it is; ``part.role`` is not in the file."""

    part: PartPlan
    track: Track

    @property
    def role(self) -> str:
        """The role the plan gave it."""
        return self.part.role

    @property
    def notes(self) -> tuple[Note, ...]:
        """Its notes as the file has them."""
        return self.track.notes

    @property
    def pitched(self) -> bool:
        """Whether its notes have pitches that harmony is made of."""
        return self.part.role not in ("drums", "fx") and not self.track.drums


def matched(file: MidiFile, plan: Plan) -> tuple[Player, ...]:
    """Each track with its planned part; raises `UnreadableFile` for a track nobody planned.

    Tracks stand in the order of the plan's parts, and a part that is silent has none.
    """
    waiting = list(plan.parts)
    players = []
    for track in file.tracks:
        while waiting and waiting[0].name.encode("ascii", "replace").decode() != track.name:
            waiting.pop(0)
        if not waiting:
            raise UnreadableFile(f"the plan has no part called {track.name!r} in this place")
        players.append(Player(part=waiting.pop(0), track=track))
    return tuple(players)
