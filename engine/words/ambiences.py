"""What an ambience shall be made of, in words and in fields."""

import re

from engine.contracts import Reading
from engine.styles.ambiences import ACCEPTED, TEXTURES
from engine.words import names
from engine.words.case import Case

_SAID: dict[str, re.Pattern[str]] = {
    name: re.compile(rf"\b(?:{english})\b|{chinese}", re.IGNORECASE)
    for name, english, chinese in (
        (
            "rain",
            "(?:soft |light |heavy )?rain|rainfall|raining|rainy|drizzle|downpour",
            "雨声|下雨|细雨|雨",
        ),
        ("wind", "wind|winds|windy|breeze|gusts?", "风声|微风|大风|海风|刮风"),
        (
            "ocean",
            "(?:ocean|sea) waves?|ocean|sea|seaside|waves?|surf|beach|shore",
            "海浪|海洋|大海|海边|波浪|潮水",
        ),
        ("stream", "stream|brook|creek|river|babbling water|water", "溪流|小溪|流水|河流|溪水"),
        ("fire", "fire|campfire|fireplace|bonfire|crackling", "篝火|壁炉|炉火|火焰"),
        (
            "room",
            "room tone|ventilation|air conditioning|hvac|office air",
            "室内底噪|空调|房间底噪",
        ),
    )
}


def made_of(case: Case) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The textures and players that an ambience must have, and what it must not have."""
    forbid = tuple(dict.fromkeys((*_forbidden(case), *case.read.forbid)))
    wanted = dict.fromkeys(_required(case))
    for name in case.read.require:
        if name in ACCEPTED and name not in forbid:
            wanted.setdefault(name)
        else:
            case.overrule("require", name)
    for name, said in _SAID.items():
        heard = said.search(case.brief.prompt)
        if heard and name not in forbid:
            wanted.setdefault(name)
            case.explain(Reading(field="require", value=name, words=heard[0]))
    for name in wanted:
        if name in forbid:
            detail = f"{name} is required and forbidden; keep one of them"
            case.contradict(("/instruments/require", "/instruments/forbid"), detail)
    return tuple(wanted), forbid


def _required(case: Case) -> list[str]:
    found = []
    for index, word in enumerate(case.brief.instruments.require):
        name = _name(word)
        if name in ACCEPTED:
            found.append(name)
            continue
        detail = f"an ambience has no {word}; it is made of {', '.join(ACCEPTED)}"
        case.refuse(f"/instruments/require/{index}", "contradiction", detail, list(ACCEPTED))
    return found


def _forbidden(case: Case) -> list[str]:
    found = []
    for index, word in enumerate(case.brief.instruments.forbid):
        name = _name(word)
        if name is None:
            detail = f"unknown instrument {word!r}; an ambience is made of {', '.join(ACCEPTED)}"
            pointer = f"/instruments/forbid/{index}"
            case.refuse(pointer, "unknown_instrument", detail, list(ACCEPTED))
        else:
            found.append(name)
    if {"pads", "bass", "lead", "fx"} <= set(found):
        detail = "with pads, bass, lead and fx all forbidden nothing is left; allow one of them"
        case.refuse("/instruments/forbid", "contradiction", detail, ["pads", "fx"])
    return found


def _name(word: str) -> str | None:
    plain = "_".join(word.lower().split())
    if plain in TEXTURES:
        return plain
    said = next((name for name, pattern in _SAID.items() if pattern.fullmatch(word)), None)
    return said or names.instrument(word)
