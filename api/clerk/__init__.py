"""The clerk: settles what the studios deliver, tells Stripe, keeps holds alive and lets them go.

Each step is one small function that may be repeated or run by several clerks at once; what it could
not do now it does the next time round. Nothing is kept in memory between two rounds, so a clerk may
be killed anywhere.
"""

from api.clerk.desk import Desk, open_desk
from api.clerk.dunning import dun
from api.clerk.errands import do_errands, forget_errands
from api.clerk.fees import book_fees
from api.clerk.forgetting import (
    forget_answers,
    forget_deliveries,
    forget_offers,
    forget_plans,
)
from api.clerk.holds import keep_holds
from api.clerk.meters import send_usage
from api.clerk.postpaid import subscribe_postpaid
from api.clerk.rounds import DELIVERIES, listen, repeat, serve
from api.clerk.settling import settle_due, settle_one
from api.clerk.stripe import forget_events, handle_stripe, sweep_stripe
from api.clerk.topups import end_topup, start_topups

__all__ = [
    "DELIVERIES", "Desk", "book_fees", "do_errands", "dun", "end_topup", "forget_answers",
    "forget_deliveries", "forget_errands", "forget_events", "forget_offers", "forget_plans",
    "handle_stripe", "keep_holds", "listen", "open_desk", "repeat", "send_usage", "serve",
    "settle_due", "settle_one", "start_topups", "subscribe_postpaid", "sweep_stripe",
]  # fmt: skip
