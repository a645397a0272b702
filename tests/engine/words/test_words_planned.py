"""A plan in a brief binds: fields must agree with it, words yield to it."""

from typing import Any

import pytest
from msgspec import structs

from engine.contracts import (
    Brief,
    Delivery,
    Hit,
    Instruments,
    Outline,
    OutlinePart,
    OutlineSection,
    Resolved,
    SectionBrief,
)
from engine.errors import BriefRefused
from engine.words import resolve

SECTION = OutlineSection(
    name="A", bars=7, energy=4, roles=("lead", "bass", "drums"), chords="i | % | % | % | % | % | %"
)
PLAN = Outline(
    style="rock",
    kind="loop",
    duration_ms=17_231,
    tempo=97.5,
    meter="4/4",
    tonality="A minor",
    sections=(structs.replace(SECTION),),
    parts=(
        OutlinePart(role="lead", instrument="Clean guitar", low=55, high=79, velocity=(40, 100)),
        OutlinePart(role="bass", instrument="bass_saw", low=28, high=50, velocity=(40, 100)),
        OutlinePart(role="drums", instrument="Room kit", low=27, high=87, velocity=(32, 120)),
    ),
    ending="turnaround",
    hits=(Hit(at_ms=2_000),),
)


def bound(**fields: Any) -> Resolved:
    return resolve(Brief(plan=PLAN, **fields), 1)


def refused(**fields: Any) -> set[str]:
    with pytest.raises(BriefRefused) as refusal:
        resolve(Brief(**{"plan": PLAN, **fields}), 1)
    return {reason.pointer for reason in refusal.value.reasons}


def test_a_plan_alone_says_everything_it_binds() -> None:
    resolved = bound()
    assert (resolved.kind, resolved.style, resolved.meter) == ("loop", "rock", "4/4")
    assert (resolved.tonality, resolved.bpm, resolved.bars) == ("A minor", 97.5, 7)
    assert (resolved.duration_ms, resolved.hits, resolved.ending) == (
        17_231,
        (2_000,),
        "turnaround",
    )
    assert resolved.duration_frames == round(7 * 4 * 60 / 97.5 * 48_000)
    assert resolved.plan == PLAN
    assert resolved.sections == ()


def test_fields_that_say_the_same_are_welcome() -> None:
    resolved = bound(
        kind="loop", style="摇滚", meter="4/4", tonality="a小调", bpm=97.5, duration_ms=17_231,
        bars=7, hits=(Hit(at_ms=2_000),), sections=(SectionBrief(name="A", bars=7),),
        instruments=Instruments(require=("guitar", "drums"), forbid=("choir",)),
        delivery=Delivery(sample_rate=44100),
    )  # fmt: skip
    assert resolved.duration_frames == round(7 * 4 * 60 / 97.5 * 44_100)


@pytest.mark.parametrize(
    ("field", "value", "place"),
    [
        ("kind", "bed", "kind"), ("style", "jazz_trio", "style"), ("meter", "3/4", "meter"),
        ("tonality", "A major", "tonality"), ("bpm", 98.0, "tempo"), ("bars", 8, "sections"),
        ("duration_ms", 17_000, "duration_ms"), ("hits", (Hit(at_ms=1),), "hits"),
        ("sections", (SectionBrief(name="B"),), "sections"), ("energy", ((0, 1),), "sections"),
    ],
)  # fmt: skip
def test_a_field_that_says_otherwise_is_refused_with_both_pointers(
    field: str, value: Any, place: str
) -> None:
    assert refused(**{field: value}) == {f"/plan/{place}", f"/{field}"}


def test_instruments_that_the_plan_lacks_or_has_are_refused_with_both_pointers() -> None:
    asked = Instruments(require=("flute",), forbid=("synth_bass",))
    assert refused(instruments=asked) == {
        "/instruments/require/0", "/instruments/forbid/0", "/plan/parts",
    }  # fmt: skip


def test_words_that_say_otherwise_are_left_aside() -> None:
    resolved = bound(
        prompt="slow jazz bed in D minor, 3/4, 120 bpm, 60 seconds, 8 bars, AABA, hit at 0:05, "
        "flute, no drums, crescendo, hard stop, warm"
    )
    left = set(resolved.ignored)
    for words in (
        "slow", "jazz", "bed", "in d minor", "3/4", "120 bpm", "60 seconds", "8 bars", "aaba",
        "hit at 0:05", "flute", "drums", "crescendo", "hard stop",
    ):  # fmt: skip
        assert words in left
    assert structs.replace(resolved, ignored=(), readings=(), moods=()) == bound()
    assert [reading.field for reading in resolved.readings] == ["moods"]


def test_a_plan_nobody_could_play_is_refused_with_its_places() -> None:
    broken = structs.replace(PLAN, style="polka", tonality="H minor")
    assert refused(plan=broken) == {"/plan/style", "/plan/tonality"}


def test_a_chime_of_a_plan_meets_no_hits() -> None:
    section = structs.replace(SECTION, bars=1, chords="i", roles=("lead",))
    chime = structs.replace(
        PLAN, kind="chime", duration_ms=3_000, sections=(section,), ending="ring",
        parts=(PLAN.parts[0],), tempo=100.0,
    )  # fmt: skip
    assert refused(plan=chime) == {"/plan/kind", "/plan/hits"}
    resolved = resolve(Brief(plan=structs.replace(chime, hits=())), 1)
    assert (resolved.kind, resolved.bars, resolved.duration_ms) == ("chime", None, 3_000)
