"""What stands over a picture can be read."""

from itertools import pairwise

import pytest

from engine.studio.pictures import rows


@pytest.mark.parametrize("inch_s", [0.1, 0.32, 1.0])
def test_no_chord_is_written_over_its_neighbour(inch_s: float) -> None:
    symbols = ["i7", "iim7b5", "V7alt", "bVIImaj9", "I"] * 8
    texts = [(0.5 * number, symbol) for number, symbol in enumerate(symbols)]
    placed = rows(texts, inch_s)
    for row in set(placed):
        own = [text for text, place in zip(texts, placed, strict=True) if place == row]
        for (at, text), (after, _) in pairwise(own):
            assert at + len(text) * 7.5 * 0.5 / 72 / inch_s <= after
    assert max(placed) <= 12


def test_chords_with_room_stand_in_one_row() -> None:
    assert rows([(0.0, "i"), (4.0, "bVI"), (8.0, "V7sus4")], 0.32) == [0, 0, 0]
