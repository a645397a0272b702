"""Objects in place of their ids, where a request asks with ``expand``."""

import copy
from typing import Any

from billing.sandbox.errors import Refused
from billing.sandbox.store import Object, Store, page

DEEPEST = 4


def expanded(store: Store, answer: Object, paths: list[str]) -> Object:
    """A copy of the answer with what the paths name made whole."""
    made = copy.deepcopy(answer)
    for path in paths:
        parts = path.split(".")
        if len(parts) > DEEPEST:
            raise Refused(400, None, f"You cannot expand more than {DEEPEST} levels", "expand")
        if not _expand(store, made, parts):
            raise Refused(400, None, f"This property cannot be expanded ({path}).", "expand")
    return made


def _expand(store: Store, at: Any, parts: list[str]) -> bool:
    if isinstance(at, list):
        return all(_expand(store, one, parts) for one in at)
    if not parts:
        return True
    name, rest = parts[0], parts[1:]
    _supply(store, at, name)
    if not isinstance(at, dict) or name not in at:
        return False
    if isinstance(at[name], str):
        found = store.objects.get(at[name])
        if found is None:
            return False
        at[name] = copy.deepcopy(found)
    return at[name] is None or _expand(store, at[name], rest)


def _supply(store: Store, at: Any, name: str) -> None:
    """Lists that objects show only where they are asked for."""
    kind = at.get("object") if isinstance(at, dict) else None
    if kind == "invoice" and name == "payments":
        rows = store.under("invoice_payment", at["id"])
        at[name] = page(copy.deepcopy(rows), f"/v1/invoice_payments?invoice={at['id']}")
    elif kind == "checkout.session" and name == "line_items":
        rows = store.aside.get(at["id"], {}).get("rows", [])
        at[name] = page(copy.deepcopy(rows), f"/v1/checkout/sessions/{at['id']}/line_items")
    elif kind == "charge" and name == "refunds":
        rows = [one for one in store.all("refund") if one["charge"] == at["id"]]
        at[name] = page(copy.deepcopy(rows), f"/v1/charges/{at['id']}/refunds")
