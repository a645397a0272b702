"""Which stem a part is heard in: its role group, or an instrument family that a client asks for."""

from collections.abc import Mapping, Sequence
from typing import cast

import numpy as np
from msgspec import structs
from numpy.typing import NDArray

from engine.contracts import ROLE_GROUPS, Measured, PartPlan, RoleGroup
from engine.score import Score
from engine.words.instruments import FAMILIES, answers_to

SILENT_DBFS = -90.0


def divided(score: Score, wanted: Sequence[str]) -> Score:
    """The score with every part in the stem that it is heard in.

    A family that is asked for takes its parts out of their groups, so the stems still add up to
    the music. Drums are one instrument and stay together.
    """
    families = [name for name in wanted if name not in ROLE_GROUPS and name != "all"]
    if not families:
        return score
    parts = (structs.replace(part, plan=_placed(part.plan, families)) for part in score.parts)
    return structs.replace(score, parts=tuple(parts))


def _placed(part: PartPlan, families: Sequence[str]) -> PartPlan:
    taken = next((name for name in families if answers_to(part, name)), None)
    if taken is None or part.group == "drums":
        return part
    return structs.replace(part, group=cast(RoleGroup, taken))


def there(score: Score) -> list[str]:
    """Every name that a stem of this music can be asked by: groups first, then families."""
    playing = [part.plan for part in score.parts if part.notes]
    groups = [group for group in ROLE_GROUPS if any(part.group == group for part in playing)]
    pitched = [part for part in playing if part.group != "drums"]
    families = [name for name in FAMILIES if any(answers_to(part, name) for part in pitched)]
    own = sorted({part.family for part in pitched} - set(families) - set(groups))
    return [*groups, *families, *own]


def heard(stems: Mapping[str, NDArray[np.floating]], wanted: Sequence[str]) -> tuple[Measured, ...]:
    """How loud each stem is that was asked for; one that nobody plays says so.

    A role group may be silent, because a client's session has the same tracks for every piece; a
    family was asked for because it should be heard.
    """
    names = [name for name in dict.fromkeys(wanted) if name != "all"]
    return tuple(_measured(name, stems.get(name)) for name in names)


def _measured(name: str, sound: NDArray[np.floating] | None) -> Measured:
    power = 0.0 if sound is None else float(np.sqrt(np.mean(np.square(sound), dtype=np.float64)))
    level = 20 * np.log10(max(power, 1e-9))
    plays = bool(level > SILENT_DBFS)
    return Measured(
        name="stem",
        asked=name,
        measured=round(float(level), 1) if plays else "silent",
        passed=plays or name in ROLE_GROUPS,
        detail="RMS in dBFS" if plays else f"nothing in this music answers to {name}",
    )
