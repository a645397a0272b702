"""What the sounds of a car can be, function by function: lengths, registers, urgency, levels.

After the function table of the sound designer's book (§6.4). A value outside ``usual_ms`` can be
asked for, one outside ``possible_ms`` cannot be made.
"""

from typing import cast, get_args

from msgspec import Struct

from engine.contracts import CabinFunction

ALL: tuple[CabinFunction, ...] = get_args(CabinFunction)
AMBIENCES: tuple[CabinFunction, ...] = ("charging", "sleep", "drive")
SOUNDS: tuple[CabinFunction, ...] = tuple(one for one in ALL if one not in AMBIENCES)
SPEEDS_KMH = (0, 40, 80, 120, 160)
"""The hum of driving is delivered as one loop for each of these."""

PAIRS: tuple[tuple[CabinFunction, CabinFunction], ...] = (
    ("welcome", "farewell"),
    ("door_open", "door_close"),
    ("unlock", "lock"),
)
"""The first opens, the second closes: the same notes in the opposite order."""


class FunctionFacts(Struct, frozen=True, kw_only=True):
    """What one function can be.

    ``base_hz`` is where its lowest note may lie, ``stretch`` how many times higher its highest can
    be. ``attack_ms`` and ``decay_ms`` are what may be asked. ``level_lu`` is its loudness against
    the family's, ``headroom_db`` the least its peak stands above its loudness.
    """

    urgency: int
    usual_ms: tuple[int, int]
    possible_ms: tuple[int, int] = (200, 5_000)
    length_ms: int
    base_hz: tuple[float, float]
    stretch: float = 2.3
    attack_ms: tuple[float, float] = (0.0, 0.0)
    decay_ms: tuple[float, float] = (0.0, 0.0)
    level_lu: float = 0.0
    headroom_db: float = 15.0
    speed_kmh: int = 0


_TABLE: dict[CabinFunction, FunctionFacts] = {
    "welcome": FunctionFacts(
        urgency=0, usual_ms=(1_800, 3_500), length_ms=2_400, base_hz=(260, 740), stretch=2.7,
        attack_ms=(4, 120), decay_ms=(300, 4_000), level_lu=0,
    ),
    "farewell": FunctionFacts(
        urgency=0, usual_ms=(1_800, 3_000), length_ms=2_400, base_hz=(260, 740), stretch=2.7,
        attack_ms=(4, 120), decay_ms=(300, 4_000), level_lu=-0.5,
    ),
    "door_open": FunctionFacts(
        urgency=0, usual_ms=(600, 1_200), length_ms=920, base_hz=(400, 700), attack_ms=(4, 60),
        decay_ms=(150, 2_000), level_lu=-1,
    ),
    "door_close": FunctionFacts(
        urgency=0, usual_ms=(600, 1_000), length_ms=900, base_hz=(400, 700), attack_ms=(4, 60),
        decay_ms=(150, 2_000), level_lu=-1.5,
    ),
    "unlock": FunctionFacts(
        urgency=0, usual_ms=(200, 450), length_ms=360, base_hz=(600, 1_200), attack_ms=(2, 30),
        decay_ms=(80, 1_000), level_lu=2,
    ),
    "lock": FunctionFacts(
        urgency=0, usual_ms=(200, 450), length_ms=360, base_hz=(600, 1_200), attack_ms=(2, 30),
        decay_ms=(80, 1_000), level_lu=2,
    ),
    "charge_start": FunctionFacts(
        urgency=0, usual_ms=(800, 1_800), length_ms=1_280, base_hz=(400, 900), attack_ms=(4, 80),
        decay_ms=(200, 2_500), level_lu=0,
    ),
    "seat_belt": FunctionFacts(
        urgency=1, usual_ms=(600, 1_000), length_ms=830, base_hz=(700, 850), stretch=1.6,
        attack_ms=(4, 40), decay_ms=(80, 1_500), level_lu=2, speed_kmh=60,
    ),
    "low_battery": FunctionFacts(
        urgency=1, usual_ms=(800, 1_200), length_ms=1_060, base_hz=(580, 900), attack_ms=(4, 60),
        decay_ms=(150, 2_000), level_lu=1, speed_kmh=60,
    ),
    "notify": FunctionFacts(
        urgency=1, usual_ms=(500, 800), length_ms=670, base_hz=(780, 990), stretch=1.8,
        attack_ms=(4, 40), decay_ms=(120, 1_500), level_lu=-1, speed_kmh=60,
    ),
    "warn": FunctionFacts(
        urgency=4, usual_ms=(800, 1_600), length_ms=950, base_hz=(1_050, 1_500), stretch=3.2,
        attack_ms=(3, 10), decay_ms=(0, 0), level_lu=9, headroom_db=8, speed_kmh=120,
    ),
    "indicator": FunctionFacts(
        urgency=0, usual_ms=(640, 760), possible_ms=(500, 1_000), length_ms=705,
        base_hz=(600, 1_100), stretch=3.2, attack_ms=(0.2, 5), decay_ms=(10, 60), level_lu=-6,
        headroom_db=22,
    ),
    "charging": FunctionFacts(
        urgency=0, usual_ms=(30_000, 120_000), possible_ms=(5_000, 600_000), length_ms=48_000,
        base_hz=(65, 260), stretch=6, level_lu=-7, headroom_db=15,
    ),
    "sleep": FunctionFacts(
        urgency=0, usual_ms=(30_000, 120_000), possible_ms=(5_000, 600_000), length_ms=96_000,
        base_hz=(60, 150), stretch=4, level_lu=-14, headroom_db=17,
    ),
    "drive": FunctionFacts(
        urgency=0, usual_ms=(6_000, 12_000), possible_ms=(4_000, 60_000), length_ms=8_000,
        base_hz=(48, 165), stretch=3, level_lu=-6, headroom_db=13,
    ),
}  # fmt: skip


def facts(function: CabinFunction) -> FunctionFacts:
    """What ``function`` can be."""
    return _TABLE[function]


def partner(function: CabinFunction) -> CabinFunction | None:
    """The function that mirrors this one."""
    for pair in PAIRS:
        if function in pair:
            return pair[1 - pair.index(function)]
    return None


def named(word: str) -> CabinFunction | None:
    """The function of exactly this name."""
    return cast(CabinFunction, word) if word in ALL else None


OUTSIDE = frozenset({"avas", "exterior", "pedestrian", "pedestrian_warning", "outside", "horn"})
"""Sounds for those outside the car; they are approved with the vehicle, not made here."""

MEANT: dict[str, str] = {
    "hello": "welcome", "greeting": "welcome", "goodbye": "farewell", "bye": "farewell",
    "open": "door_open", "close": "door_close", "seatbelt": "seat_belt", "belt": "seat_belt",
    "battery": "low_battery", "battery_low": "low_battery", "charge": "charge_start",
    "charging_start": "charge_start", "notification": "notify", "message": "notify",
    "warning": "warn", "collision": "warn", "alarm": "warn", "turn_signal": "indicator",
    "blinker": "indicator", "rest": "sleep", "hum": "drive", "engine": "drive", "driving": "drive",
}  # fmt: skip
"""What other words for a function most likely mean; said in the refusal, never assumed."""
