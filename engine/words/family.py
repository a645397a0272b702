"""From the brief of a family to what it means: which sounds, how long, within which limits.

Pure: the gateway prices by it, the shell and the studio make by it. What cannot be is refused with
every reason at once, each with its pointer and with what would be accepted.
"""

import random

from msgspec import structs

from engine.contracts import (
    Brand,
    CabinFunction,
    Delivery,
    FamilyBrief,
    FunctionLimits,
    ResolvedFamily,
    ResolvedFunction,
)
from engine.errors import Reason
from engine.words.case import refusal
from engine.words.functions import (
    ALL,
    AMBIENCES,
    MEANT,
    OUTSIDE,
    SOUNDS,
    SPEEDS_KMH,
    FunctionFacts,
    facts,
    named,
    partner,
)

REFERENCE_LUFS = -23.0
"""The family's loudness where the delivery names none; functions stand above and below it."""
PEAK_DBFS = -3.0
"""Headroom for the amplifier's equaliser, unless a limit says otherwise."""
NARROWEST = 2 ** (3 / 12)
"""A base's room must hold a pitch of every set of pitches: none leaves out more than this."""

AXES: dict[str, str] = {
    "warm": "cool", "futuristic": "classic", "sporty": "calm", "rich": "minimal",
    "electronic": "natural", "serious": "playful",
}  # fmt: skip
"""Each axis, named after its +1, with what -1 is called."""
_AXES_MEANT = {
    "cold": "cool", "warmth": "warm", "modern": "futuristic", "sport": "sporty",
    "dynamic": "sporty", "relaxed": "calm", "luxury": "rich", "full": "rich",
    "simple": "minimal", "digital": "electronic",
    "synthetic": "electronic", "organic": "natural", "acoustic": "natural", "formal": "serious",
    "fun": "playful", "traditional": "classic",
}  # fmt: skip
TONICS = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
_FLATS = {"Db": "C#", "Eb": "D#", "Gb": "F#", "Ab": "G#", "Bb": "A#"}


class _Case:
    """One brief on the table, and what has been found wrong or chosen so far."""

    def __init__(self, brief: FamilyBrief, seed: int) -> None:
        self.brief, self.seed = brief, seed
        self.reasons: list[Reason] = []
        self.defaults: list[str] = []

    def refuse(self, pointer: str, code: str, detail: str, limit: object = None) -> None:
        self.reasons.append(Reason(pointer, code, detail, limit))

    def contradict(self, pointers: tuple[str, ...], detail: str, limit: object = None) -> None:
        for pointer in dict.fromkeys(pointers):
            self.refuse(pointer, "contradiction", detail, limit)


class _Asked:
    """The limits of one function: its own, and what `all` says where it says nothing."""

    def __init__(self, limits: dict[str, FunctionLimits], function: CabinFunction) -> None:
        own, shared = limits.get(function), limits.get("all")
        self._places: dict[str, str] = {}
        values: dict[str, object] = {}
        for place, given in (("all", shared), (function, own)):
            for name in FunctionLimits.__struct_fields__ if given is not None else ():
                value = getattr(given, name)
                if value is not None:
                    values[name], self._places[name] = value, place
        self.limits = FunctionLimits(**values)  # pyright: ignore[reportArgumentType]

    def pointer(self, name: str) -> str:
        return f"/limits/{self._places[name]}/{name}"

    def own(self, name: str, function: CabinFunction) -> bool:
        """Whether the function itself, not `all`, has this limit."""
        return self._places.get(name) == function

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._places)


def resolve_family(brief: FamilyBrief, seed: int) -> ResolvedFamily:
    """Decide what a family's brief means; ``seed`` is the working seed and goes into the result.

    Raises `BriefRefused` with every reason at once.
    """
    case = _Case(brief, seed)
    _refuse_exclusive(case)
    brand = _brand(case)
    tonic = _tonic(case)
    functions = _functions(case)
    _refuse_limits_of_nothing(case, functions)
    asked: dict[CabinFunction, _Asked] = {
        function: _Asked(brief.limits, function) for function in functions
    }
    resolved = [
        one
        for function in functions
        for one in _resolved(case, function, asked, brand, brief.delivery)
    ]
    if case.reasons:
        raise refusal(_once(case.reasons))
    return ResolvedFamily(
        brand=brand,
        tonic=tonic,
        functions=tuple(resolved),
        candidates=brief.candidates,
        seed=seed,
        delivery=brief.delivery,
        marking=brief.marking,
        rights=brief.rights,
        deadline_s=brief.deadline_s,
        defaults=tuple(case.defaults),
    )


def accepted_family() -> dict[str, object]:
    """What a family's brief may ask for, by field."""
    return {
        "functions": {
            name: {
                "urgency": facts(name).urgency,
                "usual_ms": list(facts(name).usual_ms),
                "possible_ms": list(facts(name).possible_ms),
                "base_hz": list(facts(name).base_hz),
            }
            for name in ALL
        },
        "axes": {name: {"+1": name, "-1": opposite} for name, opposite in AXES.items()},
        "tonics": list(TONICS),
        "limits": list(FunctionLimits.__struct_fields__),
    }


def _once(reasons: list[Reason]) -> list[Reason]:
    """A limit for all that is wrong for several functions in the same words is said once."""
    seen = {(one.pointer, one.detail): one for one in reasons}
    return list(seen.values())


def _pointer(field: str, key: str) -> str:
    """A JSON pointer to a key that the client chose."""
    return f"/{field}/{key.replace('~', '~0').replace('/', '~1')}"


# --- brand, tonic, functions ----------------------------------------------------------------------


def _refuse_exclusive(case: _Case) -> None:
    if case.brief.rights.exclusive:
        detail = "a brief grants no exclusive rights; ask for them at the pick"
        case.refuse("/rights/exclusive", "not_yet_available", detail, False)


def _brand(case: _Case) -> Brand:
    values: dict[str, float] = {}
    opposites = {opposite: name for name, opposite in AXES.items()}
    for word, value in case.brief.brand.items():
        if word in AXES:
            values[word] = float(value)
            continue
        axis = _AXES_MEANT.get(word, word)
        if axis in opposites:
            meant = f"say {opposites[axis]}: {-value:g}"
        elif axis in AXES:
            meant = f"say {axis}: {value:g}"
        else:
            meant = "the others are open"
        ends = ", ".join(f"{name} (-1 {opposite})" for name, opposite in AXES.items())
        detail = f"unknown axis {word!r}: {meant}; accepted, each from -1 to 1: {ends}"
        case.refuse(_pointer("brand", word), "unknown_axis", detail, list(AXES))
    return Brand(**values)


def _tonic(case: _Case) -> str:
    asked = case.brief.tonic
    if asked is None:
        chosen = random.Random(f"tonic {case.seed}").choice(TONICS)
        case.defaults.append(f"tonic {chosen}, drawn from the seed")
        return chosen
    name = asked.strip()
    name = name[:1].upper() + name[1:].replace("♯", "#").replace("♭", "b").lower()
    name = _FLATS.get(name, name)
    if name not in TONICS:
        flats = ", ".join(_FLATS)
        detail = f"unknown tonic {asked!r}; accepted: {', '.join(TONICS)} and {flats}"
        case.refuse("/tonic", "unknown_tonic", detail, list(TONICS))
        return TONICS[0]
    return name


def _functions(case: _Case) -> tuple[CabinFunction, ...]:
    found: list[CabinFunction] = []
    for at, word in enumerate(case.brief.functions):
        function = named(word)
        if function is None:
            _refuse_function(case, f"/functions/{at}", word)
        elif function in found:
            detail = f"{word} stands in the list twice; a family has each function once"
            case.refuse(f"/functions/{at}", "repeated", detail)
        else:
            found.append(function)
    if not case.brief.functions:
        case.defaults.append(f"functions {', '.join(SOUNDS)}")
        return SOUNDS
    return tuple(found)


def _refuse_function(case: _Case, pointer: str, word: str) -> None:
    plain = word.strip().lower().replace("-", "_").replace(" ", "_")
    if plain in OUTSIDE:
        detail = (
            f"{word} is heard outside the car: such sounds (AVAS, horns) are approved together "
            f"with the vehicle and are not made here; for the cabin ask for drive"
        )
        case.refuse(pointer, "exterior_sound", detail, list(ALL))
        return
    meant = MEANT.get(plain, plain)
    hint = f", perhaps {meant}" if meant in ALL else ""
    detail = f"unknown function {word!r}{hint}; accepted: {', '.join(ALL)}"
    case.refuse(pointer, "unknown_function", detail, list(ALL))


def _refuse_limits_of_nothing(case: _Case, functions: tuple[CabinFunction, ...]) -> None:
    for word in case.brief.limits:
        if word == "all" or word in functions:
            continue
        if named(word) is not None and case.brief.functions:
            detail = f"limits for {word}, which is not among the functions asked for"
            case.contradict((f"/limits/{word}", "/functions"), detail, list(functions))
        elif named(word) is not None:
            detail = f"limits for {word}, which is only made when /functions names it"
            case.contradict((f"/limits/{word}", "/functions"), detail, list(functions))
        else:
            _refuse_function(case, _pointer("limits", word), word)


# --- one function ---------------------------------------------------------------------------------


def _resolved(
    case: _Case,
    function: CabinFunction,
    asked: dict[CabinFunction, _Asked],
    brand: Brand,
    delivery: Delivery,
) -> list[ResolvedFunction]:
    mine, known = asked[function], facts(function)
    duration_ms = _duration_ms(case, function, asked, brand)
    band = _band(case, function, mine, known)
    attack, decay = _shape(case, function, mine, known, duration_ms)
    peak, loudness = _level(case, function, mine, known, delivery)
    one = ResolvedFunction(
        name=function,
        function=function,
        urgency=known.urgency,
        duration_ms=duration_ms,
        frames=round(duration_ms * delivery.sample_rate / 1000),
        loop=function in AMBIENCES or function == "indicator",
        speed_kmh=known.speed_kmh,
        band_hz=band,
        attack_ms=attack,
        decay_ms=decay,
        peak_dbfs=peak,
        loudness_lufs=round(loudness, 2),
        asked=mine.names,
    )
    if function != "drive":
        return [one]
    return [
        structs.replace(one, name=f"drive_{speed:03d}", speed_kmh=speed) for speed in SPEEDS_KMH
    ]


def _duration_ms(
    case: _Case, function: CabinFunction, asked: dict[CabinFunction, _Asked], brand: Brand
) -> int:
    """As asked; else as the function that mirrors this one was asked; else by the brand."""
    mine, known = asked[function], facts(function)
    if mine.limits.duration_ms is not None:
        low, high = known.possible_ms
        if not low <= mine.limits.duration_ms <= high:
            detail = (
                f"{function} cannot last {mine.limits.duration_ms} ms; possible: {low} to {high} ms"
            )
            pointers = (mine.pointer("duration_ms"), _place(case, function))
            case.contradict(pointers, detail, [low, high])
        return min(max(mine.limits.duration_ms, low), high)
    other = partner(function)
    theirs = asked[other].limits.duration_ms if other in asked else None
    if theirs is not None:
        low, high = known.possible_ms
        case.defaults.append(f"{function} {theirs} ms, as {other}, which it mirrors")
        return min(max(theirs, low), high)
    if function in AMBIENCES or function == "indicator":
        return known.length_ms
    low, high = known.usual_ms
    return round(min(max(known.length_ms * 1.25 ** (-brand.sporty), low), high))


def _place(case: _Case, function: CabinFunction) -> str:
    if function in case.brief.functions:
        return f"/functions/{case.brief.functions.index(function)}"
    return "/functions"


def _band(
    case: _Case, function: CabinFunction, mine: _Asked, known: FunctionFacts
) -> tuple[float, float] | None:
    """The window asked for, which must leave the base a place and the notes above it theirs."""
    window = mine.limits.band_hz
    if window is None:
        return None
    low, high = window
    lowest, highest = known.base_hz
    most_low = highest / NARROWEST
    least_high = max(low, lowest) * NARROWEST * known.stretch
    if function in AMBIENCES:
        most_low = lowest if function == "drive" else highest / 2
        least_high = max(low, lowest) * known.stretch
    pointer = mine.pointer("band_hz")
    if low >= high:
        detail = f"the window {low:g} to {high:g} Hz is empty; the first must be below the second"
        case.refuse(pointer, "out_of_order", detail, f"> {low:g}")
    elif low > most_low or high < least_high:
        detail = (
            f"{function} has its base at {lowest:g} to {highest:g} Hz, which the window {low:g} "
            f"to {high:g} Hz leaves no room; possible: from {most_low:.0f} Hz or lower "
            f"to {max(lowest, min(low, most_low)) * least_high / max(low, lowest):.0f} Hz or higher"
        )
        case.contradict((pointer, _place(case, function)), detail, [most_low, least_high])
    return window


def _shape(
    case: _Case, function: CabinFunction, mine: _Asked, known: FunctionFacts, duration_ms: int
) -> tuple[tuple[float, float] | None, tuple[float, float] | None]:
    """Attack and decay as asked; both must be possible for the function and fit its length."""
    kept: list[tuple[float, float] | None] = []
    for name, possible, share in (
        ("attack_ms", known.attack_ms, 0.25),
        ("decay_ms", known.decay_ms, 0.8),
    ):
        span: tuple[float, float] | None = getattr(mine.limits, name)
        kept.append(span)
        if span is None:
            continue
        what = name.removesuffix("_ms")
        if possible == (0.0, 0.0):
            if mine.own(name, function):
                manner = "is held and cut" if function == "warn" else "never begins or ends"
                detail = f"{function} has no {what}: it {manner}; leave the limit out"
                case.contradict((mine.pointer(name), _place(case, function)), detail)
            kept[-1] = None
            continue
        if span[0] > span[1]:
            detail = (
                f"{what}: {span[0]:g} to {span[1]:g} ms is empty; the first must be the smaller"
            )
            case.refuse(mine.pointer(name), "out_of_order", detail, f">= {span[0]:g}")
        elif span[1] < possible[0] or span[0] > possible[1]:
            detail = (
                f"{function} cannot have the {what} asked for, {span[0]:g} to {span[1]:g} ms; "
                f"possible: {possible[0]:g} to {possible[1]:g} ms"
            )
            case.contradict((mine.pointer(name), _place(case, function)), detail, list(possible))
        elif span[0] > share * duration_ms:
            pointer = (
                mine.pointer("duration_ms")
                if "duration_ms" in mine.names
                else _place(case, function)
            )
            most = share * duration_ms
            detail = (
                f"in {duration_ms} ms {function} can have at most {most:.0f} ms of {what}, "
                f"not {span[0]:g}"
            )
            case.contradict((mine.pointer(name), pointer), detail, most)
    return kept[0], kept[1]


def _level(
    case: _Case, function: CabinFunction, mine: _Asked, known: FunctionFacts, delivery: Delivery
) -> tuple[float, float]:
    """Peak and loudness: as asked, or by the function table under the peak that holds."""
    limits = mine.limits
    peak = PEAK_DBFS if limits.peak_dbfs is None else limits.peak_dbfs
    ceiling = delivery.true_peak_dbtp
    peak_pointer = mine.pointer("peak_dbfs") if limits.peak_dbfs is not None else None
    if peak > ceiling:
        if limits.peak_dbfs is not None:
            case.defaults.append(
                f"{function} peaks at most at {ceiling:g} dBFS, the delivery's true peak"
            )
        peak, peak_pointer = ceiling, "/delivery/true_peak_dbtp"
    most = peak - known.headroom_db
    if limits.loudness_lufs is not None:
        loudness, pointer = limits.loudness_lufs, mine.pointer("loudness_lufs")
    elif delivery.lufs is not None:
        loudness, pointer = delivery.lufs + known.level_lu, "/delivery/lufs"
    else:
        loudness = min(REFERENCE_LUFS + known.level_lu, most)
        return peak, loudness
    if loudness > most:
        detail = (
            f"{function} at {loudness:g} LUFS under a peak of {peak:g} dBFS is not possible; "
            f"at most {most:g} LUFS"
        )
        pointers = (pointer, peak_pointer or pointer)
        case.contradict(pointers, detail, most)
    return peak, loudness
