"""Stripe's events as they arrive: verified, kept once, handled later. No Stripe library here, so
the gateway can stand on it without holding a key."""

import hashlib
import hmac
from collections.abc import Sequence
from datetime import timedelta

import asyncpg
import msgspec

from billing.errors import BadSignature

TOLERANCE_S = 300
THIN = ("v1.billing.meter.error_report_triggered", "v1.billing.meter.no_meter_found")
"""The thin events we listen to; they come to an address and under secrets of their own."""


class _Head(msgspec.Struct):
    id: str
    type: str


def verify(raw: bytes, header: str, secrets: Sequence[str], now: float) -> None:
    """Raise `BadSignature` unless one of the secrets signed these bytes within five minutes.

    Stripe's own library accepts timestamps from the future; we do not.
    """
    fields = [part.partition("=") for part in header.split(",")]
    stamps = [value for name, _, value in fields if name.strip() == "t"]
    signatures = [value for name, _, value in fields if name.strip() == "v1"]
    if len(stamps) != 1 or not stamps[0].isascii() or not stamps[0].isdigit() or not signatures:
        raise BadSignature("the Stripe-Signature header is malformed")
    if len(stamps[0]) > 12 or abs(now - int(stamps[0])) > TOLERANCE_S:
        raise BadSignature("the event was signed too long ago, or in the future")
    signed = stamps[0].encode() + b"." + raw
    for secret in secrets:
        expected = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
        if any(hmac.compare_digest(expected.encode(), one.encode()) for one in signatures):
            return
    raise BadSignature("no signature matches")


RECEIVE = """
insert into billing.stripe_inbox (event_id, type, body) values ($1, $2, $3)
on conflict (event_id) do nothing
returning event_id
"""


async def receive(conn: asyncpg.Connection, raw: bytes) -> bool:
    """Keep an event; False when it was here before. Raises `BadSignature` for what is no event."""
    try:
        head = msgspec.json.decode(raw, type=_Head)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadSignature("the body is not a Stripe event") from error
    if not (head.id.isprintable() and head.type.isprintable()):  # Postgres keeps no NUL
        raise BadSignature("the body is not a Stripe event")
    return await conn.fetchval(RECEIVE, head.id, head.type, raw) is not None


SELECT_UNKNOWN = """
select id from unnest($1::text[]) as asked (id)
where not exists (select from billing.stripe_inbox where event_id = id)
"""


async def unknown(conn: asyncpg.Connection, events: Sequence[str]) -> set[str]:
    """Those of these events that have not come yet."""
    return {row["id"] for row in await conn.fetch(SELECT_UNKNOWN, events)}


KEPT = timedelta(days=35)
"""Longer than Stripe keeps an event, so that none comes back after we have forgotten it."""

FORGET = "delete from billing.stripe_inbox where done_at < now() - $1::interval"


async def forget_old(conn: asyncpg.Connection) -> int:
    """Drop the events that were done long ago; returns how many."""
    return int((await conn.execute(FORGET, KEPT)).split()[-1])
