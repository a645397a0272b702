"""A plan sent back: everything nobody could play is refused, with its place and what would do."""

from typing import Any

import msgspec
import pytest

from engine.contracts import Hit, Outline, OutlinePart, OutlineSection
from engine.errors import Reason
from engine.words.outline import check, facts

SECTION = OutlineSection(
    name="A", bars=4, energy=4, roles=("lead", "bass", "drums"), chords="i | bVI | bIII bVII | %",
    patterns=("groove.mid",),
)  # fmt: skip
PARTS = (
    OutlinePart(role="lead", instrument="Clean guitar", low=55, high=79, velocity=(40, 100)),
    OutlinePart(role="bass", instrument="Finger bass", low=28, high=50, velocity=(40, 100)),
    OutlinePart(role="drums", instrument="Room kit", low=27, high=87, velocity=(32, 120)),
)
PLAN = Outline(
    style="rock", kind="loop", duration_ms=16_000, tempo=120, meter="4/4", tonality="A minor",
    sections=(SECTION, msgspec.structs.replace(SECTION, name="A'", like=0, variation=1)),
    parts=PARTS, contour="min 5:6 4:2 1:8 / r:16", ending="turnaround",
)  # fmt: skip


def _changed(**fields: Any) -> Outline:
    return msgspec.structs.replace(PLAN, **fields)


def _section(at: int = 1, **fields: Any) -> Outline:
    sections = list(PLAN.sections)
    sections[at] = msgspec.structs.replace(sections[at], **fields)
    return _changed(sections=tuple(sections))


def _part(at: int, **fields: Any) -> Outline:
    parts = list(PARTS)
    parts[at] = msgspec.structs.replace(parts[at], **fields)
    return _changed(parts=tuple(parts))


def test_a_plan_that_can_be_played_is_not_refused() -> None:
    assert check(PLAN) == []
    known = facts(PLAN)
    assert (known.bars, known.bpm, known.seconds, known.tonality) == (8, 120, 16.0, "A minor")


REFUSED: list[tuple[Outline, str, str]] = [
    (_changed(style="polka"), "/plan/style", "unknown_style"),
    (_changed(kind="ambience", ending="ring"), "/plan/kind", "contradiction"),
    (_changed(tonality="H minor"), "/plan/tonality", "unknown_tonality"),
    (_changed(tempo=2000), "/plan/tempo", "out_of_range"),
    (_changed(kind="chime", meter="3/4", duration_ms=5_000, ending="ring"), "/plan/meter",
     "contradiction"),
    (_changed(ending="ring"), "/plan/ending", "contradiction"),
    (_changed(kind="bed"), "/plan/ending", "contradiction"),
    (_part(0, low=30), "/plan/parts/0/low", "out_of_range"),
    (_part(1, high=100), "/plan/parts/1/high", "out_of_range"),
    (_changed(duration_ms=15_000), "/plan/duration_ms", "contradiction"),
    (_changed(duration_ms=1_000), "/plan/duration_ms", "out_of_range"),
    (_changed(contour="dur 5:4"), "/plan/contour", "unreadable"),
    (_changed(contour="min 9:16"), "/plan/contour", "unreadable"),
    (_changed(contour="min 5:4"), "/plan/contour", "unreadable"),
    (_changed(hits=(Hit(at_ms=16_100),)), "/plan/hits/0/at_ms", "out_of_range"),
    (_changed(hits=(Hit(at_ms=900), Hit(at_ms=900))), "/plan/hits/1/at_ms", "out_of_order"),
    (_changed(parts=(*PARTS, PARTS[0])), "/plan/parts/3/role", "duplicate"),
    (_changed(parts=PARTS[2:]), "/plan/parts", "contradiction"),
    (_part(0, role="fx", instrument="riser"), "/plan/parts/0/role", "unknown_role"),
    (_part(0, instrument="Kazoo"), "/plan/parts/0/instrument", "unknown_instrument"),
    (_part(0, instrument="Room kit"), "/plan/parts/0/instrument", "unknown_instrument"),
    (_part(2, instrument="Grand piano"), "/plan/parts/2/instrument", "unknown_instrument"),
    (_part(0, low=79, high=55), "/plan/parts/0/high", "out_of_range"),
    (_part(0, low=120, high=127), "/plan/parts/0/high", "out_of_range"),
    (_part(1, low=110, high=122), "/plan/parts/1/low", "out_of_range"),
    (_part(0, velocity=(100, 40)), "/plan/parts/0/velocity", "out_of_order"),
    (_section(chords="i | bVI | bIII | Hm"), "/plan/sections/1/chords", "unknown_chord"),
    (_section(chords="i | bVI | bIII | V/7"), "/plan/sections/1/chords", "unknown_chord"),
    (_section(chords="% | bVI | bIII | V"), "/plan/sections/1/chords", "unknown_chord"),
    (_section(chords="i | | bIII | V"), "/plan/sections/1/chords", "unknown_chord"),
    (_section(chords="i | bVI | bIII"), "/plan/sections/1/chords", "contradiction"),
    (_section(chords="i | bVI | bIII | i V i V i"), "/plan/sections/1/chords", "out_of_range"),
    (_section(like=1), "/plan/sections/1/like", "out_of_order"),
    (_section(at=0, like=0), "/plan/sections/0/like", "out_of_order"),
    (_section(like=None), "/plan/sections/1/variation", "contradiction"),
    (_section(roles=()), "/plan/sections/1/roles", "too_few"),
    (_section(roles=("lead", "pad")), "/plan/sections/1/roles/1", "unknown_role"),
    (_section(roles=("lead", "lead")), "/plan/sections/1/roles/1", "duplicate"),
    (_section(patterns=("groove.samba",)), "/plan/sections/1/patterns/0", "unknown_pattern"),
]  # fmt: skip


@pytest.mark.parametrize(("plan", "pointer", "code"), REFUSED)
def test_what_nobody_could_play_is_refused_where_it_stands(
    plan: Outline, pointer: str, code: str
) -> None:
    assert (pointer, code) in {(one.pointer, one.code) for one in check(plan)}


def _only(reasons: list[Reason], pointer: str) -> Reason:
    (reason,) = [one for one in reasons if one.pointer == pointer]
    return reason


def test_an_unknown_chord_is_named_with_its_bar_and_what_would_be_known() -> None:
    at = "/plan/sections/1/chords"
    reason = _only(check(_section(chords="i | bVI | bIII bVIImega | %")), at)
    assert "bar 3" in reason.detail
    assert "bVIImega" in reason.detail
    assert isinstance(reason.limit, dict)
    assert "maj7" in reason.limit["suffixes"]
    assert "bVI" in reason.limit["degrees"]


@pytest.mark.parametrize("kind", ["bed", "loop"])
@pytest.mark.parametrize("duration_ms", [12_000, 15_900, 21_000, 40_000])
def test_the_nearest_length_and_the_nearest_tempo_are_accepted(kind, duration_ms: int) -> None:
    ending = "turnaround" if kind == "loop" else "ring"
    asked = _changed(kind=kind, duration_ms=duration_ms, ending=ending)
    reasons = check(asked)
    if kind == "bed" and duration_ms == 21_000:
        assert reasons == []  # what remains rings out
        return
    limit = _only(reasons, "/plan/duration_ms").limit
    assert isinstance(limit, dict)
    assert {"duration_ms", "tempo", "bars"} <= limit.keys()
    for field in ("duration_ms", "tempo"):
        assert check(msgspec.structs.replace(asked, **{field: limit[field]})) == []


def test_everything_wrong_is_said_at_once() -> None:
    worst = msgspec.structs.replace(_part(0, instrument="Kazoo"), style="polka", tonality="X")
    assert len(check(worst)) >= 3
