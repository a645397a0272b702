"""Every code that a problem can have: why it comes, and what helps."""

import json
from http import HTTPStatus
from typing import Any

from msgspec import Struct

from api.docs.frame import coded, text
from api.problems import kinds


class Remedy(Struct, frozen=True, kw_only=True):
    """Why a request is refused, and what its sender does next."""

    cause: str
    remedy: str


def _remedy(cause: str, remedy: str) -> Remedy:
    return Remedy(cause=cause, remedy=remedy)


REMEDIES: dict[str, Remedy] = {
    "account_frozen": _remedy(
        "An invoice stayed unpaid beyond its grace, or a payment is disputed. What you have "
        "licensed stays yours.",
        "Pay the open invoice: `GET /v1/invoices` lists it, `POST /v1/portal` gives the address. "
        "The account thaws when the payment arrives (`notice.account_thawed`).",
    ),
    "already_terminal": _remedy(
        "What you want to cancel has ended.",
        "Read it: its `status` is final, and what was not delivered has been given back.",
    ),
    "amount_too_large": _remedy(
        "More would go back than came in, or than is left of it.",
        "Ask for at most what `detail` names.",
    ),
    "bad_request": _remedy(
        "The request is no HTTP that we can read, or it broke off in the middle.",
        "Send it again; if that does not help, look at the headers and the address.",
    ),
    "bad_signature": _remedy(
        "A message in Stripe's name is not signed by Stripe, or is too old. Only operators meet "
        "this.",
        "Set the webhook's signing secret anew, and look at the clock.",
    ),
    "budget_exceeded": _remedy(
        "The brief costs more than its own `max_tokens`, or than the month's budget of this key "
        "or project leaves. `errors[].pointer` says which, `limit` is the cap.",
        "Ask for fewer or shorter candidates, raise `max_tokens`, or raise the budget "
        "(`PUT /v1/budgets`). It is not a question of the account's balance.",
    ),
    "candidate_expired": _remedy(
        "Candidates are kept for seven days, and this one was not picked.",
        "Send the brief again with the same `seed`: while model and instruments are the same, it "
        "is the same music.",
    ),
    "endpoint_disabled": _remedy(
        "Nothing is sent to a webhook endpoint that is disabled.",
        "Mend it, then `PATCH /v1/webhook_endpoints/{id}` with `{\"disabled\": false}`.",
    ),
    "hold_closed": _remedy(
        "The tokens that were set aside have been given back already.",
        "Send a new brief.",
    ),
    "hold_open": _remedy(
        "The tokens are still set aside for the brief.",
        "Wait until the brief has ended.",
    ),
    "idempotency_in_progress": _remedy(
        "A request with this `Idempotency-Key` is being carried out right now.",
        "Wait a second (`Retry-After`) and send the same again: you get the first one's answer.",
    ),
    "idempotency_key_required": _remedy(
        "What costs tokens needs a name under which it happens once.",
        "Send `Idempotency-Key` with 1 to 255 visible ASCII characters, for example a UUID or "
        "your own order number; keep it over your retries.",
    ),
    "idempotency_mismatch": _remedy(
        "The same `Idempotency-Key` was used for another request within thirty days.",
        "Take a new key for a new request, and the old body for a retry.",
    ),
    "insufficient_tokens": _remedy(
        "The account has fewer tokens than would be set aside or charged: `needed` and "
        "`available` say how many. It is never 429, so do not just try again.",
        "Buy a pack with `POST /v1/topups` (`topup_url`), or ask for fewer or shorter candidates.",
    ),
    "internal": _remedy(
        "We made a mistake. What was set aside for the request is given back by itself.",
        "Try again with the same `Idempotency-Key`; if it stays, tell us the `request_id`.",
    ),
    "invalid_api_key": _remedy(
        "There is no key in `Authorization`, or one that nobody was given.",
        "Send `Authorization: Bearer <key>`; look for a cut-off end or a line break in it.",
    ),
    "invalid_json": _remedy(
        "The body is not JSON.",
        "Let a library write it; `detail` says at which byte reading stopped.",
    ),
    "key_revoked": _remedy(
        "The key was revoked, rotated away or has expired.",
        "Take another key of the account, or make one: `POST /v1/api_keys`.",
    ),
    "licensed_elsewhere": _remedy(
        "Another account has since licensed music that shares a run of twelve notes with this "
        "candidate, for itself alone; or you want for yourself alone what others hold too. Nothing "
        "was charged.",
        "Pick another candidate; or, where `detail` says so, pick this one without `exclusive`.",
    ),
    "link_expired": _remedy(
        "A link to a file opens for ten minutes.",
        "Ask the file's own address again with `?link=true`, or fetch it with your key.",
    ),
    "method_not_allowed": _remedy(
        "There is something at this address, but not for this method.",
        "Use one of the methods in the `Allow` header.",
    ),
    "mismatch": _remedy(
        "The same thing was asked for before, in another way.",
        "Read what was made then, or ask under a new name.",
    ),
    "no_customer": _remedy(
        "The account has never paid, so there is nothing to manage at the payment page.",
        "Buy a first pack with `POST /v1/topups`.",
    ),
    "no_subscription": _remedy(
        "The account pays by invoice, and its subscription is still being made.",
        "Try again in a minute.",
    ),
    "not_found": _remedy(
        "There is nothing under this id or address, or it belongs to somebody else: both read the "
        "same.",
        "Look at the id and at the account of your key. Test keys see only what test keys made.",
    ),
    "not_renderable": _remedy(
        "The track was made before tracks could be played again in other shapes.",
        "Download its files as they are; new tracks can be rendered.",
    ),
    "not_yet_available": _remedy(
        "The field is known, but what it asks for is not built yet.",
        "Leave it out; `errors[].pointer` names it.",
    ),
    "over_quote": _remedy(
        "It would cost more than was quoted. A quote is never exceeded.",
        "Nothing to do: the candidate is not offered and not charged.",
    ),
    "overloaded": _remedy(
        "This replica answers as many requests at once as it can.",
        "Wait as long as `Retry-After` says; double the wait each time.",
    ),
    "payload_too_large": _remedy(
        "The body is larger than this call takes; for a brief that is 256 kB.",
        "Send less, or divide it.",
    ),
    "postpaid_account": _remedy(
        "An account that pays by invoice buys no packs.",
        "Just send briefs; `POST /v1/invoices/preview` shows what the month costs so far.",
    ),
    "prepaid_account": _remedy(
        "An account that buys packs gets no invoices.",
        "Look at `GET /v1/topups` and `GET /v1/statements/{month}`.",
    ),
    "queue_full": _remedy(
        "The account or the key has as many unfinished briefs, plans or renditions as it may, or "
        "the studios have enough to do.",
        "Wait until one has ended (`Retry-After`, webhooks); thousands of briefs go into the "
        "`batch` lane.",
    ),
    "quote_expired": _remedy(
        "A quote binds for fifteen minutes.",
        "Ask for a new one with `POST /v1/quotes`.",
    ),
    "quote_mismatch": _remedy(
        "The quote was given for a brief with another price.",
        "Send the body that was quoted, or quote this one.",
    ),
    "range_not_satisfiable": _remedy(
        "The `Range` begins behind the end of the file; `Content-Range` says how long it is.",
        "You have the whole file: compare its digest with the `ETag`.",
    ),
    "rate_limited": _remedy(
        "Too many requests with this key in a short time.",
        "Wait as long as `Retry-After` says. `RateLimit` says with every answer what is left; "
        "webhooks, live events and `?wait=` spare you asking again and again.",
    ),
    "rendition_failed": _remedy(
        "The package was tried and could not be made.",
        "Order it again; if it fails again, tell us the `request_id`.",
    ),
    "request_timeout": _remedy(
        "The body was not here in time.",
        "Send it again over a better connection; nothing has happened yet.",
    ),
    "scope_missing": _remedy(
        "The key is genuine, but may not do this; `detail` names the scope.",
        "Use a key with that scope, or make one with a key that has `admin`.",
    ),
    "too_many_budgets": _remedy(
        "The account has as many budgets as it may have.",
        "Lift one that you no longer need: `DELETE /v1/budgets`.",
    ),
    "too_many_endpoints": _remedy(
        "An account has at most 20 webhook endpoints.",
        "Delete one, or let one endpoint tell your services apart by `type`.",
    ),
    "too_many_streams": _remedy(
        "As many streams of live events are open as may be.",
        "Close those nobody looks at; servers are better off with webhooks.",
    ),
    "unavailable": _remedy(
        "Something we stand on does not answer: the database, the store or the payment service.",
        "Wait as long as `Retry-After` says and send the same again under the same "
        "`Idempotency-Key`.",
    ),
    "unsupported_media_type": _remedy(
        "The body is announced as something that this call does not take.",
        "Send `Content-Type: application/json`.",
    ),
    "validation_failed": _remedy(
        "Something in the request cannot be. Every wrong field has an entry in `errors`: `pointer` "
        "says where, `code` what kind of mistake, `limit` what would be accepted. Unknown fields "
        "are refused, so that a slip of the pen does not pass in silence.",
        "Correct the fields and send it again. Where two fields contradict each other, both are "
        "named.",
    ),
}  # fmt: skip
"""By code; `tests/api/docs` fails for a code that is missing here."""


def list_of(document: dict[str, Any]) -> str:
    """All codes, each at the place that a problem's ``type`` leads to."""
    examples = document["components"]["examples"]
    return _index() + "".join(_entry(code, examples[code]["value"]) for code in kinds())


def _index() -> str:
    """All codes by their status."""
    codes: dict[int, list[str]] = {}
    for code, kind in kinds().items():
        codes.setdefault(kind.status, []).append(f"<a href='#{code}'><code>{code}</code></a>")
    rows = "".join(
        f"<dt>{status} {HTTPStatus(status).phrase}</dt><dd>{', '.join(links)}</dd>"
        for status, links in sorted(codes.items())
    )
    return f"<dl>{rows}</dl>"


def _entry(code: str, example: dict[str, Any]) -> str:
    kind, said = kinds()[code], REMEDIES[code]
    again = ", may be tried again as it is" if kind.retryable else ""
    written = json.dumps(example, ensure_ascii=False, indent=1)
    return (
        f"<section id='{code}'><h2><code>{code}</code></h2>"
        f"<p class=quiet>{kind.status}{again}. {text(kind.title)}.</p>"
        f"<p>{coded(said.cause)}</p><p><strong>What helps:</strong> {coded(said.remedy)}</p>"
        f"<details><summary>Example</summary><pre>{text(written)}</pre></details></section>"
    )
