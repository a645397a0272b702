import io
import json
import zipfile
from struct import unpack_from

import pytest
import soundfile
from msgspec import structs

from engine.contracts import Profile, SoundFile, TrackFacts
from engine.packages import NEEDS, NothingToPack, needed, pack
from engine.words.formats import PROFILE_FORMS, refusals
from tests.engine.master.readers import chunks, cues, ogg_comments
from tests.engine.packages import pieces
from tests.engine.packages.readers import unpacked

PROFILES = tuple(NEEDS)
WAV, OGG = pieces.loop(), pieces.loop("ogg")


def sounds(profile: Profile) -> list[tuple[SoundFile, bytes]]:
    return OGG if profile == "godot" else WAV


@pytest.mark.parametrize("profile", PROFILES)
def test_the_same_sounds_in_any_order_give_the_same_bytes(profile: Profile) -> None:
    held = sounds(profile)
    assert pack(profile, held, pieces.FACTS) == pack(profile, held[::-1], pieces.FACTS)


@pytest.mark.parametrize("profile", PROFILES)
def test_every_sound_lies_in_the_archive_untouched_and_described(profile: Profile) -> None:
    held = sounds(profile)
    files = unpacked(pack(profile, held, pieces.FACTS))
    listed = json.loads(files["manifest.json"])
    assert (listed["format"], listed["profile"]) == ("cuesmith.package/1", profile)
    by_name = {one["name"]: one for one in listed["files"]}
    assert set(by_name) == {about.name for about, _ in held}
    for about, content in held:
        one = by_name[about.name]
        assert files[one["path"]] == content and one["bytes"] == len(content)
        read = soundfile.info(io.BytesIO(files[one["path"]]))
        assert (one["frames"], one["sample_rate"], one["channels"]) == (
            read.frames,
            read.samplerate,
            read.channels,
        )
        assert one["duration_ms"] == pytest.approx(read.frames / 48, abs=0.001)


def test_the_manifest_and_the_chunks_of_a_file_say_the_same() -> None:
    files = unpacked(pack("unity", WAV, pieces.FACTS))
    for one in json.loads(files["manifest.json"])["files"]:
        content = files[one["path"]]
        held = chunks(content)
        if one["loop"] is None:
            assert b"smpl" not in held
        else:
            first, last = unpack_from("<II", held[b"smpl"][0], 44)
            assert (one["loop"]["first_frame"], one["loop"]["last_frame"]) == (first, last)
            assert one["loop"]["frames"] == last - first + 1 == one["frames"]
        marked = cues(content) if b"cue " in held else []
        assert [(mark["frame"], mark["name"]) for mark in one["markers"]] == marked
    files = unpacked(pack("godot", OGG, pieces.FACTS))
    for one in json.loads(files["manifest.json"])["files"]:
        said = ogg_comments(files[one["path"]])
        assert said.get("LOOPLENGTH") == (str(one["loop"]["frames"]) if one["loop"] else None)


def test_the_manifest_tells_the_grid_the_layers_and_where_gestures_arrive() -> None:
    listed = json.loads(unpacked(pack("fmod", WAV, pieces.FACTS))["manifest.json"])
    track = listed["track"]
    assert (track["tempo_bpm"], track["meter"], track["beats_per_bar"]) == (240, "6/8", 2)
    assert (track["key"], track["license"]) == ("Dm", "lic_9")
    assert track["originality"] == {"longest_shared_notes": 4}
    assert listed["layers"]["calm_to_full"] == ["layer-1", "layer-2", "layer-3"]
    assert sorted(listed["stems"]["names"]) == ["stem.bass", "stem.drums", "stem.lead"]
    assert listed["stings"] == [{"name": "sting", "sync_frame": pieces.BAR}]
    assert listed["transitions"] == [{"name": "transition", "sync_frame": pieces.BAR}]
    assert sorted(listed["parts"]) == ["first_pass", "intro", "loop", "tail"]
    by_name = {one["name"]: one for one in listed["files"]}
    assert by_name["intro"]["exit_frame"] == 2 * pieces.BAR
    assert by_name["tail"]["exit_frame"] == 9_001 and by_name["tail"]["bars"] == 0
    assert by_name["master"]["loudness_lufs"] == -16.02
    assert by_name["layer-1"]["parent"] == "master"


def test_files_are_called_after_the_track_the_version_the_tempo_and_the_key() -> None:
    names = set(unpacked(pack("wwise", WAV, pieces.FACTS)))
    assert {
        "audio/KartSelect_Main_Loop_240bpm_Dm.wav",
        "audio/KartSelect_LayerA_Loop_240bpm_Dm.wav",
        "audio/KartSelect_LayerC_Loop_240bpm_Dm.wav",
        "audio/KartSelect_StemDrums_Loop_240bpm_Dm.wav",
        "audio/KartSelect_Intro_240bpm_Dm.wav",
        "audio/KartSelect_Loop_240bpm_Dm.wav",
        "audio/KartSelect_Tail_240bpm_Dm.wav",
        "audio/KartSelect_Sting_240bpm_Dm.wav",
    } < names


NASTY = (
    "../../etc/passwd", "..\\..\\windows", "/absolute", "C:\\x", "con", "a/b/../c", "", "   ",
    "夜市", "\0\n\t", "x" * 5_000, "LPT1.txt", "=cmd|' /C calc'!A0", 'q"uo\'te', "é" * 300,
    "~/.ssh",
)  # fmt: skip


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("text", NASTY)
def test_no_text_of_a_client_leads_out_of_the_folder(profile: Profile, text: str) -> None:
    facts = structs.replace(
        pieces.FACTS, title=text, track=text or "t", album=text, genre=text, description=text,
        license=text, keywords=(text,), tonality=text,
    )  # fmt: skip
    held = [(structs.replace(about, name=f"{text}{at}"), b"x") for at, (about, _) in enumerate(WAV)]
    content = pack(profile, held, facts)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = archive.namelist()
        assert all(info.date_time == (1980, 1, 1, 0, 0, 0) for info in archive.infolist())
    allowed = set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-./")
    assert all(set(name) <= allowed for name in names)
    for name in names:
        parts = name.split("/")
        assert all(part and not part.startswith(".") for part in parts)
        assert all(part.split(".")[0].lower() not in ("con", "nul", "lpt1") for part in parts)
        assert len(name) < 200
    assert len({name.lower() for name in names}) == len(names)
    assert len([name for name in names if name.endswith(".wav")]) == len(held)


def test_a_sound_without_a_beat_is_given_no_tempo() -> None:
    facts = structs.replace(pieces.FACTS, kind="chime")
    files = unpacked(pack("wwise", WAV[:1], facts))
    assert "audio/KartSelect_Main_Loop_Dm.wav" in files
    assert json.loads(files["manifest.json"])["files"][0]["tempo_bpm"] is None
    assert "@Tempo" not in files["wwise_object_set.json"].decode()


def test_two_sounds_of_one_name_get_two_files() -> None:
    about, content = WAV[0]
    held = [(structs.replace(about, name=name), content) for name in ("A b", "a-b", "A.B")]
    names = [name for name in unpacked(pack("fmod", held, pieces.FACTS)) if name.endswith(".wav")]
    assert len(names) == 3


def test_an_empty_package_and_a_strange_sound_are_refused() -> None:
    with pytest.raises(NothingToPack, match="at least one"):
        pack("unity", [], pieces.FACTS)
    strange = structs.replace(WAV[0][0], media_type="audio/midi")
    with pytest.raises(NothingToPack, match="audio/midi"):
        pack("unity", [(strange, b"")], pieces.FACTS)


@pytest.mark.parametrize("profile", PROFILES)
def test_one_sound_with_nothing_known_of_it_is_enough(profile: Profile) -> None:
    about = SoundFile(
        name="x", version="master", media_type="audio/ogg", sample_rate=44_100, channels=1,
        bit_depth=16, frames=1,
    )  # fmt: skip
    files = unpacked(pack(profile, [(about, b"x")], TrackFacts(track="trk_2", title="")))
    assert any(name.endswith("Trk2_X.ogg") for name in files)


@pytest.mark.parametrize("profile", PROFILES)
def test_what_a_profile_needs_can_all_be_written(profile: Profile) -> None:
    for order in NEEDS[profile]:
        assert not refusals(order)
        assert order.format == PROFILE_FORMS[profile].format
    assert NEEDS[profile][0].version == "master"


def test_only_what_makes_sense_is_needed() -> None:
    cuts = [one.duration_ms for one in needed("harvest", "bed", 60_000) if one.version == "cut"]
    assert cuts == [30_000, 15_000]
    assert [one.version for one in needed("unity", "chime", 1_500)] == ["master"]
    assert "loop_parts" not in {one.version for one in needed("wwise", "bed", 60_000)}
    assert "loop_parts" in {one.version for one in needed("wwise", "loop", 30_000)}
