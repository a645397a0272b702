"""What operators and passers-by ask: is it well, which keys sign, what was learned from."""

import asyncio
from typing import Any

from litestar import Response, get
from msgspec import Struct

from api import composer, docs
from api.answers import answer
from api.entrance import AnyRequest, Nothing, query
from api.errors import NotFound
from api.licenses import service as licenses
from api.licenses.signing import KeySet
from api.operations import File, promises
from api.shop import shop_of
from billing.connections import lent

PEM = File(media_types=("application/pem-certificate-chain",))
ANSWERS_WITHIN_S = 2.0
"""A database that takes longer is not ready for a client's request either."""

CREDITS = (
    "Polish scores: the National Library of Poland and contributors, CC BY 4.0",
    "Chopin First Editions: their digitisers and encoders, CC BY 4.0",
    "Mutopia Project: its typesetters; public domain, CC BY 2.5 and CC BY 4.0",
    "Freedoom and Blasphemer: their contributors, BSD-3-Clause",
    "OpenScore Lieder, String Quartets and Orchestra: CC0 1.0",
    "OpenEWLD: works in the public domain, encodings MIT",
    "Groove MIDI Dataset (how drummers play): Google LLC, Magenta, CC BY 4.0",
)


class Health(Struct, frozen=True, kw_only=True):
    """``status`` is always "ok"; when something is not, the answer is a problem."""

    status: str = "ok"


class TrainingData(Struct, frozen=True, kw_only=True):
    """What the composing model has seen: corpora with licences and counts, and whom to credit."""

    model: str
    made_at: str
    parameters: int
    corpora: dict[str, Any]
    selection: dict[str, int]
    credits: tuple[str, ...]
    statement: str


@get(
    "/healthz",
    opt=promises(name="read_health", tag="operations", answers={200: Health},
                 summary="The process runs"),
)  # fmt: skip
async def read_health(request: AnyRequest) -> Response[bytes]:
    query(request, Nothing)
    return answer(Health())


@get(
    "/readyz",
    opt=promises(name="read_readiness", tag="operations", answers={200: Health},
                 summary="The process can do its work: the database answers"),
)  # fmt: skip
async def read_readiness(request: AnyRequest) -> Response[bytes]:
    query(request, Nothing)
    async with asyncio.timeout(ANSWERS_WITHIN_S), lent(shop_of(request).pool) as conn:
        await conn.fetchval("select 1")
    return answer(Health())


@get(
    "/.well-known/jwks.json",
    opt=promises(name="list_signing_keys", tag="licenses", answers={200: KeySet},
                 summary="Every key that certificates were ever signed with"),
)  # fmt: skip
async def list_signing_keys(request: AnyRequest) -> Response[bytes]:
    query(request, Nothing)
    return answer(await licenses.key_set(shop_of(request).pool))


@get(
    "/.well-known/content-credentials.pem",
    opt=promises(name="read_marks_root", tag="licenses", answers={200: PEM}, refuses=(NotFound,),
                 summary="The certificate to trust when checking our files' content credentials"),
)  # fmt: skip
async def read_marks_root(request: AnyRequest) -> Response[bytes]:
    query(request, Nothing)
    root = shop_of(request).settings.marks_root
    if not root:
        raise NotFound("this deployment signs no files")
    return Response(root.encode(), media_type=PEM.media_types[0])


@get(
    "/training-data",
    opt=promises(name="read_training_data", tag="operations",
                 answers={200: (TrainingData, docs.PAGE)},
                 summary="What the composing model was trained on, and whom to credit; "
                 "a page to read where the Accept header asks for HTML"),
)  # fmt: skip
async def read_training_data(request: AnyRequest) -> Response[bytes] | Response[str]:
    query(request, Nothing)
    if "text/html" not in request.headers.get("accept", ""):
        return answer(_training_data())
    return docs.framed("Cuesmith: training data", _page(_training_data()))


def _page(said: TrainingData) -> str:
    rows = "".join(
        f"<tr><td>{docs.text(name)}<td>{docs.text(', '.join(facts['licences']))}"
        f"<td>{facts['train']}<td>{facts['held out']}"
        for name, facts in said.corpora.items()
    )
    credits_ = "".join(f"<li>{docs.text(credit)}" for credit in said.credits)
    return (
        f"<h1>What {docs.text(said.model)} has learned from</h1><p>{docs.text(said.statement)}</p>"
        f"<p>{said.parameters:,} parameters, trained on {docs.text(said.made_at)}.</p>"
        "<table><tr><th>corpus<th>licence<th>scores learned from<th>held out"
        f"{rows}</table><h2>Credits</h2><ul>{credits_}</ul>"
    )


def _training_data() -> TrainingData:
    manifest = composer.manifest()
    return TrainingData(
        model=manifest["name"],
        made_at=manifest["made_at"],
        parameters=manifest["parameters"],
        corpora=manifest["corpora"],
        selection=manifest["selection"],
        credits=CREDITS,
        statement="Trained only on scores that are in the public domain or under CC0, CC BY, BSD "
        "or MIT; clients' briefs and uploads are never trained on.",
    )


ROUTES = [
    read_health, read_readiness, list_signing_keys, read_marks_root, read_training_data,
]  # fmt: skip
