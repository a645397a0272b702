"""Pages for people, over HTTP."""

from datetime import UTC, datetime

from litestar import Response, get
from litestar.params import FromPath

from api.answers import answer
from api.docs import prices, training
from api.docs.frame import JSON, PAGE, framed, read, shown
from api.docs.library import SCRIPTS, Library
from api.docs.training import TrainingData
from api.entrance import AnyRequest, Nothing, query
from api.errors import NotFound
from api.operations import File, promises
from api.shop import shop_of

LEAF = File(media_types=("text/html; charset=utf-8", "text/javascript; charset=utf-8"))


@get(
    "/openapi.json",
    opt=promises(name="read_openapi", tag="operations", answers={200: JSON},
                 summary="This API as an OpenAPI document"),
)  # fmt: skip
async def read_openapi(request: AnyRequest) -> Response[bytes]:
    query(request, Nothing)
    return Response(request.app.state.openapi, media_type="application/json")


@get(
    "/docs",
    opt=promises(name="read_docs", tag="operations", answers={200: PAGE},
                 summary="Where to begin, as a page to read"),
)  # fmt: skip
async def read_docs(request: AnyRequest) -> Response[str]:
    return _page(request, "/docs")


@get(
    "/docs/{page:str}",
    opt=promises(name="read_docs_page", tag="operations", answers={200: LEAF}, refuses=(NotFound,),
                 summary="A page to read: errors, webhooks, prices and so on"),
)  # fmt: skip
async def read_docs_page(request: AnyRequest, page: FromPath[str]) -> Response[str]:
    if page in SCRIPTS:
        query(request, Nothing)
        return Response(read(page), media_type="text/javascript")
    if page == "prices":
        query(request, Nothing)
        book = prices.today(datetime.now(UTC).date())
        return shown(_library(request).prices(prices.slots(book)), scripted=True)
    return _page(request, f"/docs/{page}")


@get(
    "/docs/quickstart/{quickstart:str}",
    opt=promises(name="read_quickstart", tag="operations", answers={200: PAGE},
                 refuses=(NotFound,), summary="The whole way for one kind of user, step by step"),
)  # fmt: skip
async def read_quickstart(request: AnyRequest, quickstart: FromPath[str]) -> Response[str]:
    return _page(request, f"/docs/quickstart/{quickstart}")


@get(
    "/docs/zh",
    opt=promises(name="read_chinese_docs", tag="operations", answers={200: PAGE},
                 summary="Where to begin, in Chinese"),
)  # fmt: skip
async def read_chinese_docs(request: AnyRequest) -> Response[str]:
    return _page(request, "/docs/zh")


@get(
    "/docs/zh/quickstart/{quickstart:str}",
    opt=promises(name="read_chinese_quickstart", tag="operations", answers={200: PAGE},
                 refuses=(NotFound,), summary="The whole way for one kind of user, in Chinese"),
)  # fmt: skip
async def read_chinese_quickstart(request: AnyRequest, quickstart: FromPath[str]) -> Response[str]:
    return _page(request, f"/docs/zh/quickstart/{quickstart}")


@get(
    "/training-data",
    opt=promises(name="read_training_data", tag="operations",
                 answers={200: (TrainingData, PAGE)},
                 summary="What the models were trained on, whom to credit and whom to ask; "
                 "a page to read where the Accept header asks for HTML"),
)  # fmt: skip
async def read_training_data(request: AnyRequest) -> Response[bytes] | Response[str]:
    query(request, Nothing)
    said = training.said(shop_of(request).settings.contact)
    if "text/html" not in request.headers.get("accept", ""):
        return answer(said)
    title = "Training data"
    return shown(framed(training.body(said), title=title, here="/training-data"))


ROUTES = [
    read_openapi, read_docs, read_docs_page, read_quickstart, read_chinese_docs,
    read_chinese_quickstart,
    read_training_data,
]  # fmt: skip


def _page(request: AnyRequest, path: str) -> Response[str]:
    query(request, Nothing)
    page = _library(request).pages.get(path)
    if page is None:
        raise NotFound(f"there is no page {path[:80]!r}; /docs leads to all of them")
    return shown(page)


def _library(request: AnyRequest) -> Library:
    return request.app.state.docs
