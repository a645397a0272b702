"""Voices on the grid and what the trained critic reads of them: one row of features per stroke.

A *stroke* is a note, or what a bar line cuts off a note: it begins with the note or at the bar
line and ends with the note or at the next bar line. Its features know its own bar and the bars of
its section before it, never a later one, so a bar reads the same whatever follows. Everything is
told from the tonic, the chord and the bar line.

The same functions read one section with numpy while a bar is rated, and thousands of passages with
torch where the critic is trained: ``xp`` is either module. Nothing else is imported here, so that a
machine without the studio's packages can train.
"""

from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

Array = Any  # of numpy or torch

VOICES: tuple[str, ...] = ("lead", "bass", "counter", "upper", "middle", "lower")
METERS: tuple[str, ...] = ("4/4", "3/4", "6/8", "12/8")
SCALES = (0b101010110101, 0b010110101101)  # major, natural minor; bit n = n semitones up
CENTRE = 44  # pitches -44 … +43 around the tonic nearest to middle C
REACH = 8  # bars that are read: the stroke's own and those before it
BACK = (1, 2, 4, 8)  # bars ago that a stroke is compared with
_BEATS = (12, 12, 18, 18)  # units of a beat by meter
_FAR, _NO_MOVE = 16, 33  # semitones; wider moves are the same to us
_AGO = 12

FEATURES: tuple[tuple[str, int], ...] = (
    ("voice", len(VOICES)),
    ("meter", len(METERS)),
    ("position", 73),
    ("length", 73),
    ("tied", 2),
    ("bars before", REACH + 1),
    ("silence before", 8),
    ("since the last onset", 50),
    ("pitch", 2 * CENTRE),
    ("move here", _NO_MOVE + 1),
    ("move before", _NO_MOVE + 1),
    ("move on", _NO_MOVE + 1),
    ("move after next", _NO_MOVE + 1),
    ("above the root", 13),
    ("in chord and scale", 4),
    ("chord root", 13),
    ("next root", 13),
    ("until the chord changes", 9),
    ("beat", 5),
    ("others that strike", len(VOICES)),
    ("others that sound", len(VOICES)),
    *((f"against the {voice}", 26) for voice in VOICES),
    *((f"{back} bars ago", 2 * _AGO + 4) for back in BACK),
    *((f"struck meanwhile {back} bars ago", 4) for back in BACK),
    *((f"rhythm of {back} bars ago", 10) for back in BACK),
    *((f"pitches of {back} bars ago", 10) for back in BACK),
)
WIDTHS = np.array([width for _, width in FEATURES])
OFFSETS = np.concatenate([[0], np.cumsum(WIDTHS)[:-1]]).astype(np.int64)
TABLE_ROWS = int(WIDTHS.sum())


class Grid(NamedTuple):
    """Passages side by side, in one meter, all of ``units`` a multiple of ``size``.

    ``pitch`` (passages, voices, units) 0 silent or 1-88 · ``onset`` the same shape, whether a note
    begins · ``root`` 0-12 and ``mask`` (passages, units) the harmony from the tonic · ``scale``
    (passages,) 12 bits · ``first`` (passages,) the bar with which the section begins: nothing
    before it is known · ``size`` units of a bar · ``meter`` index into METERS.
    """

    pitch: Array
    onset: Array
    root: Array
    mask: Array
    scale: Array
    first: Array
    size: int
    meter: int


class Where(NamedTuple):
    """Strokes: passage, voice and unit of each, (strokes,) every one."""

    row: Array
    voice: Array
    unit: Array


def folded(relative: int) -> int:
    """A pitch from the tonic, by octaves into the span that is read."""
    while relative >= CENTRE:
        relative -= 12
    while relative < -CENTRE:
        relative += 12
    return relative


def begins(xp: ModuleType, grid: Grid) -> Array:
    """(passages, voices, units) where a stroke begins, in the section's own bars."""
    unit = _units(xp, grid.pitch)
    known = unit >= (grid.first * grid.size)[:, None, None]
    return (grid.pitch > 0) & (grid.onset | (unit % grid.size == 0)) & known


def features(xp: ModuleType, grid: Grid, at: Where) -> Array:
    """(strokes, FEATURES) table rows without offsets, as 64-bit integers."""
    chart = _chart(xp, grid)
    return xp.stack(
        [
            *_place(xp, grid, chart, at),
            *_melody(xp, grid, chart, at),
            *_harmony(xp, grid, chart, at),
            *_together(xp, grid, at),
            *_as_before(xp, grid, chart, at),
        ],
        -1,
    )


class _Chart(NamedTuple):
    """For every unit of every voice: where things last and next were, as units."""

    stop: Array  # the next change or bar line
    onset_before: Array  # the last onset before it, -1 where there is none
    onset_after: Array  # the next onset after it, beyond the end where there is none
    sound_before: Array  # the last unit before it that sounds
    struck: Array  # onsets before it
    change: Array  # (passages, units) the next unit with another harmony


def _chart(xp: ModuleType, grid: Grid) -> _Chart:
    pitch, onset = grid.pitch, grid.onset
    unit = _units(xp, pitch)
    total = pitch.shape[-1]
    known = unit >= (grid.first * grid.size)[:, None, None]
    onset = onset & known & (pitch > 0)
    other = _shifted(xp, pitch, 1) != pitch
    edge = onset | other | (unit % grid.size == 0)
    moves = _moves(xp, grid)
    return _Chart(
        stop=_next(xp, edge, unit, total),
        onset_before=_last(xp, onset, unit),
        onset_after=_next(xp, onset, unit, total),
        sound_before=_last(xp, (pitch > 0) & known, unit),
        struck=xp.cumsum(_whole(xp, onset), -1) - _whole(xp, onset),
        change=_next(xp, moves, _units(xp, grid.root), total),
    )


def _moves(xp: ModuleType, grid: Grid) -> Array:
    """(passages, units) whether another harmony begins."""
    return (_shifted(xp, grid.root, 1) != grid.root) | (_shifted(xp, grid.mask, 1) != grid.mask)


def _units(xp: ModuleType, like: Array) -> Array:
    return xp.cumsum(_whole(xp, xp.ones_like(like)), -1) - 1


def _whole(xp: ModuleType, values: Array) -> Array:
    """As 64-bit integers."""
    return values.astype(np.int64) if xp is np else values.long()


def _kept(xp: ModuleType, values: Array, low: int, high: int) -> Array:
    """Values inside bounds; numpy's own way of it is slow for few of them."""
    return np.minimum(np.maximum(values, low), high) if xp is np else xp.clip(values, low, high)


def _shifted(xp: ModuleType, values: Array, by: int) -> Array:
    """Each unit's value ``by`` units ago; the first ones keep what stands there."""
    return xp.concatenate([values[..., :by], values[..., :-by]], -1)


def _last(xp: ModuleType, marks: Array, unit: Array) -> Array:
    """The last marked unit before each, -1 where there is none."""
    found = xp.where(marks, unit, -1)
    highest = np.maximum.accumulate(found, -1) if xp is np else xp.cummax(found, -1).values
    return xp.concatenate([xp.zeros_like(highest[..., :1]) - 1, highest[..., :-1]], -1)


def _next(xp: ModuleType, marks: Array, unit: Array, total: int) -> Array:
    """The next marked unit after each, ``total`` where there is none."""
    found = xp.flip(xp.where(marks, unit, total), (-1,))
    lowest = np.minimum.accumulate(found, -1) if xp is np else xp.cummin(found, -1).values
    lowest = xp.flip(lowest, (-1,))
    return xp.concatenate([lowest[..., 1:], xp.zeros_like(lowest[..., :1]) + total], -1)


def _read(xp: ModuleType, values: Array, at: Where, unit: Array) -> Array:
    """Values of the strokes' own voices at other units, which are kept inside the grid."""
    kept = _kept(xp, unit, 0, values.shape[-1] - 1)
    return _whole(xp, values[at.row, at.voice, kept])


def _place(xp: ModuleType, grid: Grid, chart: _Chart, at: Where) -> list[Array]:
    """Voice, meter, position, length, tied, bars before, silence before, since the last onset."""
    unit, size = at.unit, grid.size
    place, bar = unit % size, unit // size
    tied = 1 - _read(xp, grid.onset, at, unit)
    sound = _read(xp, chart.sound_before, at, unit)
    onset = _read(xp, chart.onset_before, at, unit)
    silence = xp.where(sound < 0, 42, unit - sound - 1)
    return [
        at.voice,
        xp.zeros_like(unit) + grid.meter,
        place,
        _kept(xp, _read(xp, chart.stop, at, unit) - unit, 0, 72),
        tied,
        _kept(xp, bar - grid.first[at.row], 0, REACH),
        _kept(xp, silence // 6, 0, 7),
        xp.where(onset < 0, 49, _kept(xp, unit - onset, 0, 48)),
    ]


def _melody(xp: ModuleType, grid: Grid, chart: _Chart, at: Where) -> list[Array]:
    """Pitch; moves from the note before, before that, to the next and the one after it in the
    bar."""
    pitch = _read(xp, grid.pitch, at, at.unit)
    before = _read(xp, chart.onset_before, at, at.unit)
    earlier = xp.where(before < 0, -1, _read(xp, chart.onset_before, at, before))
    limit = (at.unit // grid.size + 1) * grid.size
    after = _read(xp, chart.onset_after, at, at.unit)
    later = xp.where(after >= limit, limit, _read(xp, chart.onset_after, at, after))
    at_before, at_after = _read(xp, grid.pitch, at, before), _read(xp, grid.pitch, at, after)

    def move(one: Array, other: Array, known: Array) -> Array:
        return xp.where(known, _kept(xp, other - one, -_FAR, _FAR) + _FAR, _NO_MOVE)

    return [
        _kept(xp, pitch - 1, 0, 2 * CENTRE - 1),
        move(at_before, pitch, before >= 0),
        move(_read(xp, grid.pitch, at, earlier), at_before, earlier >= 0),
        move(pitch, at_after, after < limit),
        move(at_after, _read(xp, grid.pitch, at, later), later < limit),
    ]


def _harmony(xp: ModuleType, grid: Grid, chart: _Chart, at: Where) -> list[Array]:
    """Above the root, in chord and scale, root, next root, until the chord changes, beat."""
    total = grid.root.shape[-1]
    root, mask = _whole(xp, grid.root[at.row, at.unit]), _whole(xp, grid.mask[at.row, at.unit])
    change = chart.change[at.row, at.unit]
    after = _whole(xp, grid.root[at.row, _kept(xp, change, 0, total - 1)])
    relative = (_read(xp, grid.pitch, at, at.unit) - 1 - CENTRE) % 12
    place, beat = at.unit % grid.size, _BEATS[grid.meter]
    half = 6 if beat == 12 else beat // 3
    strength = xp.where(
        place == 0, 0,
        xp.where(place % beat == 0, xp.where(place * 2 == grid.size, 1, 2),
                 xp.where(place % half == 0, 3, 4)),
    )  # fmt: skip
    return [
        xp.where(root == 12, 12, (relative - root) % 12),
        (mask >> relative & 1) + 2 * (_whole(xp, grid.scale)[at.row] >> relative & 1),
        root,
        xp.where(change >= total, 12, after),
        _kept(xp, (change - at.unit - 1) // 6, 0, 8),
        strength,
    ]


def _together(xp: ModuleType, grid: Grid, at: Where) -> list[Array]:
    """Other voices that strike and that sound; the pitch class over each, and whether it strikes
    too: 24 where it is silent, 25 for itself."""
    pitch = _read(xp, grid.pitch, at, at.unit)
    against, strikes, sounds = [], xp.zeros_like(pitch), xp.zeros_like(pitch)
    for voice in range(len(VOICES)):
        under = _whole(xp, grid.pitch[at.row, voice, at.unit])
        struck = _whole(xp, grid.onset[at.row, voice, at.unit]) * _whole(xp, under > 0)
        own = at.voice == voice
        apart = (pitch - under) % 12 + 12 * struck
        against.append(xp.where(own, 25, xp.where(under == 0, 24, apart)))
        strikes = strikes + xp.where(own, 0, struck)
        sounds = sounds + xp.where(own, 0, _whole(xp, under > 0))
    return [strikes, sounds, *against]


def _as_before(xp: ModuleType, grid: Grid, chart: _Chart, at: Where) -> list[Array]:
    """What the voice had at this place some bars ago, how often it struck there while this stroke
    lasts, and how much of the whole bar is like that one."""
    pitch = _read(xp, grid.pitch, at, at.unit)
    stop = _read(xp, chart.stop, at, at.unit)
    first = grid.first[at.row] * grid.size
    bar = at.unit // grid.size
    there, struck, rhythm, pitches = [], [], [], []
    for back in BACK:
        by = back * grid.size
        then = at.unit - by
        known = then >= first
        was = _read(xp, grid.pitch, at, then)
        began = _read(xp, grid.onset, at, then) > 0
        apart = _kept(xp, pitch - was, -_AGO, _AGO) + _AGO + 3
        there.append(xp.where(known, xp.where(was == 0, 1, xp.where(began, apart, 2)), 0))
        during = _read(xp, chart.struck, at, stop - by - 1) - _read(xp, chart.struck, at, then)
        during = during + _read(xp, grid.onset, at, stop - by - 1) - _whole(xp, began)
        struck.append(xp.where(known, _kept(xp, during, 0, 2), 3))
        for found, like in zip((rhythm, pitches), _likeness(xp, grid, by), strict=True):
            found.append(xp.where(known, like[at.row, at.voice, bar], 9))
    return [*there, *struck, *rhythm, *pitches]


def _likeness(xp: ModuleType, grid: Grid, by: int) -> tuple[Array, Array]:
    """(passages, voices, bars) eighths of the onsets that a bar shares with the one some units
    ago, and of those with the same pitch."""
    onset, pitch = grid.onset & (grid.pitch > 0), grid.pitch
    if by >= onset.shape[-1]:
        nothing = _count(xp, onset, grid.size) * 0
        return nothing, nothing
    here, then = onset[..., by:], onset[..., :-by]
    both = here & then
    either = _kept(xp, _count(xp, here | then, grid.size), 1, 10**6)
    same = both & (pitch[..., by:] == pitch[..., :-by])
    early = _count(xp, onset[..., :by], grid.size) * 0
    found = (8 * _count(xp, one, grid.size) // either for one in (both, same))
    rhythm, pitches = (xp.concatenate([early, one], -1) for one in found)
    return rhythm, pitches


def _count(xp: ModuleType, marks: Array, size: int) -> Array:
    """How many units of every bar are marked."""
    bars = marks.reshape(*marks.shape[:-1], marks.shape[-1] // size, size)
    return _whole(xp, bars).sum(-1)


def angles(xp: ModuleType, bar: Array, place: Array, width: int) -> Array:
    """(strokes, width) by which a stroke's queries and keys are turned: half of them by its bar,
    half by its unit in the bar, so that attention sees how far apart two strokes are."""
    half = width // 2
    quick = np.geomspace(1.2, 0.12, half).astype(np.float32)
    slow = np.geomspace(0.8, 0.02, width - half).astype(np.float32)
    if xp is not np:
        quick, slow = (xp.as_tensor(one, device=bar.device) for one in (quick, slow))
    return xp.concatenate([bar[..., None] * quick, place[..., None] * slow], -1)
