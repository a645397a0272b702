"""The composer's language: codes, the grid, and the features the score itself supplies.

A *step* writes one thing for one role: a pitch, a stroke, a rest or a tie (the code), and how long
it lasts (the duration), together. A role's bar is tiled exactly by its steps, so bar lengths are
right by construction and no step says "bar" or "track": where we are is a feature of the step, not
a symbol.

The grid has 12 units to the quarter. Pitch is relative to the tonic but keeps its register, so one
model serves every tonality. What the state machine knows anyway (position, chord now and next, the
pitches sounding in the other roles, the line so far, the bar this one refers to) is handed in as
features; a small model spent a quarter fewer bits per note that way than when it had to keep count.
"""

from collections.abc import Collection, Sequence

import numpy as np
from msgspec import Struct

from engine.score import TICKS_PER_QUARTER

GRID = 12  # units to the quarter
TICKS_PER_UNIT = TICKS_PER_QUARTER // GRID

# In the order in which a bar is written: each hears those before it.
ROLES: tuple[str, ...] = (
    "lead", "bass", "counter", "upper", "middle", "lower", "figure", "drums",
)  # fmt: skip
LEAD, BASS, COUNTER, UPPER, MIDDLE, LOWER, FIGURE, DRUMS = range(8)
# The inner voices of the harmony: they move where the chord does, and hold what it keeps.
VOICES = (UPPER, MIDDLE, LOWER)

REST, TIE, FIRST_PITCH = 0, 1, 2
PITCH_SPAN = 88  # relative pitches -44 … +43 around the tonic nearest to middle C
# What a drummer can strike at once: two hands and the foot on the kick.
HANDS: tuple[str, ...] = (
    "", "S", "H", "O", "R", "C", "T", "F", "SH", "SO", "SR", "SC", "ST", "SF", "TF",
)  # fmt: skip
STROKES: tuple[str, ...] = tuple(
    kick + hands for kick in ("", "K") for hands in HANDS if kick + hands
)
FIRST_STROKE = FIRST_PITCH + PITCH_SPAN
CODES = FIRST_STROKE + len(STROKES)
_CENTRE = PITCH_SPAN // 2
LONGEST = 48  # units; longer notes are tied
DURATIONS = LONGEST + 1  # index = units, 0 unused
NOTHING = CODES  # "no such code" in a feature
METERS: tuple[str, ...] = ("4/4", "3/4", "6/8", "12/8", "2/4", "other")
BAR_UNITS: dict[str, int] = {"4/4": 48, "3/4": 36, "6/8": 36, "12/8": 72, "2/4": 24}
DENSITIES = 10  # 0-8 note counts folded, 9 = not told
LEVELS = 5  # variation 0-3 of the referenced bar, 4 = none
# Whose music it is like; the first is "not told".
SCHOOLS: tuple[str, ...] = (
    "", "game", "song", "lied", "quartet", "orchestra", "piano", "kit",
)  # fmt: skip

# One embedding table holds every categorical feature; each gets its own stretch of rows.
FEATURES: tuple[tuple[str, int], ...] = (
    ("code before", CODES + 1),
    ("duration before", DURATIONS),
    ("role", len(ROLES)),
    ("position", 73),
    ("left in bar", 73),
    ("meter", len(METERS)),
    ("chord root", 13),
    ("next root", 13),
    ("until next chord", 9),
    ("last pitch", CODES + 1),
    ("pitch before last", CODES + 1),
    ("lead sounding", CODES + 1),
    ("bass sounding", CODES + 1),
    ("onsets here", 8),
    ("referenced code", CODES + 1),
    ("referenced onset", 3),
    ("variation", LEVELS),
    ("density", DENSITIES),
    ("bars left", 10),
    ("mode", 3),
    ("neighbour sounding", CODES + 1),
    ("lead to come", CODES + 1),
    ("school", len(SCHOOLS)),
)
WIDTHS = np.array([width for _, width in FEATURES])
OFFSETS = np.concatenate([[0], np.cumsum(WIDTHS)[:-1]]).astype(np.int64)
TABLE_ROWS = int(WIDTHS.sum())
BITS = 36  # chord, scale and sounding chroma, all from the tonic

# The role just written that a role lies beside.
_NEIGHBOUR = {UPPER: COUNTER, MIDDLE: UPPER, LOWER: MIDDLE, FIGURE: UPPER}
_DENSITY_OF = (0, 1, 2, 3, 4, 5, 5, 6, 6, 7, 7, 7, 8)


def fold_tonic(tonic: int) -> int:
    """The MIDI pitch of the tonic nearest to middle C (55-66)."""
    return 60 + ((tonic + 5) % 12) - 5


def code_of(pitch: int, tonic_pitch: int) -> int:
    """The code of a MIDI pitch; pitches outside the span are folded by octaves."""
    relative = pitch - tonic_pitch
    while relative >= _CENTRE:
        relative -= 12
    while relative < -_CENTRE:
        relative += 12
    return relative + _CENTRE + FIRST_PITCH


def pitch_of(code: int, tonic_pitch: int) -> int:
    """The MIDI pitch of a code."""
    return code - FIRST_PITCH - _CENTRE + tonic_pitch


def relative_class(code: int) -> int:
    """Pitch class of a code, counted from the tonic."""
    return (code - FIRST_PITCH - _CENTRE) % 12


def stroke_of(names: Collection[str]) -> int:
    """The code of what is struck together on a kit, reduced to what two hands and a foot can do:
    of too many the snare stays, then what rings longest. 0 for nothing."""
    kick = "K" if "K" in names else ""
    hands = [name for name in "SCTFORH" if name in names][:2]
    while hands and "".join(hands) not in HANDS and "".join(reversed(hands)) not in HANDS:
        hands.pop()
    hit = kick + next(one for one in ("".join(hands), "".join(reversed(hands))) if one in HANDS)
    return FIRST_STROKE + STROKES.index(hit) if hit else REST


def density_of(notes: int) -> int:
    """Bucket of a number of onsets in a bar."""
    return _DENSITY_OF[min(notes, len(_DENSITY_OF) - 1)]


class Step(Struct, frozen=True, array_like=True):
    """One compound step: what, for how many grid units."""

    code: int
    units: int


class Bar(Struct, frozen=True, kw_only=True):
    """A bar's place on the grid."""

    start: int
    units: int
    meter: int
    left: int = 9  # bars left in the section, 9 when not told


class Sheet:
    """All that is known of a piece while it is written: harmony, bars, and what sounds where.

    ``codes[role]`` holds the code sounding at every grid unit and ``onsets[role]`` whether it
    starts there; both are filled as bars are written, or at once when a piece is read.
    ``following``: root and chroma of the harmony behind the last bar, where one is known.
    ``school`` is an index into `SCHOOLS`.
    """

    def __init__(
        self,
        bars: Sequence[Bar],
        *,
        mode: int,
        scale: int,
        roots: np.ndarray,
        chromas: np.ndarray,
        basses: np.ndarray | None = None,
        following: tuple[int, int] | None = None,
        school: int = 0,
    ) -> None:
        units = bars[-1].start + bars[-1].units
        self.bars, self.mode, self.scale, self.school = tuple(bars), mode, scale, school
        self.roots, self.chromas = roots, chromas  # (units,) root 0-12 (12 = none), 12-bit chroma
        self.basses = roots if basses is None else basses  # (units,) lowest pitch class, as roots
        self.codes = np.full((len(ROLES), units), REST, np.int64)
        self.onsets = np.zeros((len(ROLES), units), bool)
        self.last: list[list[int]] = [[NOTHING, NOTHING] for _ in ROLES]
        # (units,) whether another harmony begins; inner voices take a new step there.
        self.changes = (np.diff(roots, prepend=-1) != 0) | (np.diff(chromas, prepend=-1) != 0)
        self._next_root, self._until_next = _next_changes(roots, chromas, following)
        self._scale_bits = _bits(np.array([scale]))[0]
        self._chord_bits = _bits(chromas)

    def write(self, role: int, at: int, step: Step) -> None:
        """Put a step into the score."""
        code = step.code
        if code == TIE:
            code = int(self.codes[role, at - 1])
        self.codes[role, at : at + step.units] = code
        self.onsets[role, at : at + step.units] = False
        if step.code >= FIRST_PITCH:
            self.onsets[role, at] = True
            self.last[role] = [step.code, self.last[role][0]]

    def features(
        self,
        role: int,
        bar: Bar,
        position: int,
        before: Step,
        reference: tuple[int, int] = (NOTHING, 0),
        level: int = 4,
        density: int = 9,
    ) -> list[int]:
        """The categorical features of the step to be written, without table offsets."""
        at = bar.start + position
        heard = self.codes[:, at].tolist()
        bass_at = at if role > BASS else bar.start - 1
        return [
            before.code, before.units, role, position, bar.units - position, bar.meter,
            int(self.roots[at]), int(self._next_root[at]), int(self._until_next[at]),
            self.last[role][0], self.last[role][1],
            NOTHING if role == LEAD else heard[LEAD],
            NOTHING if role == BASS or bass_at < 0 else int(self.codes[BASS, bass_at]),
            self._struck(role, at), reference[0], reference[1], level, density, bar.left, self.mode,
            heard[_NEIGHBOUR[role]] if role in _NEIGHBOUR else NOTHING,
            self._lead_to_come(role, at, bar), self.school,
        ]  # fmt: skip

    def _struck(self, role: int, at: int) -> int:
        """Which of lead, bass and counter, of those written before a role, begin a note here."""
        struck = self.onsets[: min(role, 3), at].tolist()
        return sum(begun << other for other, begun in enumerate(struck))

    def _lead_to_come(self, role: int, at: int, bar: Bar) -> int:
        """The next note that the lead begins in this bar, for those who are written after it."""
        if role == LEAD:
            return NOTHING
        ahead = self.onsets[LEAD, at + 1 : bar.start + bar.units]
        place = int(ahead.argmax()) if ahead.size else 0
        return int(self.codes[LEAD, at + 1 + place]) if ahead.size and ahead[place] else NOTHING

    def bits(self, at: int, role: int = LEAD) -> np.ndarray:
        """(36,) chord chroma, scale chroma, and what the roles before ``role`` sound, at a unit."""
        found = np.zeros(BITS, np.float32)
        found[:12], found[12:24] = self._chord_bits[at], self._scale_bits
        for code in self.codes[: min(role, DRUMS), at].tolist():
            if code >= FIRST_PITCH:
                found[24 + relative_class(code)] = 1.0
        return found

    def bar_steps(self, role: int, bar: Bar) -> list[Step]:
        """The steps that write this role's bar as it stands on the sheet."""
        here = slice(bar.start, bar.start + bar.units)
        codes, onsets = self.codes[role, here].tolist(), self.onsets[role, here].tolist()
        changes = self.changes[here].tolist() if role in VOICES else [False] * bar.units
        steps: list[Step] = []
        at = 0
        while at < bar.units:
            stop = at + 1
            while (
                stop < min(bar.units, at + LONGEST)
                and not onsets[stop]
                and codes[stop] == codes[at]
                and not changes[stop]
            ):
                stop += 1
            starts = codes[at] == REST or onsets[at]
            steps.append(Step(codes[at] if starts else TIE, stop - at))
            at = stop
        return steps


def reference_at(steps: Sequence[Step], position: int) -> tuple[int, int]:
    """What a referenced bar does at a position: (code, 0 nothing | 1 sounding | 2 onset)."""
    at = 0
    for step in steps:
        if at <= position < at + step.units:
            if step.code == REST:
                return REST, 2 if at == position else 1
            code = step.code if step.code != TIE else NOTHING
            return code, 2 if at == position and step.code != TIE else 1
        at += step.units
    return NOTHING, 0


def _next_changes(
    roots: np.ndarray, chromas: np.ndarray, following: tuple[int, int] | None
) -> tuple[np.ndarray, np.ndarray]:
    """For every unit: the root of the next harmony, and a bucket of the time until it comes."""
    units = len(roots)
    after = np.full(units, 12, np.int64)
    until = np.full(units, 8, np.int64)
    root, where = 12, -1
    if following is not None and following != (roots[-1], chromas[-1]):
        root, where = following[0], units
        after[-1], until[-1] = root, 0
    for at in range(units - 2, -1, -1):
        if roots[at] != roots[at + 1] or chromas[at] != chromas[at + 1]:
            root, where = int(roots[at + 1]), at + 1
        after[at] = root
        if where >= 0:
            until[at] = min(7, (where - at - 1) // 6)
    return after, until


def _bits(masks: np.ndarray) -> np.ndarray:
    """(n,) 12-bit masks → (n, 12) floats."""
    return ((masks[:, None] >> np.arange(12)) & 1).astype(np.float32)
