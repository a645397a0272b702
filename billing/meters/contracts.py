"""What a meter is told, and what it may answer."""

from datetime import datetime
from typing import Literal, Protocol

from msgspec import Struct


class UsageEvent(Struct, frozen=True, kw_only=True):
    """One capture as a meter sees it."""

    identifier: str
    account: str
    event_name: str
    tokens: int
    occurred_at: datetime


class Told(Struct, frozen=True, kw_only=True):
    """What came of telling: delivered, try again (perhaps after a pause), or hopeless."""

    outcome: Literal["delivered", "again", "slow_down", "hopeless"]
    detail: str = ""


class UsageSink(Protocol):
    """Whoever counts usage: Stripe's meters today."""

    async def tell(self, event: UsageEvent) -> Told:
        """Tell one event. Must answer ``delivered`` for an event it has seen before."""
        ...


class Row(Struct, frozen=True, kw_only=True):
    """An outbox row that this sender has claimed."""

    event: UsageEvent
    attempts: int
