"""One name for one piece of work: the caller's trace where it names one, otherwise a new one."""

import re
from typing import Any

import httpx
import pytest
import structlog
from litestar import Request, get

from api import logs
from api.arrival import Gateway, depart, safe_headers, trace_of

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@get("/trace")
async def read_trace(request: Request[Any, Any, Any]) -> str:
    return trace_of(request)


async def _named(*sent: str) -> str:
    """The trace of a request with these ``traceparent`` headers."""
    app = Gateway([read_trace], before_send=[depart], openapi_config=None, logging_config=None)
    app.safe = safe_headers("http://door")
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://door") as http:
        answer = await http.get("/trace", headers=[("traceparent", one) for one in sent])
    return answer.text


@pytest.mark.parametrize(
    "sent", [f"00-{TRACE}-{PARENT}-01", f"00-{TRACE}-{PARENT}-00", f"cc-{TRACE}-{PARENT}-01-more"]
)
async def test_a_callers_trace_is_kept(sent: str) -> None:
    assert await _named(sent) == TRACE


@pytest.mark.parametrize(
    "sent",
    [
        (),
        ("nothing",),
        (f"00-{'0' * 32}-{PARENT}-01",),
        (f"00-{TRACE}-{'0' * 16}-01",),
        (f"ff-{TRACE}-{PARENT}-01",),
        (f"00-{TRACE}-{PARENT}-01-more",),
        (f"00-{TRACE.upper()}-{PARENT}-01",),
        (f"00-{TRACE}-{PARENT}-01\n",),
        (f"00-{TRACE}-{PARENT}-01", f"00-{TRACE}-{PARENT}-01"),
    ],
)
async def test_anything_else_gets_a_new_one(sent: tuple[str, ...]) -> None:
    first, second = await _named(*sent), await _named(*sent)
    assert re.fullmatch(r"[0-9a-f]{32}", first)
    assert len({first, second, TRACE}) == 3


async def test_a_requests_line_names_its_trace() -> None:
    merged = [logs.with_facts]
    with structlog.testing.capture_logs(processors=merged) as lines:
        await _named(f"00-{TRACE}-{PARENT}-01")
    assert [line["trace"] for line in lines if line["event"] == "request"] == [TRACE]
