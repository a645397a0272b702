"""Tickets for files of a folder, which cannot sign links itself.

A ticket says itself what it is good for, so any replica with the same pepper takes it and nothing
is kept. Its key is derived from the pepper, so that no ticket is ever good for anything else.
"""

import hmac
from datetime import datetime

import msgspec

from api.errors import LinkExpired, NotFound
from api.licenses.signing import decode, encode
from api.links.contracts import Ticket
from engine.contracts import Asset

_PURPOSE = b"cuesmith/files/1"


def issue(pepper: bytes, asset: Asset, name: str, until: datetime) -> str:
    """A ticket for one file under one name."""
    said = msgspec.json.encode(
        Ticket(int(until.timestamp()), asset.sha256, asset.bytes, asset.media_type)
    )
    return f"{encode(said)}.{encode(_mac(pepper, said, name))}"


def redeem(pepper: bytes, ticket: str, name: str, now: datetime) -> Asset:
    """The file that a ticket is good for.

    `NotFound` for one that we did not sign, or not for this name; `LinkExpired` afterwards.
    """
    text, _, signature = ticket.partition(".")
    try:
        said, mac = decode(text), decode(signature)
    except ValueError:
        raise _unknown() from None
    if not hmac.compare_digest(mac, _mac(pepper, said, name)):
        raise _unknown()
    good = msgspec.json.decode(said, type=Ticket)
    if now.timestamp() >= good.until:
        raise LinkExpired("the link is over; ask for a new one with the key that you have")
    return Asset(name=name, sha256=good.sha256, bytes=good.bytes, media_type=good.media_type)


def _mac(pepper: bytes, said: bytes, name: str) -> bytes:
    key = hmac.digest(pepper, _PURPOSE, "sha256")
    return hmac.digest(key, said + b"\0" + name.encode(), "sha256")


def _unknown() -> NotFound:
    return NotFound("there is no such file, or the link is not one of ours")
