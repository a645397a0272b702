"""Wwise: WAV files with cues, a tab-delimited import and the arguments of one authoring call.

``wwise_import.txt`` is what Project > Import Tab Delimited takes: first row the columns, an object
path with types in angle brackets, paths of sounds relative to the file. ``wwise_object_set.json``
are arguments of ``ak.wwise.core.object.set``, which says more: entry and exit cues, the playlist of
intro and loop, a switch between the layers.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from engine.packages.content import Content, Item, as_written
from engine.packages.manifest import as_json
from engine.packages.tables import rows

FOLDER = "audio"
HERE = "PACKAGE_FOLDER"
_MUSIC = "\\Interactive Music Hierarchy\\Default Work Unit"
_SWITCHES = "\\Switches\\Default Work Unit"
_ENTRY, _EXIT, _CUSTOM = 0, 1, 2  # CueType
_SEGMENT_ITEM = 1  # PlaylistItemType; 0 is a group
_FOREVER, _ONCE = 0, 1  # LoopCount


def files(content: Content, folder: str) -> Mapping[str, bytes]:
    return {
        "README.txt": _README.encode(),
        "wwise_import.txt": _import(content, folder),
        "wwise_object_set.json": as_json(_object_set(content, folder)),
    }


# --- the tab-delimited import ---------------------------------------------------------------------

COLUMNS = (
    "Audio File",
    "Object Path",
    "Notes",
    "Property[OverrideClockSettings]",
    "Property[Tempo]",
    "Property[TimeSignatureUpper]",
    "Property[TimeSignatureLower]",
)


def _import(content: Content, folder: str) -> bytes:
    """A row that makes each segment with its clock, then a row for each of its tracks."""
    lines: list[Sequence[object]] = [COLUMNS]
    for name, items in _segments(content):
        path = f"{_MUSIC}\\<Music Segment>{name}"
        clock = _clock(content, items[0])
        lines.append(("", path, _notes(content, items), *(clock.values() or ("",) * 4)))
        lines += (
            (f"{folder}\\{item.file}", f"{path}\\<Music Track>{item.stem}", "", "", "", "", "")
            for item in items
        )
    return rows(lines, "\t")


def _segments(content: Content) -> list[tuple[str, list[Item]]]:
    """Every file is a segment of its own, but for the stems: they are the tracks of one."""
    stems = content.of("stems")
    found = [(item.stem, [item]) for item in content.items if item not in stems]
    return found + ([(f"{content.title}_Stems", stems)] if stems else [])


def _notes(content: Content, items: Sequence[Item]) -> str:
    first = items[0].sound
    said = [content.facts.title, "stems" if len(items) > 1 else first.name]
    if content.facts.license:
        said.append(f"license {content.facts.license}")
    return ", ".join(said)


def _clock(content: Content, item: Item) -> dict[str, Any]:
    tempo = content.tempo(item)
    if not tempo:
        return {}
    speed, upper, lower = as_written(tempo, content.meter(item))
    return {
        "@OverrideClockSettings": True,
        "@Tempo": round(speed, 6),
        "@TimeSignatureUpper": upper,
        "@TimeSignatureLower": lower,
    }


# --- the authoring call ---------------------------------------------------------------------------


def _object_set(content: Content, folder: str) -> dict[str, Any]:
    layers = content.layers()
    tops: list[dict[str, Any]] = []
    if layers:
        tops.append({"object": _SWITCHES, "children": [_intensities(content, layers)]})
    children = [_playlist(content, folder)]
    if layers:
        children.append(_switch(content, layers, folder))
    placed = {item.file for item in [*content.form(), *layers]}
    children += (
        _segment(content, name, items, folder)
        for name, items in _segments(content)
        if items[0].file not in placed
    )
    tops.append({"object": _MUSIC, "children": children})
    return {"objects": tops, "onNameConflict": "merge", "listMode": "replaceAll"}


def _playlist(content: Content, folder: str) -> dict[str, Any]:
    path = f"{_MUSIC}\\{content.title}"
    form = content.form()
    return {
        "type": "MusicPlaylistContainer",
        "name": content.title,
        "children": [_segment(content, item.stem, [item], folder) for item in form],
        "@PlaylistRoot": {
            "type": "MusicPlaylistItem",
            "name": "",
            "children": [
                {
                    "type": "MusicPlaylistItem",
                    "name": "",
                    "@PlaylistItemType": _SEGMENT_ITEM,
                    "@LoopCount": _FOREVER if item.sound.loop else _ONCE,
                    "@Segment": f"{path}\\{item.stem}",
                }
                for item in form
            ],
        },
    }


def _segment(content: Content, name: str, items: Sequence[Item], folder: str) -> dict[str, Any]:
    first = items[0]
    return {
        "type": "MusicSegment",
        "name": name,
        "notes": _notes(content, items),
        **_clock(content, first),
        "@EndPosition": _ms(first, first.sound.frames),
        "@Cues": _cues(first),
        "children": [
            {
                "type": "MusicTrack",
                "name": item.stem,
                "import": {"files": [{"audioFile": f"{HERE}\\{folder}\\{item.file}"}]},
            }
            for item in items
        ],
    }


def _cues(item: Item) -> list[dict[str, Any]]:
    own = ((marker.name, _CUSTOM, marker.frame) for marker in item.sound.markers)
    places = [("Entry Cue", _ENTRY, item.sound.entry), ("Exit Cue", _EXIT, item.exit), *own]
    return [
        {"type": "MusicCue", "name": name, "@CueType": kind, "@TimeMs": _ms(item, frame)}
        for name, kind, frame in places
    ]


def _ms(item: Item, frame: int) -> float:
    return round(frame * 1000 / item.sound.sample_rate, 6)


def _intensities(content: Content, layers: Sequence[Item]) -> dict[str, Any]:
    return {
        "type": "SwitchGroup",
        "name": f"{content.title}_Intensity",
        "children": [{"type": "Switch", "name": item.stem} for item in layers],
    }


def _switch(content: Content, layers: Sequence[Item], folder: str) -> dict[str, Any]:
    """One layer at a time, chosen by a switch named after it."""
    name = f"{content.title}_Layers"
    group = f"{_SWITCHES}\\{content.title}_Intensity"
    return {
        "type": "MusicSwitchContainer",
        "name": name,
        "@Arguments": [group],
        "@Entries": [
            {
                "type": "MultiSwitchEntry",
                "name": "",
                "@EntryPath": [f"{group}\\{item.stem}"],
                "@AudioNode": f"{_MUSIC}\\{name}\\{item.stem}",
            }
            for item in layers
        ],
        "children": [_segment(content, item.stem, [item], folder) for item in layers],
    }


_README = """\
Two ways in, for Wwise 2019.2 to 2024.1; take one.
1. Project > Import Audio Files > Import Tab Delimited, file wwise_import.txt: a Music Segment with
   its tempo for every file. The markers lie in the WAV files as cues.
2. wwise_object_set.json: replace PACKAGE_FOLDER by the full path of this folder and send it as the
   arguments of ak.wwise.core.object.set: segments with entry and exit cues, intro and loop as a
   playlist, the layers behind a switch. Set the switch's transitions to Same Time as Playing
   Segment, so that a change of intensity keeps the place.
"""
