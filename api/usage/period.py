"""Which time a statement is for."""

from datetime import UTC, datetime, timedelta

from api.errors import NotFound, ValidationFailed
from api.usage.contracts import UsageQuery
from engine.errors import Reason

USUAL = timedelta(days=30)
LONGEST = timedelta(days=366)
YEARS = range(2000, 2100)
"""Years a period may lie in: no calendar of ours or of the database's runs out inside them."""
SETTLES = timedelta(minutes=10)
"""A month is complete so long after its end: no transaction of ours lasts as long."""


def asked_for(asked: UsageQuery, now: datetime) -> tuple[datetime, datetime]:
    """From ``since`` on, before ``until``; the last thirty days where nothing is said."""
    for name, instant in (("since", asked.since), ("until", asked.until)):
        if instant is not None and instant.year not in YEARS:
            detail = f"{name} must lie between {YEARS.start} and {YEARS.stop}"
            limit = {"min": YEARS.start, "less_than": YEARS.stop}
            raise _refused(name, detail, limit)
    until = asked.until or now
    since = asked.since or until - USUAL
    if since >= until:
        raise _refused("since", "since must lie before until")
    if until - since > LONGEST:
        raise _refused("since", "a period may be at most 366 days long", {"max_days": 366})
    return since, until


def month(name: str, now: datetime) -> tuple[datetime, datetime, bool]:
    """The month ``yyyy-mm`` from its first moment on, before the next one's, and whether all that
    it will ever hold is there."""
    year, number = int(name[:4]), int(name[5:])
    since = datetime(year, number, 1, tzinfo=UTC)
    until = datetime(year + number // 12, number % 12 + 1, 1, tzinfo=UTC)
    if since > now:
        raise NotFound(f"{name} has not begun")
    return since, until, now >= until + SETTLES


def _refused(name: str, detail: str, limit: object = None) -> ValidationFailed:
    return ValidationFailed([Reason(f"/query/{name}", "out_of_range", detail, limit)])
