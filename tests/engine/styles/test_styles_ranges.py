"""Ranges: a role's range is cut to its instrument, and never to nothing."""

import pytest

from engine.styles import ranges


@pytest.mark.parametrize("program", range(128))
@pytest.mark.parametrize("role", [(28, 45), (48, 66), (60, 84), (62, 74), (36, 96)])
def test_a_fitted_range_is_playable_and_has_room(program: int, role: tuple[int, int]) -> None:
    low, high = ranges.fitted(*role, program)
    lowest, highest = ranges.playable(program)
    assert lowest <= low < high <= highest
    assert high - low >= min(ranges.ROOM, role[1] - role[0])


def test_a_range_that_can_be_played_stays() -> None:
    assert ranges.fitted(60, 84, 73) == (60, 84)


def test_a_cello_that_plays_the_bass_stays_on_its_strings() -> None:
    assert ranges.fitted(28, 45, 42) == (36, 51)


def test_a_piccolo_that_leads_plays_high() -> None:
    assert ranges.fitted(60, 79, 72) == (74, 89)
