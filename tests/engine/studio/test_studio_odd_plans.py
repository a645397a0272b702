"""Whatever plan is not refused can be played: nothing a client writes makes the studio stumble."""

import random

import msgspec
import pytest

from engine import styles
from engine.contracts import Brief, Hit, Kind, Outline, OutlinePart, OutlineSection
from engine.plan import draw
from engine.plan.outline import outline
from engine.studio.rooms import Rooms
from engine.studio.takes import first_number, sheets, written
from engine.styles import harmony, sounds
from engine.words import resolve
from engine.words.outline import check, patterns

LENGTHS: dict[Kind, int] = {"bed": 12_000, "loop": 12_000, "chime": 1_500}
SYMBOLS = [
    degree + suffix
    for degree in harmony.ACCEPTED["degrees"]
    for suffix in ("", *harmony.ACCEPTED["suffixes"])
]
CONTOURS = ("", "maj r:16", "min 5,:1 b1':15 / r:12", "maj 7':16 / 7,:16 / #4:16")
MODES = ("gong", "yu", "zhi", "jue", "shang", "phrygian", "lydian", "aeolian")


def _odd(dice: random.Random) -> Outline:
    """A plan of ours, with its players, chords, roles, patterns and hits thrown about."""
    kind = dice.choice(list(LENGTHS))
    meter = "4/4" if kind == "chime" else dice.choice(["4/4", "3/4", "6/8", "12/8"])
    brief = Brief(
        kind=kind, style=dice.choice(styles.names()), meter=meter, duration_ms=LENGTHS[kind]
    )
    resolved = resolve(brief, 1)
    plan = outline(draw(resolved, dice.randrange(1000), 1)[0], resolved.duration_ms, 1)
    parts = tuple(_odd_part(part, dice) for part in plan.parts if dice.random() < 0.8)
    parts = parts or plan.parts
    roles = [part.role for part in parts]
    known = patterns(styles.load(plan.style))
    sections = tuple(
        _odd_section(section, at, roles, known, dice) for at, section in enumerate(plan.sections)
    )
    moments = sorted(dice.sample(range(plan.duration_ms), dice.randrange(6)))
    return msgspec.structs.replace(
        plan,
        parts=parts,
        sections=sections,
        contour=dice.choice((plan.contour, *CONTOURS)),
        tonality=dice.choice((plan.tonality, f"F# {dice.choice(MODES)}")),
        hits=() if kind == "chime" else tuple(Hit(at_ms=at) for at in moments),
        ending=dice.choice(["ring", "button", "open", "fade"]) if kind == "bed" else plan.ending,
    )


def _odd_part(part: OutlinePart, dice: random.Random) -> OutlinePart:
    low = dice.choice((part.low, dice.randrange(116)))
    high = dice.choice((part.high, dice.randint(low, 127)))
    soft = dice.randint(1, 127)
    playable = sounds.suiting(part.role, styles.patches())
    return msgspec.structs.replace(
        part, low=low, high=high, velocity=(soft, dice.randint(soft, 127)),
        instrument=dice.choice((part.instrument, dice.choice(playable))),
    )  # fmt: skip


def _odd_section(
    section: OutlineSection, at: int, roles: list, known: list[str], dice: random.Random
) -> OutlineSection:
    bars = [
        " ".join(dice.choice(SYMBOLS) for _ in range(dice.choice((1, 1, 2, 4))))
        for _ in range(section.bars)
    ]
    like = dice.choice((None, dice.randrange(at))) if at else None
    return msgspec.structs.replace(
        section,
        chords=dice.choice((section.chords, " | ".join(bars))),
        energy=dice.randint(1, 7),
        roles=tuple(dice.sample(roles, dice.randint(1, len(roles)))),
        like=like,
        variation=0 if like is None else dice.randint(0, 3),
        patterns=dice.choice((section.patterns, tuple(dice.sample(known, 3)), ())),
    )


@pytest.mark.parametrize("seed", range(12))
def test_what_is_not_refused_is_played(seed: int, rooms: Rooms) -> None:
    dice = random.Random(f"odd/{seed}")
    accepted = next(plan for plan in (_odd(dice) for _ in range(200)) if not check(plan))
    plan = msgspec.json.decode(msgspec.json.encode(accepted), type=Outline)
    resolved = resolve(Brief(plan=plan, candidates=1), seed)
    (take,) = written(sheets(resolved, seed, 0, first_number(resolved), 1), seed, rooms)
    end = take.score.length + take.plan.ring_ticks
    for part in take.score.parts:
        for note in part.notes:
            assert 0 <= note.start < end
            assert note.length > 0
            assert 0 <= note.pitch <= 127
            assert 1 <= note.velocity <= 127
    assert outline(take.plan, resolved.duration_ms, 1).sections == plan.sections
