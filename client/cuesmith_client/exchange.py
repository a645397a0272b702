"""From a call to an HTTP request, and from its answer to a value or a refusal."""

import gzip
from typing import Any, TypeVar, cast

import httpx
import msgspec
from msgspec import UnsetType

from cuesmith_client.calls import Call
from cuesmith_client.catalogue import Results, results_in
from cuesmith_client.errors import CuesmithError, Refused, Unreachable, refused

T = TypeVar("T")
USER_AGENT = "cuesmith-client/0.1"
TIMEOUT_S = 30.0


def headers(key: str) -> dict[str, str]:
    """What every request carries."""
    return {"authorization": f"Bearer {key}", "user-agent": USER_AGENT}


def request_of(call: Call[Any]) -> dict[str, Any]:
    """The call as arguments of httpx's ``request``."""
    sent: dict[str, Any] = {
        "method": call.method, "url": call.path, "params": call.query or None,
        "headers": call.headers, "timeout": TIMEOUT_S + call.wait_s,
    }  # fmt: skip
    if call.body is not msgspec.UNSET:
        sent["content"] = msgspec.json.encode(call.body)
        sent["headers"]["content-type"] = "application/json"
    if not isinstance(call.lines, UnsetType):
        sent["content"] = gzip.compress(call.lines, mtime=0)
        sent["headers"] |= {"content-type": "application/jsonl", "content-encoding": "gzip"}
    return sent


def value_of(call: Call[T], answer: httpx.Response) -> T:
    """What was answered; raises what was refused."""
    if not answer.is_success:
        raise refusal_of(answer)
    if call.shape is Results:
        return cast(T, results_in(answer.content, answer.headers.get("link")))
    return msgspec.json.decode(answer.content, type=call.shape)


def refusal_of(answer: httpx.Response) -> Refused:
    """The refusal that an answer is; its body must have been read."""
    return refused(answer.status_code, answer.content, answer.headers.get("retry-after"))


def failure_of(error: httpx.TransportError) -> CuesmithError:
    """What a call that got no answer says."""
    return Unreachable(f"no answer: {type(error).__name__}: {error}".rstrip(": "))
