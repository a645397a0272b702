"""What each function plays: the family's motif turned to its meaning (§6.2, §6.4).

Opening rises, closing is the same notes backwards, attention repeats one pitch, trouble falls,
a hint is one step up.
"""

from itertools import pairwise
from math import log2

from msgspec import Struct

from engine.cabin.character import Character
from engine.cabin.voices import hertz
from engine.contracts import CabinFunction, ResolvedFunction

Note = tuple[float, int, float]
"""When in ms, MIDI pitch, velocity 0-1."""

SHORTEST_STEP_MS = 45.0
LAST_SHARE = 0.35
"""Of a short sound, the share that its last note keeps."""
ELSEWHERE = 6.0
"""What it costs to begin elsewhere than on the tonic, in semitones from where it is liked."""
_THIRD = 20  # semitones: what a third partial needs, without which nothing warns
SHRILL = 88
"""Above this pitch a courtesy sound soon has its middle above 1.6 kHz."""
BURST_MS, BURST_STEP_MS = 95.0, 120.0
OPENING: tuple[CabinFunction, ...] = ("welcome", "door_open", "unlock", "charge_start")
CLOSES: dict[CabinFunction, CabinFunction] = {
    "farewell": "welcome", "door_close": "door_open", "lock": "unlock",
}  # fmt: skip
SIGNATURE_SHARE = 0.6


class Line(Struct, frozen=True, kw_only=True):
    """The manner of a function's notes: how many, how far apart, how they fall."""

    step_ms: float
    least: int
    most: int
    even: bool = False  # whether it keeps its own distances in every family


_LINES: dict[CabinFunction, Line] = {
    "welcome": Line(step_ms=230, least=3, most=5),
    "door_open": Line(step_ms=160, least=2, most=2),
    "unlock": Line(step_ms=72, least=2, most=2, even=True),
    "charge_start": Line(step_ms=125, least=3, most=4),
    "seat_belt": Line(step_ms=480, least=2, most=2, even=True),
    "low_battery": Line(step_ms=220, least=3, most=3),
    "notify": Line(step_ms=115, least=3, most=3),
}


_CHARGED = {14: (7, 16), 2: (4, 12)}
"""How charging goes on after the signature: otherwise than welcome and doors do."""


def written(
    one: ResolvedFunction,
    character: Character,
    base_hz: tuple[float, float],
    functions: tuple[CabinFunction, ...],
) -> tuple[Note, ...]:
    """The notes of a single sound; ``functions`` are all that the family has."""
    if one.function == "warn":
        return _warning(one, _base(character, base_hz, (0,), one.band_hz, _THIRD))
    if one.function == "indicator":
        low = _base(character, base_hz, (0, 7), one.band_hz)
        return ((0.0, low + 7, 0.8), (round(one.duration_ms * 370 / 705, 3), low, 0.7))
    opening = CLOSES.get(one.function, one.function)
    shape = _shape(opening, character, functions, one.band_hz)
    base = _base(character, base_hz, shape, one.band_hz)
    line = _LINES[opening]
    at = _times(one.duration_ms, line, len(shape), character)
    notes = [
        (start, base + degree, _velocity(one.function, index, len(shape)))
        for index, (start, degree) in enumerate(zip(at, shape, strict=True))
    ]
    if one.function in CLOSES:
        return _backwards(notes, one.function)
    return tuple(notes)


def carries_signature(shape: tuple[int, ...], signature: int) -> bool:
    """Whether two neighbours of a line lie a signature apart, up or down, octaves aside."""
    wanted = interval_class(signature)
    return any(interval_class(after - before) == wanted for before, after in pairwise(shape))


def interval_class(semitones: int) -> int:
    """0-6: a fourth is a fifth turned over."""
    within = abs(semitones) % 12
    return min(within, 12 - within)


def _shape(
    function: CabinFunction,
    character: Character,
    functions: tuple[CabinFunction, ...],
    band_hz: tuple[float, float] | None,
) -> tuple[int, ...]:
    """Semitones above the base, in order of time."""
    motif = character.motif
    if function == "seat_belt":
        return (0, 0)
    hints = _yielding(character, functions)
    if function == "notify":
        return (0, 0, motif.signature if "notify" in hints else 2)
    if function == "low_battery":
        return (motif.signature + 2, 2, 0) if "low_battery" in hints else (7, 4, 0)
    line = _LINES[function]
    wanted = max(line.least, min(line.most, character.notes))
    degrees = motif.degrees[:wanted]
    if motif.signature == 2 and line.most == 2:
        degrees = (0, 2, 14)  # two notes a step apart are much the same forwards and backwards
    if function == "charge_start":
        degrees = (*motif.degrees[:2], *_CHARGED.get(motif.signature, (12, 14)))[:wanted]
    if band_hz is not None:
        degrees = tuple(one for one in degrees if one <= 14)
    return degrees


def _yielding(character: Character, functions: tuple[CabinFunction, ...]) -> set[str]:
    """Which hints give up their own interval so that the family keeps its signature."""
    free = [one for one in functions if one in (*OPENING, *CLOSES)]
    own = [one for one in ("notify", "low_battery") if one in functions]
    signature = interval_class(character.motif.signature)
    kept = {"notify": signature == 2, "low_battery": signature in (3, 4)}
    yielding: set[str] = set()
    for one in own:
        carrying = len(free) + sum(kept[name] or name in yielding for name in own)
        if carrying / (len(free) + len(own)) < SIGNATURE_SHARE:
            yielding.add(one)
    return yielding


def _base(
    character: Character,
    base_hz: tuple[float, float],
    shape: tuple[int, ...],
    band_hz: tuple[float, float] | None,
    above: int = 0,
) -> int:
    """The lowest note: of the family's pitches, the whole line too where that can be, and nearest
    to where the character likes it. In a window the line leaves ``above`` semitones over itself."""
    low, high = base_hz
    ceiling = float("inf")
    if band_hz is not None:
        low, high = max(low, band_hz[0] * 1.02), min(high, band_hz[1] / 1.02)
        ceiling = band_hz[1] / 1.02
    liked = 69 + 12 * log2(low**0.6 * high**0.4 / 440) + character.register
    lowest, highest = 69 + 12 * log2(low / 440), 69 + 12 * log2(high / 440)
    liked = min(max(liked, lowest), highest)
    family = {(character.tonic + one) % 12 for one in character.motif.pitches}
    found = [
        midi
        for midi in range(20, 110)
        if low <= hertz(midi) <= high and midi % 12 in family
        and hertz(midi + max(shape) + above) <= ceiling
    ]  # fmt: skip
    if not found:
        found = [round(liked)]

    def cost(midi: int) -> float:
        strange = sum((midi + degree) % 12 not in family for degree in shape)
        tonic = 0.0 if midi % 12 == character.tonic else ELSEWHERE
        shrill = max(0, midi + max(shape) - SHRILL)
        return abs(midi - liked) + 2.5 * strange + tonic + 1.5 * shrill

    return min(found, key=cost)


def _times(duration_ms: int, line: Line, count: int, character: Character) -> list[float]:
    """When the notes begin: by the character's cell and pace, inside a sound of this length."""
    steps = [line.step_ms] * (count - 1)
    if not line.even:
        steps = [
            line.step_ms * character.pace * character.cell[index % 4] * 2
            * (character.swing if index % 2 == 0 else 1 - character.swing)
            for index in range(count - 1)
        ]  # fmt: skip
    whole = sum(steps)
    most = duration_ms * (1 - LAST_SHARE)
    if whole > most:
        steps = [max(step * most / whole, SHORTEST_STEP_MS) for step in steps]
    at = [0.0]
    for step in steps:
        at.append(round(at[-1] + step, 3))
    return at


def _velocity(function: CabinFunction, index: int, count: int) -> float:
    """Loudest at the arrival of what opens; even where attention is asked for."""
    if function in ("seat_belt", "indicator"):
        return 0.85
    if function == "low_battery":
        return round(0.9 - 0.05 * index, 3)
    if function == "unlock":
        return round(0.8 + 0.1 * index / max(1, count - 1), 3)
    return round(0.7 + 0.2 * index / max(1, count - 1), 3)


def _backwards(opening: list[Note], function: CabinFunction) -> tuple[Note, ...]:
    """The same notes from the last to the first, softest at the end, their distances turned."""
    end = opening[-1][0]
    count = len(opening)
    return tuple(
        (round(end - start, 3), pitch, round(0.8 - 0.1 * index / max(1, count - 1), 3))
        for index, (start, pitch, _) in enumerate(reversed(opening))
    )


def _warning(one: ResolvedFunction, pitch: int) -> tuple[Note, ...]:
    """Bursts of one pitch that end with the file; the first two are softer, against startling."""
    count = max(2, round((one.duration_ms - BURST_MS) / BURST_STEP_MS) + 1)
    step = (one.duration_ms - BURST_MS) / (count - 1)
    louder = (0.71, 0.84)
    return tuple(
        (round(step * index, 3), pitch, louder[index] if index < 2 and count > 3 else 1.0)
        for index in range(count)
    )
