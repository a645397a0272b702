"""Every call as a value, before anybody sends it: what goes where, and what comes back.

Nothing here does any input or output, so `Cuesmith` and `AsyncCuesmith` say the same.
"""

import uuid
from typing import Any, Generic, TypeVar
from urllib.parse import quote

from msgspec import UNSET, Struct, UnsetType

from cuesmith_client import things

T = TypeVar("T")
LONGEST_WAIT_S = 60


class Call(Struct, Generic[T], frozen=True, kw_only=True):
    """One request. ``key`` names it, so that a repeat happens once; ``wait_s`` is how long the
    service may hold its answer back. ``lines`` is a body of JSON lines."""

    method: str
    path: str
    shape: type[T]
    body: Any = UNSET
    lines: bytes | UnsetType = UNSET
    query: dict[str, Any] = {}
    key: str | UnsetType = UNSET
    wait_s: float = 0.0

    @property
    def headers(self) -> dict[str, str]:
        """What the request carries beside its key."""
        return {} if isinstance(self.key, UnsetType) else {"idempotency-key": self.key}


def get(path: str, shape: type[T], wait_s: float = 0, **query: Any) -> Call[T]:
    """A call that reads; what is None is not asked for."""
    told = {name: value for name, value in query.items() if value is not None}
    if wait_s:
        told["wait"] = min(int(wait_s), LONGEST_WAIT_S)
    return Call(method="GET", path=path, shape=shape, query=told, wait_s=wait_s)


def post(path: str, shape: type[T], body: Any = UNSET, key: str | None = None) -> Call[T]:
    """A call that does something, once under its key."""
    name = key or str(uuid.uuid4())
    return Call(method="POST", path=path, shape=shape, body=body, key=name)


def quote_of(brief: dict[str, Any]) -> Call[things.Quote]:
    """The price of a brief; charges nothing."""
    return post("/v1/quotes", things.Quote, brief)


def quote_of_family(family: dict[str, Any]) -> Call[things.Quote]:
    """The price of a family of cabin sounds; charges nothing."""
    return post("/v1/families/quotes", things.Quote, family)


def plans_of(brief: dict[str, Any]) -> Call[things.Plans]:
    """What a brief would become; charges nothing."""
    return post("/v1/plans", things.Plans, brief)


def plans(named: str, wait_s: float = 0) -> Call[things.Plans]:
    """Plans that were asked for."""
    return get(f"/v1/plans/{safe(named)}", things.Plans, wait_s)


def send(brief: dict[str, Any], key: str | None = None) -> Call[things.Brief]:
    """Set the tokens aside and have the brief made."""
    return post("/v1/briefs", things.Brief, brief, key)


def send_family(family: dict[str, Any], key: str | None = None) -> Call[things.Brief]:
    """Set the tokens aside and have a family of cabin sounds made."""
    return post("/v1/families", things.Brief, family, key)


def brief(named: str, wait_s: float = 0) -> Call[things.Brief]:
    """A brief as it stands, or as it ends within the wait."""
    return get(f"{_home(named)}/{safe(named)}", things.Brief, wait_s)


def briefs(limit: int, cursor: str | None, project: str | None) -> Call[things.Briefs]:
    """A page of briefs."""
    return get("/v1/briefs", things.Briefs, limit=limit, cursor=cursor, project=project)


def cancel(named: str) -> Call[things.Brief]:
    """Stop a brief; what was delivered stays."""
    return post(f"{_home(named)}/{safe(named)}/cancel", things.Brief)


def candidate(named: str) -> Call[things.Candidate]:
    """A candidate with its measurements."""
    return get(f"/v1/candidates/{safe(named)}", things.Candidate)


def sheet(candidate: str) -> Call[dict[str, Any]]:
    """A candidate on one page."""
    return get(f"/v1/candidates/{safe(candidate)}/sheet", dict[str, Any])


def pick(
    candidate: str, key: str | None = None, asked: dict[str, Any] | None = None
) -> Call[things.License]:
    """License a candidate; a repeat answers the same license."""
    body = asked or UNSET
    return post(f"/v1/candidates/{safe(candidate)}/pick", things.License, body, key)


def track(named: str) -> Call[things.Track]:
    """A licensed track and its files."""
    return get(f"/v1/tracks/{safe(named)}", things.Track)


def tracks(limit: int, cursor: str | None) -> Call[things.Tracks]:
    """A page of tracks."""
    return get("/v1/tracks", things.Tracks, limit=limit, cursor=cursor)


def render(track: str, order: dict[str, Any], key: str | None = None) -> Call[things.Rendition]:
    """A licensed track in another shape, free of charge."""
    return post(f"/v1/tracks/{safe(track)}/renditions", things.Rendition, order, key)


def rendition(named: str, wait_s: float = 0) -> Call[things.Rendition]:
    """A rendition as it stands, or as it ends within the wait."""
    return get(f"/v1/renditions/{safe(named)}", things.Rendition, wait_s)


def balance() -> Call[things.AccountBalance]:
    """The account's tokens."""
    return get("/v1/balance", things.AccountBalance)


def top_up(tokens: int, currency: str, key: str | None = None) -> Call[things.TopUp]:
    """Buy a pack of tokens."""
    return post("/v1/topups", things.TopUp, {"tokens": tokens, "currency": currency}, key)


def topup(named: str) -> Call[things.TopUp]:
    """Tokens that are being bought."""
    return get(f"/v1/topups/{safe(named)}", things.TopUp)


def audition_path(candidate: str, sound: str, function: str | None = None) -> str:
    """Where a candidate's evaluation copy is; of a family that of one sound."""
    named = f"&function={safe(function)}" if function else ""
    return f"/v1/candidates/{safe(candidate)}/audio?format={safe(sound)}{named}"


def file_path(track: str, name: str) -> str:
    """Where a file of a track is; its clean master is called ``master``."""
    return f"/v1/tracks/{safe(track)}/files/{safe(name)}"


def package_path(track: str, profile: str) -> str:
    """Where everything that an engine, a catalogue or a car takes is, in one archive."""
    return f"/v1/tracks/{safe(track)}/package?profile={safe(profile)}&wait={LONGEST_WAIT_S}"


def certificate_page_path(named: str, language: str) -> str:
    """Where a license's certificate is as a page to read and print."""
    return f"/v1/licenses/{safe(named)}/certificate.html?language={safe(language)}"


def certificate_path(named: str) -> str:
    """Where a license's certificate is, byte for byte as it was signed."""
    return f"/v1/licenses/{safe(named)}/certificate"


def events_path(brief: str) -> str:
    """Where a brief tells what happens to it."""
    return f"{_home(brief)}/{safe(brief)}/events"


def _home(named: str) -> str:
    """Where a brief or a family of that id is at home; the two are read alike."""
    return "/v1/families" if named.startswith("fam_") else "/v1/briefs"


def safe(part: str) -> str:
    """A part of an address."""
    return quote(part, safe="")
