"""A car: one file per function, and a table of levels, bands and times as CSV and as JSON.

What a table row says beside the file's form comes from the sound's ``facts``, under the names of
the columns; what was not measured stays empty.
"""

from collections.abc import Mapping
from typing import Any

from engine.packages.content import Content, Item
from engine.packages.manifest import as_json
from engine.packages.tables import rows
from engine.words.formats import CHANNEL_ORDER

FOLDER = "sounds"
MEASURED = (
    "function",
    "urgency",
    "speed_kmh",
    "band_low_hz",
    "band_high_hz",
    "attack_ms",
    "decay_ms",
    "peak_dbfs",
    "level_db_re_family",
    "level_dba_0",
    "level_dba_60",
    "level_dba_120",
    "margin_db",
    "loudness_of",
)
COLUMNS = (
    "name",
    "file",
    *MEASURED,
    "loudness_lufs",
    "true_peak_dbtp",
    "duration_ms",
    "frames",
    "sample_rate",
    "bit_depth",
    "channels",
    "channel_order",
    "loop_first_frame",
    "loop_last_frame",
    "sha256",
)
_CLASSES = ("U0 courtesy", "U1 information", "U2 attention", "U3 caution", "U4 warning")


def files(content: Content, folder: str) -> Mapping[str, bytes]:
    table = [_row(item, folder) for item in content.items]
    return {
        "README.txt": _README.encode(),
        "functions.csv": rows([COLUMNS, *([_cell(row[c]) for c in COLUMNS] for row in table)], ","),
        "functions.json": as_json({"functions": table}),
    }


def _row(item: Item, folder: str) -> dict[str, Any]:
    sound = item.sound
    first, last = sound.loop or (None, None)
    return (
        {"name": sound.name, "file": f"{folder}/{item.file}"}
        | {name: sound.facts.get(name) for name in MEASURED}
        | {
            "function": sound.facts.get("function", sound.name),
            "urgency": _urgency(sound.facts.get("urgency")),
            "loudness_lufs": sound.lufs,
            "true_peak_dbtp": sound.true_peak_dbtp,
            "duration_ms": round(item.seconds * 1000, 3),
            "frames": sound.frames,
            "sample_rate": sound.sample_rate,
            "bit_depth": sound.bit_depth,
            "channels": sound.channels,
            "channel_order": CHANNEL_ORDER.get(sound.channels, ()),
            "loop_first_frame": first,
            "loop_last_frame": last,
            "sha256": item.sha256,
        }
    )


def _urgency(value: object) -> object:
    """The number of a class with its word."""
    return _CLASSES[value] if isinstance(value, int) and 0 <= value < len(_CLASSES) else value


def _cell(value: object) -> object:
    return " ".join(value) if isinstance(value, tuple) else value


_README = """\
One file per function. functions.csv and functions.json say for each: urgency class, band that holds
its energy, rise and decay, levels, exact length, channels in order, loop points. Levels in dBFS,
LUFS are those of the file; dB(A) are the levels it is meant to be played at, parked and at 60 and
120 km/h, which needs the car's own calibration; margin_db is what is then heard above the noise.
"""
