"""Certificates: is one genuine and for this file, and with which keys were they signed."""

import argparse
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec

from api.cli.database import with_pool
from api.cli.words import CommandRefused, group, show

KEYS = "jwks.json"
"""The published keys, where somebody has kept them beside a certificate."""
VERIFY = """\
FILE is a certificate; or, with --certificate, a sound or another file of the license. Nobody is
asked: the keys are those of a file (`jwks.json` beside the certificate where --keys names none),
or of an address. It ends with 0 where everything holds, and with 2 where anything does not.
"""


def add(commands: Any) -> None:
    """These commands' names and arguments."""
    licenses = group(commands, "licenses", "check certificates")
    verified = licenses.add_parser(
        "verify", help="check a certificate, or a file by its certificate, without asking anyone",
        description=VERIFY,
    )  # fmt: skip
    verified.add_argument("file", type=Path)
    verified.add_argument("--certificate", type=Path, help="the certificate that FILE is held to")
    verified.add_argument("--keys", help="published keys: a file or an address")
    verified.add_argument("--audio", type=Path, help="the file, where FILE is the certificate")
    verified.set_defaults(run=_verify)
    licenses.add_parser("keys", help="the published keys").set_defaults(run=_license_keys)


def _verify(given: argparse.Namespace) -> int:
    from api.licenses.certificate import NotGenuine, key_of, verify

    file, document = _parts(given)
    place = given.keys or str(document.with_name(KEYS))
    content = _read(document)
    try:
        certificate = verify(content, _published(place))
    except NotGenuine as refused:
        raise CommandRefused(f"{document}: {refused}") from None
    name = None if file is None else _named(file, document, certificate)
    print(f"genuine: {certificate.license} for {certificate.track}, "
          f"issued {certificate.issued_at:%Y-%m-%d %H:%M} UTC")  # fmt: skip
    print(f"  signature: key {key_of(content)} of {place}, over every byte of {document}")
    if name is not None:
        print(f"  file: {file} is its {name}, byte for byte")
    for line in _told(certificate):
        print(f"  {line}")
    if file is None:
        print("  not checked: any sound; name one with --certificate or --audio")
    print(certificate.notice)
    return 0


def _parts(given: argparse.Namespace) -> tuple[Path | None, Path]:
    """The file to hold to a certificate, if any, and the certificate."""
    if given.certificate is None:
        return given.audio, given.file
    if given.audio is not None:
        raise CommandRefused("say either --certificate or --audio: FILE is the other one")
    return given.file, given.certificate


def _named(file: Path, document: Path, certificate: Any) -> str:
    """What the certificate calls this very file."""
    from api.licenses.certificate import named_as

    try:
        with file.open("rb") as held:
            sha256 = hashlib.file_digest(held, "sha256").hexdigest()
    except OSError as error:
        raise CommandRefused(f"{file} cannot be read: {error}") from None
    name = named_as(certificate, sha256)
    if not name:
        raise CommandRefused(
            f"{document} is genuine, but not for {file}: it names no file with the SHA-256 {sha256}"
        )
    return name


def _told(certificate: Any) -> Iterator[str]:
    """What is now known to be as it was signed."""
    if certificate.rights_read:
        yield f"rights: {certificate.rights_read}"
    else:
        rights = certificate.rights
        yield "rights: " + ", ".join(f"{name} {value}" for name, value in rights.items())
    model = certificate.models.get("model_sha256") or certificate.provenance.get("model_sha256")
    if model:
        yield f"model: {model}"
    if (notes := certificate.originality.get("longest_run")) is not None:
        yield f"longest run shared with a training work: {notes} notes"
    for entry in certificate.human_input.get("log", ()):
        yield f"{entry['at']}: {entry['did']}"


def _read(document: Path) -> bytes:
    try:
        return document.read_bytes()
    except OSError as error:
        raise CommandRefused(f"{document} cannot be read: {error}") from None


def _published(place: str) -> Any:
    from api.licenses.signing import KeySet

    try:
        if place.startswith(("http://", "https://")):
            content = httpx.get(place, timeout=20, follow_redirects=True).raise_for_status().content
        else:
            content = Path(place).read_bytes()
        return msgspec.json.decode(content, type=KeySet)
    except (OSError, httpx.HTTPError, msgspec.DecodeError) as error:
        raise CommandRefused(
            f"{place} gives no key set: {error}; say --keys FILE, with what the service publishes "
            "at /.well-known/jwks.json"
        ) from None


def _license_keys(given: argparse.Namespace) -> int:
    from api.licenses import service

    show(with_pool(service.key_set))
    return 0
