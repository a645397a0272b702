"""Caps that an account sets itself: tokens a month for one of its keys, or for a project."""

from typing import Annotated

from msgspec import Meta, Struct

from billing.contracts import Budget, BudgetScope

Subject = Annotated[str, Meta(min_length=1, max_length=64)]
Cap = Annotated[int, Meta(ge=0, le=1_000_000_000_000)]


class NewBudget(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A cap to be set, or changed."""

    scope: BudgetScope
    subject: Subject
    cap: Cap


class BudgetView(Budget, frozen=True, kw_only=True):
    """A cap and what this month (UTC's) has used of it: ``left`` is what a new hold may take.

    ``alerts`` names the shares of the cap, in per cent, that `/v1/notices` has told of this month.
    """

    alerts: tuple[int, ...]


class BudgetList(Struct, frozen=True, kw_only=True):
    """Every cap of the account, by scope and subject."""

    items: tuple[BudgetView, ...]


class BudgetQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which cap."""

    scope: BudgetScope
    subject: Subject


class Lifted(Struct, frozen=True, kw_only=True):
    """What was done: false where there was no such cap."""

    lifted: bool
