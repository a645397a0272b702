"""What a brief binds, read from the file: length, bars, meter, tempo, players, hits, ranges."""

from collections.abc import Iterator

from msgspec import Struct

from engine.reports.instruments import FAMILIES, playable
from engine.reports.midi_file import Player
from engine.reports.takes import Take

BPM_TOLERANCE = 0.01  # a file keeps whole microseconds per quarter
OPEN_HIT_S = 0.030
EARLY = 1 / 12  # of a quarter: players stand so far off the grid
ACCENTED = 2  # parts that must accent a hit
ACCENT = 0.75  # share of the notes around than which an accent is not softer


class Check(Struct, frozen=True, kw_only=True):
    """One thing that was asked and whether the file has it."""

    name: str
    passed: bool
    detail: str = ""


def checks(take: Take) -> list[Check]:
    """Every check of one take; what was not asked for is compared with the plan."""
    return [
        _length(take),
        _bars(take),
        _meter(take),
        _tempo(take),
        *_players(take),
        *hits(take),
        *ranges(take),
    ]


def _length(take: Take) -> Check:
    """The end of the last track against the file's exact frames, to 1 ms or half a tick."""
    asked = take.resolved.duration_frames / take.resolved.delivery.sample_rate
    found = take.file.end * take.file.tick_s
    slack = 0.001 + (0.0 if take.resolved.kind == "loop" else take.file.tick_s / 2)
    overhang = max((n.start + n.length for p in take.players for n in p.notes), default=0)
    passed = abs(found - asked) <= slack and overhang <= take.file.end
    return Check(
        name="length", passed=passed, detail=f"{found * 1000:.2f} ms, asked {asked * 1000:.2f} ms"
    )


def _bars(take: Take) -> Check:
    """The bar in which the last note begins, counted from one; accents on a picture's hits that
    stand in the ring, after the last bar, are left aside."""
    grain = EARLY * take.file.division
    sixteenth = take.file.division / 4
    ring = take.plan.bars * take.file.bar - sixteenth
    asked_at = [
        at
        for ms in take.resolved.hits
        if (at := ms / 1000 / take.file.tick_s) > ring + sixteenth / 2
    ]
    last = max(
        (
            note.start
            for player in take.players
            for note in player.notes
            if all(abs(note.start - at) > sixteenth for at in asked_at)
        ),
        default=0,
    )
    found = int((last + grain) // take.file.bar) + 1
    asked = take.resolved.bars or take.plan.bars
    whole = take.file.end % take.file.bar == 0 if take.resolved.kind == "loop" else True
    return Check(
        name="bars", passed=found == asked and whole, detail=f"{found} bars, asked {asked}"
    )


def _meter(take: Take) -> Check:
    found = [meter for _, meter in take.file.meters]
    asked = take.resolved.meter
    return Check(name="meter", passed=found == [asked], detail=f"{found}, asked {asked}")


def _tempo(take: Take) -> Check:
    """The only tempo event: the asked number, or inside the range that was left open.

    Where length and bars were both asked for they decide the tempo, so only its presence counts.
    """
    resolved, found = take.resolved, take.file.bpm
    if resolved.bpm is not None:
        good = abs(found - resolved.bpm) <= BPM_TOLERANCE
    elif resolved.bars is not None:
        good = True
    else:
        low, high = resolved.bpm_range
        good = low - BPM_TOLERANCE <= found <= high + BPM_TOLERANCE
    asked = resolved.bpm or resolved.bpm_range
    return Check(
        name="tempo",
        passed=good and len(take.file.tempos) == 1,
        detail=f"{found:.3f} bpm, asked {asked}",
    )


def _players(take: Take) -> Iterator[Check]:
    heard = ", ".join(
        f"{'kit' if one.track.drums else one.track.program} {one.track.name}"
        for one in take.players
    )
    for name in take.resolved.require:
        found = any(answers(one, name) for one in take.players)
        yield Check(name="required", passed=found, detail=f"{name} required, heard {heard}")
    for name in take.resolved.forbid:
        found = [one.track.name for one in take.players if answers(one, name)]
        yield Check(
            name="forbidden", passed=not found, detail=f"{name} forbidden, heard {', '.join(found)}"
        )


def answers(player: Player, name: str) -> bool:
    """Whether a track counts as a family (by its program) or a role group (by its planned role)."""
    if name in ("drums", "percussion"):
        return player.track.drums
    if name == player.part.group:
        return True
    return not player.track.drums and player.track.program in FAMILIES.get(name, frozenset())


# --- hits -----------------------------------------------------------------------------------------


def hits(take: Take) -> Iterator[Check]:
    """At every asked moment at least two parts begin an accented note.

    Within 30 ms where the tempo was open, within one sixteenth where it was fixed. Accented: as
    loud as three of four notes of the part in the bar before and the bar after, or louder.
    """
    fixed = take.resolved.bpm is not None or take.resolved.kind == "loop"
    sixteenth = take.file.tick_s * take.file.division / 4
    for at_ms in take.resolved.hits:
        at = at_ms / 1000
        met = [one for one in take.players if _accents(one, take, at, sixteenth, fixed=fixed)]
        yield Check(
            name="hits, fixed tempo" if fixed else "hits, open tempo",
            passed=len(met) >= ACCENTED,
            detail=f"hit at {at:.3f} s: {len(met)} parts accent it",
        )


def _accents(player: Player, take: Take, at: float, sixteenth: float, *, fixed: bool) -> bool:
    tick_s = take.file.tick_s
    window = sixteenth if fixed else OPEN_HIT_S
    around = take.file.bar * tick_s
    near = [n for n in player.notes if abs(n.start * tick_s - at) <= window]
    usual = [n.velocity for n in player.notes if abs(n.start * tick_s - at) <= around]
    loudest = max((n.velocity for n in near), default=0)
    return bool(near) and sum(one <= loudest for one in usual) >= ACCENT * len(usual)


# --- ranges ---------------------------------------------------------------------------------------


def ranges(take: Take) -> Iterator[Check]:
    """Every part's lowest and highest note against what its instrument can play."""
    for one in take.players:
        if one.role == "fx":
            continue
        low, high = playable(
            one.track.program, drums=one.track.drums, synthesised=one.part.patch is not None
        )
        lowest = min(note.pitch for note in one.notes)
        highest = max(note.pitch for note in one.notes)
        yield Check(
            name="range",
            passed=low <= lowest and highest <= high,
            detail=f"{one.role} {one.track.name} plays {lowest}-{highest}, playable {low}-{high}",
        )
