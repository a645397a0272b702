"""What Stripe's meters have counted, by the hour."""

from datetime import UTC, datetime
from typing import Any

from stripe import StripeClient

from billing.processor.client import asking

PAGE = 100


async def hours(
    stripe: StripeClient, meter: str, customer: str, since: datetime, until: datetime
) -> dict[datetime, int]:
    """Tokens counted for each UTC hour that has any; both ends are whole hours."""
    counted: dict[datetime, int] = {}
    asked: Any = {
        "customer": customer, "start_time": int(since.timestamp()),
        "end_time": int(until.timestamp()), "value_grouping_window": "hour", "limit": PAGE,
    }  # fmt: skip
    while True:
        with asking(f"hours of {meter}"):
            page = await stripe.v1.billing.meters.event_summaries.list_async(meter, asked)
        for one in page.data:
            moment = datetime.fromtimestamp(one.start_time, UTC)
            counted[moment] = counted.get(moment, 0) + int(one.aggregated_value)
        if not page.has_more or not page.data:
            return {moment: tokens for moment, tokens in counted.items() if tokens}
        asked["starting_after"] = page.data[-1].id
