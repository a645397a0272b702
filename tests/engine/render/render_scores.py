"""Small scores of our own for hearing the rooms work."""

from engine.contracts import PartPlan, Plan, RoleGroup, Section
from engine.score import Note, Part, Score

QUARTER = 480
BAR = 4 * QUARTER


def part(
    role: str,
    group: RoleGroup,
    notes: list[Note],
    *,
    program: int = 0,
    patch: str | None = None,
    pan: int = 0,
) -> Part:
    plan = PartPlan(
        role=role, group=group, name=role, family=role, program=program, patch=patch, pan=pan
    )
    return Part(plan=plan, notes=tuple(notes))


def score(
    parts: list[Part],
    *,
    style: str = "synthwave",
    kind: str = "bed",
    bars: int = 4,
    tempo: float = 120.0,
) -> Score:
    plan = Plan(
        style=style,
        kind=kind,  # type: ignore[arg-type]
        tempo=tempo,
        meter="4/4",
        bars=bars,
        tonic=9,
        mode="minor",
        sections=(Section(name="A", bar=0, bars=bars, energy=4, roles=("lead",)),),
        chords=(),
        parts=(),
    )
    return Score(plan=plan, parts=tuple(parts))


def band(
    bars: int = 4, *, style: str = "synthwave", kind: str = "bed", sounding: int | None = None
):
    """Bass, chords, lead and drums; ``sounding`` bars have notes, the rest rings."""
    bass, chords, lead, drums = [], [], [], []
    for bar in range(sounding or bars):
        at = bar * BAR
        root = (45, 41, 48, 43)[bar % 4]
        bass += [Note(at + i * 480, 400, root, 95 - 6 * (i % 2)) for i in range(3)]
        chords += [Note(at, BAR - 60, root + 12 + step, 80) for step in (0, 3, 7)]
        lead += [Note(at + i * 640, 500, root + 24 + (0, 7, 3)[i], 96) for i in range(3)]
        drums += [Note(at + i * 960, 120, 36, 112) for i in range(2)]
        drums += [Note(at + 480 + i * 960, 120, 38, 100) for i in range(2)]
        drums += [Note(at + i * 240, 60, 42, 70 + 20 * (i % 2)) for i in range(8)]
    return score(
        [
            part("bass", "bass", bass, program=33, patch="bass_saw"),
            part("comp", "chords", chords, program=4, patch="pad_poly", pan=-25),
            part("lead", "lead", lead, program=73, patch="lead_saw", pan=5),
            part("drums", "drums", drums, patch="kit_80s"),
        ],
        style=style,
        kind=kind,
        bars=bars,
    )
