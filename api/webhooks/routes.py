"""Stripe's webhook: verified, kept once, answered at once; the clerk handles it later."""

import time

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
        summary="Stripe's events; only with a signature made by the configured secret",
    ),
)  # fmt: skip
async def receive_stripe_event(request: AnyRequest) -> Response[bytes]:
    shop = shop_of(request)
    secrets = shop.settings.stripe_webhook_secrets
    if not secrets:
        raise NotFound("this deployment takes no Stripe events")
    raw = await request.body()
    inbox.verify(raw, request.headers.get("stripe-signature", ""), secrets, time.time())
    async with lent(shop.pool) as conn:
        return answer(Received(kept=await inbox.receive(conn, raw)))


ROUTES = [receive_stripe_event]
