"""What a candidate's sheet draws: the piece on one page, in seconds. For looking, no score."""

from msgspec import Struct

from engine.contracts.briefs import Kind, Meter, RoleGroup

Seen = tuple[float, float, int]
"""A note: start and length in seconds, MIDI pitch; of drums the pitch is the instrument hit."""


class LoopSpan(Struct, frozen=True, kw_only=True):
    """From where to where the file goes round."""

    start_s: float
    end_s: float


class SheetSection(Struct, frozen=True, kw_only=True):
    """A stretch of the form; ``energy`` is 1-7."""

    name: str
    start_s: float
    end_s: float
    energy: int


class SheetChord(Struct, frozen=True, kw_only=True):
    """A harmony by its letters ("Fm7/C") and as the plan has it ("i7/5")."""

    start_s: float
    end_s: float
    name: str
    degree: str


class Waveform(Struct, frozen=True, kw_only=True):
    """The lowest and the highest sample of every window, all channels together, -1 to 1."""

    per_s: int
    values: tuple[tuple[float, float], ...]


class SheetPart(Struct, frozen=True, kw_only=True):
    """One instrument's notes; ``group`` is its stem, ``low`` and ``high`` are its range."""

    name: str
    role: str
    group: RoleGroup
    drums: bool
    low: int
    high: int
    notes: tuple[Seen, ...]


class Sheet(Struct, frozen=True, kw_only=True):
    """A candidate to look at while it is heard: bars, form, chords, waveform and notes.

    All times are seconds from the file's first sample, to the millisecond, and end with the file.
    ``bars_s`` are the bar lines, the last one where the last bar ends. Free of charge, like the
    audition itself: there are no velocities in it, and no playing.
    """

    kind: Kind
    duration_s: float
    loudness_lufs: float | None
    true_peak_dbtp: float | None
    bpm: float
    meter: Meter
    key: str
    beats_per_bar: int
    loop: LoopSpan | None
    bars_s: tuple[float, ...]
    sections: tuple[SheetSection, ...]
    chords: tuple[SheetChord, ...]
    peaks: Waveform
    parts: tuple[SheetPart, ...]
