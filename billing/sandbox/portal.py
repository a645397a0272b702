"""The customer portal: a page where a client changes the card and pays what is open."""

from billing.sandbox.store import Does, Given, Ids, Object, Store


def create(store: Store, given: Given, _: Ids) -> Object:
    """POST /v1/billing_portal/sessions."""
    customer = store.find(given.get("customer"), "customer", "customer")
    made = store.make(
        "bps", "billing_portal.session", customer=customer["id"], configuration="bpc_sbx_default",
        return_url=given.get("return_url"), locale=None,
    )  # fmt: skip
    made["url"] = f"{store.url}/sandbox/portal/{made['id']}"
    return made


OPERATIONS = {
    ("POST", "/v1/billing_portal/sessions"): Does(
        create, "customer return_url", "one page: card, open invoices, end of the subscription"
    ),
}
