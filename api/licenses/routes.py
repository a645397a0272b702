"""Licenses and licensed tracks over HTTP."""

from litestar import Response, get
from litestar.params import FromPath
from litestar.response import Stream

from api import files
from api.answers import answer
from api.entrance import AnyRequest, Page, enter, query
from api.errors import NotFound, RangeNotSatisfiable
from api.licenses import certificate as certificates
from api.licenses import page, service
from api.licenses.contracts import CertificateQuery, License, LicenseList, Track, TrackList
from api.links.contracts import FileQuery, Link
from api.operations import File, promises
from api.shop import shop_of

WAV = File(media_types=("audio/wav",))
MIDI = File(media_types=("audio/midi",))
ANY = File(media_types=("audio/wav", "audio/midi"))
PAGE = File(media_types=("text/html; charset=utf-8",))
CERTIFICATE = File(media_types=("application/jose+json",))


@get(
    "/v1/licenses",
    opt=promises(
        name="list_licenses", tag="licenses", scope="read", query=Page,
        answers={200: LicenseList}, summary="The account's licenses, newest first",
    ),
)  # fmt: skip
async def list_licenses(request: AnyRequest) -> Response[bytes]:
    caller = await enter(request)
    asked = query(request, Page)
    pool = shop_of(request).pool
    return answer(await service.page(pool, caller.account, asked.cursor, asked.limit))


@get(
    "/v1/licenses/{license:str}",
    opt=promises(
        name="read_license", tag="licenses", scope="read", answers={200: License},
        refuses=(NotFound,), summary="A license, its rights and its certificate",
    ),
)  # fmt: skip
async def read_license(request: AnyRequest) -> Response[bytes]:
    caller = await enter(request)
    pool = shop_of(request).pool
    return answer(await service.read(pool, caller.account, request.path_params["license"]))


@get(
    "/v1/licenses/{license:str}/certificate",
    opt=promises(
        name="read_certificate", tag="licenses", scope="read", answers={200: CERTIFICATE},
        refuses=(NotFound,),
        summary="The certificate byte for byte as it was signed",
    ),
)  # fmt: skip
async def read_certificate(request: AnyRequest) -> Response[bytes]:
    caller = await enter(request)
    license_id = request.path_params["license"]
    document = await service.document(shop_of(request).pool, caller.account, license_id)
    return Response(document, media_type="application/jose+json")


@get(
    "/v1/licenses/{license:str}/certificate.html",
    opt=promises(
        name="read_certificate_page", tag="licenses", scope="read", query=CertificateQuery,
        answers={200: PAGE}, refuses=(NotFound,),
        summary="The certificate as a page to read and print, in English or Chinese",
    ),
)  # fmt: skip
async def read_certificate_page(request: AnyRequest) -> Response[str]:
    caller, shop = await enter(request), shop_of(request)
    asked = query(request, CertificateQuery)
    document = await service.document(shop.pool, caller.account, request.path_params["license"])
    said, kid = certificates.contents(document), certificates.key_of(document)
    language = asked.language or _preferred(request)
    return page.shown(said, document, kid, shop.settings.public_url, language)


def _preferred(request: AnyRequest) -> page.Language:
    """The first language that the browser asks for and we have."""
    for said in request.headers.get("accept-language", "").split(","):
        match said.strip()[:2].lower():
            case "zh":
                return "zh"
            case "en":
                return "en"
    return "en"


@get(
    "/v1/tracks",
    opt=promises(
        name="list_tracks", tag="licenses", scope="read", query=Page, answers={200: TrackList},
        summary="The account's licensed tracks, newest first",
    ),
)  # fmt: skip
async def list_tracks(request: AnyRequest) -> Response[bytes]:
    caller = await enter(request)
    asked = query(request, Page)
    pool = shop_of(request).pool
    return answer(await service.tracks(pool, caller.account, asked.cursor, asked.limit))


@get(
    "/v1/tracks/{track:str}",
    opt=promises(
        name="read_track", tag="licenses", scope="read", answers={200: Track},
        refuses=(NotFound,), summary="A licensed track and the files it has",
    ),
)  # fmt: skip
async def read_track(request: AnyRequest, track: FromPath[str]) -> Response[bytes]:
    caller = await enter(request)
    return answer(await service.track(shop_of(request).pool, caller.account, track))


@get(
    "/v1/tracks/{track:str}/audio",
    opt=promises(
        name="download_track", tag="licenses", scope="read", query=FileQuery,
        headers=("Range", "If-None-Match"),
        answers={200: (Link, WAV), 206: WAV, 304: None}, refuses=(NotFound, RangeNotSatisfiable),
        summary="The clean master",
    ),
)  # fmt: skip
async def download_track(request: AnyRequest, track: FromPath[str]) -> Response[bytes] | Stream:
    return await _file(request, track, "master", f"{track}.wav")


@get(
    "/v1/tracks/{track:str}/midi",
    opt=promises(
        name="download_midi", tag="licenses", scope="read", query=FileQuery,
        headers=("Range", "If-None-Match"),
        answers={200: (Link, MIDI), 206: MIDI, 304: None}, refuses=(NotFound, RangeNotSatisfiable),
        summary="The score as a Standard MIDI File",
    ),
)  # fmt: skip
async def download_midi(request: AnyRequest, track: FromPath[str]) -> Response[bytes] | Stream:
    return await _file(request, track, "midi", f"{track}.mid")


@get(
    "/v1/tracks/{track:str}/stems/{stem:str}",
    opt=promises(
        name="download_stem", tag="licenses", scope="read", query=FileQuery,
        headers=("Range", "If-None-Match"),
        answers={200: (Link, WAV), 206: WAV, 304: None}, refuses=(NotFound, RangeNotSatisfiable),
        summary="One stem of a track whose brief asked for stems",
    ),
)  # fmt: skip
async def download_stem(
    request: AnyRequest, track: FromPath[str], stem: FromPath[str]
) -> Response[bytes] | Stream:
    return await _file(request, track, f"stem.{stem}", f"{track}-{stem}.wav")


@get(
    "/v1/tracks/{track:str}/files/{file:str}",
    opt=promises(
        name="download_file", tag="licenses", scope="read", query=FileQuery,
        headers=("Range", "If-None-Match"),
        answers={200: (Link, ANY), 206: ANY, 304: None}, refuses=(NotFound, RangeNotSatisfiable),
        summary="One of a track's files by its name; those of a family are its functions",
    ),
)  # fmt: skip
async def download_file(
    request: AnyRequest, track: FromPath[str], file: FromPath[str]
) -> Response[bytes] | Stream:
    return await _file(request, track, file)


async def _file(
    request: AnyRequest, track: str, asset: str, name: str | None = None
) -> Response[bytes] | Stream:
    caller, shop = await enter(request), shop_of(request)
    link = query(request, FileQuery).link
    found = await service.file(shop.pool, caller.account, track, asset)
    return await files.give(request, found, name or files.named(track, found), link=link)


ROUTES = [
    list_licenses, read_license, read_certificate, read_certificate_page,
    list_tracks, read_track, download_track, download_midi, download_stem,
    download_file,
]  # fmt: skip
