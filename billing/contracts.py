"""What the till says to its callers. Whole tokens; money in minor units with an ISO currency."""

from datetime import datetime, timedelta
from typing import Literal, NewType

from msgspec import Struct

Tokens = NewType("Tokens", int)

BillingMode = Literal["prepaid", "postpaid"]
StripeMode = Literal["sandbox", "live"]


class Facts(Struct, frozen=True, kw_only=True):
    """What decides a price; the till knows no music."""

    kind: str
    duration_ms: int
    candidates: int
    quality: str = "standard"
    lane: Literal["interactive", "batch"] = "interactive"


class FamilyFacts(Struct, frozen=True, kw_only=True):
    """What decides the price of a family: how long each of its sounds is, and how many candidates
    there are to choose from."""

    lengths_ms: tuple[int, ...]
    candidates: int


class Quote(Struct, frozen=True, kw_only=True):
    """The price a brief will never exceed; both token figures are for one candidate."""

    audition_tokens: Tokens
    license_tokens: Tokens
    candidates: int
    price_book: str

    @property
    def hold_tokens(self) -> Tokens:
        """Tokens set aside for the auditions of all candidates."""
        return Tokens(self.audition_tokens * self.candidates)


class Pack(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Tokens sold at once. They last ``months`` from the day they are paid; None: for ever."""

    tokens: Tokens
    amount_minor: int
    currency: str
    months: int | None = None


class Tags(Struct, frozen=True, kw_only=True):
    """What a spending is grouped by in statements, and capped by in budgets."""

    api_key: str | None = None
    project: str | None = None
    customer_ref: str | None = None
    kind: str | None = None


class Wanted(Struct, frozen=True, kw_only=True):
    """A hold that is asked for together with others."""

    account: str
    brief: str
    tokens: int
    ttl: timedelta
    tags: Tags = Tags()


BudgetScope = Literal["key", "project"]


class Budget(Struct, frozen=True, kw_only=True):
    """A cap on what a key or a project may spend in a UTC month, and what this one has used."""

    scope: BudgetScope
    subject: str
    cap: Tokens
    month: str
    spent: Tokens
    held: Tokens
    left: Tokens


class ClawedBack(Struct, frozen=True, kw_only=True):
    """What came out of a wallet when its payment went back, and what it could not pay."""

    taken: Tokens
    owed: Tokens


class Hold(Struct, frozen=True, kw_only=True):
    """Tokens set aside for one brief."""

    id: str
    account: str
    brief: str
    quoted: Tokens
    captured: Tokens
    released: Tokens
    state: Literal["open", "closed", "expired"]
    expires_at: datetime


class Capture(Struct, frozen=True, kw_only=True):
    """Tokens spent for one delivered thing. ``id`` is also the meter event's identifier."""

    id: str
    account: str
    tokens: Tokens
    sku: Literal["audition", "license"]
    reference: str  # the candidate
    replayed: bool = False


class Balance(Struct, frozen=True, kw_only=True):
    """What an account has: ``available = posted - held + credit_limit``; ``owed`` was spent before
    its payment went back."""

    posted: Tokens
    held: Tokens
    credit_limit: Tokens
    available: Tokens
    mode: BillingMode
    frozen: bool
    owed: Tokens = Tokens(0)
