"""What a client sees in a browser: Checkout, the portal, invoices; and the operator's dashboard.

Plain HTML forms, no scripts. A form answers a browser with a page, anything else with JSON.
"""

import html
from typing import Any
from urllib.parse import parse_qs

from litestar import MediaType, Request, Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from billing.money import Money
from billing.sandbox import cards, customers, invoices, lines, subscriptions
from billing.sandbox.controls import only_here
from billing.sandbox.errors import Refused
from billing.sandbox.shop import Shop
from billing.sandbox.store import Object

BANNER = "Sandbox: no money moves here."
_HEAD = (
    "<!doctype html><html lang=en><meta charset=utf-8>"
    "<meta name=viewport content='width=device-width'><title>{title} · sandbox</title>"
    "<style>body{{font:16px/1.5 system-ui;max-width:46rem;margin:2rem auto;padding:0 1rem}}"
    "aside{{background:#fff3c4;padding:.6rem 1rem;border-radius:.4rem}}table{{width:100%;"
    "border-collapse:collapse}}td,th{{text-align:left;padding:.3rem .6rem .3rem 0;"
    "border-bottom:1px solid #ddd}}button,select{{font:inherit;padding:.4rem .8rem}}</style>"
    "<aside role=note>{banner}</aside><h1>{title}</h1>"
)
_CARDS = {
    "4242424242424242": "4242 · pays",
    "4000000000000259": "0259 · pays, then is disputed",
    "4000000000000341": "0341 · can be kept, is declined when charged",
    "4000000000000002": "0002 · declined",
    "4000000000009995": "9995 · insufficient funds",
}

Asking = Request[Any, Any, Any]


def routes(shop: Shop) -> list[HTTPRouteHandler]:
    """The pages of one shop."""
    return [*_checkout(shop), *_portal(shop), *_invoices(shop), *_dashboard(shop)]


def _checkout(shop: Shop) -> list[HTTPRouteHandler]:
    @get("/sandbox/checkout/{session:str}", media_type=MediaType.HTML, sync_to_thread=False)
    def page(session: FromPath[str]) -> Response[str]:
        shop.tick()
        found = shop.find(session, "checkout.session")
        return _html("Checkout", _session(shop, found))

    @post("/sandbox/checkout/{session:str}/pay", status_code=200)
    async def pay(request: Asking, session: FromPath[str]) -> Response[Any]:
        form = await _form(request)
        card, later = form.get("card", "pm_card_visa"), form.get("later") == "on"
        paid = shop.pay(session, card, later=later)
        shown = {"id": paid["id"], "payment_status": paid["payment_status"]}
        return _done(request, shown, paid["success_url"] or f"/sandbox/checkout/{session}")

    @post("/sandbox/checkout/{session:str}/decline", status_code=200)
    async def decline(request: Asking, session: FromPath[str]) -> Response[Any]:
        only_here(request)
        found = shop.decline(session)
        shown = {"id": found["id"], "payment_status": found["payment_status"]}
        return _done(request, shown, f"/sandbox/checkout/{session}")

    @post("/sandbox/checkout/{session:str}/leave", status_code=200)
    async def leave(request: Asking, session: FromPath[str]) -> Response[Any]:
        only_here(request)
        found = shop.find(session, "checkout.session")
        return _done(request, {"id": session}, found["cancel_url"] or "/sandbox/dashboard")

    return [page, pay, decline, leave]


def _portal(shop: Shop) -> list[HTTPRouteHandler]:
    @get("/sandbox/portal/{session:str}", media_type=MediaType.HTML, sync_to_thread=False)
    def page(session: FromPath[str]) -> Response[str]:
        shop.tick()
        return _html(
            "Customer portal", _account(shop, shop.find(session, "billing_portal.session"))
        )

    @post("/sandbox/portal/{session:str}/card", status_code=200)
    async def card(request: Asking, session: FromPath[str]) -> Response[Any]:
        form = await _form(request)
        customer = shop.find(session, "billing_portal.session")["customer"]
        made = customers.give_card(shop, shop.find(customer, "customer"),
                                   form.get("card", "pm_card_visa"))  # fmt: skip
        shop.commit()
        return _done(request, {"card": made["id"]}, f"/sandbox/portal/{session}")

    @post("/sandbox/portal/{session:str}/cancel/{subscription:str}", status_code=200)
    async def cancel(
        request: Asking, session: FromPath[str], subscription: FromPath[str]
    ) -> Response[Any]:
        only_here(request)
        customer = shop.find(session, "billing_portal.session")["customer"]
        found = shop.find(subscription, "subscription")
        if found["customer"] != customer:
            raise Refused(404, "resource_missing", "This customer has no such subscription")
        subscriptions.update(shop, {"cancel_at_period_end": True},
                             {"subscription_exposed_id": subscription})  # fmt: skip
        shop.commit()
        return _done(request, {"id": subscription}, f"/sandbox/portal/{session}")

    return [page, card, cancel]


def _invoices(shop: Shop) -> list[HTTPRouteHandler]:
    @get("/sandbox/invoices/{invoice:str}", media_type=MediaType.HTML, sync_to_thread=False)
    def page(invoice: FromPath[str]) -> Response[str]:
        shop.tick()
        return _html("Invoice", _invoice(shop, shop.find(invoice, "invoice")))

    @get("/sandbox/invoices/{invoice:str}/pdf", media_type=MediaType.HTML, sync_to_thread=False)
    def printed(invoice: FromPath[str]) -> Response[str]:
        return _html("Invoice", _invoice(shop, shop.find(invoice, "invoice")))

    @post("/sandbox/invoices/{invoice:str}/pay", status_code=200)
    async def pay(request: Asking, invoice: FromPath[str]) -> Response[Any]:
        form = await _form(request)
        found = shop.find(invoice, "invoice")
        shop.tick()
        if found["status"] != "paid":
            used = cards.attach(shop, form.get("card", "pm_card_visa"), found["customer"])
            invoices.pay(shop, {"payment_method": used["id"]}, {"invoice": invoice})
        shop.commit()
        shown = {"id": invoice, "status": found["status"]}
        return _done(request, shown, f"/sandbox/invoices/{invoice}")

    return [page, printed, pay]


def _dashboard(shop: Shop) -> list[HTTPRouteHandler]:
    @get("/sandbox/dashboard", media_type=MediaType.HTML, sync_to_thread=False)
    def page() -> Response[str]:
        shop.tick()
        return _html("Dashboard", _overview(shop))

    return [page]


# --- what the pages say ---------------------------------------------------------------------------


def _session(shop: Shop, session: Object) -> str:
    state = f"{session['status']}, {session['payment_status']}"
    rows = "".join(
        f"<tr><td>{_text(row['description'])}<td>{row['quantity']}"
        f"<td>{_money(row['amount_total'], row['currency'])}"
        for row in shop.aside[session["id"]]["rows"]
    )
    told = f"<p>{_text(state)}</p><table>{rows}</table>"
    if session["status"] != "open":
        return told
    at = f"/sandbox/checkout/{session['id']}"
    total = _money(session["amount_total"] or 0, session["currency"] or "usd")
    slow = "<p><label><input type=checkbox name=later> the money comes later</label></p>"
    return (
        f"{told}<p><strong>{total}</strong></p>"
        f"<form method=post action='{at}/pay'>{_choice()}{slow}<button>Pay {total}</button></form>"
        f"<form method=post action='{at}/decline'><button>Be declined</button></form>"
        f"<form method=post action='{at}/leave'><button>Leave</button></form>"
    )


def _account(shop: Shop, session: Object) -> str:
    customer = shop.find(session["customer"], "customer")
    at = f"/sandbox/portal/{session['id']}"
    kept = shop.objects.get(customer["invoice_settings"]["default_payment_method"] or "")
    card = f"Card ending in {kept['card']['last4']}" if kept else "No card yet"
    mine = {"customer": customer["id"]}
    back = session["return_url"]
    return (
        f"<p>{_text(customer['name'] or customer['id'])}</p><h2>Card</h2><p>{card}</p>"
        f"<form method=post action='{at}/card'>{_choice()}<button>Use this card</button></form>"
        f"<h2>Subscriptions</h2>{_subscriptions(shop, mine, at)}"
        f"<h2>Invoices</h2>{_list(shop.all_of('invoice', mine, 'customer'))}"
        + (f"<p><a href='{html.escape(back)}'>Back</a></p>" if _web(back) else "")
    )


def _subscriptions(shop: Shop, mine: Object, at: str) -> str:
    rows = ""
    for one in shop.all_of("subscription", mine, "customer"):
        ends = one["items"]["data"][0]["current_period_end"]
        form = f"<form method=post action='{at}/cancel/{one['id']}'><button>End it</button></form>"
        may_end = one["status"] != "canceled" and not one["cancel_at_period_end"]
        rows += (
            f"<tr><td>{one['id']}<td>{one['status']}<td>until {lines.day(ends)}"
            f"<td>{form if may_end else ''}"
        )
    return f"<table>{rows}</table>"


def _invoice(shop: Shop, invoice: Object) -> str:
    rows = "".join(
        f"<tr><td>{_text(row['description'])}<td>{lines.day(row['period']['start'])} – "
        f"{lines.day(row['period']['end'])}<td>{_money(row['amount'], row['currency'])}"
        for row in shop.under("line_item", invoice["id"])
    )
    due = _money(invoice["amount_remaining"], invoice["currency"])
    form = (
        f"<form method=post action='/sandbox/invoices/{invoice['id']}/pay'>{_choice()}"
        f"<button>Pay {due}</button></form>"
    )
    return (
        f"<p>{_text(invoice['number'] or 'draft')} · {invoice['status']}</p><table>{rows}</table>"
        f"<p><strong>Total {_money(invoice['total'], invoice['currency'])}</strong>, "
        f"{due} to pay</p>{form if invoice['status'] == 'open' else ''}"
    )


def _overview(shop: Shop) -> str:
    kinds = ("customer", "subscription", "invoice", "charge", "refund", "dispute")
    counts = "".join(f"<tr><td>{kind}s<td>{len(shop.all(kind))}" for kind in kinds)
    events = "".join(
        f"<tr><td>{lines.day(one['created'])}<td>{one['type']}<td>{one['id']}"
        for one in shop.events[:-21:-1]
    )
    return (
        f"<p>The clock says {lines.day(int(shop.clock.now()))}; "
        f"{len(shop.usage.events)} meter events.</p><table>{counts}</table>"
        f"<h2>Invoices</h2>{_list(shop.all('invoice')[:20])}"
        f"<h2>Newest events</h2><table>{events}</table>"
    )


def _list(found: list[Object]) -> str:
    rows = "".join(
        f"<tr><td><a href='/sandbox/invoices/{one['id']}'>{_text(one['number'] or 'draft')}</a>"
        f"<td>{one['status']}<td>{_money(one['total'], one['currency'])}"
        for one in found
    )
    return f"<table>{rows}</table>"


def _choice() -> str:
    options = "".join(f"<option value={number}>{words}" for number, words in _CARDS.items())
    return f"<label>Test card <select name=card>{options}</select></label> "


def _money(minor: int, currency: str) -> str:
    return html.escape(Money(minor, currency).text())


def _text(words: Any) -> str:
    return html.escape(str(words))


def _web(address: str | None) -> bool:
    return address is not None and address.startswith(("http://", "https://"))


def _html(title: str, inside: str) -> Response[str]:
    head = _HEAD.format(title=title, banner=BANNER)
    return Response(head + inside, media_type=MediaType.HTML)


async def _form(request: Asking) -> dict[str, str]:
    only_here(request)
    fields = parse_qs((await request.body()).decode("utf-8", "replace"))
    return {name: values[-1] for name, values in fields.items()}


def _done(request: Asking, shown: Object, then: str) -> Response[Any]:
    """JSON for a program; for a browser the next page."""
    if "text/html" in request.headers.get("accept", ""):
        target = then if _web(then) or then.startswith("/") else "/sandbox/dashboard"
        return Response(None, status_code=303, headers={"location": target})
    return Response(shown, status_code=200)
