"""The drum stem of a take against the grid: are the strokes heard where they are on paper?"""

from collections.abc import Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from engine.contracts import Plan
from engine.render import render
from engine.render.banks import Bank
from engine.reports import onsets
from engine.reports.midi_file import Player
from engine.reports.takes import Take
from engine.score import Note

SAMPLE_RATE = 48_000
CLOSE_S = 0.010
HEARD_S = 0.030  # a stroke with no onset so near is covered by what rings: it was not heard at all
GHOST = 40  # strokes softer than this are covered by what rings
MOVED_S = (-0.053, -0.041, 0.037, 0.047)  # how far the grid is moved to see what chance would give
Sound = NDArray[np.floating]


class Stroke(Struct, frozen=True, kw_only=True):
    """A place of the grid at which something is struck."""

    at: float  # seconds
    velocity: int  # of the loudest
    keys: tuple[int, ...]


class Wave(Struct, frozen=True, kw_only=True):
    """How many grid places with strokes were heard, how many within 10 ms, and what was not."""

    places: int  # without ghosts
    heard: int
    met: int
    soft: int  # ghosts
    soft_met: int
    by_chance: float  # share that would be met were the grid elsewhere
    missed: tuple[str, ...]
    levels_db: tuple[float, ...]  # of each section of the mix


def wave_of(take: Take, bank: Bank) -> Wave:
    """Render a take with its stems apart and listen to the drums."""
    loop = take.resolved.kind == "loop"
    rate = take.resolved.delivery.sample_rate
    frames = round(take.resolved.duration_frames * SAMPLE_RATE / rate)
    stems = render(take.score, bank, frames=frames, loop=loop, seed=take.seed, apart=True).groups
    drums = [one for one in take.players if one.track.drums]
    wanted = places(drums, take, frames / SAMPLE_RATE)
    heard = onsets.onsets(stems["drums"], SAMPLE_RATE) if "drums" in stems else np.zeros(0)
    mix = np.sum(list(stems.values()), axis=0)
    return matched(wanted, heard, levels(mix, take))


def matched(
    wanted: Sequence[Stroke], heard: NDArray[np.float64], levels_db: tuple[float, ...] = ()
) -> Wave:
    """Each place of the grid with the nearest onset that was heard."""
    plain = [one for one in wanted if one.velocity >= GHOST]
    soft = [one for one in wanted if one.velocity < GHOST]
    off = [nearest(one.at, heard) for one in plain]
    missed = [
        f"keys {' '.join(str(key) for key in one.keys)}, velocity {one.velocity}, at {one.at:.3f} s"
        for one, away in zip(plain, off, strict=True)
        if abs(away) > CLOSE_S
    ]
    moved = [abs(nearest(one.at + by, heard)) for one in plain for by in MOVED_S]
    moved = [away for away in moved if away <= HEARD_S]
    return Wave(
        places=len(plain),
        heard=sum(abs(away) <= HEARD_S for away in off),
        met=len(plain) - len(missed),
        soft=len(soft),
        soft_met=sum(abs(nearest(one.at, heard)) <= CLOSE_S for one in soft),
        by_chance=sum(away <= CLOSE_S for away in moved) / len(moved) if moved else 0.0,
        missed=tuple(missed),
        levels_db=levels_db,
    )


def nearest(at: float, heard: NDArray[np.float64]) -> float:
    """Seconds from a place to the nearest onset; infinite where nothing was heard."""
    if not len(heard):
        return float("inf")
    return float(heard[np.abs(heard - at).argmin()] - at)


def places(drums: Sequence[Player], take: Take, end_s: float) -> list[Stroke]:
    """Every place of the swung grid at which the file has strokes."""
    grid = grid_ticks(take.plan, take.file.bar, take.file.division)
    struck: dict[float, list[Note]] = {}
    for player in drums:
        for note in player.notes:
            bar, inside = divmod(note.start, take.file.bar)
            place = min(grid, key=lambda one, inside=inside: abs(one - inside))
            struck.setdefault((bar * take.file.bar + place) * take.file.tick_s, []).append(note)
    return [
        Stroke(
            at=at,
            velocity=max(note.velocity for note in notes),
            keys=tuple(note.pitch for note in notes),
        )
        for at, notes in sorted(struck.items())
        if at < end_s - 0.02
    ]


def grid_ticks(plan: Plan, bar: float, division: int) -> list[float]:
    """Ticks in a bar where a player may strike; the next bar line belongs to it.

    Sixteenths, swung in 4/4 and 3/4; beside straight ones and swung eighths also triplets. Beats of
    6/8 and 12/8 fall into three of themselves and are never swung.
    """
    quarter = float(division)
    straight = [k * quarter / 4 for k in range(round(bar / quarter * 4))]
    if plan.meter in ("6/8", "12/8"):
        return [*straight, bar]
    triplets = [k * quarter / 3 for k in range(round(bar / quarter * 3))]
    pair = quarter / 2 if plan.swing_unit == 16 else quarter
    swung = {swing(at, pair, plan.swing) for at in straight}
    if plan.swing == 0.5 or plan.swing_unit == 8:
        swung |= set(triplets)
    return [*sorted(swung), bar]


def swing(tick: float, pair: float, share: float) -> float:
    """A tick of the straight grid where swing puts it: the middle of a pair goes to ``share``."""
    whole, inside = divmod(tick, pair)
    half = pair / 2
    if inside <= half:
        return whole * pair + inside * 2 * share
    return whole * pair + pair * share + (inside - half) * 2 * (1 - share)


def levels(mix: Sound, take: Take) -> tuple[float, ...]:
    """Mean level of each section of the mix in dB of full scale."""
    bar = take.file.bar * take.file.tick_s * SAMPLE_RATE
    found = []
    for section in take.plan.sections:
        first, last = round(section.bar * bar), round((section.bar + section.bars) * bar)
        piece = mix[first:last]
        power = float(np.mean(np.square(piece, dtype=np.float64))) if len(piece) else 0.0
        found.append(10 * float(np.log10(power + 1e-12)))
    return tuple(found)
