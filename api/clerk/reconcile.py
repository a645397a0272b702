"""Comparing the meters with the ledger: closed hours every hour, all of five weeks every day."""

from datetime import timedelta

import structlog
from prometheus_client import Counter

from api.clerk.desk import Desk
from billing.connections import lent
from billing.meters import service as meters
from billing.reconcile import service as reconciliation
from billing.reconcile.contracts import RunKind

EVERY: dict[RunKind, timedelta] = {"daily": timedelta(days=1), "hourly": timedelta(hours=1)}
log = structlog.get_logger()
DIFFERENCES = Counter("clerk_meter_differences_total", "Differences with Stripe", ["kind", "state"])


async def reconcile(desk: Desk) -> int:
    """Run what is due; returns how many differences were found. Not while the senders are
    stopped: then an operator reconciles."""
    found = 0
    for kind, every in EVERY.items():
        async with lent(desk.pool) as conn:
            if await meters.stopped(conn) or not await reconciliation.due(conn, kind, every):
                continue
        report = await reconciliation.reconcile(desk.pool, desk.door, kind)
        for one in report.differences if report is not None else ():
            DIFFERENCES.labels(one.kind, one.state).inc()
            log.warning("meters.differ", account=one.account, hour=one.hour.isoformat(),
                        state=one.state, tokens=one.tokens, explained=one.explained)  # fmt: skip
            found += 1
    return found
