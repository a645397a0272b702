"""Webhook endpoints and the log of events over HTTP."""

from litestar import Response, delete, get, patch, post
from litestar.params import FromPath

from api.answers import answer
from api.entrance import AnyRequest, body, empty_body, enter, query
from api.errors import EndpointDisabled, NotFound, TooManyEndpoints
from api.operations import promises
from api.shop import shop_of
from api.webhooks import service
from api.webhooks.contracts import (
    Endpoint,
    EndpointChange,
    EndpointList,
    EndpointSecret,
    EventPage,
    EventsQuery,
    EventView,
    NewEndpoint,
    Redelivery,
)

ABOUT = (
    "Messages are signed by Standard Webhooks: check `webhook-id`, `webhook-timestamp` and "
    "`webhook-signature` with a library of yours and the secret. The body is `{type, timestamp, "
    "data}`, where `data` has ids and facts, never music or words of a brief. A message comes at "
    "least once and with the same id each time; those about one brief come in order. Answer "
    "2xx within 15 seconds; all else, redirects too, is tried again after 5 s, 5 min, 30 min, "
    "2 h, 5 h, 10 h, 14 h, 20 h and 24 h. 410 disables the endpoint at once, and so does failing "
    "for three days; the notice `webhook_endpoint_disabled` says it. The URL must be https, at "
    "port 443 or 8443 of a public address."
)


@post(
    "/v1/webhook_endpoints",
    opt=promises(
        name="create_webhook_endpoint", tag="webhooks", scope="admin", body=NewEndpoint,
        answers={201: EndpointSecret}, refuses=(TooManyEndpoints,), location=True, about=ABOUT,
        summary="Register an endpoint; its secret is shown this once",
    ),
)  # fmt: skip
async def create_webhook_endpoint(request: AnyRequest) -> Response[bytes]:
    caller = await enter(request)
    wanted = await body(request, NewEndpoint)
    made = await service.register(shop_of(request), caller, wanted)
    return answer(made, status=201, location=f"/v1/webhook_endpoints/{made.endpoint.id}")


@get(
    "/v1/webhook_endpoints",
    opt=promises(
        name="list_webhook_endpoints", tag="webhooks", scope="admin",
        answers={200: EndpointList}, summary="All endpoints of the account, never their secrets",
    ),
)  # fmt: skip
async def list_webhook_endpoints(request: AnyRequest) -> Response[bytes]:
    caller = await enter(request)
    return answer(await service.endpoints(shop_of(request), caller))


@get(
    "/v1/webhook_endpoints/{endpoint:str}",
    opt=promises(
        name="read_webhook_endpoint", tag="webhooks", scope="admin", answers={200: Endpoint},
        refuses=(NotFound,), summary="An endpoint, and how it has been doing",
    ),
)  # fmt: skip
async def read_webhook_endpoint(request: AnyRequest, endpoint: FromPath[str]) -> Response[bytes]:
    caller = await enter(request)
    return answer(await service.endpoint(shop_of(request), caller, endpoint))


@patch(
    "/v1/webhook_endpoints/{endpoint:str}",
    opt=promises(
        name="change_webhook_endpoint", tag="webhooks", scope="admin", body=EndpointChange,
        answers={200: Endpoint}, refuses=(NotFound,),
        summary="Change an endpoint, disable it or enable it again; what is left out stays",
        about="While an endpoint is disabled nothing waits for it, and what waited is dropped; "
        "`/v1/events` shows it and sends it again.",
    ),
)  # fmt: skip
async def change_webhook_endpoint(request: AnyRequest, endpoint: FromPath[str]) -> Response[bytes]:
    caller = await enter(request)
    wanted = await body(request, EndpointChange)
    return answer(await service.change(shop_of(request), caller, endpoint, wanted))


@delete(
    "/v1/webhook_endpoints/{endpoint:str}",
    status_code=200,
    opt=promises(
        name="delete_webhook_endpoint", tag="webhooks", scope="admin", answers={200: Endpoint},
        refuses=(NotFound,), summary="Forget an endpoint and the log of what was sent to it",
    ),
)  # fmt: skip
async def delete_webhook_endpoint(request: AnyRequest, endpoint: FromPath[str]) -> Response[bytes]:
    caller = await enter(request)
    return answer(await service.delete(shop_of(request), caller, endpoint))


@post(
    "/v1/webhook_endpoints/{endpoint:str}/rotate_secret",
    opt=promises(
        name="rotate_webhook_secret", tag="webhooks", scope="admin",
        answers={200: EndpointSecret}, refuses=(NotFound,),
        summary="A new secret; for 24 hours the one before it signs too",
    ),
)  # fmt: skip
async def rotate_webhook_secret(request: AnyRequest, endpoint: FromPath[str]) -> Response[bytes]:
    caller = await enter(request)
    await empty_body(request)
    return answer(await service.rotate(shop_of(request), caller, endpoint))


@post(
    "/v1/webhook_endpoints/{endpoint:str}/test",
    opt=promises(
        name="test_webhook_endpoint", tag="webhooks", scope="admin", answers={202: EventView},
        refuses=(NotFound, EndpointDisabled), location=True,
        summary="Send a message of type `webhook_endpoint.test`; its event tells what came of it",
    ),
)  # fmt: skip
async def test_webhook_endpoint(request: AnyRequest, endpoint: FromPath[str]) -> Response[bytes]:
    caller = await enter(request)
    await empty_body(request)
    made = await service.test(shop_of(request), caller, endpoint)
    return answer(made, status=202, location=f"/v1/events/{made.id}")


@get(
    "/v1/events",
    opt=promises(
        name="list_events", tag="webhooks", scope="read", query=EventsQuery,
        answers={200: EventPage},
        summary="What the account was told, newest first, and where it was delivered",
        about="Kept for 14 days, whether an endpoint wanted it or not.",
    ),
)  # fmt: skip
async def list_events(request: AnyRequest) -> Response[bytes]:
    caller = await enter(request)
    return answer(await service.events(shop_of(request), caller, query(request, EventsQuery)))


@get(
    "/v1/events/{message:str}",
    opt=promises(
        name="read_event", tag="webhooks", scope="read", answers={200: EventView},
        refuses=(NotFound,), summary="One event, with its deliveries and their last answers",
    ),
)  # fmt: skip
async def read_event(request: AnyRequest, message: FromPath[str]) -> Response[bytes]:
    caller = await enter(request)
    return answer(await service.event(shop_of(request), caller, message))


@post(
    "/v1/events/{message:str}/redeliver",
    opt=promises(
        name="redeliver_event", tag="webhooks", scope="admin", body=Redelivery,
        answers={202: EventView}, refuses=(NotFound, EndpointDisabled),
        summary="Send an event again, under the same id",
    ),
)  # fmt: skip
async def redeliver_event(request: AnyRequest, message: FromPath[str]) -> Response[bytes]:
    caller = await enter(request)
    wanted = await body(request, Redelivery)
    again = await service.redeliver(shop_of(request), caller, message, wanted.endpoint)
    return answer(again, status=202)


ROUTES = [
    create_webhook_endpoint, list_webhook_endpoints, read_webhook_endpoint,
    change_webhook_endpoint, delete_webhook_endpoint, rotate_webhook_secret,
    test_webhook_endpoint, list_events, read_event, redeliver_event,
]  # fmt: skip
