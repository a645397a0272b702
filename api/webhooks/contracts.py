"""Webhook endpoints, and the messages that are sent to them."""

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

MOST_ENDPOINTS = 20

MessageType = Literal[
    "candidate.ready",
    "brief.succeeded", "brief.partially_succeeded", "brief.failed", "brief.canceled",
    "brief.expired",
    "family.succeeded", "family.partially_succeeded", "family.failed", "family.canceled",
    "family.expired",
    "batch.ended",
    "rendition.succeeded", "rendition.failed",
    "license.created", "topup.paid",
    "notice.budget_50", "notice.budget_80", "notice.budget_100", "notice.tokens_expiring",
    "notice.topup_refunded", "notice.invoice_failed", "notice.dispute_opened",
    "notice.account_frozen", "notice.account_thawed", "notice.candidate_sealed",
    "webhook_endpoint.disabled", "webhook_endpoint.test",
]  # fmt: skip
DisabledWhy = Literal["asked", "gone", "failing"]
DeliveryState = Literal["waiting", "delivered", "given_up", "dropped"]

Url = Annotated[str, Meta(min_length=1, max_length=500)]
Types = Annotated[tuple[MessageType, ...], Meta(max_length=40)]
Description = Annotated[str, Meta(max_length=200)]
EndpointId = Annotated[str, Meta(pattern="^we_[0-9a-f]{24}$")]


class NewEndpoint(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An endpoint to be registered."""

    url: Url
    types: Types = ()
    description: Description = ""


class EndpointChange(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What of an endpoint is to be otherwise; what is left out stays."""

    url: Url | UnsetType = UNSET
    types: Types | UnsetType = UNSET
    description: Description | UnsetType = UNSET
    disabled: bool | UnsetType = UNSET


class Endpoint(Struct, frozen=True, kw_only=True):
    """An endpoint as its account sees it. ``failures`` counts what failed since something last
    arrived; ``old_secret_until`` is when the secret before this one stops signing too."""

    id: str
    url: str
    types: tuple[str, ...]
    description: str
    created_at: datetime
    failures: int
    failing_since: datetime | None
    disabled_at: datetime | None
    disabled_why: DisabledWhy | None
    old_secret_until: datetime | None


class EndpointSecret(Struct, frozen=True, kw_only=True):
    """An endpoint with its secret, which is shown this once."""

    endpoint: Endpoint
    secret: str


class EndpointList(Struct, frozen=True, kw_only=True):
    """All endpoints of an account, newest first."""

    items: tuple[Endpoint, ...]


class Delivery(Struct, frozen=True, kw_only=True):
    """One event on its way to one endpoint. ``status`` and ``answer`` are how the last answer
    began; ``error`` is why it did not count, or why there was none."""

    endpoint: str
    state: DeliveryState
    tries: int
    tried_at: datetime | None
    next_at: datetime | None
    status: int | None
    answer: str | None
    error: str | None


class EventView(Struct, frozen=True, kw_only=True):
    """Something the account was told: as it is sent, and where it went."""

    id: str
    type: str
    timestamp: datetime
    data: dict[str, Any]
    deliveries: tuple[Delivery, ...]


class EventPage(Struct, frozen=True, kw_only=True):
    """The account's events, newest first."""

    items: tuple[EventView, ...]
    next_cursor: str | None


class EventsQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which events: of one type, about one thing, or all."""

    limit: Annotated[int, Meta(ge=1, le=100)] = 20
    cursor: Annotated[str, Meta(min_length=1, max_length=200)] | None = None
    type: MessageType | None = None
    subject: Annotated[str, Meta(pattern="^[a-z]{2,8}_[0-9a-f]{24}$")] | None = None


class Redelivery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where an event is to be sent again; left out: wherever it went or is wanted now."""

    endpoint: EndpointId | None = None


class Message(Struct, frozen=True, kw_only=True):
    """What is sent: the same bytes at every try."""

    id: str
    type: str
    facts: str
    created_at: datetime

    def body(self) -> bytes:
        """As Standard Webhooks has it."""
        return msgspec.json.encode(
            {
                "type": self.type,
                "timestamp": self.created_at,
                "data": msgspec.Raw(self.facts.encode()),
            }
        )
