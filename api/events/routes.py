"""Streams of events over HTTP."""

from litestar import Response, get
from litestar.params import FromPath

from api.entrance import AnyRequest, enter
from api.errors import NotFound, TooManyStreams
from api.events import service
from api.events.service import Noun
from api.events.streaming import MEDIA_TYPE, EventStream
from api.keys import service as keys
from api.operations import File, promises
from api.shop import shop_of

STREAM = File(media_types=(MEDIA_TYPE,))
ABOUT = (
    "Server-sent events, each with an `id`, a name and one line of JSON with `at` and facts: "
    "`{noun}.queued` (`expected_s`), `{noun}.started` (`attempt`), `progress` (`step`, `done`, "
    "`total`), `plans.drawn` (`plans`, each with its `take`, `bars` and `form`), `stage` (`stage`: "
    "composing or rendering, `takes`, `expected_s`), `bars.written` (`takes`, each with `take`, "
    "`bars` of `of`, and `written` by section; twice a second at most, and the last one may be "
    "missing), `take.written` (`take`, `rating`, `passed` and `rewrites`: bars that the panel did "
    "not keep), `takes.ranked` (`takes`, best first), `take.retracted` (`take`, `reason`, `code`: "
    "paper, quotes, shares, heard or constraint), "
    "`candidate.ready` (`candidate`, `number`, `take`, `rating`), `{noun}.requeued` where a "
    "studio gave it up (what is told after starts over), and at last `{noun}.ended` (`status`), "
    "after which the stream ends. More kinds may come; pass over those you do not know. A stream "
    "that broke is taken up again at any gateway by `Last-Event-ID`, as browsers do by "
    "themselves; 204 says that all was heard. A comment comes every 15 seconds, a stream ends "
    "after an hour, and a client that reads nothing for a minute is dropped. Events are kept for "
    "four days; later only the end is told."
)


@get(
    "/v1/briefs/{brief:str}/events",
    opt=promises(
        name="listen_to_brief", tag="briefs", scope="read", answers={200: STREAM, 204: None},
        headers=("Last-Event-ID",), refuses=(NotFound, TooManyStreams), streams=True,
        summary="What happens to a brief, as it happens", about=ABOUT.replace("{noun}", "brief"),
    ),
)  # fmt: skip
async def listen_to_brief(request: AnyRequest, brief: FromPath[str]) -> Response[bytes]:
    return await _listen(request, "brief", brief)


@get(
    "/v1/families/{family:str}/events",
    opt=promises(
        name="listen_to_family", tag="families", scope="read", answers={200: STREAM, 204: None},
        headers=("Last-Event-ID",), refuses=(NotFound, TooManyStreams), streams=True,
        summary="What happens to a family, as it happens", about=ABOUT.replace("{noun}", "family"),
    ),
)  # fmt: skip
async def listen_to_family(request: AnyRequest, family: FromPath[str]) -> Response[bytes]:
    return await _listen(request, "family", family)


async def _listen(request: AnyRequest, noun: Noun, job: str) -> Response[bytes]:
    caller, shop = await enter(request), shop_of(request)
    seen = service.last_number(request.headers.get("last-event-id"))
    secret = keys.digest_in(shop.settings.pepper, request.headers.get("authorization"))
    listening = await service.listen(shop, caller, secret, noun, job, seen)
    if listening is None:
        return Response(b"", status_code=204)
    if request.scope["state"]["method"] == "HEAD":  # it would only ever get headers
        return Response(b"", media_type=MEDIA_TYPE)
    return EventStream(shop.audience, *listening)


ROUTES = [listen_to_brief, listen_to_family]
