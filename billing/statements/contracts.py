"""Statements: what a period's tokens were, line by line and in sums that prove each other."""

from datetime import datetime
from typing import Literal

from msgspec import UNSET, Struct, UnsetType

from billing.contracts import Tokens

GroupBy = Literal["day", "sku", "kind", "key", "project", "customer_ref"]


class Line(Struct, frozen=True, kw_only=True):
    """One movement of an account's tokens: positive came in, negative went out.

    ``kind`` is audition, license, topup, grant, refund, expiry, clawback, reinstatement,
    repayment or settlement. ``reference`` names what was paid for (a candidate) or what came in
    (a payment). ``brief_kind``, ``key``, ``project`` and ``customer_ref`` are of the brief that
    spent them.
    """

    id: int
    kind: str
    tokens: Tokens
    reference: str
    created_at: datetime
    balance_after: Tokens
    key: str | None = None
    project: str | None = None
    customer_ref: str | None = None
    brief_kind: str | None = None


class Moved(Struct, frozen=True, kw_only=True):
    """What all lines of one kind come to."""

    kind: str
    tokens: Tokens
    count: int


class Spent(Struct, frozen=True, kw_only=True):
    """Tokens spent by one group, and those of them that were given back again.

    A column that was not grouped by is left out; null is a group of its own: without a project,
    for example. ``day`` is UTC's.
    """

    day: str | UnsetType = UNSET
    sku: str | UnsetType = UNSET
    kind: str | UnsetType | None = UNSET
    key: str | UnsetType | None = UNSET
    project: str | UnsetType | None = UNSET
    customer_ref: str | UnsetType | None = UNSET
    tokens: Tokens
    returned: Tokens
    count: int


class Span(Struct, frozen=True, kw_only=True):
    """A period of one account as the lines that lie in it: all with ``after < id <= through``.

    ``opening`` and ``closing`` are read where the period begins and ends, not added up; that the
    lines lead from one to the other is what a statement proves.
    """

    account: str
    since: datetime
    until: datetime
    after: int
    through: int
    opening: Tokens
    closing: Tokens


class Statement(Struct, frozen=True, kw_only=True):
    """A period's sums: ``opening`` + what ``moved`` = ``closing``."""

    span: Span
    moved: tuple[Moved, ...]
