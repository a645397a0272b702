"""The ledger: tokens in, held, spent, given back. Runs inside the caller's transaction.

What it promises: a token is never lost, doubled or spent twice; every operation may be repeated.
What it does not do: open transactions, talk to Stripe, or know what a candidate is.
"""

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

import asyncpg

from billing.contracts import (
    Balance,
    BillingMode,
    Capture,
    ClawedBack,
    Hold,
    StripeMode,
    Tags,
    Tokens,
    Wanted,
)
from billing.errors import (
    AccountFrozen,
    BillingError,
    BudgetExceeded,
    HoldClosed,
    HoldOpen,
    InsufficientTokens,
    Mismatch,
    OverQuote,
    UnknownAccount,
    WrongStripeMode,
)
from billing.ledger import store
from billing.ledger.invariants import violations as violations
from billing.money import Money

Sku = Literal["audition", "license"]
CashKind = Literal["payment", "payment_refund", "fee", "dispute", "dispute_won"]

METERS: dict[BillingMode, str] = {
    "prepaid": "cuesmith_tokens_prepaid",
    "postpaid": "cuesmith_tokens",
}
"""The schema's ``billing.meter_of`` says the same; a test compares them."""

CASH: Mapping[CashKind, tuple[str, str]] = {
    "payment": ("cash", "sales"),
    "payment_refund": ("sales", "cash"),
    "fee": ("fees", "cash"),
    "dispute": ("disputed", "cash"),
    "dispute_won": ("cash", "disputed"),
}
"""Which account of the chart is debited and which credited when money moves."""

NO_TAGS = Tags()
OWED = "owed"
"""The reason that comes and goes with what an account owes."""

SWEPT_AT_ONCE = 100

MOST = 10**15
"""Tokens in one movement, or in a limit: so many thousand times, and the sums still fit."""


async def open_account(
    conn: asyncpg.Connection, account: str, mode: BillingMode, credit_limit: int = 0
) -> None:
    """Give an account its wallet; a repeat changes nothing."""
    _countable(credit_limit, least=0)
    await store.insert_wallet(conn, account, mode, credit_limit)


async def balance(conn: asyncpg.Connection, account: str) -> Balance:
    """What an account has now."""
    found = await store.select_wallet(conn, account)
    if found is None:
        raise UnknownAccount(f"{account} has no wallet")
    return found


async def place_hold(
    conn: asyncpg.Connection,
    account: str,
    brief: str,
    tokens: int,
    ttl: timedelta,
    *,
    tags: Tags = NO_TAGS,
) -> Hold:
    """Set tokens aside for a brief; the same brief again gets the same hold.

    Raises `InsufficientTokens`, `BudgetExceeded`, `AccountFrozen`, `UnknownAccount`, or `Mismatch`
    when the brief was held for other tokens; then nothing is set aside.
    """
    wanted = Wanted(account=account, brief=brief, tokens=tokens, ttl=ttl, tags=tags)
    hold_id = new_hold_id()
    said, expires_at, facts = await store.place_hold(conn, hold_id, wanted)
    if said == "held":
        nothing = Tokens(0)
        return Hold(
            id=hold_id, account=account, brief=brief, quoted=Tokens(tokens), captured=nothing,
            released=nothing, state="open", expires_at=expires_at,
        )  # fmt: skip
    if said == "replay":
        known = await store.select_hold_of_brief(conn, brief)
        assert known is not None, "the hold that stopped this one is there for good"
        return known
    raise refusal(said, account, tokens, facts, f"{brief} was held for other tokens before")


async def place_holds(
    conn: asyncpg.Connection, wanted: Sequence[Wanted]
) -> tuple[Hold | BillingError, ...]:
    """Holds of one account with one update of its wallet; each is answered for itself.

    Where the wallet cannot cover all of them, or budgets must be asked, they go one by one, the
    first come first.
    """
    ids = [new_hold_id() for _ in wanted]
    made = await store.place_holds(conn, wanted[0].account, ids, wanted) if wanted else ()
    held = {(one.brief, int(one.quoted)): one for one in made}
    return tuple(
        [held.get((one.brief, one.tokens)) or await _held_alone(conn, one) for one in wanted]
    )


async def hold(conn: asyncpg.Connection, hold_id: str) -> Hold | None:
    """A hold as it stands."""
    return await store.select_hold(conn, hold_id)


async def extend_hold(conn: asyncpg.Connection, hold_id: str, ahead: timedelta) -> None:
    """Keep an open hold for so long from now, by the database's clock; never shorter than it was
    kept already."""
    await store.extend_hold(conn, hold_id, ahead)


async def ending_holds(conn: asyncpg.Connection, within: timedelta) -> tuple[Hold, ...]:
    """Open holds that expire within so long unless they are extended, the first to expire first."""
    return await store.select_ending_holds(conn, within)


async def capture(
    conn: asyncpg.Connection,
    hold_id: str,
    candidate: str,
    tokens: int,
    *,
    release_rest: bool = False,
) -> Capture:
    """Spend tokens of a hold for one delivered candidate, and queue its meter event.

    A repeat for the same candidate returns the first capture, marked ``replayed``. The last
    candidate of a brief may give the rest of the hold back in the same step.
    """
    said, made, quoted = await store.capture(
        conn, hold_id, _capture_id("audition", candidate), candidate, tokens, release_rest
    )
    if said in ("captured", "replay") and made is not None:
        return made
    if said == "mismatch":
        raise Mismatch(f"{candidate} was captured for other tokens before")
    if said == "over_quote":
        raise OverQuote(f"{tokens} more tokens would exceed the {quoted} quoted")
    raise HoldClosed(
        f"there is no hold {hold_id}" if said == "no_hold" else f"hold {hold_id} is {said}"
    )


async def release(conn: asyncpg.Connection, hold_id: str) -> Hold:
    """Give the rest of a hold back; a hold that is resolved stays as it is."""
    held = await store.release(conn, hold_id, "closed")
    if held is None:
        raise HoldClosed(f"there is no hold {hold_id}")
    return held


async def expire_holds(conn: asyncpg.Connection) -> int:
    """Give back holds that outlived their brief; other sweepers' rows are skipped."""
    return await store.expire_holds(conn, SWEPT_AT_ONCE)


async def charge_license(
    conn: asyncpg.Connection,
    account: str,
    candidate: str,
    tokens: int,
    *,
    tags: Tags = NO_TAGS,
) -> Capture:
    """Take the license's tokens at once; a repeat for the same candidate costs nothing."""
    return await _charge(conn, account, "license", candidate, tokens, tags)


async def charge_late(
    conn: asyncpg.Connection, hold_id: str, candidate: str, tokens: int
) -> Capture:
    """Take the tokens of a candidate that came after its hold was over, from what the account has
    now; with the others it never costs more than was quoted (`OverQuote`).

    Refused as a hold is; then the candidate stays sealed. `HoldOpen` while its tokens are still set
    aside.
    """
    said, made, facts, account = await store.charge_late(
        conn, hold_id, _capture_id("audition", candidate), candidate, tokens
    )
    if said in ("captured", "replay") and made is not None:
        return made
    if said == "no_hold":
        raise HoldClosed(f"there is no hold {hold_id}")
    if said == "open":
        raise HoldOpen(f"hold {hold_id} is open: capture from it")
    if said == "over_quote":
        raise OverQuote(f"{tokens} more tokens would exceed the {facts['quoted']} quoted")
    raise refusal(said, account, tokens, facts, f"{candidate} was charged otherwise before")


async def credit_topup(
    conn: asyncpg.Connection,
    account: str,
    payment: str,
    tokens: int,
    *,
    paid: Money | None = None,
    expires_at: datetime | None = None,
) -> bool:
    """Add the tokens of a payment, and its money. False when it has been credited before;
    `Mismatch` when that was to another account, or other tokens."""
    new = await _credit(conn, account, "topup", payment, "issued", tokens, expires_at)
    if paid is not None:
        await record_cash(conn, "payment", payment, account, paid)
    return new


async def grant(
    conn: asyncpg.Connection,
    account: str,
    tokens: int,
    reference: str,
    *,
    expires_at: datetime | None = None,
) -> bool:
    """Add tokens that nobody paid for. False when this reference has been granted before;
    `Mismatch` when that was to another account, or other tokens."""
    return await _credit(conn, account, "grant", reference, "promo", tokens, expires_at)


async def refund(conn: asyncpg.Connection, capture_id: str) -> bool:
    """Return a capture's tokens by a new transfer, and take them off the meter; the capture itself
    stays. Once only."""
    said = await store.refund(conn, capture_id)
    if said == "no_capture":
        raise BillingError(f"there is no capture {capture_id}")
    return said == "refunded"


async def claw_back(
    conn: asyncpg.Connection, account: str, reference: str, tokens: int
) -> ClawedBack:
    """Take the tokens of a payment that went back out of the wallet; what it cannot pay is owed,
    and the account is frozen until a later credit has paid it. A repeat takes nothing more."""
    _countable(tokens, least=0)
    await balance(conn, account)
    return await store.claw_back(conn, account, reference, tokens)


async def reinstate(conn: asyncpg.Connection, account: str, reference: str) -> bool:
    """Give back what a clawback took: the dispute was won. False when that was done before."""
    said = await store.reinstate(conn, account, reference)
    if said == "no_clawback":
        raise BillingError(f"nothing was taken back from {account} for {reference}")
    return said == "reinstated"


async def settle_invoice(conn: asyncpg.Connection, account: str, invoice: str, tokens: int) -> bool:
    """A postpaid invoice was paid: its tokens may be spent anew. False when settled before."""
    return await _credit(conn, account, "settlement", invoice, "issued", tokens, None)


async def freeze(conn: asyncpg.Connection, account: str, reason: str) -> bool:
    """Let an account spend nothing more, for a reason; False when it was there before."""
    _ours_to_name(reason)
    await balance(conn, account)
    return await store.freeze(conn, account, reason)


async def thaw(conn: asyncpg.Connection, account: str, reason: str) -> bool:
    """Take a reason away; with the last one the account may spend again."""
    _ours_to_name(reason)
    return await store.thaw(conn, account, reason)


async def freezes(conn: asyncpg.Connection, account: str) -> tuple[str, ...]:
    """Why an account is frozen, the oldest reason first."""
    return await store.select_freezes(conn, account)


async def set_credit_limit(conn: asyncpg.Connection, account: str, limit: int) -> None:
    """How far below nothing a postpaid account may go."""
    _countable(limit, least=0)
    if not await store.set_credit_limit(conn, account, limit):
        wallet = await balance(conn, account)
        owing = max(0, wallet.held - wallet.posted)
        raise BillingError(
            f"{account} is prepaid and has no credit limit" if wallet.mode == "prepaid"
            else f"{account} has used {owing} tokens already; the limit cannot be less"
        )  # fmt: skip


async def record_cash(
    conn: asyncpg.Connection, kind: CashKind, reference: str, account: str, money: Money
) -> bool:
    """Write money down as it moved at Stripe; False when it was written before."""
    debit, credit = CASH[kind]
    return await store.insert_cash(conn, kind, reference, account, debit, credit, money)


async def bind_stripe_mode(conn: asyncpg.Connection, mode: StripeMode) -> None:
    """Remember which Stripe this ledger belongs to; refuse the other for ever after."""
    bound = await store.bind_mode(conn, mode)
    if bound != mode:
        raise WrongStripeMode(
            f"this ledger belongs to Stripe's {bound} mode and was started with {mode}; "
            f"set CUESMITH_STRIPE={bound}, or use another database"
        )


async def _credit(
    conn: asyncpg.Connection,
    account: str,
    kind: str,
    reference: str,
    source: str,
    tokens: int,
    expires_at: datetime | None,
) -> bool:
    _countable(tokens)
    await balance(conn, account)
    new = await store.credit(conn, account, kind, reference, source, tokens, expires_at)
    if not new and not await store.credited_as(conn, kind, reference, account, tokens):
        raise Mismatch(f"the {kind} {reference} was for another account, or for other tokens")
    return new


def _countable(tokens: int, least: int = 1) -> None:
    if not least <= tokens <= MOST:
        raise BillingError(f"{tokens} tokens cannot be counted: {least} to {MOST} can")


async def _charge(
    conn: asyncpg.Connection, account: str, sku: Sku, candidate: str, tokens: int, tags: Tags
) -> Capture:
    wanted = Capture(
        id=_capture_id(sku, candidate), account=account, tokens=Tokens(tokens), sku=sku,
        reference=candidate,
    )  # fmt: skip
    said, made, facts = await store.charge_now(conn, wanted, tags)
    if said in ("captured", "replay") and made is not None:
        return made
    raise refusal(said, account, tokens, facts, f"{candidate} was charged otherwise before")


def _ours_to_name(reason: str) -> None:
    if reason == OWED:
        raise BillingError("what an account owes freezes and thaws it by itself: credit it")


async def _held_alone(conn: asyncpg.Connection, one: Wanted) -> Hold | BillingError:
    try:
        return await place_hold(conn, one.account, one.brief, one.tokens, one.ttl, tags=one.tags)
    except BillingError as refused:
        return refused


def refusal(said: str, account: str, tokens: int, facts: Any, otherwise: str) -> BillingError:
    """Why the till said no."""
    match said:
        case "insufficient":
            return InsufficientTokens(Tokens(tokens), Tokens(facts["available"]))
        case "over_budget":
            return BudgetExceeded(
                Tokens(tokens), Tokens(facts["available"]), facts["scope"], facts["subject"],
                Tokens(facts["cap"]),
            )  # fmt: skip
        case "frozen":
            return AccountFrozen(
                "this account is frozen until an open invoice or dispute is settled"
            )
        case "no_wallet":
            return UnknownAccount(f"{account} has no wallet")
        case _:
            return Mismatch(otherwise)


def _capture_id(sku: str, candidate: str) -> str:
    # The same in every attempt, so that Stripe too sees a repeat as a repeat.
    return f"cap_{hashlib.sha256(f'{sku}/{candidate}'.encode()).hexdigest()[:32]}"


def new_hold_id() -> str:
    """The id of a hold to be placed, here or by a function of the schema."""
    return f"hold_{secrets.token_hex(16)}"
