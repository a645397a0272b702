"""How each kind of player plays: early or late, how evenly, how a chord is spread. Milliseconds."""

from msgspec import Struct

from engine.contracts import PartPlan
from engine.styles.clock import MACHINES


class Hand(Struct, frozen=True, kw_only=True):
    """A kind of player: ``spread`` a standard deviation, ``most`` the farthest from the offset."""

    spread: float  # ms
    offset: float  # ms against the grid, negative is early
    loudness: float  # standard deviation of velocity
    most: float = 9.0  # ms, around the offset of a slow attack
    down: float = 0.0  # ms from the first to the last note of a chord, down and up
    up: float = 0.0
    breathes: bool = False  # cannot play on without a gap


HANDS: dict[str, Hand] = {
    "machine": Hand(spread=0.25, offset=0, loudness=2, most=1),
    "effect": Hand(spread=0, offset=0, loudness=0, most=0),
    "drums": Hand(spread=3, offset=0, loudness=4, most=7),
    "bass": Hand(spread=4, offset=3, loudness=5),
    "keys": Hand(spread=4, offset=2, loudness=6, down=9, up=6),
    "guitar": Hand(spread=3.5, offset=0, loudness=6, down=22, up=14),
    "plucked": Hand(spread=5, offset=0, loudness=6, down=40, up=30),
    "wind": Hand(spread=8, offset=-14, loudness=4, most=20, breathes=True),
    "bow": Hand(spread=8, offset=-16, loudness=4, most=20, breathes=True),
    "brass": Hand(spread=7, offset=-12, loudness=5, most=20, breathes=True),
    "section": Hand(spread=7, offset=-36, loudness=3, most=14),
    "pad": Hand(spread=4, offset=-30, loudness=2, most=15),
}

_PROGRAMS: tuple[tuple[range, str], ...] = (
    (range(24), "keys"), (range(24, 32), "guitar"), (range(32, 40), "bass"),
    (range(40, 44), "bow"), (range(44, 45), "section"), (range(45, 48), "plucked"),
    (range(48, 55), "section"), (range(55, 62), "brass"), (range(62, 64), "machine"),
    (range(64, 80), "wind"), (range(80, 104), "machine"), (range(104, 109), "plucked"),
    (range(109, 110), "wind"), (range(110, 111), "bow"), (range(111, 112), "wind"),
    (range(112, 128), "plucked"),
)  # fmt: skip
_PATCHES: dict[str, str] = {
    "felt_": "keys", "ep_": "keys", "toy_": "keys", "bell_": "keys", "bowl_": "keys",
    "chime_": "keys", "yangqin": "plucked", "koto": "plucked", "zheng": "plucked",
    "pipa": "plucked", "lute": "plucked", "nylon": "guitar", "erhu": "bow", "theremin": "bow",
    "dizi": "wind", "bass_": "bass", "lead_": "keys", "drone_": "machine",
}  # fmt: skip

# Style → kind of player or drum voice → ms added: who leans where, by the sheets' ``feel``.
LEANS: dict[str, dict[str, float]] = {
    "lofi": {"S": 5, "H": 2, "keys": 4, "bass": 2},
    "jazz_trio": {"R": -2, "P": -1, "bass": -5, "keys": 4},
    "bossa": {"guitar": 5, "bass": -1},
    "funk_corporate": {"guitar": 3, "bass": -2},
    "country": {"guitar": -3},
    "rock": {"S": 2},
    "metal": {"S": -2, "guitar": 0, "bass": -2},
    "acoustic_folk": {"bass": -1},
    "fantasy_tavern": {"bow": -6},
    "chinese_traditional": {"bow": 14, "wind": 14},
}


def hand_of(part: PartPlan, style: str) -> str:
    """The kind of player of a part."""
    if part.role == "fx":
        return "effect"
    if style in MACHINES:
        return "machine"
    if part.role == "drums":
        return "drums"
    if part.patch is not None:
        if part.role == "pad":
            return "machine"
        return next((kind for name, kind in _PATCHES.items() if part.patch.startswith(name)),
                    "machine")  # fmt: skip
    kind = next((kind for programs, kind in _PROGRAMS if part.program in programs), "keys")
    return "pad" if part.role == "pad" and kind in ("keys", "section") else kind
