"""The shell checks a certificate and a file offline, and says what it checked."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from msgspec import structs

from api.cli import main
from api.licenses.certificate import issue
from api.licenses.signing import KeySet, Signer
from tests.api.licenses.test_certificate import ISSUED, _certificate

SOUND = b"RIFF but not much of a sound"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A certificate, its keys and its sound beside each other."""
    signer = Signer.create(tmp_path / "key.pem")
    said = structs.replace(
        _certificate(),
        files={"stem.bass": {"sha256": hashlib.sha256(SOUND).hexdigest(), "bytes": len(SOUND)}},
        rights_read="The track may be used worldwide.",
        human_input={"log": [{"at": "2026-11-24T00:00:00Z", "did": "brief"}]},
    )
    (tmp_path / "license.json").write_bytes(issue(said, signer))
    (tmp_path / "jwks.json").write_bytes(msgspec.json.encode(KeySet(keys=(signer.jwk,))))
    (tmp_path / "bass.wav").write_bytes(SOUND)
    return tmp_path


def _verify(*words: object) -> int:
    return main(["licenses", "verify", *(str(word) for word in words)])


def test_a_file_is_held_to_its_certificate_and_it_says_what_was_checked(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sound, document = folder / "bass.wav", folder / "license.json"
    assert _verify(sound, "--certificate", document, "--keys", folder / "jwks.json") == 0
    told = capsys.readouterr().out
    kid = json.loads((folder / "jwks.json").read_bytes())["keys"][0]["kid"]
    for said in (
        "genuine: lic_1", f"signature: key {kid}", "is its stem.bass, byte for byte",
        "rights: The track may be used worldwide.", "2026-11-24T00:00:00Z: brief",
    ):  # fmt: skip
        assert said in told, said
    assert _verify(document) == 0, "the keys lie beside it"
    assert "not checked: any sound" in capsys.readouterr().out
    assert _verify(document, "--audio", sound) == 0, "as it was asked before"


@pytest.mark.parametrize("of", ["bass.wav", "license.json", "jwks.json"])
def test_one_changed_byte_anywhere_is_refused(
    folder: Path, of: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = folder / of
    content = file.read_bytes()
    places = range(0, len(content), 97) if of == "license.json" else (len(content) // 2,)
    for at in places:
        file.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
        asked = (folder / "bass.wav", "--certificate", folder / "license.json")
        assert _verify(*asked) != 0, at
        assert "genuine:" not in capsys.readouterr().out
    file.write_bytes(content)
    assert _verify(folder / "bass.wav", "--certificate", folder / "license.json") == 0


def test_what_is_missing_is_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document, gone = folder / "license.json", folder / "gone"
    assert _verify(gone, "--certificate", document) != 0
    assert "gone cannot be read" in capsys.readouterr().err
    assert _verify(folder / "bass.wav", "--certificate", gone) != 0
    assert "gone cannot be read" in capsys.readouterr().err
    (folder / "jwks.json").unlink()
    assert _verify(document) != 0
    assert "/.well-known/jwks.json" in capsys.readouterr().err


def test_an_old_certificate_is_verified_without_network_or_database() -> None:
    """In a process of its own: no setting, no address, nothing but the files."""
    command = [
        sys.executable, "-m", "api.cli", "licenses", "verify", str(ISSUED / "2026-11-26.sound"),
        "--certificate", str(ISSUED / "2026-11-26.json"),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, env={"PATH": ""}, check=False)
    assert done.returncode == 0, done.stderr
    assert "is its master, byte for byte" in done.stdout
