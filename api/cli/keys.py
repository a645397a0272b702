"""API keys, and the key that signs certificates."""

import argparse
import sys
from pathlib import Path
from typing import Any

import msgspec

from api.cli.database import pepper, with_pool
from api.cli.words import CommandRefused, group, show


def add(commands: Any) -> None:
    """These commands' names and arguments."""
    keys = group(commands, "keys", "make and end API keys")
    created = keys.add_parser("create", help="a new key; its secret is shown once")
    created.add_argument("account")
    created.add_argument("--name", default="operator")
    created.add_argument("--scopes", help="of briefs,read,billing,admin; all of them if left out")
    created.set_defaults(run=_create_key)
    listed = keys.add_parser("list", help="an account's keys")
    listed.add_argument("account")
    listed.set_defaults(run=_list_keys)
    revoked = keys.add_parser("revoke", help="end a key now")
    revoked.add_argument("account")
    revoked.add_argument("key")
    revoked.set_defaults(run=_revoke_key)

    signing = keys.add_parser("signing", help="a new key that signs certificates")
    signing.add_argument("file", type=Path, help="a PEM file; CUESMITH_SIGNING_KEY names it")
    signing.set_defaults(run=_create_signing_key)


def _create_key(given: argparse.Namespace) -> int:
    from api.keys import service
    from api.keys.contracts import SCOPES, Scope

    asked = given.scopes.split(",") if given.scopes else SCOPES
    try:
        scopes = msgspec.convert(asked, tuple[Scope, ...])
    except msgspec.ValidationError:
        raise CommandRefused(f"--scopes takes some of {','.join(SCOPES)}") from None
    made, secret = with_pool(
        lambda pool: service.create_key(
            pool, given.account, given.name, scopes, pepper=pepper()
        )
    )  # fmt: skip
    print(f"{made}: keep its secret, it is not shown again", file=sys.stderr)
    print(secret)
    return 0


def _list_keys(given: argparse.Namespace) -> int:
    from api.keys import service

    for key in with_pool(lambda pool: service.keys(pool, given.account)):
        show(key)
    return 0


def _revoke_key(given: argparse.Namespace) -> int:
    from api.keys import service

    show(with_pool(lambda pool: service.revoke(pool, given.account, given.key)))
    return 0


def _create_signing_key(given: argparse.Namespace) -> int:
    from api.licenses.signing import Signer

    if given.file.exists():
        raise CommandRefused(f"{given.file} exists; a signing key is never overwritten")
    print(f"{given.file}: key {Signer.create(given.file).jwk.kid}")
    return 0
