"""What each marking profile does to a file, whether it is in memory or lies on the disk."""

import io
from pathlib import Path

import numpy as np
import pytest
import soundfile

from engine.contracts import Marker, Marking
from engine.marks import credentials as who
from engine.marks.content import Unsigned, read
from engine.marks.credentials import Credentials
from engine.master import files
from engine.master.files import Labels
from engine.studio.marking import SOUNDS, Marked, Stamp

KINDS = {"audio/wav": "WAV", "audio/mpeg": "MP3", "audio/flac": "FLAC", "audio/ogg": "OGG"}
LABELS = Labels(title="Menu", loop=(100, 4_799), markers=(Marker(frame=100, name="A"),))
TEXT = '"ProduceID":"cand_1"'


@pytest.fixture(scope="module")
def signer(tmp_path_factory: pytest.TempPathFactory) -> Credentials:
    return who.create(tmp_path_factory.mktemp("marks") / "marks.pem")


def _stamp(profile: Marking, signer: Credentials | None) -> Stamp:
    facts = {"model_sha256": "ab" * 32}
    return Stamp(marked=Marked(named="cand_1", profile=profile, facts=facts), credentials=signer)


def _sound(media_type: str) -> bytes:
    sound = np.random.default_rng(3).normal(0, 0.1, (4_800, 2)).astype(np.float32)
    out = io.BytesIO()
    soundfile.write(out, sound, 48_000, format=KINDS[media_type])
    return files.labelled(out.getvalue(), media_type, LABELS)


def _labelled(content: bytes) -> bool:
    return TEXT.encode("utf-16-le") in content or TEXT.encode() in content


@pytest.mark.parametrize("media_type", sorted(SOUNDS))
@pytest.mark.parametrize("profile", ["eu", "cn", "closed_loop"])
def test_a_profile_does_the_same_in_memory_and_on_the_disk(
    profile: Marking, media_type: str, signer: Credentials, tmp_path: Path
) -> None:
    plain, stamp, file = _sound(media_type), _stamp(profile, signer), tmp_path / "sound"
    file.write_bytes(plain)
    beside = stamp.finish(file, media_type)
    made = stamp.put(plain, media_type)
    for content, sidecar in ((made, stamp.beside(made, media_type)), (file.read_bytes(), beside)):
        assert _labelled(content) == (profile == "cn")
        assert (sidecar is not None) == (
            profile != "closed_loop" and media_type in ("audio/flac", "audio/ogg")
        )
        if profile == "closed_loop":
            assert content == plain
            with pytest.raises(Unsigned):
                read(content, media_type)
        else:
            found = read(content, media_type, roots=signer.root, beside=sidecar)
            assert (found.state, found.problems) == ("Trusted", ())
        assert np.array_equal(
            soundfile.read(io.BytesIO(content))[0], soundfile.read(io.BytesIO(plain))[0]
        )
    assert list(tmp_path.iterdir()) == [file], "nothing is left beside it"


@pytest.mark.parametrize("media_type", sorted(SOUNDS))
def test_a_file_is_labelled_on_the_disk_as_in_memory(media_type: str, tmp_path: Path) -> None:
    plain, stamp, file = _sound(media_type), _stamp("cn", None), tmp_path / "sound"
    file.write_bytes(plain)
    assert stamp.finish(file, media_type) is None
    assert file.read_bytes() == stamp.put(plain, media_type)
    assert file.read_bytes() != plain


def test_what_is_no_sound_is_left_alone(signer: Credentials, tmp_path: Path) -> None:
    file = tmp_path / "score.mid"
    file.write_bytes(b"MThd")
    for profile in ("eu", "cn"):
        stamp = _stamp(profile, signer)
        assert stamp.finish(file, "audio/midi") is None
        assert file.read_bytes() == stamp.put(b"MThd", "audio/midi") == b"MThd"
