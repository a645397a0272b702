"""Stripe's webhooks: verified, kept once, answered at once; the clerk handles them later."""

import time
from collections.abc import Sequence

from litestar import Response, post
from msgspec import Struct

from api.answers import answer
from api.entrance import AnyRequest
from api.errors import NotFound
from api.operations import promises
from api.shop import shop_of
from billing.connections import lent
from billing.errors import BadSignature
from billing.processor import inbox


class Received(Struct, frozen=True, kw_only=True):
    """``kept`` is false for an event that was here before."""

    kept: bool


@post(
    "/webhooks/stripe",
    opt=promises(
        name="receive_stripe_event", tag="operations", answers={200: Received},
        headers=("Stripe-Signature",), refuses=(BadSignature, NotFound),
        summary="Stripe's events; only with a signature made by a configured secret",
    ),
)  # fmt: skip
async def receive_stripe_event(request: AnyRequest) -> Response[bytes]:
    return await _receive(request, shop_of(request).settings.stripe_webhook_secrets)


@post(
    "/webhooks/stripe/thin",
    opt=promises(
        name="receive_thin_stripe_event", tag="operations", answers={200: Received},
        headers=("Stripe-Signature",), refuses=(BadSignature, NotFound),
        summary="Stripe's thin events about meters, under secrets of their own",
    ),
)  # fmt: skip
async def receive_thin_stripe_event(request: AnyRequest) -> Response[bytes]:
    return await _receive(request, shop_of(request).settings.stripe_thin_secrets)


async def _receive(request: AnyRequest, secrets: Sequence[str]) -> Response[bytes]:
    """The bytes as they came: a body that was decoded and encoded again has another signature."""
    if not secrets:
        raise NotFound("this deployment takes no Stripe events here")
    raw = await request.body()
    inbox.verify(raw, request.headers.get("stripe-signature", ""), secrets, time.time())
    async with lent(shop_of(request).pool) as conn:
        return answer(Received(kept=await inbox.receive(conn, raw)))


ROUTES = [receive_stripe_event, receive_thin_stripe_event]
