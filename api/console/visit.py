"""A key for whoever sits at this machine: the sandbox's, where the gateway was told to give it.

Only the sandbox on one machine is told so. A page of another site must not get the key by way of
its visitor's browser: it can send no header of ours without asking first, which nobody answers; and
a name of its own that it lets point to this machine stays in the Host header.
"""

import ipaddress
import re
from collections.abc import Mapping
from pathlib import Path

from litestar.types import Scope

_LOOPBACK = re.compile(r"(localhost|127\.0\.0\.1|\[::1\])(:[0-9]{1,5})?")
_ON_BEHALF = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip")


def key_for(scope: Scope, headers: Mapping[str, str], file: str) -> str | None:
    """The key in ``file`` for a browser on this machine that shows our own page; else None."""
    if not file or not _sits_here(scope, headers) or not _is_our_page(headers):
        return None
    try:
        return Path(file).read_text().strip() or None
    except OSError:
        return None


def _sits_here(scope: Scope, headers: Mapping[str, str]) -> bool:
    """Whether nobody stands between: a proxy on this machine would speak for strangers."""
    client = scope.get("client")
    if client is None or any(name in headers for name in _ON_BEHALF):
        return False
    try:
        return ipaddress.ip_address(client[0]).is_loopback
    except ValueError:
        return False


def _is_our_page(headers: Mapping[str, str]) -> bool:
    host = headers.get("host", "")
    origin = headers.get("origin", f"http://{host}")
    return (
        headers.get("cuesmith-console") == "1"
        and _LOOPBACK.fullmatch(host) is not None
        and origin == f"http://{host}"
    )
