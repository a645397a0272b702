"""From a value to an HTTP answer: JSON by msgspec, and where what was made can be found."""

from typing import Any

import msgspec
from litestar import Response

MEDIA_TYPE = "application/json"


class Said(Response[bytes]):
    """An answer that is whole and encoded; made without what a Response may be asked for else."""

    def __init__(
        self, content: bytes, status: int, media_type: str, headers: dict[str, str]
    ) -> None:
        self.content, self.status_code, self.media_type = content, status, media_type
        self.headers: dict[str, Any] = headers
        self.background, self.cookies, self.encoding = None, [], "utf-8"
        self.response_type_encoders = {}


def answer(
    value: Any,
    *,
    status: int = 200,
    location: str | None = None,
    waited: int | None = None,
    replayed: bool = False,
    retry_after_s: int | None = None,
) -> Response[bytes]:
    """A Struct as JSON."""
    return raw(
        msgspec.json.encode(value), status=status, location=location, waited=waited,
        replayed=replayed, retry_after_s=retry_after_s,
    )  # fmt: skip


def raw(
    content: bytes,
    *,
    status: int = 200,
    location: str | None = None,
    waited: int | None = None,
    replayed: bool = False,
    retry_after_s: int | None = None,
) -> Response[bytes]:
    """JSON that is encoded already.

    ``waited``: the seconds of `Prefer: wait` that we took to heart (RFC 7240); ``replayed``: an
    earlier request of the same name had this effect; ``retry_after_s``: when it is worth asking
    again.
    """
    headers: dict[str, str] = {}
    if location is not None:
        headers["location"] = location
    if waited:
        headers["preference-applied"] = f"wait={waited}"
    if replayed:
        headers["idempotent-replayed"] = "true"
    if retry_after_s is not None:
        headers["retry-after"] = str(retry_after_s)
    return Said(content, status, MEDIA_TYPE, headers)
