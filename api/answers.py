"""From a value to an HTTP answer: JSON by msgspec, and where what was made can be found."""

from typing import Any

import msgspec
from litestar import Response

MEDIA_TYPE = "application/json"


def answer(value: Any, *, status: int = 200, location: str | None = None) -> Response[bytes]:
    """A Struct as JSON."""
    return raw(msgspec.json.encode(value), status=status, location=location)


def raw(content: bytes, *, status: int = 200, location: str | None = None) -> Response[bytes]:
    """JSON that is encoded already."""
    headers = {} if location is None else {"location": location}
    return Response(content, status_code=status, media_type=MEDIA_TYPE, headers=headers)
