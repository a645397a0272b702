"""One family, and yet each sound its own; what is not is caught."""

import numpy as np
import pytest
from cabin_families import family, sounds_of, whole_family
from msgspec import structs

from engine.cabin.belonging import bonds, in_noise, matrix, mirrored
from engine.cabin.confusion import recognised
from engine.cabin.likeness import event, needed, too_close
from engine.contracts import FunctionLimits


def test_a_plain_family_holds_together_and_apart() -> None:
    character, members = whole_family()
    found = bonds(list(members.values()), character)
    assert [one.name for one in found if not one.passed] == []
    names = {one.name for one in found}
    assert {"distinct", "timbre", "signature", "mirrored.welcome.farewell"} <= names


def test_the_matrix_is_square_even_and_far_from_the_warning() -> None:
    _, members = whole_family()
    apart = np.asarray(matrix(list(members.values())))
    assert apart.shape == (len(members),) * 2
    assert np.allclose(apart, apart.T)
    at = list(members).index("warn")
    assert np.delete(apart[at], at).min() >= 2.3
    events = [one.event for one in members.values()]
    for i, one in enumerate(events):
        for j, other in enumerate(events):
            assert i == j or apart[i, j] >= needed(one, other)


def test_they_are_told_apart_in_the_noise_of_driving() -> None:
    _, members = whole_family()
    found = in_noise(list(members.values()), seed=3)
    assert found.passed, found.measured
    assert found.measured["warn"] == 1.0


def test_two_confusable_sounds_are_caught() -> None:
    character, members = whole_family()
    notify = members["notify"]
    finished = structs.replace(
        notify.finished, one=structs.replace(notify.finished.one, name="again", function="welcome")
    )
    twin = structs.replace(notify, finished=finished)
    found = {one.name: one for one in bonds([notify, twin], character)}
    assert not found["distinct"].passed
    assert "notify and again" in found["distinct"].detail


def test_the_same_sound_under_two_names_is_confused_in_noise() -> None:
    dice = np.random.default_rng(1)
    one = dice.standard_normal(8000) * np.exp(-np.arange(8000) / 1500)
    share = recognised({"a": one, "b": one}, {"a": 1, "b": 1}, seed=1, trials=3)
    assert min(share.values()) == 0.0


def test_a_closing_sound_that_is_not_the_opening_one_backwards_is_caught() -> None:
    _, members = whole_family()
    opening, closing = members["door_open"], members["door_close"]
    assert mirrored(opening, closing).passed
    (at, first, v), *rest = closing.finished.notes
    wrong = structs.replace(closing.finished, notes=((at, first + 2, v), *rest))
    assert not mirrored(opening, structs.replace(closing, finished=wrong)).passed
    assert not mirrored(closing, opening).passed


@pytest.mark.parametrize("fault", ["long", "loud"])
def test_a_pair_of_unequal_length_or_level_is_caught(fault: str) -> None:
    _, members = whole_family()
    opening, closing = members["door_open"], members["door_close"]
    if fault == "loud":
        spoilt = structs.replace(closing, loudness=closing.loudness + 3)
    else:
        one = closing.finished.one
        longer = structs.replace(one, frames=round(one.frames * 1.3))
        spoilt = structs.replace(closing, finished=structs.replace(closing.finished, one=longer))
    assert not mirrored(opening, spoilt).passed


def test_what_a_client_fixed_is_no_fault_of_the_pair() -> None:
    resolved = family(
        "door_open", "door_close",
        limits={"door_open": _lasting(400), "door_close": _lasting(900)},
    )  # fmt: skip
    _, members = sounds_of(resolved)
    assert mirrored(members["door_open"], members["door_close"]).passed


def _lasting(duration_ms: int) -> FunctionLimits:
    return FunctionLimits(duration_ms=duration_ms)


def test_a_strange_timbre_is_caught() -> None:
    character, members = whole_family()
    strange = structs.replace(members["welcome"].correction, shade_db=40)
    spoilt = structs.replace(members["welcome"], correction=strange)
    found = {one.name: one for one in bonds([spoilt, members["notify"]], character)}
    assert not found["timbre"].passed


def test_distance_is_the_one_that_was_written_down() -> None:
    second = np.zeros(48_000)
    second[100] = 1.0
    one = event("a", 0, second, 48_000, ((0.0, 69, 0.8), (200.0, 76, 0.8)))
    two = event("b", 0, second, 48_000, ((0.0, 69, 0.8), (200.0, 81, 0.8)))
    assert one.vector[3] == pytest.approx(7 / 5)
    assert one.vector[7] == pytest.approx(1.0)
    assert [pair[:2] for pair in too_close([one, two])] == []
    assert [pair[:2] for pair in too_close([one, structs.replace(one, name="b")])] == [("a", "b")]
