"""Content credentials: checked by the official reader, broken by one bit, harmless to the sound."""

import io
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
import soundfile

from engine.contracts import Marker
from engine.marks import credentials as who
from engine.marks.content import (
    BESIDE,
    INSIDE,
    SOURCE,
    Origin,
    Unsigned,
    read,
    sidecar,
    sign_file,
    signed,
)
from engine.marks.credentials import BadCredentials, Credentials
from engine.marks.labels import aigc
from engine.master import files
from engine.master.files.labels import Labels

ORIGIN = Origin(title="cand_1", version="0.1", facts={"model_sha256": "ab" * 32, "seed": 7})
FORMATS = {"audio/wav": "WAV", "audio/mpeg": "MP3", "audio/flac": "FLAC", "audio/ogg": "OGG"}


@pytest.fixture(scope="module")
def signer(tmp_path_factory: pytest.TempPathFactory) -> Credentials:
    return who.create(tmp_path_factory.mktemp("marks") / "marks.pem")


def _sound(kind: str) -> bytes:
    frames = np.random.default_rng(3).normal(0, 0.1, (24_000, 2)).astype(np.float32)
    out = io.BytesIO()
    soundfile.write(out, frames, 48_000, format=kind)
    return out.getvalue()


def _heard(content: bytes) -> np.ndarray:
    return soundfile.read(io.BytesIO(content))[0]


@pytest.mark.parametrize("media_type", sorted(INSIDE))
def test_a_file_tells_who_made_it_and_sounds_as_before(
    media_type: str, signer: Credentials
) -> None:
    plain = _sound(FORMATS[media_type])
    made = signed(plain, media_type, ORIGIN, signer)
    found = read(made, media_type, roots=signer.root)
    assert np.array_equal(_heard(made), _heard(plain))
    assert (found.state, found.problems) == ("Trusted", ())
    assert (found.signer, found.source) == ("Cuesmith development", SOURCE)
    assert found.facts == ORIGIN.facts


@pytest.mark.parametrize("media_type", sorted(INSIDE))
def test_one_bit_that_changes_is_found(media_type: str, signer: Credentials) -> None:
    plain = _sound(FORMATS[media_type])
    changed = bytearray(signed(plain, media_type, ORIGIN, signer))
    changed[len(plain) // 2] ^= 1
    found = read(bytes(changed), media_type, roots=signer.root)
    assert found.state == "Invalid"
    assert "assertion.dataHash.mismatch" in found.problems


@pytest.mark.parametrize("media_type", sorted(BESIDE))
def test_what_cannot_hold_its_credentials_has_them_beside_and_stays_as_it_is(
    media_type: str, signer: Credentials, tmp_path: Path
) -> None:
    plain = files.labelled(_sound(FORMATS[media_type]), media_type, Labels(loop=(5, 23_999)))
    beside = sidecar(plain, ORIGIN, signer)
    found = read(plain, media_type, roots=signer.root, beside=beside)
    assert (found.state, found.problems, found.source) == ("Trusted", (), SOURCE)
    assert found.facts == ORIGIN.facts
    assert plain[:4] in (b"fLaC", b"OggS"), "the strictest reader knows it by its first bytes"
    (tmp_path / "x").write_bytes(plain)
    again = sidecar(tmp_path / "x", ORIGIN, signer)
    assert read(tmp_path / "x", media_type, roots=signer.root, beside=again).state == "Trusted"
    with pytest.raises(Unsigned, match="holds no credentials"):
        signed(plain, media_type, ORIGIN, signer)
    places = (9, plain.index(b"LOOPSTART=5") + 10, len(plain) // 2, len(plain) - 1)
    for at in places:
        changed = bytearray(plain)
        changed[at] ^= 1
        state = read(bytes(changed), media_type, roots=signer.root, beside=beside).state
        assert state == "Invalid", at
    for shorter in (plain[:-1], plain + b"\0"):
        assert read(shorter, media_type, roots=signer.root, beside=beside).state == "Invalid"


@pytest.mark.parametrize("frames", [4800, 4801], ids=["even", "odd"])
def test_a_wav_file_is_signed_where_it_lies(
    frames: int, signer: Credentials, tmp_path: Path
) -> None:
    file = tmp_path / "x.wav"
    sound = np.random.default_rng(frames).normal(0, 0.1, frames)
    soundfile.write(file, sound, 48_000, subtype="PCM_24")
    plain = file.read_bytes()
    for title in ("cand_1", "cand_12"):  # of different length; the second replaces the first
        origin = Origin(title=title, version="0.1", facts=ORIGIN.facts)
        sign_file(file, "audio/wav", origin, signer)
        made = file.read_bytes()
        assert made == _resealed(made, plain), "nothing else changes"
        assert made.count(b"C2PA") == 1
        assert read(file, "audio/wav", roots=signer.root).state == "Trusted"
    assert np.array_equal(_heard(made), _heard(plain))
    for at in (5, 30, len(plain) // 2, len(plain) - 1, len(made) - 1):
        changed = bytearray(made)
        changed[at] ^= 1
        assert read(bytes(changed), "audio/wav", roots=signer.root).state == "Invalid", at


def _resealed(made: bytes, plain: bytes) -> bytes:
    """The plain file with the length and the credentials of the signed one."""
    even = plain + b"\0" * (len(plain) % 2)
    return made[:8] + even[8:] + made[len(even) :]


@pytest.mark.parametrize(
    "content",
    [
        b"RIFF", b"RIFF\x04\0\0\0WAVEjunk", b"RIFF\x10\0\0\0WAVEdata\xff\0\0\0abcd",
        b"RIFF\x14\0\0\0WAVEC2PA\0\0\0\0data\0\0\0\0",
    ],
)  # fmt: skip
def test_what_is_no_whole_wav_file_is_not_signed(content: bytes, signer: Credentials) -> None:
    with pytest.raises(Unsigned, match="could not be signed"):
        signed(content, "audio/wav", ORIGIN, signer)


def test_loop_points_texts_and_marks_survive_and_are_signed_too(signer: Credentials) -> None:
    labels = Labels(
        title="Menu", loop=(0, 23_999), markers=(Marker(name="A", frame=12_000),),
        marks=(aigc("Cuesmith", "cand_1"),),
    )  # fmt: skip
    plain = files.labelled(_sound("WAV"), "audio/wav", labels)
    made = signed(plain, "audio/wav", ORIGIN, signer)
    assert made.startswith(plain[:4])
    for chunk in (b"smpl", b"cue ", b"LIST"):
        at = plain.index(chunk)
        size = int.from_bytes(plain[at + 4 : at + 8], "little")
        assert plain[at : at + 8 + size] in made, chunk
    assert '"ProduceID":"cand_1"'.encode("utf-16-le") in made, "the label's text in its ID3 chunk"
    moved = bytearray(made)
    moved[made.index(b"smpl") + 8 + 36 + 8] ^= 1  # the first frame of the loop
    assert read(bytes(moved), "audio/wav", roots=signer.root).state == "Invalid"


def test_a_signer_nobody_knows_is_valid_but_not_trusted(signer: Credentials) -> None:
    made = signed(_sound("WAV"), "audio/wav", ORIGIN, signer)
    found = read(made, "audio/wav")
    assert (found.state, found.problems) == ("Valid", ("signingCredential.untrusted",))


def test_a_file_without_credentials_says_so(signer: Credentials) -> None:
    with pytest.raises(Unsigned, match="no content credentials"):
        read(_sound("WAV"), "audio/wav")
    with pytest.raises(Unsigned, match="could not be signed"):
        signed(b"no sound at all", "audio/wav", ORIGIN, signer)


def test_credentials_are_read_back_and_bad_ones_are_told(tmp_path: Path) -> None:
    file = tmp_path / "marks.pem"
    made = who.create(file)
    assert who.load(file) == made
    assert file.stat().st_mode & 0o777 == 0o600
    with pytest.raises(BadCredentials, match="ended"):
        who.load(file, now=datetime.now(UTC) + timedelta(days=900))
    other = who.create(tmp_path / "other.pem")
    (tmp_path / "mixed.pem").write_bytes(other.key + made.chain)
    with pytest.raises(BadCredentials, match="not the key's"):
        who.load(tmp_path / "mixed.pem")
    (tmp_path / "text.pem").write_text("nothing")
    with pytest.raises(BadCredentials, match="no PEM file"):
        who.load(tmp_path / "text.pem")
