"""The brief of a family: what it means, and what is refused with which reasons."""

import msgspec
import pytest

from engine.contracts import Delivery, FamilyBrief, FunctionLimits
from engine.errors import BriefRefused, Reason
from engine.words.family import accepted_family, resolve_family
from engine.words.functions import ALL, AMBIENCES, PAIRS, SOUNDS, facts


def refused(brief: FamilyBrief) -> list[Reason]:
    with pytest.raises(BriefRefused) as caught:
        resolve_family(brief, 1)
    return caught.value.reasons


def pointers(brief: FamilyBrief) -> set[str]:
    return {one.pointer for one in refused(brief)}


def limited(function: str, **limits: object) -> FamilyBrief:
    return FamilyBrief(functions=(function,), limits={function: FunctionLimits(**limits)})


def test_an_empty_brief_means_every_single_sound_and_says_what_was_chosen() -> None:
    family = resolve_family(FamilyBrief(), 3)
    assert tuple(one.function for one in family.functions) == SOUNDS
    assert any("tonic" in line for line in family.defaults)
    assert family == resolve_family(FamilyBrief(), 3)


def test_the_body_of_the_design_is_read_as_it_stands() -> None:
    body = b"""{"brand": {"warm": 0.5, "sporty": -1}, "tonic": "Bb",
      "functions": ["welcome", "lock"],
      "limits": {"lock": {"duration_ms": 251}, "all": {"peak_dbfs": -6}},
      "delivery": {"sample_rate": 44100}, "candidates": 3, "seed": 1}"""
    family = resolve_family(msgspec.json.decode(body, type=FamilyBrief), 1)
    assert (family.tonic, family.brand.warm, family.brand.sporty) == ("A#", 0.5, -1.0)
    lock = family.functions[1]
    assert (lock.duration_ms, lock.frames, lock.peak_dbfs) == (251, round(251 * 44.1), -6)
    assert set(lock.asked) == {"duration_ms", "peak_dbfs"}


@pytest.mark.parametrize("function", [one for one in SOUNDS if one != "indicator"])
def test_a_length_to_the_millisecond_from_a_fifth_of_a_second_is_taken(function: str) -> None:
    for duration_ms in (200, 777, 4999):
        family = resolve_family(limited(function, duration_ms=duration_ms), 1)
        assert family.functions[0].frames == duration_ms * 48


def test_the_hum_of_driving_is_one_loop_for_every_speed() -> None:
    family = resolve_family(FamilyBrief(functions=("drive",)), 1)
    names = [one.name for one in family.functions]
    assert names == ["drive_000", "drive_040", "drive_080", "drive_120", "drive_160"]
    assert [one.speed_kmh for one in family.functions] == [0, 40, 80, 120, 160]
    assert all(one.loop for one in family.functions)


def test_what_mirrors_a_sound_of_asked_length_is_as_long() -> None:
    for opening, closing in PAIRS:
        brief = FamilyBrief(
            functions=(opening, closing), limits={closing: FunctionLimits(duration_ms=444)}
        )
        first, second = resolve_family(brief, 1).functions
        assert first.duration_ms == second.duration_ms == 444


def test_default_lengths_of_mirrored_pairs_stay_within_fifteen_percent() -> None:
    for sporty in (-1.0, 0.0, 1.0):
        family = resolve_family(FamilyBrief(brand={"sporty": sporty}), 1)
        lengths = {one.function: one.duration_ms for one in family.functions}
        for opening, closing in PAIRS:
            assert 0.85 <= lengths[opening] / lengths[closing] <= 1.15
        for function, length in lengths.items():
            low, high = facts(function).usual_ms
            assert low <= length <= high


@pytest.mark.parametrize("word", ["avas", "AVAS", "exterior", "pedestrian warning"])
def test_sounds_for_outside_the_car_are_refused_with_the_reason(word: str) -> None:
    (reason,) = refused(FamilyBrief(functions=("welcome", word)))
    assert reason.pointer == "/functions/1"
    assert reason.code == "exterior_sound"
    assert "approved" in reason.detail


def test_aliases_are_refused_with_what_would_be_accepted() -> None:
    found = refused(FamilyBrief(brand={"cold": 0.5, "digital": 1, "odd/one": 0}, tonic="H",
                                functions=("seatbelt",)))  # fmt: skip
    said = {one.pointer: one.detail for one in found}
    assert "warm: -0.5" in said["/brand/cold"]
    assert "electronic: 1" in said["/brand/digital"]
    assert "futuristic (-1 classic)" in said["/brand/odd~1one"]
    assert "C, C#, D" in said["/tonic"]
    assert "perhaps seat_belt" in said["/functions/0"]


def test_a_chime_of_ten_minutes_is_refused_at_both_places_with_the_possible_length() -> None:
    found = refused(limited("door_open", duration_ms=600_000))
    assert {one.pointer for one in found} == {"/limits/door_open/duration_ms", "/functions/0"}
    assert all("200 to 5000 ms" in one.detail for one in found)


def test_a_peak_below_the_loudness_is_refused_at_both_places() -> None:
    brief = limited("notify", peak_dbfs=-20, loudness_lufs=-18)
    assert pointers(brief) == {"/limits/notify/peak_dbfs", "/limits/notify/loudness_lufs"}
    brief = FamilyBrief(functions=("notify",), delivery=Delivery(lufs=-8),
                        limits={"all": FunctionLimits(peak_dbfs=-6)})  # fmt: skip
    assert pointers(brief) == {"/delivery/lufs", "/limits/all/peak_dbfs"}


def test_a_low_peak_alone_lowers_the_loudness_that_nobody_asked_for() -> None:
    (one,) = resolve_family(limited("welcome", peak_dbfs=-30), 1).functions
    assert one.loudness_lufs <= -30 - facts("welcome").headroom_db


@pytest.mark.parametrize("window", [(2000, 3000), (100, 300), (900, 300)])
def test_a_window_that_leaves_the_base_no_room_is_refused(window: tuple[float, float]) -> None:
    found = refused(limited("door_open", band_hz=window))
    assert "/limits/door_open/band_hz" in {one.pointer for one in found}


def test_what_a_refused_window_says_is_possible_is_possible() -> None:
    for function in ALL:
        (first, *_) = refused(limited(function, band_hz=(3000, 3500)))
        words = first.detail.split("possible: from ")[1].split()
        low, high = float(words[0]) - 1, float(words[5]) + 2
        brief = limited(function, band_hz=(low, high))
        assert resolve_family(brief, 1).functions[0].band_hz == (low, high)


def test_an_attack_or_decay_that_the_function_cannot_have_is_refused() -> None:
    assert "/limits/warn/attack_ms" in pointers(limited("warn", attack_ms=(30, 40)))
    assert "/limits/warn/decay_ms" in pointers(limited("warn", decay_ms=(30, 40)))
    assert "/limits/lock/decay_ms" in pointers(limited("lock", decay_ms=(900, 950)))
    assert "/limits/welcome/attack_ms" in pointers(limited("welcome", attack_ms=(30, 20)))
    for ambience in AMBIENCES:
        assert f"/limits/{ambience}/attack_ms" in pointers(limited(ambience, attack_ms=(5, 9)))


def test_every_reason_is_given_at_once() -> None:
    brief = FamilyBrief(brand={"cold": 1}, tonic="X", functions=("avas", "warn", "warn"),
                        limits={"lock": FunctionLimits(), "what": FunctionLimits()})  # fmt: skip
    assert pointers(brief) == {
        "/brand/cold", "/tonic", "/functions/0", "/functions/2", "/functions", "/limits/lock",
        "/limits/what",
    }  # fmt: skip


def test_what_is_accepted_can_be_listed() -> None:
    listed = accepted_family()
    assert set(listed["functions"]) == set(ALL)  # type: ignore[arg-type]
    assert msgspec.json.encode(listed)
