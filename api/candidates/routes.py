"""Candidates over HTTP: look, listen, pick."""

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Stream

from api import files, validation
from api.answers import answer
from api.candidates import service
from api.candidates.contracts import AudioQuery, Candidate
from api.entrance import AnyRequest, enter, idempotency_key, query
from api.errors import (
    CandidateExpired,
    IdempotencyKeyRequired,
    LicensedElsewhere,
    NotFound,
    RangeNotSatisfiable,
)
from api.licenses import service as licenses
from api.licenses.contracts import License, NewLicense
from api.links.contracts import Link
from api.operations import File, promises
from api.shop import shop_of
from billing.errors import AccountFrozen, BudgetExceeded, InsufficientTokens
from engine.contracts import Sheet

AUDIO = File(media_types=("audio/mpeg", "audio/wav"))


@get(
    "/v1/candidates/{candidate:str}",
    opt=promises(
        name="read_candidate", tag="candidates", scope="read", answers={200: Candidate},
        refuses=(NotFound,), summary="A candidate with every constraint as it measures",
    ),
)  # fmt: skip
async def read_candidate(request: AnyRequest, candidate: FromPath[str]) -> Response[bytes]:
    caller = await enter(request)
    return answer(await service.read(shop_of(request), caller, candidate))


@get(
    "/v1/candidates/{candidate:str}/audio",
    opt=promises(
        name="audition_candidate", tag="candidates", scope="read", query=AudioQuery,
        headers=("Range", "If-None-Match"), answers={200: (Link, AUDIO), 206: AUDIO, 304: None},
        refuses=(NotFound, CandidateExpired, RangeNotSatisfiable),
        summary="The evaluation copy: MP3 or full WAV, tagged unlicensed; of a family the sound of "
        "one `function`",
    ),
)  # fmt: skip
async def audition_candidate(
    request: AnyRequest, candidate: FromPath[str]
) -> Response[bytes] | Stream:
    caller, shop = await enter(request), shop_of(request)
    asked = query(request, AudioQuery)
    asset = await service.audition(shop, caller, candidate, asked.format, asked.function)
    name = f"{candidate}-{asked.function}" if asked.function else candidate
    return await files.give(request, asset, f"{name}.{asked.format}", link=asked.link)


@get(
    "/v1/candidates/{candidate:str}/sheet",
    opt=promises(
        name="read_sheet", tag="candidates", scope="read", headers=("If-None-Match",),
        answers={200: Sheet, 304: None}, refuses=(NotFound, CandidateExpired),
        summary="A candidate on one page: bars, form, chords, waveform and notes, in seconds",
        about="For looking at a candidate while it is heard; free of charge, and no score: there "
        "are no velocities, and times are rounded to the millisecond. 404 says why where there is "
        "none: sounds of families have none, nor have candidates made before sheets were kept.",
    ),
)  # fmt: skip
async def read_sheet(request: AnyRequest, candidate: FromPath[str]) -> Response[bytes] | Stream:
    caller, shop = await enter(request), shop_of(request)
    asset = await service.sheet(shop, caller, candidate)
    name = f"{candidate}-sheet.json"
    return await files.send(request, shop.shelf, asset, name, whole=True)


@post(
    "/v1/candidates/{candidate:str}/pick",
    opt=promises(
        name="pick_candidate", tag="candidates", scope="briefs", headers=("Idempotency-Key",),
        body=NewLicense, optional=True, answers={200: License, 201: License}, location=True,
        refuses=(
            NotFound, CandidateExpired, IdempotencyKeyRequired, InsufficientTokens, AccountFrozen,
            BudgetExceeded, LicensedElsewhere,
        ),
        summary="License a candidate; a repeat answers 200 with the same license",
    ),
)  # fmt: skip
async def pick_candidate(request: AnyRequest, candidate: FromPath[str]) -> Response[bytes]:
    caller, shop = await enter(request), shop_of(request)
    idempotency_key(request)
    said = (await request.body()).strip()
    asked = validation.document(said, NewLicense) if said else licenses.BRIEFED
    license_, repeated = await licenses.pick(
        shop.pool, caller.account, caller.key, candidate, shop.signer, asked
    )
    here = f"/v1/licenses/{license_.id}"
    return answer(license_, status=200 if repeated else 201, location=here, replayed=repeated)


ROUTES = [read_candidate, audition_candidate, read_sheet, pick_candidate]
