"""The table "sandbox against Stripe", from the operations themselves.

python -m billing.sandbox.table > billing/sandbox/TABLE.md
"""

from billing.sandbox import contract
from billing.sandbox.faults import KINDS
from billing.sandbox.shop import OPERATIONS

RULES = (
    ("Ids", "prefixes as Stripe's, with `sbx` in them; `livemode` is always false"),
    ("Keys", "`sk_test_` and `rk_test_`, any; live keys are refused with 401"),
    ("Requests", "judged by Stripe's document: unknown, missing and ill-typed parameters are 400"),
    ("Parameters", "one the document knows and the sandbox does not heed is 501, never ignored"),
    ("Answers", "judged by the same document before they are sent; a field it lacks is a fault"),
    ("Lists", "`limit`, `starting_after`, `ending_before`, `created`; newest first"),
    ("`expand`", "ids become objects, up to four levels"),
    ("Idempotency keys", "24 hours of the sandbox's clock; the same request is replayed with "
     "`idempotent-replayed: true`, another one is 400 `idempotency_error`; nothing is kept of "
     "requests that were malformed, refused for their rate, or not done here"),
    ("Meter events", "identifiers for 24 hours (400 `duplicate_meter_event`, "
     "`stripe-should-retry: false`), 35 days back, 5 minutes ahead, 15 digits, whole numbers"),
    ("Summaries", "2 seconds behind; aligned to minutes, hours or UTC days"),
    ("Rates", "as configured (none, test, live); one meter event in flight for each customer and "
     "meter is always kept: 429 `lock_timeout`"),
    ("Periods", "closed by the clock; drafts wait one hour of grace, late usage counts till then"),
    ("Collection", "retries after 3, 5 and 7 days, then the subscription is unpaid; both can be "
     "set. Stripe's own smart retries are not copied"),
    ("Amounts", "no least amount of a payment, no steps of a currency"),
    ("Events", "listed for ever; Stripe keeps them for 30 days"),
    ("Rounding", "each invoice line once, halves away from nought"),
    ("Webhooks", "signed with one or more secrets, tried seven times within seven minutes, "
     "in any order, twice on demand; thin events go to endpoints of their own"),
    ("Clock", "one, forward only; test clocks beside it"),
    ("Addresses", "this machine only, both ways"),
)  # fmt: skip


def table() -> str:
    """The whole document."""
    known = contract.operations()
    done = [one for one in known if one in OPERATIONS]
    parts = [
        "# The sandbox against Stripe",
        "Made by `python -m billing.sandbox.table`; a test sees that it is current. The judge of "
        "what Stripe's calls look like is its OpenAPI document of 2026-05-27 (see `openapi/`). "
        "Nothing here was ever compared with live Stripe or its test mode: run "
        "`tests/billing/sandbox/test_conformance.py` with `STRIPE_TEST_KEY` set for that.",
        f"Of the {len(known)} operations in the document {len(done)} are done; every other call "
        "is answered with 501 `sandbox_unsupported`.",
        "## Rules",
        _rows(("rule", "here"), [(name, words) for name, words in RULES]),
        "## Operations",
        _rows(("operation", "does", "parameters", "differs"), [_row(one) for one in known]),
        "## Faults on demand",
        _rows(("`POST /sandbox/faults`", "what it does"),
              [(f"`{name}`", words) for name, words in KINDS.items()]),
    ]  # fmt: skip
    return "\n\n".join(parts) + "\n"


def _row(operation: tuple[str, str]) -> tuple[str, ...]:
    method, template = operation
    does = OPERATIONS.get(operation)
    if does is None:
        return f"`{method} {template}`", "501", "", ""
    takes = ", ".join(does.takes.split())
    return f"`{method} {template}`", "partly" if does.differs else "yes", takes, does.differs


def _rows(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    ruled = tuple("---" for _ in head)
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ruled, *rows))


if __name__ == "__main__":
    print(table(), end="")
