"""A certificate is believed as it was issued, and not with a single byte changed."""

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from msgspec import structs

from api.licenses.certificate import (
    Certificate,
    NotGenuine,
    issue,
    key_of,
    named_as,
    names_audio,
    verify,
)
from api.licenses.signing import KeySet, Signer

ISSUED = Path(__file__).parent / "issued"


def _certificate() -> Certificate:
    return Certificate(
        license="lic_1", track="trk_1", candidate="cand_1", brief="brf_1", account="acc_1",
        mode="live", grants=True, notice="ok", rights={"catalog_resale": True},
        audio={"sha256": "0" * 64, "frames": 2_880_000}, provenance={"seed": 7},
        training_data="/training-data", human_input={"words_sha256": "0" * 64}, tokens=8,
        issued_at=datetime(2026, 11, 24, tzinfo=UTC),
    )  # fmt: skip


@pytest.fixture
def signer(tmp_path: Path) -> Signer:
    return Signer.create(tmp_path / "key.pem")


def test_a_certificate_says_what_was_signed(signer: Signer, tmp_path: Path) -> None:
    keys = KeySet(keys=(signer.jwk,))
    document = issue(_certificate(), signer)
    assert verify(document, keys) == _certificate()
    again = Signer.load(tmp_path / "key.pem")
    assert again.jwk == signer.jwk
    assert issue(_certificate(), again) == document


def _believed(document: bytes, keys: KeySet) -> bool:
    try:
        verify(document, keys)
    except NotGenuine:
        return False
    return True


def test_every_change_of_any_one_byte_is_noticed(signer: Signer) -> None:
    keys = KeySet(keys=(signer.jwk,))
    document = issue(_certificate(), signer)
    assert _believed(document, keys)
    for at in range(len(document)):
        flipped = {document[at] ^ change for change in (1, 2, 4, 8, 16, 32, 64, 128, 255)}
        for other in (flipped | set(b'A_-0" {\0')) - {document[at]}:
            forged = document[:at] + bytes((other,)) + document[at + 1 :]
            assert not _believed(forged, keys), (at, other)


def test_a_byte_left_out_or_put_in_anywhere_is_noticed(signer: Signer) -> None:
    keys = KeySet(keys=(signer.jwk,))
    document = issue(_certificate(), signer)
    for at in range(len(document)):
        assert not _believed(document[:at] + document[at + 1 :], keys), at
        assert not _believed(document[:at], keys), at
    for at in range(len(document) + 1):
        for more in (
            b" ",
            b"\n",
            b"\t",
            b"0",
            b"A",
            b"_",
            b"=",
            b'"',
            b",",
            b"{",
            b"\\",
            b"\0",
            b"\xff",
        ):
            assert not _believed(document[:at] + more + document[at:], keys), (at, more)


def test_the_same_content_written_another_way_is_not_the_certificate(signer: Signer) -> None:
    keys = KeySet(keys=(signer.jwk,))
    document = issue(_certificate(), signer)
    parts = json.loads(document)
    for forged in (
        json.dumps(parts).encode(),
        json.dumps(parts, separators=(",", ":"), sort_keys=True, indent=0).encode(),
        json.dumps(dict(reversed(parts.items())), separators=(",", ":")).encode(),
        document.replace(b"payload", b"p\\u0061yload"),
        document.replace(b'"signature":"', b'"signature":"="', 1),
        b"\xef\xbb\xbf" + document,
        b"[" * 100_000,
    ):
        assert not _believed(forged, keys)
    parts["signature"] += "=="
    assert not _believed(json.dumps(parts, separators=(",", ":"), sort_keys=True).encode(), keys)


def test_bytes_added_removed_or_reordered_are_noticed(signer: Signer) -> None:
    keys = KeySet(keys=(signer.jwk,))
    document = issue(_certificate(), signer)
    for forged in (
        document + b"\n",
        b" " + document,
        document[:-1],
        document.replace(b",", b", ", 1),
        document[:-1] + b',"payload":"e30"}',
        b"",
        b"{}",
        b"[]",
    ):
        with pytest.raises(NotGenuine):
            verify(forged, keys)


def test_another_deployments_key_is_not_believed(signer: Signer, tmp_path: Path) -> None:
    stranger = Signer.create(tmp_path / "other.pem")
    document = issue(_certificate(), signer)
    with pytest.raises(NotGenuine, match="no published key"):
        verify(document, KeySet(keys=(stranger.jwk,)))


def test_a_certificate_names_one_audio_file() -> None:
    assert not names_audio(_certificate(), b"other audio")


def test_a_certificate_names_every_file_of_its_license() -> None:
    named = {
        name: {"sha256": hashlib.sha256(name.encode()).hexdigest(), "bytes": len(name)}
        for name in ("stem.bass", "midi", "master")
    }
    one = structs.replace(_certificate(), audio=named["master"], files=named)
    for name, file in named.items():
        assert named_as(one, file["sha256"]) == name
    assert named_as(one, "0" * 64) == ""


@pytest.mark.parametrize("change", ["as it was", "with one byte changed"])
def test_a_certificate_issued_before_the_later_fields_holds_as_it_is(change: str) -> None:
    """``issued`` was signed by the program of 26 November 2026."""
    document = (ISSUED / "2026-11-26.json").read_bytes()
    keys = msgspec.json.decode((ISSUED / "jwks.json").read_bytes(), type=KeySet)
    if change != "as it was":
        at = document.index(b"payload") + 20
        with pytest.raises(NotGenuine):
            verify(document[:at] + bytes([document[at] ^ 1]) + document[at + 1 :], keys)
        return
    said = verify(document, keys)
    sound = (ISSUED / "2026-11-26.sound").read_bytes()
    assert (said.license, said.tokens) == ("lic_0123456789abcdef01234567", 8)
    assert names_audio(said, sound)
    assert not names_audio(said, sound + b"\0")
    assert (said.files, said.rights_read) == ({}, "")


def test_a_key_that_signs_no_more_still_proves_what_it_signed(
    signer: Signer, tmp_path: Path
) -> None:
    before = issue(_certificate(), signer)
    after = issue(_certificate(), Signer.create(tmp_path / "next.pem"))
    next_ = Signer.load(tmp_path / "next.pem")
    both = KeySet(keys=(signer.jwk, next_.jwk))
    assert key_of(before) != key_of(after)
    assert verify(before, both) == verify(after, both) == _certificate()
    with pytest.raises(NotGenuine, match="no published key"):
        verify(before, KeySet(keys=(next_.jwk,)))


def test_the_private_key_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    Signer.create(tmp_path / "key.pem")
    assert (tmp_path / "key.pem").stat().st_mode & 0o077 == 0


def test_a_signing_key_is_written_whole_and_never_over_another(tmp_path: Path) -> None:
    file = tmp_path / "key.pem"
    first = Signer.create(file)
    with pytest.raises(FileExistsError):
        Signer.create(file)
    assert Signer.load(file).jwk == first.jwk
    assert list(tmp_path.iterdir()) == [file], "nothing half written stays beside it"
