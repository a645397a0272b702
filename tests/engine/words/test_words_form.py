"""Hits, sections and endings, read from words and taken from fields."""

from typing import Any

import pytest

from engine.contracts import Brief, Hit, SectionBrief
from engine.errors import BriefRefused
from engine.words import resolve
from engine.words.draft import printed_shape
from engine.words.reader import read


def refused(**fields: Any) -> dict[str, object]:
    """Pointers of a refusal, with what would be accepted."""
    with pytest.raises(BriefRefused) as refusal:
        resolve(Brief(**fields), 1)
    return {reason.pointer: reason.limit for reason in refusal.value.reasons}


def sections(*names: str, bars: int | None = None) -> tuple[SectionBrief, ...]:
    return tuple(SectionBrief(name=name, bars=bars) for name in names)


def hits(*moments: int) -> tuple[Hit, ...]:
    return tuple(Hit(at_ms=at) for at in moments)


@pytest.mark.parametrize(
    ("prompt", "moments"),
    [
        ("hit at 0:08 and 12.5 seconds", (8_000, 12_500)), ("accent at 8s", (8_000,)),
        ("第8秒重音", (8_000,)), ("在 0:12 卡点", (12_000,)),
        ("重音在第5秒和第10秒", (5_000, 10_000)),
        ("第3、7和12秒卡点", (3_000, 7_000, 12_000)), ("accents: 0:07, 0:03", (3_000, 7_000)),
        ("big hits at 4, 8 and 12 seconds, 30 seconds long", (4_000, 8_000, 12_000)),
        ("At 0:05 and 0:05 we need hard hits. 20 s", (5_000,)),
        ("logo reveal at 0:27, 30s", (27_000,)), ("sync to picture at 5.2s", (5_200,)),
        ("時長30秒，第8秒重音", (8_000,)), ("hit 在 1分20秒", (80_000,)), ("hit at 800 ms", (800,)),
        ("15秒卡点视频", ()), ("no hits at 5 s", ()), ("30 seconds, hits hard", ()),
        ("drop 808s", ()), ("ends at 0:30", ()), ("第8秒不要重音", ()),
    ],
)  # fmt: skip
def test_hits_are_read_as_people_write_them(prompt: str, moments: tuple[int, ...]) -> None:
    assert read(prompt).hits == moments


@pytest.mark.parametrize(
    ("prompt", "form"),
    [
        ("intro, verse, chorus, bridge", "i A B C"), ("AABA", "A A B A"), ("ABA 曲式", "A B A"),
        ("A B A' form", "A B A'"), ("form: a-a'-b-a''", "A A' B A''"),
        ("i4 A8 B8 A'8 e2", "i:4 A:8 B:8 A':8 e:2"), ("4 bar intro then verse", "i:4 A"),
        ("前奏、主歌、副歌", "i A B"), ("前奏4小节，主歌八小节，间奏，副歌", "i:4 A:8 br B"),
        ("起承转合", "A A' B A''"), ("verse, chorus x2, bridge", "A B B C"),
        ("a 16 bar verse with strings, then a big 8-bar chorus and a 2-bar outro", "A:16 B:8 e:2"),
        ("intro of 8 bars. Rock with guitars. An 8-bar ending", "i:8 e:8"),
        ("AABA with a 4-bar intro", "i:4 A A B A"), ("verse 1, chorus, verse 2", "A B A"),
        ("三段体", "A B A"), ("rondo form", "A B A C A"),
        ("intro - build - drop - break", "i A B br"),
        ("podcast intro and outro", ""), ("ABBA style", ""), ("add a bad cab", ""),
        ("no drums in the chorus", ""), ("no 4 bar intro", ""), ("结尾淡出", ""),
    ],
)  # fmt: skip
def test_forms_are_read_as_people_write_them(prompt: str, form: str) -> None:
    assert printed_shape(read(prompt).sections) == form


@pytest.mark.parametrize(
    ("prompt", "ending"),
    [
        ("hard stop", "button"), ("a button ending", "button"), ("戛然而止", "button"),
        ("let it ring out", "ring"), ("余音袅袅", "ring"), ("fade out", "fade"), ("淡出", "fade"),
        ("open ending", "open"), ("悬念结尾", "open"), ("no fade out", None), ("不要淡出", None),
        ("don't fade-out", None), ("不要淡出，戛然而止", "button"), ("calm", None),
    ],
)  # fmt: skip
def test_endings_are_read_and_refused_ones_are_not_made(prompt: str, ending: str | None) -> None:
    assert read(prompt).ending == ending
    assert resolve(Brief(prompt=prompt), 1).ending == ending


def test_the_words_of_form_hits_and_ending_come_back_as_readings() -> None:
    resolved = resolve(Brief(prompt="4 bar intro, verse, chorus, hit at 0:08, ring out"), 1)
    said = {reading.field: (reading.value, reading.words) for reading in resolved.readings}
    assert said["sections"] == ("i:4 A B", "4 bar intro, verse, chorus")
    assert said["hits"] == ("8000", "hit at 0:08")
    assert said["ending"] == ("ring", "ring out")
    assert resolved.ignored == ()


def test_fields_win_over_words_about_form_and_hits() -> None:
    resolved = resolve(
        Brief(prompt="AABA, hit at 0:08", sections=sections("A", "B"), hits=hits(9_000, 4_000)), 1
    )
    assert [section.name for section in resolved.sections] == ["A", "B"]
    assert resolved.hits == (4_000, 9_000)
    assert {"aaba", "hit at 0:08"} <= set(resolved.ignored)


def test_hits_outside_the_length_are_refused_with_their_place_and_the_length() -> None:
    outside = refused(duration_ms=30_000, hits=hits(8_000, 30_000, 31_000))
    assert outside == {"/hits/1/at_ms": 30_000, "/hits/2/at_ms": 30_000}
    assert refused(prompt="30 seconds, hit at 0:45") == {"/prompt": 30_000}


def test_words_hits_outside_a_field_of_length_are_left_aside_alone() -> None:
    resolved = resolve(Brief(prompt="hits at 0:08 and 0:45", duration_ms=30_000), 1)
    assert resolved.hits == (8_000,)
    assert "hit at 45 s" in resolved.ignored
    assert [r.value for r in resolved.readings if r.field == "hits"] == ["8000"]


def test_a_bed_whose_length_is_open_is_long_enough_for_its_last_hit() -> None:
    resolved = resolve(Brief(hits=hits(75_000)), 1)
    assert resolved.duration_ms == 80_000
    assert any("80 s" in chosen for chosen in resolved.defaults)


def test_a_chime_meets_no_hits_and_has_no_sections() -> None:
    asked = {"kind": "chime", "hits": hits(500), "sections": sections("A")}
    assert set(refused(**asked)) == {"/kind", "/hits", "/sections"}
    resolved = resolve(Brief(prompt="door chime, hit at 0:01, AABA form, fade out"), 1)
    assert (resolved.hits, resolved.sections, resolved.ending) == ((), (), None)
    assert {"hit at 0:01", "aaba form", "fade out"} <= set(resolved.ignored)


def test_a_loop_comes_round_and_has_no_other_ending() -> None:
    resolved = resolve(Brief(prompt="rock loop with a hard stop"), 1)
    assert resolved.ending is None
    assert "hard stop" in resolved.ignored


def test_sections_whose_bars_are_all_given_fix_the_bars() -> None:
    assert resolve(Brief(kind="loop", sections=sections("A", "B", bars=6)), 1).bars == 12
    resolved = resolve(Brief(prompt="4 bar intro, 8 bar verse, 8 bar chorus, 96 bpm"), 1)
    assert (resolved.bars, resolved.bpm) == (20, 96)


def test_sections_that_disagree_with_bars_are_refused_with_both_pointers() -> None:
    assert refused(bars=20, sections=sections("A", "B", bars=8)) == {"/sections": 16, "/bars": 16}
    assert refused(bars=1, sections=sections("A", "B")) == {"/sections": 2, "/bars": 2}
    mixed = (SectionBrief(name="A", bars=8), SectionBrief(name="B"))
    assert resolve(Brief(bars=20, sections=mixed), 1).sections == mixed


def test_sections_that_the_length_cannot_hold_are_refused_with_the_nearest_possible() -> None:
    asked = {"duration_ms": 10_000, "bpm": 60.0, "sections": sections("A", "B", bars=8)}
    limits = refused(**asked)
    assert set(limits) == {"/duration_ms", "/sections", "/bpm"}
    nearest = limits["/sections"]
    assert isinstance(nearest, dict)
    assert nearest["bars"] == 2
    fitting = resolve(Brief(**{**asked, "duration_ms": nearest["duration_ms"]}), 1)
    assert fitting.bars == 16
    open_bars = (SectionBrief(name="A", bars=64), SectionBrief(name="B"))
    assert set(refused(duration_ms=5_000, sections=open_bars)) == {"/duration_ms", "/sections"}
    assert set(refused(kind="loop", duration_ms=8_000, bpm=120.0, sections=open_bars)) == {
        "/duration_ms", "/sections", "/bpm",
    }  # fmt: skip


def test_words_bars_of_sections_give_way_to_fields_and_say_so() -> None:
    resolved = resolve(Brief(prompt="4 bar intro, 8 bar verse, 8 bar chorus", bars=12), 1)
    assert resolved.bars == 12
    assert [(one.name, one.bars) for one in resolved.sections] == [
        ("i", None), ("A", None), ("B", None),
    ]  # fmt: skip
    assert any("sections" in chosen for chosen in resolved.defaults)
    none = resolve(Brief(prompt="intro, verse, chorus", bars=2), 1)
    assert none.sections == ()
    assert "intro, verse, chorus" in none.ignored


def test_a_section_may_vary_only_what_stands_before_it() -> None:
    assert set(refused(sections=sections("A'", "A"))) == {"/sections/0/name"}


def test_energy_is_said_once() -> None:
    loud = (SectionBrief(name="A", energy=0.9),)
    assert set(refused(sections=loud, energy=((0.0, 0.1), (1.0, 0.2)))) == {
        "/energy", "/sections/0/energy",
    }  # fmt: skip
    resolved = resolve(Brief(prompt="crescendo", sections=loud), 1)
    assert resolved.energy is None
    assert "crescendo" in resolved.ignored


def test_more_bars_than_a_piece_or_a_section_has_are_refused() -> None:
    assert refused(sections=sections(*["A"] * 7, bars=64)) == {"/sections": 400}
    assert set(refused(prompt="a 90 bar intro")) == {"/prompt"}
    assert set(refused(prompt="0 bar intro")) == {"/prompt"}


@pytest.mark.parametrize(
    "fields",
    [
        {"prompt": "0 bars"}, {"prompt": "500 bars in 3 seconds"}, {"prompt": "rock, 零小节"},
        {"prompt": "五百小节，三秒"},
    ],
)  # fmt: skip
def test_bars_that_cannot_be_are_refused_in_words(fields: dict[str, Any]) -> None:
    assert refused(**fields)["/prompt"]


def test_a_loop_of_no_whole_bars_names_the_nearest_lengths() -> None:
    limits = refused(kind="loop", duration_ms=31_000, bpm=120.0)
    nearest = {"duration_ms": [32_000, 30_000]}
    assert limits == {"/duration_ms": nearest, "/bpm": nearest}
    for length in (32_000, 30_000):
        assert resolve(Brief(kind="loop", duration_ms=length, bpm=120.0), 1).duration_ms == length
