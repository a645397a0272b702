"""The mix of a sheet: where things stand and what room they stand in."""

import re

from msgspec import Struct

from engine.styles.lines import Lines

_VERB = re.compile(r"verb=([a-z ]*[a-z])(?: ([\d.]+)(?:-[\d.]+)? s)?(?: \([^)]*\))?"
                   r"(?: pre ([\d.]+) ms)?(?: at (-?[\d.]+) dB)?")  # fmt: skip
_NEEDED = {
    "verb=": "verb=hall 2.2 s pre 25 ms at -14 dB",
    "sc=": "sc=none",
    "lufs=": "lufs=-18",
    "bright=": "bright=2",
}


class Mix(Struct, frozen=True, kw_only=True):
    """Where things stand and what room they stand in."""

    pan: dict[str, int]
    room: str
    decay_s: float
    predelay_ms: float
    send_db: float
    sidechain_db: float
    sidechain_ms: float
    lufs: float
    bright: int


def mix(lines: Lines) -> Mix:
    """The mix; raises `BadSheet` where a part of it is missing."""
    text = lines["mix"]
    for key, example in _NEEDED.items():
        if key not in text:
            raise lines.refusal("mix", f"{key[:-1]} is missing; it reads like {example}")
    verb, lufs = _VERB.search(text), re.search(r"lufs=(-[\d.]+)", text)
    bright = re.search(r"bright=([1-5])", text)
    if verb is None or lufs is None or bright is None:
        raise lines.refusal("mix", "reads like verb=hall 2.2 s …; sc=none; lufs=-18; bright=1-5")
    side = re.search(r"sc=[^;]*?([\d.]+)(?:-[\d.]+)? dB", text)
    release = re.search(r"sc=[^;]*?(\d+) ms", text)
    none = verb[1].strip().startswith("none")
    places = text.partition("verb=")[0] + ";"
    return Mix(
        pan={name: int(at) for name, at in re.findall(r"([a-z]+) (-?\d+)(?=[,;.])", places)},
        room=verb[1].strip(),
        decay_s=0.0 if none else float(verb[2] or 1.2),
        predelay_ms=float(verb[3] or 10),
        send_db=-60.0 if none else float(verb[4] or -14),
        sidechain_db=float(side[1]) if side else 0.0,
        sidechain_ms=float(release[1]) if release else 160.0,
        lufs=float(lufs[1]),
        bright=int(bright[1]),
    )
