"""Whom the network writes for under a plan, and where each moves.

Lead, bass and counter are parts of the plan. The inner voices are nobody's part: they are the
harmony that pads, comping hands and second colours play, each in its own manner and place.
"""

from collections.abc import Mapping

from msgspec import structs

from engine.compose.codes import LOWER, MIDDLE, ROLES, SCHOOLS, UPPER, VOICES
from engine.contracts import PartPlan, Plan, Section

LINES: tuple[str, ...] = ROLES[:3]  # those that are parts of the plan
HARMONY: tuple[str, ...] = ("comp", "pad", "harmony")  # the parts that play the inner voices
# MIDI pitches between which each inner voice moves.
PLACES: dict[int, tuple[int, int]] = {UPPER: (58, 79), MIDDLE: (53, 74), LOWER: (48, 69)}
# Styles whose chords are not led in voices: fifths, fourths, clusters, and a chip's arpeggios.
UNVOICED = frozenset({"metal", "horror", "dark_ambient", "chinese_traditional", "chiptune"})
SCHOOL_OF: dict[str, str] = {
    "acoustic_folk": "song", "bossa": "song", "chinese_traditional": "song", "chiptune": "game",
    "cinematic_tension": "orchestra", "country": "song", "dark_ambient": "game",
    "fantasy_tavern": "game", "funk_corporate": "game", "horror": "game", "house_edm": "game",
    "jazz_trio": "song", "lofi": "song", "meditation": "piano", "metal": "game",
    "orchestral_epic": "orchestra", "orchestral_tender": "orchestra", "rock": "game",
    "solo_piano": "piano", "synthwave": "game", "trap_hiphop": "game", "waltz_ballroom": "piano",
}  # fmt: skip


def cast_of(plan: Plan) -> Mapping[str, PartPlan]:
    """By role, who is written: the plan's lines, and its inner voices where it has harmony."""
    found = {part.role: part for part in plan.parts if part.role in LINES}
    played = next((part for part in plan.parts if part.role in HARMONY), None)
    if played is not None and plan.style not in UNVOICED and plan.chords:
        for voice in VOICES:
            low, high = PLACES[voice]
            role = ROLES[voice]
            found[role] = structs.replace(played, role=role, name=role, low=low, high=high)
    return found


def sounds_in(section: Section, role: str) -> bool:
    """Whether a role is written in a section: by name, or as a voice of the harmony there."""
    if ROLES.index(role) in VOICES:
        return any(one in section.roles for one in HARMONY)
    return role in section.roles


def school_of(plan: Plan) -> int:
    """Whose music the plan's style is likest to, as a feature."""
    return SCHOOLS.index(SCHOOL_OF.get(plan.style, ""))
