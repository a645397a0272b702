"""The piece's last bar, as its plan wants it to end."""

import numpy as np

from engine.compose.codes import DURATIONS, FIRST_PITCH, LONGEST, NOTHING, REST, TIE
from engine.compose.ground import turns
from engine.compose.passage import Passage
from engine.compose.pitches import CLASSES, PITCHES, among, mask_of, shared

SUPERTONIC, DOMINANT = 2, 7  # semitones from the tonic: what an open ending stops on
ROOT = 2.0
BELOW_OR_ABOVE = (1, 2, 10, 11)  # semitones from a tone that a neighbour leads to
FIFTH = 7  # over the first bass tone of a loop leads to it too
_ARRIVES = ("ring", "button", "open")
_ANY = shared(np.ones(DURATIONS, bool))


def arrive(passage: Passage, mask: np.ndarray) -> None:
    """The last bar is one note, begun at once: of the last chord, or open; mask in place."""
    if not arrives(passage):
        return
    mask[TIE] = False
    mask[REST] = passage.position > 0
    chord = among(int(passage.sheet.chromas[passage.unit]))
    home = chord
    if passage.plan.ending == "open" and passage.role == "lead":
        open_tones = among(mask_of((SUPERTONIC, DOMINANT)))
        home = open_tones & chord if (open_tones & chord).any() else open_tones
    final = mask[FIRST_PITCH:] & home & (passage.position == 0)
    if passage.position > 0 or final.any():
        mask[FIRST_PITCH:] = final


def end_codes(passage: Passage, bias: np.ndarray) -> None:
    """The last note rather the root than another."""
    if arrives(passage):
        root = passage.sheet.roots[passage.unit]
        bias[FIRST_PITCH:] += np.where(root == CLASSES, ROOT, 0.0)


def end_units(passage: Passage, code: int, units: np.ndarray) -> np.ndarray:
    """(durations,) the last note fills its bar, or lasts a beat at most as a button."""
    if not arrives(passage):
        return _ANY
    if code != REST and passage.plan.ending == "button":
        return units <= passage.beat_units
    return units == min(passage.bar.units - passage.position, LONGEST)


def turn_round(passage: Passage, mask: np.ndarray) -> None:
    """In a loop's last beat lead and bass lead to where it begins again; mask in place."""
    if not _turns(passage) or passage.role == "counter":
        return
    if passage.position < passage.bar.units - passage.beat_units:
        return
    leading = mask[FIRST_PITCH:] & _leads_back(passage)
    if not leading.any():
        leading = passage.ranges[passage.role] & _leads_back(passage)
    if leading.any():
        mask[FIRST_PITCH:] = leading
        mask[[REST, TIE]] = False


def _leads_back(passage: Passage) -> np.ndarray:
    """(pitches,) a neighbour of the first note, or of a tone of the first chord; a bass's fifth."""
    plan = passage.plan
    if passage.role == "bass":
        away = (CLASSES - (plan.chords[0].bass - plan.tonic)) % 12
        return np.isin(away, (*BELOW_OR_ABOVE, FIFTH))
    if passage.opening != NOTHING:
        return np.isin(np.abs(PITCHES - passage.opening), (1, 2))
    away = [(CLASSES - (pitch - plan.tonic)) % 12 for pitch in plan.chords[0].pitches]
    return among(passage.sheet.scale) & np.isin(away, BELOW_OR_ABOVE).any(0)


def open_round(passage: Passage, mask: np.ndarray) -> None:
    """A loop's lead begins on the note that its last beat leads to; mask in place."""
    if not turns(passage.plan) or passage.index > 0 or passage.role != "lead":
        return
    first = passage.sheet.last[passage.slot.role][0] == NOTHING
    if first and passage.opening != NOTHING and mask[passage.opening]:
        mask[FIRST_PITCH:] = passage.opening == PITCHES


def before_last_beat(passage: Passage, units: np.ndarray) -> np.ndarray:
    """(durations,) a loop's last beat has a note of its own, so what comes earlier ends before."""
    ahead = passage.bar.units - passage.beat_units - passage.position
    if not _turns(passage) or passage.role == "counter" or ahead <= 0:
        return _ANY
    return units <= ahead


def arrives(passage: Passage) -> bool:
    """Whether the bar that is being written is the last of a piece that comes to rest."""
    return passage.ends_piece and passage.plan.ending in _ARRIVES


def _turns(passage: Passage) -> bool:
    return passage.ends_piece and turns(passage.plan)
