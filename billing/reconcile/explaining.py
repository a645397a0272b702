"""Differences in words, for whoever has to answer for them."""

from billing.reconcile.contracts import Finding, Hour


def explain(hour: Hour, found: Finding) -> str:
    """One or two sentences: what was seen, what it means, what is done."""
    seen = f"the ledger has {found.ledger}, Stripe counted {found.counted}"
    return f"{seen}: {_MEANING[found.kind]}{_remedy(found)}"


def explain_invoice(number: str, ledger: int, billed: int) -> str:
    """An invoice that bills other tokens than its period spent."""
    more = billed - ledger
    if more > 0:
        way = f"give {more} tokens back with `cuesmith billing credit-note`"
    else:
        way = "what came late is on the next invoice; compare that one too"
    return f"invoice {number} bills {billed} tokens, its period spent {ledger}: {way}"


_MEANING = {
    "was_counted": "the reply to what was sent had been lost; Stripe had it",
    "sent_again": "the outcome is unknown and Stripe still knows the identifiers, so they are said "
    "again",
    "never_counted": "of what was sent without a reply, Stripe has not counted all, and it is too "
    "old to be said again",
    "missing": "Stripe has less than it had taken",
    "foreign": "Stripe has more than we told it: an event of somebody else's, one counted twice, "
    "or a capture that a restore has lost",
    "refused": "Stripe will not take the rest; see the outbox's `dead` rows",
    "invoice": "an invoice differs",
}


def _remedy(found: Finding) -> str:
    if not found.correction:
        return ""
    return f"; one event of {found.correction:+d} tokens sets it right"
