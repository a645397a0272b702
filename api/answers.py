"""From a value to an HTTP answer: JSON by msgspec, and where what was made can be found."""

from typing import Any

import msgspec
from litestar import Response

MEDIA_TYPE = "application/json"


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
    return Response(content, status_code=status, media_type=MEDIA_TYPE, headers=headers)
