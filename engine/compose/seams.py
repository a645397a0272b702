"""Where what is written meets what is given: no tie over the edge, and a way to the next note."""

import numpy as np

from engine.compose.codes import TIE
from engine.compose.passage import Passage
from engine.compose.pitches import away_from

NEAR = 2  # semitones to the given note, as near as it gets
JOIN = 0.5  # nats a semitone farther off


def behind_given(passage: Passage) -> bool:
    """Whether the bar that is written follows a given one of its role: a tie would lengthen it."""
    role, bar = passage.slot.role, passage.slot.bar
    return bar > 0 and passage.fixed(role, bar - 1) and not passage.fixed(role, bar)


def join(passage: Passage, pitches: np.ndarray) -> None:
    """In the last beat before a given bar: within reach of the note with which it begins."""
    left = passage.bar.units - passage.position
    if left > passage.beat_units or passage.fixed(passage.slot.role, passage.slot.bar):
        return
    ahead = passage.given_steps(passage.slot.role, passage.slot.bar + 1)
    if ahead and ahead[0].code > TIE:
        pitches -= JOIN * np.maximum(0, away_from(ahead[0].code) - NEAR)
