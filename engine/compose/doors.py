"""The composer's other doors: to continue, to mend, to accompany, to vary.

Each says what of given music is fixed; `Composer.write` writes the rest, there as everywhere::

    composer.write([plan] * 4, seeds, given=[extend(plan, lines, 8)] * 4)

What does not fit the plan is refused with `GivenMusicRefused`, before a note is written.
"""

from collections.abc import Collection, Sequence

from msgspec import structs

from engine.compose.codes import ROLES
from engine.compose.given import Given, GivenMusicRefused, bar_of, fixed, theme_of
from engine.contracts import Plan
from engine.score import Line, Note, bar_ticks

STRENGTHS = (1, 2, 3)


def extend(plan: Plan, lines: Sequence[Line], bars: int) -> Given:
    """Keep the plan's first ``bars`` bars as they are given and continue them to its end.

    What the given lead begins with takes the place of the plan's contour.
    """
    if not 1 <= bars < plan.bars:
        raise GivenMusicRefused(
            f"{bars} bars are to be continued under a plan of {plan.bars}; "
            f"1 to {plan.bars - 1} can be"
        )
    _refuse_silence(lines)
    given = fixed(plan, lines, range(bars, plan.bars))
    for line in lines:
        late = next((one for one in line.notes if bar_of(one, bar_ticks(plan.meter)) >= bars), None)
        if late is not None:
            raise GivenMusicRefused(
                f"a note of the {line.role} at tick {late.start} lies behind the {bars} bars "
                f"that are continued"
            )
    return _themed(plan, given)


def inpaint(plan: Plan, lines: Sequence[Line], bars: Collection[int]) -> Given:
    """Write the named bars anew, counted from 0, and leave the others as they are given."""
    outside = sorted(bar for bar in bars if not 0 <= bar < plan.bars)
    if outside or not bars:
        wrong = f"bar {outside[0]} is to be written anew" if outside else "no bar is named"
        raise GivenMusicRefused(f"{wrong}; the plan has bars 0 to {plan.bars - 1}")
    _refuse_silence(lines)
    given = fixed(plan, lines, bars)
    return given if plan.contour else _themed(plan, given)


def accompany(plan: Plan, melody: Sequence[Note]) -> Given:
    """Keep a melody in the lead; bass and counter are written under it."""
    lead = Line(role="lead", notes=tuple(melody))
    _refuse_silence([lead])
    return fixed(plan, [lead])


def vary(plan: Plan, lines: Sequence[Line], section: int, strength: int = 2) -> Given:
    """Write a section, by its index, as a variation of what it has: 1 near to 3 far."""
    if not 0 <= section < len(plan.sections):
        raise GivenMusicRefused(
            f"section {section} is to be varied; the plan has 0 to {len(plan.sections) - 1}"
        )
    if strength not in STRENGTHS:
        raise GivenMusicRefused(f"a variation has strength 1, 2 or 3, not {strength}")
    chosen = plan.sections[section]
    bars, bar = range(chosen.bar, chosen.bar + chosen.bars), bar_ticks(plan.meter)
    told = fixed(plan, lines)
    heard = [line.role for line in lines if any(bar_of(one, bar) in bars for one in line.notes)]
    if not heard:
        raise GivenMusicRefused(f"section {section} ({chosen.name}) has no note to be varied")
    given = fixed(plan, lines, bars, heard)
    return structs.replace(given, varied=section, strength=strength, told=told)


def _refuse_silence(lines: Sequence[Line]) -> None:
    if not any(line.notes for line in lines):
        raise GivenMusicRefused("no note is given")


def _themed(plan: Plan, given: Given) -> Given:
    lead = given.lines.get(ROLES[0])
    return given if lead is None else structs.replace(given, theme=theme_of(plan, lead))
