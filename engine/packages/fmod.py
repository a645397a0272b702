"""FMOD Studio: WAV files and a script for its scripting interface that builds the events.

The script's data is plain JSON in its first statement; what it calls is in FMOD's scripting
reference (project.importAudioFile, workspace.addEvent, Event.addGroupTrack, GroupTrack.addSound,
Event.addMarkerTrack, MarkerTrack.addRegion and addNamedMarker) and in its model (TempoMarker).
Positions and lengths are seconds.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from engine.packages.content import Content, Item, as_written

FOLDER = "audio"


def files(content: Content, folder: str) -> Mapping[str, bytes]:
    piece = {"title": content.title, "folder": f"{content.title}/{folder}"}
    events = [event for event in _events(content) if event["tracks"]]
    # Plain ASCII: the interpreter is older than the rule that lets U+2028 stand in a text.
    written = json.dumps(piece | {"events": events}, indent=2)
    return {
        "README.txt": _README.replace("TITLE", content.title).encode(),
        f"{content.title}_fmod.js": f"var PIECE = {written};\n\n{_SCRIPT}".encode(),
    }


def _events(content: Content) -> list[dict[str, Any]]:
    found = [_music(content)]
    if layers := content.layers():
        found.append(_together(content, "Layers", layers) | {"intensities": len(layers)})
    if stems := content.of("stems"):
        found.append(_together(content, "Stems", stems))
    held = {track["file"] for event in found for track in event["tracks"]}
    return found + [
        _together(content, item.stem, [item]) for item in content.items if item.file not in held
    ]


def _music(content: Content) -> dict[str, Any]:
    """The intro, where it ends the first pass, where that ends the loop; or the piece alone."""
    *before, piece = content.form()
    tracks, markers, start = [], [], 0.0
    for item in before:
        tracks.append(_track(item, start))
        markers.append({"name": item.sound.name, "position": start})
        start += _seconds(item, item.exit)
    event = _together(content, "Music", [piece], start)
    return event | {
        "markers": markers + event["markers"],
        "tracks": tracks + event["tracks"],
    }


def _together(
    content: Content, name: str, items: Sequence[Item], start: float = 0.0
) -> dict[str, Any]:
    """Sounds that begin together, with the tempo, the loop and the marks of the first."""
    first = items[0]
    return {
        "name": f"{content.title}_{name}" if name in ("Music", "Layers", "Stems") else name,
        "tempo": _tempo(content, first),
        "loop": _loop(first, start),
        "markers": [
            {"name": marker.name, "position": start + _seconds(first, marker.frame)}
            for marker in first.sound.markers
        ],
        "tracks": [_track(item, start) for item in items],
        "intensities": 0,
    }


def _track(item: Item, start: float) -> dict[str, Any]:
    return {"name": item.stem, "file": item.file, "start": start, "length": item.seconds}


def _tempo(content: Content, item: Item) -> dict[str, Any] | None:
    tempo = content.tempo(item)
    if not tempo:
        return None
    speed, upper, lower = as_written(tempo, content.meter(item))
    return {"bpm": round(speed, 6), "numerator": upper, "denominator": lower}


def _loop(item: Item, start: float) -> dict[str, float] | None:
    if item.sound.loop is None:
        return None
    first, last = item.sound.loop
    return {
        "position": start + _seconds(item, first),
        "length": _seconds(item, last - first + 1),
    }


def _seconds(item: Item, frames: int) -> float:
    return frames / item.sound.sample_rate


_SCRIPT = """\
(function () {
    var SILENT_DB = -80;

    function beside(path) {
        return path.replace(/\\\\/g, "/").replace(/\\/[^\\/]*$/, "");
    }

    function place(event, track) {
        var folder = beside(studio.project.filePath) + "/" + PIECE.folder;
        var asset = studio.project.importAudioFile(folder + "/" + track.file);
        if (!asset) {
            throw new Error("not found: " + folder + "/" + track.file);
        }
        var group = event.addGroupTrack(track.name);
        var sound = group.addSound(event.timeline, "SingleSound", track.start, track.length);
        sound.name = track.name;
        sound.audioFile = asset;
        return group;
    }

    function keepTime(event, tempo, marks) {
        var marker = studio.project.create("TempoMarker");
        marker.position = 0;
        marker.tempo = tempo.bpm;
        marker.timeSignatureNumerator = tempo.numerator;
        marker.timeSignatureDenominator = tempo.denominator;
        marker.timeline = event.timeline;
        marks.relationships.markers.add(marker);
    }

    function fade(event, groups) {
        var intensity = event.addGameParameter({
            name: "Intensity", type: studio.project.parameterType.User,
            min: 0, max: Math.max(1, groups.length - 1)
        });
        groups.forEach(function (group, layer) {
            var volume = group.mixerGroup.addAutomator("volume").addAutomationCurve(intensity);
            groups.forEach(function (other, at) {
                volume.addAutomationPoint(at, at === layer ? 0 : SILENT_DB);
            });
        });
    }

    function build(piece) {
        var event = studio.project.workspace.addEvent(piece.name, false);
        var groups = piece.tracks.map(function (track) { return place(event, track); });
        var marks = event.addMarkerTrack();
        if (piece.tempo) { keepTime(event, piece.tempo, marks); }
        if (piece.loop) {
            marks.addRegion(piece.loop.position, piece.loop.length, "loop",
                studio.project.regionLoopMode.Looping);
        }
        piece.markers.forEach(function (marker) {
            marks.addNamedMarker(marker.name, marker.position);
        });
        if (piece.intensities > 1) { fade(event, groups); }
    }

    studio.menu.addMenuItem({
        name: "Cuesmith\\\\Import " + PIECE.title,
        execute: function () { PIECE.events.forEach(build); }
    });
}());
"""
_README = """\
Put this folder beside the project's .fspro file and TITLE_fmod.js into the project's Scripts
folder; then choose Scripts > Cuesmith > Import TITLE. It makes the events: the music with intro and
loop region, the layers behind a parameter Intensity, the stems, the gestures; with tempo and
markers. manifest.json tells the same in plain words.
"""
