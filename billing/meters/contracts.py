"""What a meter is told, and what it may answer."""

from datetime import datetime
from typing import Literal, Protocol

from msgspec import Struct


class UsageEvent(Struct, frozen=True, kw_only=True):
    """One capture as a meter sees it; less than nothing for what came back."""

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


class MeterReader(Protocol):
    """Whoever can say what a meter has counted."""

    async def hours(
        self, account: str, event_name: str, since: datetime, until: datetime
    ) -> dict[datetime, int]:
        """Tokens counted for each UTC hour that has any; counted some seconds behind."""
        ...


class Row(Struct, frozen=True, kw_only=True):
    """An outbox row that this sender has claimed."""

    event: UsageEvent
    attempts: int


class Lane(Struct, frozen=True, kw_only=True):
    """One customer's events of one meter, in the order they happened; one sender at a time."""

    account: str
    event_name: str
    rows: tuple[Row, ...]


class Outcome(Struct, frozen=True, kw_only=True):
    """What became of a row: told, parked in another lane, or to be tried again after a wait."""

    identifier: str
    lane: Literal["done", "send", "dead"]
    detail: str = ""
    wait_s: float = 0.0
