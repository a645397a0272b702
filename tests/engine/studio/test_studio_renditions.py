"""Renditions: other formats of a track, and packages with everything a customer needs."""

import io
import json
import zipfile

import pytest
import soundfile

from engine.contracts import Brief, Party, RenditionOrder, Resolved, TrackFacts
from engine.errors import BriefRefused
from engine.studio import manuscript, renditions
from engine.studio.renditions import NoSuchVersion
from engine.studio.rooms import Rooms
from engine.studio.takes import sheets, written
from engine.words import resolve

SEED = 31
FACTS = TrackFacts(
    track="trk_1", title="Night drive", license="lic_1", composers=(Party(name="Cuesmith"),)
)


def piece(rooms: Rooms, **fields) -> tuple[Resolved, bytes]:
    resolved = resolve(Brief(style="chiptune", candidates=1, **fields), SEED)
    take = written(sheets(resolved, SEED, 0, 1, 1), SEED, rooms)[0]
    return resolved, manuscript.written(manuscript.manuscript(take))


@pytest.fixture(scope="module")
def loop(rooms: Rooms) -> tuple[Resolved, bytes]:
    return piece(rooms, kind="loop", bars=4)


@pytest.mark.parametrize(
    "order",
    [
        RenditionOrder(format="flac", sample_rate=44_100, bit_depth=16),
        RenditionOrder(format="ogg", sample_rate=48_000, channels=1),
        RenditionOrder(format="wav", sample_rate=96_000, bit_depth=32, channels=4, lufs=-23),
        RenditionOrder(format="mp3", true_peak_dbtp=-2),
    ],
)
def test_a_track_in_another_form(order: RenditionOrder, loop, rooms: Rooms) -> None:
    resolved, kept = loop
    (made,) = renditions.render(kept, resolved, order, rooms)
    about, content = made.sound, made.content
    info = soundfile.info(io.BytesIO(content))
    assert info.samplerate == about.sample_rate == (order.sample_rate or 48_000)
    assert info.channels == about.channels == (order.channels or 2)
    frames = round(resolved.duration_frames * about.sample_rate / 48_000)
    assert about.frames == frames and about.loop == (0, frames - 1)
    if order.format != "mp3":  # its decoder adds silence before and behind
        assert info.frames == frames
    assert abs(about.lufs - (order.lufs or resolved.delivery.lufs)) <= 0.3
    assert about.true_peak_dbtp <= (order.true_peak_dbtp or -1.0)


def test_a_form_that_cannot_be_is_refused_with_what_can(loop, rooms: Rooms) -> None:
    resolved, kept = loop
    with pytest.raises(BriefRefused, match="1, 2") as refusal:
        list(renditions.render(kept, resolved, RenditionOrder(format="mp3", channels=4), rooms))
    assert refusal.value.reasons[0].pointer == "/channels"


def packed(piece_: tuple[Resolved, bytes], profile, rooms: Rooms) -> tuple[set[str], bytes]:
    resolved, kept = piece_
    out = io.BytesIO()
    order = RenditionOrder(profile=profile)
    sounds = renditions.packed(kept, resolved, order, rooms, FACTS, out)
    return {sound.name for sound in sounds}, out.getvalue()


def test_a_package_holds_what_a_game_needs(loop, rooms: Rooms) -> None:
    names, content = packed(loop, "godot", rooms)
    wanted = {"master", "layer-1", "stem.drums", "intro", "loop", "tail", "sting", "transition"}
    assert wanted <= names
    archive = zipfile.ZipFile(io.BytesIO(content))
    manifest = next(name for name in archive.namelist() if name.endswith("manifest.json"))
    assert archive.testzip() is None and json.loads(archive.read(manifest))
    sounds = [name for name in archive.namelist() if name.endswith(".ogg")]
    assert len(sounds) == len(names)
    assert all(b"lic_1" in archive.read(name) for name in sounds)


def test_a_catalogue_package_leaves_out_what_there_is_no_room_for(rooms: Rooms) -> None:
    bed = piece(rooms, kind="bed", duration_ms=20_000)
    names, content = packed(bed, "harvest", rooms)
    assert names == {"master", "cut-15s", "sting", "underscore", "no_drums"}
    assert content == packed(bed, "harvest", rooms)[1]


def test_a_track_is_no_family(loop, rooms: Rooms) -> None:
    with pytest.raises(NoSuchVersion, match="family"):
        packed(loop, "automotive", rooms)
