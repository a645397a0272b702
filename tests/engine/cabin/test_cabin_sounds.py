"""Finished single sounds, measured: class, level, spectrum, limits, ends."""

import numpy as np
import pytest
from cabin_families import family, sounds_of, whole_family
from msgspec import structs

from engine.cabin import hearing
from engine.cabin.belonging import Member
from engine.cabin.judging import Finished, broken, constraints
from engine.cabin.sounds import Correction, sound
from engine.contracts import Delivery, FunctionLimits, Measured
from engine.words.functions import SOUNDS, facts


def judged(member: Member) -> dict[str, Measured]:
    return {one.name: one for one in constraints(member.finished, Delivery())}


@pytest.mark.parametrize("function", SOUNDS)
def test_every_sound_of_a_plain_family_keeps_to_everything(function: str) -> None:
    _, members = whole_family()
    found = judged(members[function])
    assert broken(tuple(found.values())) == []


def test_only_the_warning_is_an_alarm() -> None:
    _, members = whole_family()
    met = {name: judged(one)["urgency"].measured["criteria_met"] for name, one in members.items()}
    assert met.pop("warn") == 4
    assert max(met.values()) <= 1


def test_a_warning_is_heard_over_fast_driving_in_three_bands() -> None:
    _, members = whole_family()
    speeds = judged(members["warn"])["audible_margin_db"].measured
    assert set(speeds) == {"0", "60", "120"}
    assert speeds["120"]["margin_db"] >= 13
    assert speeds["120"]["bands"] >= 3
    assert speeds["120"]["level_dba"] <= 85


@pytest.mark.parametrize("rate", [44_100, 96_000])
def test_lengths_are_exact_and_ends_are_zero_at_every_rate(rate: int) -> None:
    limits = {"lock": FunctionLimits(duration_ms=211), "notify": FunctionLimits(duration_ms=753)}
    resolved = family("lock", "notify", limits=limits, sample_rate=rate)
    _, members = sounds_of(resolved)
    for name, one in members.items():
        audio = one.finished.audio
        assert len(audio) == round(limits[name].duration_ms * rate / 1000)
        assert audio[0] == audio[-1] == 0
        assert broken(constraints(one.finished, resolved.delivery)) == []


@pytest.mark.parametrize("duration_ms", [200, 480, 2500, 5000])
def test_any_length_from_a_fifth_of_a_second_on_is_made(duration_ms: int) -> None:
    names = ("door_open", "warn", "low_battery")
    limits = {name: FunctionLimits(duration_ms=duration_ms) for name in names}
    _, members = sounds_of(family(*names, limits=limits))
    for one in members.values():
        found = judged(one)
        assert len(one.finished.audio) == duration_ms * 48
        assert broken(tuple(found.values())) == []


@pytest.mark.parametrize("bit_depth", [16, 24, 32])
def test_ends_stay_zero_at_every_depth(bit_depth: int) -> None:
    _, members = sounds_of(family("notify", bit_depth=bit_depth))
    audio = members["notify"].finished.audio
    assert hearing.zero_ended(audio)
    if bit_depth < 32:
        steps = audio * 2 ** (bit_depth - 1)
        assert np.array_equal(steps, np.rint(steps))


@pytest.mark.parametrize(
    ("function", "limits"),
    [
        ("welcome", FunctionLimits(attack_ms=(40, 60))),
        ("welcome", FunctionLimits(attack_ms=(4, 8), decay_ms=(600, 800))),
        ("notify", FunctionLimits(attack_ms=(15, 22), decay_ms=(200, 260))),
        ("lock", FunctionLimits(decay_ms=(100, 140))),
        ("door_open", FunctionLimits(decay_ms=(350, 450), band_hz=(350, 2500))),
        ("seat_belt", FunctionLimits(band_hz=(600, 2000), loudness_lufs=-25)),
        ("warn", FunctionLimits(band_hz=(1000, 4000), peak_dbfs=-9, loudness_lufs=-18)),
        ("charge_start", FunctionLimits(band_hz=(400, 3000), peak_dbfs=-6)),
        ("indicator", FunctionLimits(peak_dbfs=-12, duration_ms=640)),
        ("farewell", FunctionLimits(loudness_lufs=-16, peak_dbfs=-1)),
    ],
)
def test_what_is_asked_of_one_sound_is_met_and_measured(
    function: str, limits: FunctionLimits
) -> None:
    _, members = sounds_of(family(function, limits={function: limits}))
    found = judged(members[function])
    for name in FunctionLimits.__struct_fields__:
        if getattr(limits, name) is not None:
            measured = found["duration" if name == "duration_ms" else name]
            assert measured.passed, measured
    assert broken(tuple(found.values())) == []


def test_loudness_against_a_low_peak_is_met_by_taking_the_top_off() -> None:
    most = -6 - facts("seat_belt").headroom_db
    limits = {"seat_belt": FunctionLimits(peak_dbfs=-6, loudness_lufs=most)}
    _, members = sounds_of(family("seat_belt", limits=limits))
    found = judged(members["seat_belt"])
    assert found["loudness_lufs"].passed, found["loudness_lufs"]
    assert found["peak_dbfs"].passed, found["peak_dbfs"]
    assert found["zero_ended"].passed


# --- planted faults -------------------------------------------------------------------------------


def test_an_attack_that_is_too_slow_is_caught() -> None:
    resolved = family("notify", limits={"notify": FunctionLimits(attack_ms=(4, 10))})
    character, members = sounds_of(resolved)
    one = resolved.functions[0]
    finished = members["notify"].finished
    slow = sound(one, finished.notes, character, 48_000, Correction(attack=8))
    faulty = structs.replace(finished, audio=slow * np.abs(finished.audio).max())
    assert "attack_ms" in broken(constraints(faulty, Delivery()))


def test_a_courtesy_sound_that_alarms_is_caught() -> None:
    _, members = whole_family()
    welcome, warn = members["welcome"].finished, members["warn"].finished
    alarm = structs.replace(welcome, audio=warn.audio, notes=warn.notes)
    found = broken(constraints(alarm, Delivery()))
    assert {"urgency", "peak_to_total"} <= set(found)


def test_a_warning_that_is_only_a_bell_is_caught() -> None:
    _, members = whole_family()
    warn, notify = members["warn"].finished, members["notify"].finished
    mild = structs.replace(warn, audio=notify.audio, notes=notify.notes)
    assert "urgency" in broken(constraints(mild, Delivery()))


@pytest.mark.parametrize(
    ("spoil", "name"),
    [
        (lambda audio: audio[:-1], "duration"),
        (lambda audio: audio + 1e-3, "zero_ended"),
        (lambda audio: np.concatenate([np.zeros(960), audio[:-960]]), "first_audible_ms"),
        (lambda audio: audio * 2, "loudness_lufs"),
        (lambda audio: audio * 10, "peak_dbfs"),
        (
            lambda audio: audio + 0.05 * np.sin(np.arange(len(audio)) * 2 * np.pi * 9000 / 48_000),
            "above_4khz_db",
        ),
        (
            lambda audio: audio + 0.05 * np.sin(np.arange(len(audio)) * 2 * np.pi * 50 / 48_000),
            "below_80hz_db",
        ),
    ],
)
def test_a_spoilt_file_is_caught_by_name(spoil, name: str) -> None:
    _, members = whole_family()
    good: Finished = members["notify"].finished
    assert name in broken(constraints(structs.replace(good, audio=spoil(good.audio)), Delivery()))
