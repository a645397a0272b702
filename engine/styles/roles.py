"""Roles and the ladder: who may play, how high, how loud, and what sounds at which energy."""

import re

from msgspec import Struct

from engine.styles.lines import FILLS, ROLES, Lines

RUNGS = 7
_KEYS = ("gm", "syn", "kit", "range", "dens", "vel", "art", "optional", "perc", "vibrato",
         *"KSHTCPLOR")  # fmt: skip
_PATTERN = re.compile(r"(?:groove|bass|comp)\.\w+")
SYNTHS = frozenset((
    "felt_piano", "ep_tine", "ep_reed", "toy_bell", "pluck_soft", "pluck_glass", "arp_saw",
    "koto_ks", "zheng_ks", "pipa_ks", "lute_ks", "nylon_ks", "bell_fm", "bell_modal", "bowl_modal",
    "yangqin_modal", "chime_modal", "pad_warm", "pad_glass", "pad_dark", "pad_choir", "pad_poly",
    "pad_strings", "pad_grain", "drone_sub", "drone_bow", "drone_metal", "drone_breath",
    "lead_saw", "lead_square", "lead_soft", "lead_sine", "supersaw", "erhu_bow", "dizi_air",
    "theremin", "bass_sub", "bass_saw", "bass_pluck", "bass_fm", "bass_reese", "bass_808",
    "pulse12", "pulse25", "pulse50", "tri_chip", "noise_chip", "riser", "downer", "impact",
    "braam", "rev_swell", "vinyl", "rain", "wind", "heartbeat", "scrape", "sub_drop", "kit_lofi",
    "kit_808", "kit_909", "kit_80s", "kit_cinema", "kit_soft", "kit_chip", "kit_cn",
))  # fmt: skip
"""Patches of our own that a sheet may name."""


class Role(Struct, frozen=True, kw_only=True):
    """Who may play a role, how high, how loud."""

    name: str
    programs: tuple[int, ...]
    patches: tuple[str, ...]
    kits: tuple[int, ...]
    low: int
    high: int
    density: tuple[float, float]
    velocity: tuple[int, int]
    optional: bool
    pedal: bool  # what is struck rings on while the harmony lasts
    keys: dict[str, int]  # drum voices moved to other keys


def role(lines: Lines, field: str) -> Role:
    """One role; raises `BadSheet`."""
    facts = _facts(lines, field)
    low, high = _span(lines, field, facts, "range", rising=True)
    if not 0 <= low < high <= 127:
        raise lines.refusal(field, f"range={facts['range']} is not low-high of MIDI 0-127")
    density = _span(lines, field, facts, "dens")
    velocity = _span(lines, field, facts, "vel", rising=True)
    if velocity[1] > 127:
        raise lines.refusal(field, f"vel={facts['vel']} exceeds MIDI's 127")
    keys = {voice: int(facts[voice].split()[0]) for voice in "KSHTCPLOR" if voice in facts}
    percussion = re.findall(r"\d+", facts.get("perc", ""))
    if percussion and "P" not in keys:
        keys["P"] = int(percussion[0])
    return Role(
        name=field.removeprefix("role."), programs=_numbers(lines, field, facts, "gm"),
        patches=_patches(lines, field, facts), kits=_numbers(lines, field, facts, "kit"),
        low=int(low), high=int(high), density=density,
        velocity=(int(velocity[0]), int(velocity[1])),
        pedal="pedal per chord" in facts.get("art", ""),
        optional=facts.get("optional", "").startswith("1"), keys=keys,
    )  # fmt: skip


def _facts(lines: Lines, field: str) -> dict[str, str]:
    facts: dict[str, str] = {}
    for part in re.split(r"; (?=\w+=)", lines[field]):
        key, equals, value = part.partition("=")
        if not equals or key not in _KEYS:
            raise lines.refusal(field, f"unknown key {key!r}; known are {' '.join(_KEYS)}")
        facts[key] = value.strip()
    return facts


def _numbers(lines: Lines, field: str, facts: dict[str, str], key: str) -> tuple[int, ...]:
    words = facts.get(key, "").split()
    if not all(word.isdigit() and int(word) <= 127 for word in words):
        raise lines.refusal(field, f"{key}={facts[key]} must be program numbers 0-127")
    return tuple(int(word) for word in words)


def _patches(lines: Lines, field: str, facts: dict[str, str]) -> tuple[str, ...]:
    names = tuple(facts.get("syn", "").split())
    for name in names:
        if name not in SYNTHS:
            near = [one for one in sorted(SYNTHS) if one[:3] == name[:3]] or sorted(SYNTHS)
            raise lines.refusal(field, f"unknown patch {name!r}; known are {' '.join(near)}")
    return names


def _span(
    lines: Lines, field: str, facts: dict[str, str], key: str, *, rising: bool = False
) -> tuple[float, float]:
    """``low-high`` of a role, or one figure for both where it need not rise."""
    written = facts.get(key, "")
    found = re.fullmatch(r"([\d.]+)(?:-([\d.]+))?", written)
    if found is None:
        raise lines.refusal(field, f"{key} reads like {key}=low-high, not {written!r}")
    low, high = float(found[1]), float(found[2] or found[1])
    if low > high or (rising and low == high):
        raise lines.refusal(field, f"{key}={written}: low must be under high")
    return low, high


def ladder(lines: Lines, known: set[str]) -> tuple[frozenset[str], ...]:
    """What sounds at energy 1 to 7: roles, patterns, and ``role:comp.n`` for a cell of its own."""
    rungs = lines["ladder"].split("|")
    if len(rungs) != RUNGS:
        raise lines.refusal("ladder", f"{len(rungs)} rungs between bars |, not seven")
    sounding: set[str] = set()
    climbed: list[frozenset[str]] = []
    for rung in rungs:
        for word in re.sub(r"\([^)]*\)", " ", rung).replace(",", " ").split():
            _check(lines, word, known)
            _climb(sounding, word, known)
        climbed.append(frozenset(sounding))
    return tuple(climbed)


def _check(lines: Lines, word: str, known: set[str]) -> None:
    """A role or pattern that the style lacks; any other word is a remark."""
    for name in re.split(r"[>:]", word.lstrip("+-")):
        named = name in ROLES or _PATTERN.fullmatch(name)
        meant = named or (word[0] in "+-" and len(word) > 1) or ">" in word
        if meant and name not in known:
            raise lines.refusal(
                "ladder", f"{word!r} names {name!r}, which this style has not; it has "
                f"{' '.join(sorted(known))}"
            )  # fmt: skip


def _climb(sounding: set[str], word: str, known: set[str]) -> None:
    """One word of a rung: ``+x`` adds, ``-x`` removes, ``x>y`` replaces; the rest is remarks."""
    adds = word.removeprefix("+")
    if ">" in adds:
        old, _, new = adds.partition(">")
        sounding.discard(old)
        _add(sounding, new)
    elif word.startswith("-"):
        sounding.discard(word[1:])
    elif ":" in adds and adds.split(":")[0] in known:
        sounding.add(adds.split(":")[0])
        sounding.add(adds)
    elif adds in known and adds not in FILLS:
        _add(sounding, adds)


def _add(sounding: set[str], name: str) -> None:
    """A groove or bass pattern takes the place of its kind; a comping cell joins."""
    kind = name.partition(".")[0]
    if kind in ("groove", "bass") and "." in name:
        sounding -= {one for one in sounding if one.startswith(f"{kind}.")}
    sounding.add(name)


def energy_cap(text: str) -> int:
    """The highest rung that a style takes unasked."""
    found = re.search(r"stays at 1-(\d)|above (\d) only on request", text)
    return RUNGS if found is None else int(found[1] or found[2])
