"""The ledger: tokens in, held, spent, given back. Runs inside the caller's transaction.

What it promises: a token is never lost, doubled or spent twice; every operation may be repeated.
What it does not do: open transactions, talk to Stripe, or know what a candidate is.
"""

import hashlib
import uuid
from datetime import datetime, timedelta

import asyncpg

from billing.contracts import (
    Balance,
    BillingMode,
    Capture,
    Hold,
    LedgerLine,
    Statement,
    StripeMode,
    Tokens,
    UsageRow,
)
from billing.errors import (
    AccountFrozen,
    BillingError,
    HoldClosed,
    InsufficientTokens,
    OverQuote,
    UnknownAccount,
    WrongStripeMode,
)
from billing.ledger import store

METERS: dict[BillingMode, str] = {
    "prepaid": "cuesmith_tokens_prepaid",
    "postpaid": "cuesmith_tokens",
}


async def open_account(
    conn: asyncpg.Connection, account: str, mode: BillingMode, credit_limit: int = 0
) -> None:
    """Give an account its wallet; a repeat changes nothing."""
    await store.insert_wallet(conn, account, mode, credit_limit)


async def balance(conn: asyncpg.Connection, account: str) -> Balance:
    """What an account has now."""
    found = await store.select_wallet(conn, account)
    if found is None:
        raise UnknownAccount(f"{account} has no wallet")
    return found


async def place_hold(
    conn: asyncpg.Connection, account: str, brief: str, tokens: int, ttl: timedelta
) -> Hold:
    """Set tokens aside for a brief; the same brief again gets the same hold."""
    made = await store.insert_hold(conn, _new_id("hold"), account, brief, tokens, ttl)
    if made is None:
        held = await store.select_hold_of_brief(conn, brief)
        assert held is not None, "the conflict that stopped the insert is a hold of this brief"
        return held
    if not await store.reserve(conn, account, tokens):
        await _refuse(conn, account, tokens)
    return made


async def hold(conn: asyncpg.Connection, hold_id: str) -> Hold | None:
    """A hold as it stands."""
    return await store.select_hold(conn, hold_id)


async def extend_hold(conn: asyncpg.Connection, hold_id: str, until: datetime) -> None:
    """Keep an open hold from expiring before ``until``."""
    await store.extend_hold(conn, hold_id, until)


async def ending_holds(conn: asyncpg.Connection, before: datetime) -> tuple[Hold, ...]:
    """Open holds that expire before then unless they are extended, the first to expire first."""
    return await store.select_ending_holds(conn, before)


async def capture(conn: asyncpg.Connection, hold_id: str, candidate: str, tokens: int) -> Capture:
    """Spend tokens of a hold for one delivered candidate, and queue its meter event.

    A repeat for the same candidate returns the first capture, marked ``replayed``.
    """
    held = await store.lock_hold(conn, hold_id)
    if held is None:
        raise HoldClosed(f"there is no hold {hold_id}")
    if (seen := await store.select_capture(conn, "audition", candidate)) is not None:
        return seen
    if held.state != "open":
        raise HoldClosed(f"hold {hold_id} is {held.state}")
    if held.captured + held.released + tokens > held.quoted:
        raise OverQuote(f"{tokens} more tokens would exceed the {held.quoted} quoted")
    made = await _write_capture(conn, held.account, "audition", candidate, tokens, hold_id)
    await store.capture_from_hold(conn, hold_id, tokens)
    await store.move_wallet(conn, held.account, -tokens, -tokens)
    return made


async def release(conn: asyncpg.Connection, hold_id: str) -> Hold:
    """Give the rest of a hold back; a hold that is resolved stays as it is."""
    return await _resolve(conn, hold_id, "closed")


async def expire_holds(conn: asyncpg.Connection) -> int:
    """Give back holds that outlived their brief; other sweepers' rows are skipped."""
    expired = await store.select_expired_holds(conn)
    for hold_id in expired:
        await _resolve(conn, hold_id, "expired")
    return len(expired)


async def charge_license(
    conn: asyncpg.Connection, account: str, candidate: str, tokens: int
) -> Capture:
    """Take the license's tokens at once; a repeat for the same candidate costs nothing."""
    if (seen := await store.select_capture(conn, "license", candidate)) is not None:
        return seen
    made = await _write_capture(conn, account, "license", candidate, tokens, None)
    if made.replayed:
        return made
    if not await store.spend_now(conn, account, tokens):
        await _refuse(conn, account, tokens)
    return made


async def credit_topup(conn: asyncpg.Connection, account: str, payment: str, tokens: int) -> bool:
    """Add the tokens of a payment. False when this payment has been credited before."""
    return await _credit(conn, "topup", payment, account, "stripe", tokens)


async def grant(conn: asyncpg.Connection, account: str, tokens: int, reference: str) -> bool:
    """Add tokens that nobody paid for. False when this reference has been granted before."""
    return await _credit(conn, "grant", reference, account, "promo", tokens)


async def refund(conn: asyncpg.Connection, capture_id: str) -> bool:
    """Return a capture's tokens by a new transfer; the capture itself stays. Once only."""
    spent = await store.select_capture_by_id(conn, capture_id)
    if spent is None:
        raise BillingError(f"there is no capture {capture_id}")
    return await _credit(conn, "refund", capture_id, spent.account, "revenue", spent.tokens)


async def ledger(
    conn: asyncpg.Connection, account: str, after: int | None, limit: int
) -> tuple[LedgerLine, ...]:
    """The account's transfers after an id, oldest first."""
    return await store.select_page(conn, account, after or 0, limit)


async def statement(
    conn: asyncpg.Connection, account: str, since: datetime, until: datetime
) -> Statement:
    """A period with its opening and closing balance."""
    opening = await store.select_opening(conn, account, since)
    lines = await store.select_period(conn, account, since, until)
    closing = opening + sum(line.tokens for line in lines)
    return Statement(opening=Tokens(opening), closing=Tokens(closing), lines=lines)


async def usage(
    conn: asyncpg.Connection, account: str, since: datetime, until: datetime
) -> tuple[UsageRow, ...]:
    """Tokens spent per day and sku."""
    return await store.select_usage(conn, account, since, until)


async def violations(conn: asyncpg.Connection) -> list[str]:
    """Every broken promise of the ledger, in words; empty when all hold."""
    return [
        f"{promise}: {row}"
        for promise, query in store.INVARIANTS.items()
        for row in await store.broken_rows(conn, query)
    ]


async def bind_stripe_mode(conn: asyncpg.Connection, mode: StripeMode) -> None:
    """Remember which Stripe this ledger belongs to; refuse the other for ever after."""
    bound = await store.bind_mode(conn, mode)
    if bound != mode:
        raise WrongStripeMode(
            f"this ledger belongs to Stripe's {bound} mode and was started with {mode}; "
            f"set CUESMITH_STRIPE={bound}, or use another database"
        )


async def _write_capture(
    conn: asyncpg.Connection,
    account: str,
    sku: str,
    candidate: str,
    tokens: int,
    hold_id: str | None,
) -> Capture:
    wallet = await balance(conn, account)
    made = Capture(
        id=_capture_id(sku, candidate), account=account, tokens=Tokens(tokens),
        sku="license" if sku == "license" else "audition", reference=candidate,
    )  # fmt: skip
    transfer = await store.insert_transfer(
        conn, "capture", made.id, account, _wallet(account), "revenue", tokens
    )
    if transfer is None:  # the same capture was committed while we waited for its row
        seen = await store.select_capture_by_id(conn, made.id)
        assert seen is not None, "a capture's transfer and the capture are committed together"
        return seen
    await store.insert_capture(conn, made, hold_id, transfer)
    await store.insert_outbox(conn, made, METERS[wallet.mode])
    return made


async def _credit(
    conn: asyncpg.Connection, kind: str, ref: str, account: str, source: str, tokens: int
) -> bool:
    await balance(conn, account)
    written = await store.insert_transfer(
        conn, kind, ref, account, source, _wallet(account), tokens
    )
    if written is None:
        return False
    await store.move_wallet(conn, account, tokens, 0)
    return True


async def _resolve(conn: asyncpg.Connection, hold_id: str, state: str) -> Hold:
    before = await store.lock_hold(conn, hold_id)
    if before is None:
        raise HoldClosed(f"there is no hold {hold_id}")
    closed = await store.close_hold(conn, hold_id, state)
    if closed is None:
        return before
    rest = closed.released - before.released
    await store.move_wallet(conn, closed.account, 0, -rest)
    return closed


async def _refuse(conn: asyncpg.Connection, account: str, tokens: int) -> None:
    wallet = await balance(conn, account)
    if wallet.frozen:
        raise AccountFrozen("this account is frozen until an open invoice or dispute is settled")
    raise InsufficientTokens(Tokens(tokens), wallet.available)


def _wallet(account: str) -> str:
    return f"wallet:{account}"


def _capture_id(sku: str, candidate: str) -> str:
    # The same in every attempt, so that Stripe too sees a repeat as a repeat.
    return f"cap_{hashlib.sha256(f'{sku}/{candidate}'.encode()).hexdigest()[:32]}"


def _new_id(prefix: str) -> str:
    return f"{prefix}_{uuid.uuid4().hex}"
