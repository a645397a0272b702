"""What is compared with Stripe, and what comes of it."""

from datetime import datetime
from typing import Literal

from msgspec import Struct

RunKind = Literal["hourly", "daily", "by_hand", "after_restore"]
DifferenceKind = Literal[
    "was_counted", "sent_again", "never_counted", "missing", "foreign", "refused", "invoice"
]
State = Literal["settled", "proposed", "corrected", "for_people"]


class Hour(Struct, frozen=True, kw_only=True):
    """One customer's hour of one meter as our ledger has it, in tokens.

    ``told`` was delivered, ``fresh`` and ``stale`` are of unknown outcome (the meter still knows
    the identifiers of the fresh ones), ``refused`` will never be taken. ``corrected`` is what
    corrections add to this hour beyond what they were aimed at it. ``moving_rows`` are still to be
    sent, or were sent so recently that the meter may not have counted them. Rows are counted beside
    their tokens, for what was spent and given back adds up to nothing.
    """

    account: str
    event_name: str
    hour: datetime
    told: int = 0
    moving_rows: int = 0
    fresh: int = 0
    fresh_rows: int = 0
    stale: int = 0
    stale_rows: int = 0
    refused: int = 0
    corrected: int = 0


class Finding(Struct, frozen=True, kw_only=True):
    """What an hour's difference is, and what sets it right."""

    kind: DifferenceKind
    ledger: int
    counted: int
    correction: int = 0


class Difference(Struct, frozen=True, kw_only=True):
    """A difference that was found, and what became of it."""

    id: int
    account: str
    event_name: str
    hour: datetime
    kind: DifferenceKind
    ledger: int
    counted: int
    tokens: int
    state: State
    identifier: str | None
    explained: str


class Report(Struct, frozen=True, kw_only=True):
    """One run: how many hours were compared, and what differed."""

    kind: RunKind
    since: datetime
    until: datetime
    hours: int
    differences: tuple[Difference, ...]
