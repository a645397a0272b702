"""Whom the network writes for under a plan, and where each moves.

Lead, bass and counter are parts of the plan. The inner voices are nobody's part: they are the
harmony that pads, comping hands and second colours play, each in its own manner and place. The
figure is what a comping hand plays where it breaks its chords. Of a kit that a person plays the
network has the fills.
"""

from collections.abc import Mapping

from msgspec import structs

from engine.compose.codes import DRUMS, FIGURE, LOWER, MIDDLE, ROLES, SCHOOLS, UPPER, VOICES
from engine.contracts import PartPlan, Plan, Section
from engine.styles.broken import BROKEN, breaks
from engine.styles.kits import PLAYED, fills_in

LINES: tuple[str, ...] = ROLES[:3]  # those that are parts of the plan
BREATHING: tuple[str, ...] = ("lead", "counter")  # those that are silent where a phrase ends
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
    """By role, who is written: the plan's lines, its inner voices where it has harmony, and a
    figure where a hand that breaks chords is in it."""
    found = {part.role: part for part in plan.parts if part.role in LINES}
    played = next((part for part in plan.parts if part.role in HARMONY), None)
    if played is not None and plan.style not in UNVOICED and plan.chords:
        for voice in VOICES:
            low, high = PLACES[voice]
            role = ROLES[voice]
            found[role] = structs.replace(played, role=role, name=role, low=low, high=high)
    hand = next((part for part in plan.parts if part.role == "comp"), None)
    if hand is not None and plan.style in BROKEN and plan.chords:
        found[ROLES[FIGURE]] = structs.replace(hand, role=ROLES[FIGURE], name=ROLES[FIGURE])
    if plan.style in PLAYED:
        found |= {part.role: part for part in plan.parts if part.role == ROLES[DRUMS]}
    return found


def sounds_in(plan: Plan, section: Section, role: str) -> bool:
    """Whether a role is written in a section: by name, as a voice of the harmony there, or as the
    figure of a comping cell that is broken."""
    if ROLES.index(role) in VOICES:
        return any(one in section.roles for one in HARMONY)
    if role == ROLES[FIGURE]:
        return "comp" in section.roles and breaks(plan.style, section.patterns)
    return role in section.roles


def writes_in(plan: Plan, section: Section, role: str, bar: int) -> bool:
    """Whether a role has a turn in a bar, counted from its section's first: drums in fills."""
    if not sounds_in(plan, section, role):
        return False
    return role != ROLES[DRUMS] or fills_in(plan, section, bar)


def school_of(plan: Plan) -> int:
    """Whose music the plan's style is likest to, as a feature."""
    return SCHOOLS.index(SCHOOL_OF.get(plan.style, ""))
