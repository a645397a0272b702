"""The shape of a section's phrases: where a melody breathes, climbs, closes and falls silent.

All of it follows from the section's name, length and place alone. Phrases are four bars; of eight
bars one is silent, so that another part may answer. A question ends on the second, fifth or seventh
degree, an answer on the first or third. The highest note comes once, late in the section.
"""

from msgspec import Struct

from engine.compose import contours
from engine.compose.ground import contrasts
from engine.contracts import Plan, Section

PHRASE_BARS = 4
BLOCK_BARS = 8  # one bar in each is silent
SUMMIT_PLACE = 0.75  # of a long section


class Shape(Struct, frozen=True):
    """What a melody's bar is for.

    ``silent``: nobody sings. ``breath``: beats of silence at the bar's end. ``close``: degrees, as
    semitones from the tonic, on which a phrase ends in this bar. ``climb``: bars until the
    section's highest note, 0 in its bar, negative after it; None where a section is too short.
    """

    silent: bool = False
    breath: int = 0
    close: tuple[int, ...] = ()
    climb: int | None = None


def shape_of(plan: Plan, section: Section, bar: int, beats: int) -> Shape:
    """The shape of a bar of the lead, counted from its section's first."""
    if section.bar + bar == plan.bars - 1:
        return Shape(climb=_climb(section, bar))  # it rings, or leads back to the first
    if _silent(section, bar):
        return Shape(silent=True, climb=_climb(section, bar))
    ends = _phrase_ends(section, bar)
    long = ends and section.bars >= PHRASE_BARS and not _silent(section, bar + 1)
    return Shape(
        breath=max(1, beats // 2) if long else int(ends or bar % 2 == 1),
        close=_close(plan, section, bar) if ends else (),
        climb=_climb(section, bar),
    )


def _phrase_ends(section: Section, bar: int) -> bool:
    last = bar == section.bars - 1 or _silent(section, bar + 1)
    return last or (bar % PHRASE_BARS == PHRASE_BARS - 1 and not _silent(section, bar))


def _silent(section: Section, bar: int) -> bool:
    """The fourth bar of eight, or the eighth where the section stands against the first."""
    block, place = divmod(bar, BLOCK_BARS)
    whole = section.bars - block * BLOCK_BARS >= BLOCK_BARS - 1
    late = contrasts(section) and section.bars - block * BLOCK_BARS >= BLOCK_BARS
    return whole and bar < section.bars and place == (7 if late else 3)


def _close(plan: Plan, section: Section, bar: int) -> tuple[int, ...]:
    """Open in the middle of a section and at the end of a first statement that is one phrase."""
    last = bar >= section.bars - 1 or (bar == section.bars - 2 and _silent(section, bar + 1))
    question = section.bars <= PHRASE_BARS and section.name in ("A", "B", "C", "D")
    scale = contours.scale_of(plan.mode)
    return (scale[0], scale[2]) if last and not question else (scale[1], scale[4], scale[6])


def _climb(section: Section, bar: int) -> int | None:
    if section.bars < 3:
        return None
    summit = section.bars - 2
    if section.bars > BLOCK_BARS:
        summit = round(section.bars * SUMMIT_PLACE)
    if _silent(section, summit):
        summit -= 1
    return summit - bar
