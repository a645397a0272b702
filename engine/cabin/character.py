"""What all the sounds of a family share: its motif, its partials, its pace and its air.

Plain values; `engine.cabin.drawing` chooses among them.
"""

from msgspec import Struct

TONICS = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")


class Table(Struct, frozen=True, kw_only=True):
    """The partials of a note: frequency ratios, levels in dB, and decay times re the first."""

    ratios: tuple[float, ...]
    decibels: tuple[float, ...]
    fades: tuple[float, ...]

    def shaded(self, decibels: float) -> "Table":
        """The same partials, those above the first ``decibels`` louder."""
        levels = (self.decibels[0], *(one + decibels for one in self.decibels[1:]))
        return Table(ratios=self.ratios, decibels=levels, fades=self.fades)


_FADES = (1, 0.7, 0.5, 0.35, 0.25, 0.2, 0.16, 0.13, 0.11)
TABLES: dict[str, Table] = {
    "glass": Table(
        ratios=(1, 2, 3.01, 4.1, 5.43, 6.8, 8.21, 9.7, 11.2),
        decibels=(0, -7, -15, -18, -26, -30, -33, -36, -39), fades=_FADES,
    ),
    "reed": Table(
        ratios=(1, 3, 5.01, 7.03, 9.05, 11.1, 13.1, 15.2, 17.2),
        decibels=(0, -7, -13, -20, -26, -30, -34, -37, -40), fades=_FADES,
    ),
    "bowl": Table(
        ratios=(1, 2.32, 4.25, 6.63, 9.38, 12.2, 15.1, 18.2, 21.4),
        decibels=(0, -6, -13, -18, -25, -30, -34, -38, -41), fades=(1, 0.6, 0.35, 0.22, 0.15,
        0.12, 0.1, 0.09, 0.08),
    ),
    "bar": Table(
        ratios=(1, 2.76, 5.4, 8.93, 13.3, 18.6, 24.8, 31.7, 39.6),
        decibels=(0, -6, -10, -16, -22, -27, -31, -35, -39), fades=(1, 0.5, 0.3, 0.18, 0.12,
        0.1, 0.09, 0.08, 0.07),
    ),
    "mallet": Table(
        ratios=(1, 3.98, 7.2, 9.4, 12.6, 16.5, 20.4, 24.6, 29.0),
        decibels=(0, -11, -17, -22, -28, -32, -35, -38, -41), fades=(1, 0.4, 0.25, 0.16, 0.12,
        0.1, 0.09, 0.08, 0.07),
    ),
}  # fmt: skip
"""Two families that play from different tables are told apart by their timbre alone."""

WARNING = Table(ratios=(1, 2, 3, 4, 5), decibels=(0, -3, -6, -9, -12), fades=(1, 1, 1, 1, 1))
"""Five harmonics that all last: what makes a warning a warning, in every family."""
WOOD = Table(ratios=(1, 3.93, 9.2), decibels=(0, -10, -20), fades=(1, 0.35, 0.15))
"""The dry knock of an indicator."""


class Motif(Struct, frozen=True, kw_only=True):
    """Rising notes in semitones above their first; the first interval is the signature."""

    signature: int
    degrees: tuple[int, ...]
    pitches: tuple[int, ...]  # the family's pitch classes, above the tonic


MOTIFS: tuple[Motif, ...] = (
    Motif(signature=7, degrees=(0, 7, 12, 14, 16), pitches=(0, 2, 4, 7, 9)),
    Motif(signature=5, degrees=(0, 5, 7, 12, 14), pitches=(0, 2, 5, 7, 9)),
    Motif(signature=9, degrees=(0, 9, 12, 14, 16), pitches=(0, 2, 4, 7, 9)),
    Motif(signature=2, degrees=(0, 2, 7, 9, 14), pitches=(0, 2, 4, 7, 9)),
    Motif(signature=14, degrees=(0, 14, 16), pitches=(0, 2, 4, 7, 9)),
)

CELLS: dict[str, tuple[float, ...]] = {
    "walk": (1.0, 1.0, 1.0, 1.0),
    "arrives": (0.75, 0.75, 1.5, 1.0),
    "leans": (1.25, 0.75, 1.25, 0.75),
    "opens": (0.7, 1.0, 1.3, 1.0),
}
"""Rhythms: the distances between notes against an even walk."""


class Character(Struct, frozen=True, kw_only=True):
    """The timbre DNA of one family: everything its functions may not change."""

    seed: int
    take: int
    tonic: int  # pitch class
    motif: Motif
    table_name: str
    table: Table
    cell_name: str
    cell: tuple[float, ...]
    attack: float  # times the function's own
    decay: float  # times the function's own
    pace: float  # times the function's own distances between notes
    swing: float  # share of a pair of notes that the first one takes
    register: float  # semitones from the middle of the function's room
    notes: int  # of the motif
    layers: int
    breath_db: float  # against the function's own air
    breath_hz: float  # where the air is centred
    contact_ms: float  # of the strike that begins a note
    drift_cents: float
    glide_cents: float  # from which a note rises in 80 ms
    grain: float  # gain of the tail of grains, 0 none
    modulation: float  # index of frequency modulation
    room_s: float
