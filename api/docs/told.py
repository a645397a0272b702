"""What webhooks carry: every message, when it is sent and an example of it."""

import json
from typing import Any

from msgspec import Struct

from api.docs.frame import coded, text

BRIEF = "brf_51c3a0b7d2e94f6810aa7c3e"
BATCH = "bat_19f8e7d6c5b4a39281706f5e"
FAMILY = "fam_0c9e8d7b6a5f4e3d2c1b0a99"
CANDIDATE = "cand_6a5d43cf81d8d0e0a3b1c2d4"
TRACK = "trk_2f1e0d9c8b7a69584736a5b4"
RENDITION = "rnd_77665544332211009988aabb"
TOPUP = "top_99887766554433221100ffee"
ENDPOINT = "we_1029384756afbecd01928374"
KEY = "key_abcdef0123456789abcdef01"
EXPIRES = "2026-12-04T09:14:11Z"


class Message(Struct, frozen=True, kw_only=True):
    """A message's occasion, and its facts as they are sent."""

    when: str
    facts: dict[str, Any]


def _ended(noun: str, named: str, status: str, candidates: int, failure: str | None) -> Message:
    said = {
        "succeeded": "All that was asked for is there",
        "partially_succeeded": "It has ended with fewer candidates than were asked for; the rest "
        "was given back",
        "failed": "No candidate came; all tokens were given back",
        "canceled": "It was canceled; what was delivered stays, the rest was given back",
        "expired": "Its `deadline_s` passed; what was delivered stays, the rest was given back",
    }[status]
    facts = {noun: named, "status": status, "candidates": candidates, "retracted_takes": 1,
             "failure": failure}  # fmt: skip
    return Message(when=f"{said}.", facts=facts)


def _notice(when: str, subject: str, facts: dict[str, Any], period: str = "") -> Message:
    said = {"notice": 4711, "subject": subject, "period": period, "facts": facts}
    return Message(when=when, facts=said)


def _budget(percent: int) -> Message:
    when = f"{percent} % of a monthly budget are spent."
    if percent == 100:
        when = "A monthly budget is used up: what would exceed it is refused until the next month."
    facts = {"scope": "key", "subject": KEY, "cap": 5000, "spent": 50 * percent}
    return _notice(when, f"key:{KEY}", facts, "2026-11")


_ENDS: tuple[tuple[str, int, str | None], ...] = (
    ("succeeded", 4, None), ("partially_succeeded", 2, "fewer_candidates"),
    ("failed", 0, "attempts_used_up"),
    ("canceled", 1, None), ("expired", 1, "deadline_exceeded"),
)  # fmt: skip
_RENDERED = {"rendition": RENDITION, "track": TRACK}
MESSAGES: dict[str, Message] = {
    "candidate.ready": Message(
        when="A candidate of a brief or a family can be heard, and has been charged. Of a family "
        "`family` stands in the place of `brief`.",
        facts={"brief": BRIEF, "candidate": CANDIDATE, "number": 1, "take": 3, "rating": 0.71,
               "tokens": 2, "expires_at": EXPIRES},
    ),
    **{f"brief.{one[0]}": _ended("brief", BRIEF, *one) for one in _ENDS},
    **{f"family.{one[0]}": _ended("family", FAMILY, *one) for one in _ENDS},
    "rendition.succeeded": Message(
        when="A rendition can be downloaded.", facts={**_RENDERED, "failure": None}
    ),
    "rendition.failed": Message(
        when="A rendition could not be made; it can be ordered anew.",
        facts={**_RENDERED, "failure": "attempts_used_up"},
    ),
    "batch.ended": Message(
        when="Every brief of a catalogue run has ended, however it did.",
        facts={"batch": BATCH, "briefs": 1000,
               "counts": {"succeeded": 981, "partially_succeeded": 14, "failed": 5}},
    ),
    "license.created": Message(
        when="A candidate was picked: there are a license and a track.",
        facts={"license": "lic_5e4d3c2b1a09f8e7d6c5b4a3", "track": TRACK, "candidate": CANDIDATE,
               "brief": BRIEF, "tokens": 8},
    ),
    "topup.paid": Message(
        when="A pack of tokens is paid, and its tokens are there.",
        facts={"topup": TOPUP, "tokens": 1000, "amount_minor": 4500, "currency": "usd"},
    ),
    "notice.budget_50": _budget(50),
    "notice.budget_80": _budget(80),
    "notice.budget_100": _budget(100),
    "notice.tokens_expiring": _notice(
        "Tokens of a pack run out within thirty days.", "17",
        {"tokens": 75, "expires_at": "2026-12-20T10:00:00+00:00"}, "2026-12",
    ),
    "notice.topup_refunded": _notice(
        "A payment, or a part of it, went back; so did its tokens.", "re_3Pq8",
        {"topup": TOPUP, "tokens": 100, "amount": "4.50 USD"},
    ),
    "notice.dispute_opened": _notice(
        "Somebody disputes a payment at their bank; its tokens may not be spent meanwhile.",
        "du_1Nv2", {"dispute": "du_1Nv2", "reason": "fraudulent", "amount": "45.00 USD"},
    ),
    "notice.invoice_failed": _notice(
        "An invoice could not be charged. The account works until `grace_until`.", "in_1Pk9",
        {"invoice": "in_1Pk9", "amount": "21.00 CNY", "pay_at": "https://invoice.stripe.com/i/x",
         "grace_until": "2026-12-08T10:00:00+00:00"},
    ),
    "notice.account_frozen": _notice(
        "The grace is over: nothing more can be spent until the invoice is paid.", "in_1Pk9",
        {"invoice": "in_1Pk9", "amount": "21.00 CNY"},
    ),
    "notice.account_thawed": _notice(
        "The invoice is paid, and the account may spend again.", "in_1Pk9",
        {"invoice": "in_1Pk9"},
    ),
    "notice.candidate_sealed": _notice(
        "A candidate came after its brief had ended, and the account cannot pay for it. It is "
        "kept for a day: top up, and it is delivered.", CANDIDATE,
        {"brief": BRIEF, "number": 3, "reason": "this needs 2 tokens, 0 are available"}, BRIEF,
    ),
    "webhook_endpoint.disabled": _notice(
        "Nothing more is sent to an endpoint: it answered 410 (`gone`), or nothing has arrived "
        "there for three days (`failing`). The other endpoints are told.", ENDPOINT,
        {"endpoint": ENDPOINT, "url": "https://example.com/cuesmith", "why": "failing"},
        "2026-11-27T09:14:03.271000+00:00",
    ),
    "webhook_endpoint.test": Message(
        when="You asked for it: `POST /v1/webhook_endpoints/{id}/test`.",
        facts={"endpoint": ENDPOINT},
    ),
}  # fmt: skip
"""An example of every type of message, by its type."""


def list_of() -> str:
    """All of them, each at a place that can be linked to."""
    return "".join(_entry(name, one) for name, one in MESSAGES.items())


def _entry(name: str, one: Message) -> str:
    body = {"type": name, "timestamp": "2026-11-27T09:14:03.271+00:00", "data": one.facts}
    written = json.dumps(body, ensure_ascii=False, indent=1)
    return (
        f"<h3 id='{name}'><code>{name}</code></h3><p>{coded(one.when)}</p>"
        f"<details><summary>Example</summary><pre>{text(written)}</pre></details>"
    )
