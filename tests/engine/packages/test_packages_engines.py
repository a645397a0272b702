import json
import shutil
import subprocess

import jsonschema
import pytest
from msgspec import structs

from engine.packages import pack
from tests.engine.packages import pieces
from tests.engine.packages.readers import (
    WWISE_OBJECT_SET,
    fmod_data,
    godot_config,
    godot_resource,
    tab_delimited,
    unity_meta,
    unpacked,
)

UNITY = unpacked(pack("unity", pieces.loop(), pieces.FACTS))
GODOT = unpacked(pack("godot", pieces.loop("ogg"), pieces.FACTS))
WWISE = unpacked(pack("wwise", pieces.loop(), pieces.FACTS))
FMOD = unpacked(pack("fmod", pieces.loop(), pieces.FACTS))
WAVS = sorted(name for name in WWISE if name.endswith(".wav"))


# --- Unity ----------------------------------------------------------------------------------------


def test_unity_finds_settings_beside_every_asset_and_no_others() -> None:
    assets = {name for name in UNITY if not name.endswith(".meta")}
    folders = {name.rpartition("/")[0] for name in assets} - {""}
    assert {name.removesuffix(".meta") for name in UNITY if name.endswith(".meta")} == (
        assets | folders
    )
    identifiers = [unity_meta(UNITY[name])["guid"] for name in UNITY if name.endswith(".meta")]
    assert len(set(identifiers)) == len(identifiers)
    assert all(len(one) == 32 and int(one, 16) >= 0 for one in identifiers)


def test_unity_imports_sounds_unaltered_and_tells_scripts_their_loop() -> None:
    for name in (name for name in UNITY if name.endswith(".wav.meta")):
        meta = unity_meta(UNITY[name])
        importer = meta["AudioImporter"]
        assert meta["fileFormatVersion"] == 2
        assert (importer["forceToMono"], importer["normalize"], importer["3D"]) == (0, 0, 0)
        settings = importer["defaultSettings"]
        assert settings["loadType"] in (0, 1, 2) and settings["compressionFormat"] in (0, 1, 2)
        said = json.loads(importer["userData"])
        assert (said["bpm"], said["beatsPerBar"]) == (240, 2)
        looped = "Loop" in name
        assert said["loopStartSample"] == (0 if looped else None)
        assert said["loopEndSample"] == (4 * pieces.BAR - 1 if looped else None)


def test_a_newer_package_of_a_track_keeps_unitys_identifiers() -> None:
    fewer = unpacked(pack("unity", pieces.loop()[:1], pieces.FACTS))
    name = "Audio/KartSelect_Main_Loop_240bpm_Dm.wav.meta"
    assert unity_meta(fewer[name])["guid"] == unity_meta(UNITY[name])["guid"]
    other = structs.replace(pieces.FACTS, track="trk_2")
    strange = unpacked(pack("unity", pieces.loop()[:1], other))
    assert unity_meta(strange[name])["guid"] != unity_meta(UNITY[name])["guid"]


# --- Godot ----------------------------------------------------------------------------------------


def test_godot_imports_every_ogg_with_loop_tempo_and_beats() -> None:
    oggs = [name for name in GODOT if name.endswith(".ogg")]
    assert len(oggs) == 13
    for name in oggs:
        config = godot_config(GODOT[f"{name}.import"])
        assert config["remap"] == {"importer": "oggvorbisstr", "type": "AudioStreamOggVorbis"}
        assert config["deps"]["source_file"] == f"res://KartSelect/{name}"
        params = config["params"]
        assert params["loop"] is ("Loop" in name) and params["loop_offset"] == 0.0
        assert (params["bpm"], params["bar_beats"]) == (240.0, 2)
    beats = {
        name.split("_")[1]: godot_config(GODOT[f"{name}.import"])["params"]["beat_count"]
        for name in oggs
    }
    assert (beats["Main"], beats["Intro"], beats["Tail"], beats["Sting"]) == (8, 4, 0, 2)


def test_godots_loop_is_as_long_as_its_beats() -> None:
    params = godot_config(GODOT["audio/KartSelect_Loop_240bpm_Dm.ogg.import"])["params"]
    assert params["beat_count"] * 60 / params["bpm"] * pieces.RATE == 4 * pieces.BAR


@pytest.mark.parametrize(("name", "count"), [("layers.tres", 3), ("stems.tres", 3)])
def test_godot_runs_layers_and_stems_together(name: str, count: int) -> None:
    head, outside, properties = godot_resource(GODOT[name])
    assert head["type"] == "AudioStreamSynchronized" and head["format"] == "3"
    assert int(head["load_steps"]) == count + 1 == len(outside) + 1
    assert properties["stream_count"] == count
    for at in range(count):
        kind, identifier = properties[f"stream_{at}/stream"]
        path = outside[identifier]["path"].removeprefix("res://KartSelect/")
        assert kind == "ExtResource" and path in GODOT
    volumes = [properties[f"stream_{at}/volume"] for at in range(count)]
    assert volumes == ([-60.0, -60.0, 0.0] if name == "layers.tres" else [0.0] * 3)


def test_godot_goes_from_the_intro_into_the_loop_and_back_from_gestures() -> None:
    head, outside, properties = godot_resource(GODOT["music.tres"])
    assert head["type"] == "AudioStreamInteractive"
    names = [properties[f"clip_{at}/name"] for at in range(properties["clip_count"])]
    assert names == ["intro", "first_pass", "loop", "sting", "transition"]
    assert properties["initial_clip"] == 0
    advance = [properties[f"clip_{at}/auto_advance"] for at in range(5)]
    assert advance == [1, 1, 0, 1, 1]
    assert [properties[f"clip_{at}/next_clip"] for at in (0, 1, 3, 4)] == [1, 2, 2, 2]
    assert all(properties[f"clip_{at}/stream"][1] in outside for at in range(5))
    rules = properties["_transitions"]
    assert rules[("Vector2i", -1, -1)]["from_time"] == 2  # at the next bar
    assert rules[("Vector2i", 0, 1)]["from_time"] == 3  # at the end
    assert all(
        set(rule) == {"fade_beats", "fade_mode", "from_time", "to_time"} for rule in rules.values()
    )


# --- Wwise ----------------------------------------------------------------------------------------


def _all(one: dict, kind: str) -> list[dict]:
    held = [one] if one.get("type") == kind else []
    return held + [found for child in one.get("children", ()) for found in _all(child, kind)]


def test_wwise_makes_a_segment_with_its_clock_for_every_file() -> None:
    rows = tab_delimited(WWISE["wwise_import.txt"])
    music = "\\Interactive Music Hierarchy\\Default Work Unit\\<Music Segment>"
    made: set[str] = set()
    for row in rows:
        path = row["Object Path"]
        assert path.startswith(music)
        if row["Audio File"]:
            assert row["Audio File"].replace("\\", "/") in WWISE
            segment, track = path.split("\\<Music Track>")
            assert segment in made and track
        else:
            made.add(path)
            assert (row["Property[Tempo]"], row["Property[OverrideClockSettings]"]) == (
                "720",
                "True",
            )
            assert row["Property[TimeSignatureUpper]"] == "6"
            assert row["Property[TimeSignatureLower]"] == "8"
    files = [row["Audio File"].replace("\\", "/") for row in rows if row["Audio File"]]
    assert sorted(files) == WAVS and len(made) == len(WAVS) - 2  # three stems in one segment


def test_wwise_accepts_the_authoring_call() -> None:
    call = json.loads(WWISE["wwise_object_set.json"])
    jsonschema.validate(call, WWISE_OBJECT_SET)
    segments = [one for top in call["objects"] for one in _all(top, "MusicSegment")]
    tracks = [one for segment in segments for one in _all(segment, "MusicTrack")]
    imported = [one["import"]["files"][0]["audioFile"] for one in tracks]
    assert sorted(path.split("\\", 1)[1].replace("\\", "/") for path in imported) == WAVS
    assert len({one["name"] for one in segments}) == len(segments)


def test_wwise_gets_entry_exit_and_section_cues_in_milliseconds() -> None:
    call = json.loads(WWISE["wwise_object_set.json"])
    segments = {
        one["name"].split("_")[1]: one
        for top in call["objects"]
        for one in _all(top, "MusicSegment")
    }
    cues = {
        name: [(cue["@CueType"], cue["@TimeMs"], cue["name"]) for cue in one["@Cues"]]
        for name, one in segments.items()
    }
    assert cues["Intro"] == [(0, 0, "Entry Cue"), (1, 1000, "Exit Cue")]
    assert segments["Intro"]["@EndPosition"] == 1187.5
    assert cues["Main"][2:] == [(2, 0, "A"), (2, 1000, "B")]
    assert cues["Sting"][2] == (2, 500, "sync")
    for one in cues.values():
        assert one[0][1] < one[1][1]


def test_wwise_plays_intro_and_first_pass_once_and_the_loop_for_ever() -> None:
    call = json.loads(WWISE["wwise_object_set.json"])
    (playlist,) = [one for top in call["objects"] for one in _all(top, "MusicPlaylistContainer")]
    own = {one["name"] for one in playlist["children"]}
    items = playlist["@PlaylistRoot"]["children"]
    assert [(one["@Segment"].split("_")[1], one["@LoopCount"]) for one in items] == [
        ("Intro", 1),
        ("FirstPass", 1),
        ("Loop", 0),
    ]
    assert {one["@Segment"].rpartition("\\")[2] for one in items} == own


def test_wwise_switches_between_the_layers() -> None:
    call = json.loads(WWISE["wwise_object_set.json"])
    (switch,) = [one for top in call["objects"] for one in _all(top, "MusicSwitchContainer")]
    (group,) = [one for top in call["objects"] for one in _all(top, "SwitchGroup")]
    named = {f"\\Switches\\Default Work Unit\\{group['name']}\\{one['name']}"
             for one in group["children"]}  # fmt: skip
    assert {one["@EntryPath"][0] for one in switch["@Entries"]} == named
    assert [one["@AudioNode"].rpartition("\\")[2] for one in switch["@Entries"]] == [
        one["name"] for one in switch["children"]
    ]
    assert len(named) == 3


# --- FMOD -----------------------------------------------------------------------------------------


def test_fmod_is_told_every_file_once_with_tempo_loop_and_marks() -> None:
    piece = fmod_data(FMOD["KartSelect_fmod.js"])
    files = [track["file"] for event in piece["events"] for track in event["tracks"]]
    assert sorted(f"audio/{name}" for name in files) == WAVS
    assert piece["folder"] == "KartSelect/audio"
    events = {event["name"]: event for event in piece["events"]}
    music = events["KartSelect_Music"]
    assert [track["start"] for track in music["tracks"]] == [0.0, 1.0, 3.0]
    assert music["loop"] == {"position": 3.0, "length": 2.0}
    assert [marker["name"] for marker in music["markers"]] == ["intro", "first_pass"]
    assert music["tempo"] == {"bpm": 720.0, "numerator": 6, "denominator": 8}
    assert events["KartSelect_Layers"]["intensities"] == 3
    assert len(events["KartSelect_Stems"]["tracks"]) == 3
    sting = events["KartSelect_Sting_240bpm_Dm"]
    assert sting["markers"] == [{"name": "sync", "position": 0.5}] and sting["loop"] is None


_STUDIO = """
var calls = [];
function item(kind) {
    var one = { kind: kind, mixerGroup: { addAutomator: function (p) {
        return { addAutomationCurve: function (q) {
            return { addAutomationPoint: function (x, y) {
                calls.push(["point", x, y]); } }; } }; } },
        timeline: "timeline", relationships: { markers: { add: function (m) {
            calls.push(["tempo", m.position, m.tempo, m.timeSignatureNumerator,
                m.timeSignatureDenominator, m.timeline]); } } },
        addGroupTrack: function (name) { calls.push(["track", name]); return item("track"); },
        addSound: function (sheet, type, start, length) {
            calls.push(["sound", sheet, type, start, length]); return {}; },
        addMarkerTrack: function () { return item("markers"); },
        addRegion: function (at, length, name, mode) {
            calls.push(["region", at, length, name, mode]); },
        addNamedMarker: function (name, at) { calls.push(["marker", name, at]); },
        addGameParameter: function (p) { calls.push(["parameter", p.name, p.min, p.max]); } };
    return one;
}
var studio = { menu: { addMenuItem: function (m) { calls.push(["menu", m.name]); m.execute(); } },
    project: { filePath: "C:\\\\Games\\\\My Game\\\\Game.fspro",
        parameterType: { User: 1 }, regionLoopMode: { Looping: 7 }, create: item,
        importAudioFile: function (path) { calls.push(["import", path]); return { path: path }; },
        workspace: { addEvent: function (name, spatial) {
            calls.push(["event", name, spatial]); return item("event"); } } } };
"""


@pytest.mark.skipif(not shutil.which("node"), reason="no interpreter of JavaScript here")
def test_the_script_for_fmod_runs_and_builds_what_its_data_say() -> None:
    script = _STUDIO + FMOD["KartSelect_fmod.js"].decode() + "console.log(JSON.stringify(calls));"
    done = subprocess.run(["node", "-"], input=script, capture_output=True, text=True, check=True)
    calls = [tuple(call) for call in json.loads(done.stdout)]
    assert calls[0] == ("menu", "Cuesmith\\Import KartSelect")
    imported = [call[1] for call in calls if call[0] == "import"]
    assert sorted(path.removeprefix("C:/Games/My Game/KartSelect/") for path in imported) == WAVS
    assert ("event", "KartSelect_Music", False) in calls
    assert ("region", 3, 2, "loop", 7) in calls
    assert ("sound", "timeline", "SingleSound", 1, 2) in calls
    assert ("tempo", 0, 720, 6, 8, "timeline") in calls
    assert ("marker", "sync", 0.5) in calls
    assert ("parameter", "Intensity", 0, 2) in calls
    assert [call for call in calls if call[0] == "point"] == [
        ("point", at, 0 if at == layer else -80) for layer in range(3) for at in range(3)
    ]
