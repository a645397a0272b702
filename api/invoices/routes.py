"""Invoices, their preview and Stripe's portal over HTTP."""

from litestar import Response, get, post
from litestar.params import FromPath

from api.answers import answer
from api.entrance import AnyRequest, Page, body, empty_body, enter, preferred_wait, query
from api.errors import NoCustomer, NoSubscription, NotFound, PrepaidAccount, QueueFull
from api.invoices import service
from api.invoices.contracts import InvoiceList, InvoicePreview, NewPortal, Portal
from api.operations import promises
from api.shop import shop_of
from billing.processor.contracts import MirroredInvoice


@get(
    "/v1/invoices",
    opt=promises(
        name="list_invoices", tag="money", scope="read", query=Page, answers={200: InvoiceList},
        summary="The account's invoices as Stripe wrote them, newest first",
    ),
)  # fmt: skip
async def list_invoices(request: AnyRequest) -> Response[bytes]:
    caller = await enter(request)
    asked = query(request, Page)
    return answer(await service.invoices(shop_of(request), caller, asked.cursor, asked.limit))


@get(
    "/v1/invoices/{invoice:str}",
    opt=promises(
        name="read_invoice", tag="money", scope="read", answers={200: MirroredInvoice},
        refuses=(NotFound,), summary="An invoice with its lines, and where to pay it",
    ),
)  # fmt: skip
async def read_invoice(request: AnyRequest, invoice: FromPath[str]) -> Response[bytes]:
    caller = await enter(request)
    return answer(await service.invoice(shop_of(request), caller, invoice))


@post(
    "/v1/invoices/preview",
    opt=promises(
        name="preview_invoice", tag="money", scope="billing", location=True, headers=("Prefer",),
        answers={200: InvoicePreview, 202: InvoicePreview},
        refuses=(PrepaidAccount, NoSubscription, QueueFull),
        summary="What the next invoice would say, as Stripe counts now",
    ),
)  # fmt: skip
async def preview_invoice(request: AnyRequest) -> Response[bytes]:
    """202 until Stripe has answered; 200 where ``Prefer: wait`` was long enough for it."""
    caller, shop = await enter(request), shop_of(request)
    await empty_body(request)
    asked = await service.ask_preview(shop, caller)
    wait = preferred_wait(request) or 0
    view = await service.read_preview(shop, caller, asked.id, wait) if wait else asked
    return _asked(view, f"/v1/invoices/previews/{asked.id}", wait)


@get(
    "/v1/invoices/previews/{preview:str}",
    opt=promises(
        name="read_preview", tag="money", scope="billing", headers=("Prefer",),
        answers={200: InvoicePreview}, refuses=(NotFound,),
        summary="A preview of the next invoice, once Stripe has answered",
    ),
)  # fmt: skip
async def read_preview(request: AnyRequest, preview: FromPath[str]) -> Response[bytes]:
    caller = await enter(request)
    wait = preferred_wait(request) or 0
    return answer(await service.read_preview(shop_of(request), caller, preview, wait), waited=wait)


@post(
    "/v1/portal",
    opt=promises(
        name="open_portal", tag="money", scope="billing", body=NewPortal, location=True,
        headers=("Prefer",), answers={200: Portal, 202: Portal}, refuses=(NoCustomer, QueueFull),
        summary="A link to Stripe's portal: cards, address, invoices",
    ),
)  # fmt: skip
async def open_portal(request: AnyRequest) -> Response[bytes]:
    """202 until the link is there; 200 where ``Prefer: wait`` was long enough for it."""
    caller, shop = await enter(request), shop_of(request)
    asked = await service.ask_portal(shop, caller, await body(request, NewPortal))
    wait = preferred_wait(request) or 0
    view = await service.read_portal(shop, caller, asked.id, wait) if wait else asked
    return _asked(view, f"/v1/portal/{asked.id}", wait)


@get(
    "/v1/portal/{portal:str}",
    opt=promises(
        name="read_portal", tag="money", scope="billing", headers=("Prefer",),
        answers={200: Portal}, refuses=(NotFound,),
        summary="A link to Stripe's portal, once Stripe has made it",
    ),
)  # fmt: skip
async def read_portal(request: AnyRequest, portal: FromPath[str]) -> Response[bytes]:
    caller = await enter(request)
    wait = preferred_wait(request) or 0
    return answer(await service.read_portal(shop_of(request), caller, portal, wait), waited=wait)


def _asked(view: InvoicePreview | Portal, location: str, wait: int) -> Response[bytes]:
    status = 202 if view.status == "requested" else 200
    return answer(view, status=status, location=location, waited=wait)


ROUTES = [list_invoices, read_invoice, preview_invoice, read_preview, open_portal, read_portal]
