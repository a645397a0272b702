import io
import mmap
from pathlib import Path
from struct import pack, unpack_from
from xml.etree import ElementTree

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from engine.contracts import Channels, Marker, Party, SoundFile, TrackFacts
from engine.errors import BriefRefused
from engine.master import files
from engine.master.files import Labels, Unreadable, chunks
from engine.words.formats import MEDIA_TYPES, Form
from tests.engine.master import readers

FORMS = ("wav", "flac", "mp3", "ogg")
FULL = Labels(
    title="夜市 Übergang 🎷",
    artist="Cuesmith",
    album="Loops",
    description="An odd one",
    comment="made for a test",
    genre="lo-fi",
    composer="Ada",
    publisher="Press",
    copyright="2026 Somebody",
    isrc="ZZABC2600001",
    bpm=83.5,
    key="F# dorian",
    candidate="cand_7",
    license="lic_9",
    marks=(("AIGC", '{"Label":"1"}'),),
    loop=(0, 9_999),
    markers=(Marker(frame=0, name="intro"), Marker(frame=4_800, name="副歌")),
    lufs=-16.04,
    true_peak_dbtp=-1.02,
)


def made(name: str, labels: Labels | None = None, frames: int = 10_000) -> bytes:
    rng = np.random.default_rng(3)
    sound = (rng.standard_normal((frames, 2)) * 0.1).astype(np.float32)
    return files.sound_file(sound, Form(format=name), labels, seed=1)  # type: ignore[arg-type]


def again(name: str, content: bytes, labels: Labels) -> bytes:
    return files.labelled(content, MEDIA_TYPES[name], labels)  # type: ignore[index]


def said(name: str, content: bytes) -> dict[str, str]:
    """Every text of a file by the name it has in Vorbis comments."""
    if name == "ogg":
        return readers.ogg_comments(content)
    if name == "flac":
        return readers.flac_comments(content)
    tagged = [content] if name == "mp3" else readers.chunks(content).get(b"id3 ", [])
    tag = readers.id3(tagged[0]) if tagged else {}
    names = {
        "TIT2": "TITLE", "TPE1": "ARTIST", "TALB": "ALBUM", "TCON": "GENRE", "TCOM": "COMPOSER",
        "TPUB": "PUBLISHER", "TCOP": "COPYRIGHT", "TSRC": "ISRC", "TKEY": "KEY", "COMM": "COMMENT",
        "TSSE": "ENCODER",
    }  # fmt: skip
    found = {names.get(one, one.removeprefix("TXXX:")): text for one, text in tag.items()}
    if name == "wav":
        listed = {
            "INAM": "TITLE", "IART": "ARTIST", "IPRD": "ALBUM", "ISBJ": "DESCRIPTION",
            "ICMT": "COMMENT", "IGNR": "GENRE", "ICOP": "COPYRIGHT", "ISFT": "ENCODER",
            "ISRC": "CUESMITH_CANDIDATE",
        }  # fmt: skip
        found |= {listed[one]: text for one, text in readers.info(content).items()}
    return found


def sound_of(content: bytes) -> np.ndarray:
    return soundfile.read(io.BytesIO(content), dtype="float64")[0]


@pytest.mark.parametrize("name", FORMS)
def test_every_text_is_read_back_by_a_reader_of_the_public_format(name: str) -> None:
    found = said(name, made(name, FULL))
    expected = {
        "TITLE": "夜市 Übergang 🎷", "ARTIST": "Cuesmith", "ALBUM": "Loops",
        "DESCRIPTION": "An odd one", "COMMENT": "made for a test", "GENRE": "lo-fi",
        "COMPOSER": "Ada", "PUBLISHER": "Press", "COPYRIGHT": "2026 Somebody",
        "ISRC": "ZZABC2600001", "BPM": "83.5", "KEY": "F#m", "CUESMITH_LICENSE": "lic_9",
        "AIGC": '{"Label":"1"}', "ENCODER": "Cuesmith",
    }  # fmt: skip
    assert {one: found[one] for one in expected} == expected
    assert found["CUESMITH_CANDIDATE"].endswith("cand_7")


def test_a_tempo_in_an_mp3_is_a_whole_number_as_the_standard_asks() -> None:
    assert readers.id3(made("mp3", FULL))["TBPM"] == "84"


def test_a_wav_carries_loop_marks_and_loudness_in_its_chunks() -> None:
    content = made("wav", FULL)
    found = readers.chunks(content)
    assert list(found) == [
        b"bext", b"fmt ", b"data", b"smpl", b"cue ", b"LIST", b"id3 "
    ]  # fmt: skip
    smpl = unpack_from("<15I", found[b"smpl"][0])
    assert smpl[2] == round(1e9 / 48_000) and smpl[7:] == (1, 0, 0, 0, 0, 9_999, 0, 0)
    assert readers.cues(content) == [(0, "intro"), (4_800, "副歌")]
    bext = found[b"bext"][0]
    assert bext[346:348] == b"\x02\0"
    assert bext[602:] == b"A=PCM,F=48000,W=24,M=stereo,T=Cuesmith\r\n"
    assert bext[:256].rstrip(b"\0") == b"?? ?bergang ?. An odd one. made for a test"
    assert bext[256:288].rstrip(b"\0") == b"Cuesmith"
    assert bext[288:320].rstrip(b"\0") == b"cand_7"
    assert unpack_from("<5h", bext, 412) == (-1604, 0x7FFF, -102, 0x7FFF, 0x7FFF)


def test_a_licensed_wav_names_its_license_where_no_candidate_is_named() -> None:
    labels = structs.replace(FULL, candidate=None, license="lic_0123456789abcdef01234567")
    bext = readers.chunks(made("wav", labels))[b"bext"][0]
    assert bext[288:320].rstrip(b"\0") == b"lic_0123456789abcdef01234567"


@pytest.mark.parametrize(("channels", "names"), [(4, "FL FR RL RR"), (6, "FL FR C LFE RL RR")])
def test_a_wav_of_many_channels_names_them(channels: Channels, names: str) -> None:
    form = Form(format="wav", sample_rate=48_000, bit_depth=24, channels=channels)
    sound = np.zeros((4_800, channels), np.float32)
    content = files.sound_file(sound, form, Labels(title="x"))
    told = ElementTree.fromstring(readers.chunks(content)[b"iXML"][0])
    assert [one.text for one in told.iter("NAME")] == names.split()
    assert told.findtext("TRACK_LIST/TRACK_COUNT") == str(channels)
    again_ = files.labelled(content, "audio/wav", Labels(title="y"))
    assert len(readers.chunks(again_)[b"iXML"]) == 1, "told once, however often it is labelled"
    assert b"M=multitrack" in readers.chunks(content)[b"bext"][0]


@pytest.mark.parametrize("name", ["ogg", "flac"])
def test_comments_carry_loop_and_chapters(name: str) -> None:
    found = said(name, made(name, structs.replace(FULL, loop=(2_000, 9_999))))
    assert (found["LOOPSTART"], found["LOOPLENGTH"]) == ("2000", "8000")
    assert found["CHAPTER000"] == "00:00:00.000" and found["CHAPTER000NAME"] == "intro"
    assert found["CHAPTER001"] == "00:00:00.100" and found["CHAPTER001NAME"] == "副歌"


@pytest.mark.parametrize("name", FORMS)
def test_labels_put_into_a_finished_file_do_not_touch_the_sound(name: str) -> None:
    plain = made(name)
    labelled = again(name, plain, FULL)
    assert labelled == made(name, FULL)
    assert np.array_equal(sound_of(plain), sound_of(labelled))
    if name == "wav":
        one, two = (readers.chunks(content)[b"data"] for content in (plain, labelled))
        assert one == two
    if name == "flac":
        one, two = (readers.flac_blocks(content)[0] for content in (plain, labelled))
        assert one == two
    if name == "ogg":
        (one, end), (two, last) = (readers.ogg_packets(content) for content in (plain, labelled))
        assert end == last and one[0] == two[0] and one[2:] == two[2:]


@pytest.mark.parametrize("name", FORMS)
def test_a_text_is_replaced_an_empty_one_taken_away_the_others_stay(name: str) -> None:
    content = again(name, made(name, FULL), Labels(title="now", comment="", license="lic_10"))
    found = said(name, content)
    assert found["TITLE"] == "now" and found["CUESMITH_LICENSE"] == "lic_10"
    assert "COMMENT" not in found
    assert found["AIGC"] == '{"Label":"1"}' and found["COMPOSER"] == "Ada"
    if name == "wav":
        assert readers.cues(content) == [(0, "intro"), (4_800, "副歌")]
        assert b"smpl" in readers.chunks(content)
        assert unpack_from("<h", readers.chunks(content)[b"bext"][0], 412) == (-1604,)
    if name in ("ogg", "flac"):
        assert found["LOOPLENGTH"] == "10000" and "CHAPTER001" in found


@pytest.mark.parametrize("name", FORMS)
def test_new_marks_take_the_place_of_the_old_ones(name: str) -> None:
    content = again(name, made(name, FULL), Labels(loop=(100, 199), markers=()))
    if name == "wav":
        assert unpack_from("<II", readers.chunks(content)[b"smpl"][0], 44) == (100, 199)
        assert b"cue " not in readers.chunks(content) and b"adtl" not in readers.lists(content)
    elif name != "mp3":
        found = said(name, content)
        assert (found["LOOPSTART"], found["LOOPLENGTH"]) == ("100", "100")
        assert not [one for one in found if one.startswith("CHAPTER")]
    assert np.array_equal(sound_of(content), sound_of(made(name)))


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("length", [0, 1, 254, 255, 256, 65_025, 70_000, 400_001])
def test_texts_of_any_length_keep_a_file_whole(name: str, length: int) -> None:
    """An Ogg page ends after 255 segments of 255 bytes: 65,025 is the edge."""
    content = made(name, Labels(title="t", comment="é" * (length // 2) + "x" * (length % 2)))
    found = said(name, content)
    assert len(found.get("COMMENT", "").encode()) == length
    shorter = again(name, content, Labels(comment="short"))
    assert shorter == made(name, Labels(title="t", comment="short"))
    assert np.array_equal(sound_of(content), sound_of(shorter))


@pytest.mark.parametrize("name", FORMS)
def test_a_file_of_one_frame_takes_every_label(name: str) -> None:
    content = made(name, structs.replace(FULL, loop=(0, 0), markers=FULL.markers), frames=1)
    assert len(sound_of(content)) == 1
    assert said(name, content)["TITLE"] == FULL.title


@pytest.mark.parametrize("name", FORMS)
def test_a_text_cannot_end_early_or_break_out_of_its_place(name: str) -> None:
    content = made(name, Labels(title="a\0b\nTITLE=c", comment="\ud800 lone"))
    found = said(name, content)
    assert found["TITLE"] == "ab\nTITLE=c" and found["COMMENT"] == "? lone"


def test_a_mark_whose_name_no_format_could_hold_is_refused() -> None:
    for name in ("", "a=b", "ä", "x" * 65):
        with pytest.raises(ValueError, match="cannot be called"):
            made("ogg", Labels(marks=((name, "x"),)))


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("content", [b"", b"RIFF", b"nothing of the kind" * 9, b"ID3\x03\0\0\x80"])
def test_what_is_no_sound_file_is_told_apart(name: str, content: bytes) -> None:
    with pytest.raises(Unreadable):
        again(name, content, FULL)


@pytest.mark.parametrize("name", FORMS)
def test_a_file_that_was_cut_off_in_its_head_is_told_apart(name: str) -> None:
    content = made(name, structs.replace(FULL, markers=None))
    for end in (20, 60, 300):
        with pytest.raises(Unreadable):
            again(name, content[:end], FULL)


@pytest.mark.parametrize("name", FORMS)
def test_a_damaged_file_is_either_labelled_or_told_apart(name: str) -> None:
    """Three hundred files with wrong bytes in their heads: no other way out."""
    content, rng = made(name, FULL, frames=2_000), np.random.default_rng(8)
    labelled = 0
    for _ in range(300):
        damaged = bytearray(content)
        for place in rng.integers(0, min(len(content), 1_500), 3):
            damaged[place] = rng.choice([0, 255, rng.integers(256)])
        try:
            again(name, bytes(damaged), Labels(title="now"))
        except Unreadable:
            continue
        labelled += 1
    assert labelled < 300


def test_an_ogg_with_a_damaged_page_is_not_made_whole_again() -> None:
    content = bytearray(made("ogg"))
    content[-5] ^= 1
    with pytest.raises(Unreadable, match="damaged"):
        again("ogg", bytes(content), FULL)


@pytest.mark.parametrize("name", ["wav", "flac", "ogg", "mp3"])
def test_other_peoples_library_reads_our_title_and_comment(name: str) -> None:
    with soundfile.SoundFile(io.BytesIO(made(name, FULL))) as read:
        assert read.title == FULL.title
        assert read.comment == FULL.comment


@settings(max_examples=60, deadline=None)
@given(title=st.text(max_size=300), mark=st.text(max_size=300))
@pytest.mark.parametrize("name", FORMS)
def test_any_text_comes_back_as_it_was_but_for_nul(name: str, title: str, mark: str) -> None:
    content = again(name, made(name, frames=64), Labels(title=title, marks=(("AIGC", mark),)))
    found = said(name, content)
    for key, text in (("TITLE", title), ("AIGC", mark)):
        assert found.get(key, "") == text.replace("\0", "")


def test_a_kind_of_file_that_is_none_of_ours_is_refused_with_those_that_are() -> None:
    with pytest.raises(BriefRefused, match="audio/flac"):
        files.labelled(b"", "audio/midi", FULL)


def test_a_signature_made_before_goes_and_strange_chunks_stay() -> None:
    content = made("wav", FULL)
    more = content + b"C2PA" + pack("<I", 3) + b"abc\0" + b"junk" + pack("<I", 2) + b"hi"
    more = more[:4] + pack("<I", len(more) - 8) + more[8:]
    found = readers.chunks(again("wav", more, Labels(title="now")))
    assert b"C2PA" not in found and found[b"junk"] == [b"hi"]


def test_a_flac_with_a_tag_before_it_starts_with_its_own_name_again() -> None:
    content = made("flac", FULL)
    tagged = b"ID3\x03\0\0\0\0\0\x05" + b"12345" + content
    assert again("flac", tagged, FULL) == content


@pytest.mark.parametrize("name", FORMS)
def test_a_licensed_file_tells_its_track_and_its_own_places(name: str) -> None:
    facts = TrackFacts(
        track="trk_1", title="夜市", album="Karts", genre="House", tonality="Bb major", tempo=120,
        composers=(Party(name="Ada"), Party(name="Bo")), isrc="ZZABC2600001", license="lic_3",
    )  # fmt: skip
    sound = SoundFile(
        name="no_drums", version="no_drums", media_type=MEDIA_TYPES[name],  # type: ignore[index]
        sample_rate=48_000, channels=2, bit_depth=24, frames=10_000, loop=(0, 9_999),
        markers=(Marker(frame=100, name="A"),),
    )  # fmt: skip
    content = again(name, made(name), files.described(sound, facts))
    found = said(name, content)
    assert (found["TITLE"], found["ALBUM"], found["GENRE"]) == ("夜市 (no drums)", "Karts", "House")
    assert (found["COMPOSER"], found["BPM"], found["KEY"]) == ("Ada, Bo", "120", "Bb")
    assert found["CUESMITH_LICENSE"] == "lic_3" and "ISRC" not in found
    main = structs.replace(sound, name="master", version="master")
    assert said(name, again(name, content, files.described(main, facts)))["ISRC"] == "ZZABC2600001"


@pytest.mark.parametrize(
    "content",
    [b"", b"nope", b"RIFF" + pack("<I", 100) + b"WAVE" + b"data" + pack("<I", 5000) + bytes(80)],
)
def test_a_file_on_the_disk_that_is_none_of_its_kind_is_refused_and_left_as_it_is(
    tmp_path: Path, content: bytes
) -> None:
    file = tmp_path / "sound.wav"
    file.write_bytes(content)
    with pytest.raises(Unreadable):
        files.label_file(file, MEDIA_TYPES["wav"], FULL)
    assert [one.name for one in tmp_path.iterdir()] == ["sound.wav"]
    assert file.read_bytes() == content


def test_a_file_on_the_disk_is_labelled_as_one_in_memory(tmp_path: Path) -> None:
    content = files.sound_file(np.zeros((999, 1), np.float32), Form(channels=1, bit_depth=24))
    file = tmp_path / "sound.wav"
    file.write_bytes(content)
    files.label_file(file, MEDIA_TYPES["wav"], FULL)
    assert file.read_bytes() == files.labelled(content, MEDIA_TYPES["wav"], FULL)
    assert [one.name for one in tmp_path.iterdir()] == ["sound.wav"]


@pytest.mark.parametrize("size", [2**32 - 20, 2**32, 2**32 + 1])
def test_more_sound_than_a_wav_file_can_hold_is_refused(tmp_path: Path, size: int) -> None:
    """The sound is a hole in a file: nothing of it is ever in memory."""
    with (tmp_path / "hole").open("w+b") as hole:
        hole.truncate(size)
        sound = memoryview(mmap.mmap(hole.fileno(), 0, access=mmap.ACCESS_READ))
    with pytest.raises(OverflowError, match="longer than a WAV file"):
        chunks.pieces([(b"data", sound)])
