"""Certificates: is one genuine, and with which keys were they signed."""

import argparse
from pathlib import Path
from typing import Any

import httpx
import msgspec

from api.cli.database import with_pool
from api.cli.words import CommandRefused, group, show


def add(commands: Any) -> None:
    """These commands' names and arguments."""
    licenses = group(commands, "licenses", "check certificates")
    verified = licenses.add_parser("verify", help="check a certificate, without asking anyone")
    verified.add_argument("file", type=Path)
    verified.add_argument("--keys", required=True, help="published keys: a file or an address")
    verified.add_argument("--audio", type=Path, help="also check that it is for this very file")
    verified.set_defaults(run=_verify)
    licenses.add_parser("keys", help="the published keys").set_defaults(run=_license_keys)


def _verify(given: argparse.Namespace) -> int:
    from api.licenses.certificate import NotGenuine, names_audio, verify

    try:
        certificate = verify(given.file.read_bytes(), _published(given.keys))
    except NotGenuine as refused:
        raise CommandRefused(f"{given.file}: {refused}") from None
    if given.audio is not None and not names_audio(certificate, given.audio.read_bytes()):
        raise CommandRefused(f"{given.file} is genuine, but not for {given.audio}")
    print(f"genuine: {certificate.license} for {certificate.track}, "
          f"issued {certificate.issued_at:%Y-%m-%d %H:%M} UTC")  # fmt: skip
    print(certificate.notice)
    return 0


def _published(place: str) -> Any:
    from api.licenses.signing import KeySet

    try:
        if place.startswith(("http://", "https://")):
            content = httpx.get(place, timeout=20, follow_redirects=True).raise_for_status().content
        else:
            content = Path(place).read_bytes()
        return msgspec.json.decode(content, type=KeySet)
    except (OSError, httpx.HTTPError, msgspec.DecodeError) as error:
        raise CommandRefused(f"--keys {place} gives no key set: {error}") from None


def _license_keys(given: argparse.Namespace) -> int:
    from api.licenses import service

    show(with_pool(service.key_set))
    return 0
