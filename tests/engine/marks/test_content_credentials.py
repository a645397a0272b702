"""Content credentials: checked by the official reader, broken by one bit, harmless to the sound."""

import io
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
import soundfile

from engine.contracts import Marker
from engine.marks import credentials as who
from engine.marks.content import HOLD, SOURCE, Origin, Unsigned, read, signed
from engine.marks.credentials import BadCredentials, Credentials
from engine.marks.labels import aigc
from engine.master import files
from engine.master.files.labels import Labels

ORIGIN = Origin(title="cand_1", version="0.1", facts={"model_sha256": "ab" * 32, "seed": 7})
FORMATS = {"audio/wav": "WAV", "audio/mpeg": "MP3", "audio/flac": "FLAC"}


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


@pytest.mark.parametrize("media_type", sorted(HOLD))
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


@pytest.mark.parametrize("media_type", sorted(HOLD))
def test_one_bit_that_changes_is_found(media_type: str, signer: Credentials) -> None:
    plain = _sound(FORMATS[media_type])
    changed = bytearray(signed(plain, media_type, ORIGIN, signer))
    changed[len(plain) // 2] ^= 1
    found = read(bytes(changed), media_type, roots=signer.root)
    assert found.state == "Invalid"
    assert "assertion.dataHash.mismatch" in found.problems


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
