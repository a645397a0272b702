"""Meter events and their sums."""

from datetime import datetime

import stripe as library
from stripe import StripeClient

from billing.errors import StripeUnavailable
from billing.meters.contracts import Told, UsageEvent
from billing.processor.client import asking, said

_HOPELESS = frozenset(
    {"meter_event_customer_not_found", "archived_meter", "no_meter", "timestamp_too_far_in_past"}
)


async def tell(stripe: StripeClient, event: UsageEvent, customer: str) -> Told:
    """Tell one capture to its meter; an identifier Stripe has seen counts as delivered.

    No idempotency key of ours: Stripe would repeat the answer it gave first, a 500 too, for a
    day. The identifier is what makes the event count once.
    """
    try:
        await stripe.v1.billing.meter_events.create_async(
            {
                "event_name": event.event_name,
                "identifier": event.identifier,
                "timestamp": int(event.occurred_at.timestamp()),
                "payload": {"stripe_customer_id": customer, "value": str(event.tokens)},
            }
        )
    except library.RateLimitError as error:
        return Told(outcome="slow_down", detail=said(error))
    except library.InvalidRequestError as error:
        return _refused(error)
    except (library.AuthenticationError, library.PermissionError):
        # Its sentence quotes the key's ends; the outbox is read by more people than the key.
        return Told(outcome="again", detail="Stripe does not let this key do it")
    except library.StripeError as error:
        return Told(outcome="again", detail=said(error))
    return Told(outcome="delivered")


async def total(
    stripe: StripeClient, meter: str, customer: str, since: datetime, until: datetime
) -> int:
    """Tokens Stripe has counted for a customer; it counts some seconds behind."""
    begin = int(since.timestamp()) // 60 * 60
    end = -(-int(until.timestamp()) // 60) * 60
    with asking(f"sums of {meter}"):
        found = await stripe.v1.billing.meters.event_summaries.list_async(
            meter, {"customer": customer, "start_time": begin, "end_time": end}
        )
    return int(sum(summary.aggregated_value for summary in found.data))


def untold(error: StripeUnavailable) -> Told:
    """What it means for an event that its customer or its meter could not be had."""
    return Told(outcome="again", detail=str(error))


def _refused(error: library.InvalidRequestError) -> Told:
    detail = str(error)
    # A repeat is answered with a 400 that means "delivered": by code in some versions, by
    # sentence in all of them.
    if error.code == "duplicate_meter_event" or "already exists with identifier" in detail:
        return Told(outcome="delivered", detail="seen before")
    if error.code in _HOPELESS:
        return Told(outcome="hopeless", detail=detail)
    if error.http_status == 400:
        return Told(outcome="hopeless", detail=detail)
    return Told(outcome="again", detail=detail)
