"""Where webhooks may go: to public addresses, by https, and nowhere near us.

A name is resolved and every address it has is checked, when an endpoint is registered and again
before each message; then the connection is made to the very address that was checked.
"""

import asyncio
import ipaddress
import re
import socket
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from ipaddress import IPv4Address, IPv6Address, IPv6Network
from urllib.parse import SplitResult, urlsplit

from msgspec import Struct

LONGEST_URL = 500
PORTS = (443, 8443)
RESOLVED_WITHIN_S = 5.0

Address = IPv4Address | IPv6Address
Resolve = Callable[[str, int], Awaitable[list[Address]]]

# Said here in full, for what Python's `is_global` believes changes with its version: this net,
# private nets, carriers' nets, this machine, link-local (and with it the metadata of clouds),
# protocol assignments, documentation, benchmarks, multicast, reserved; and the one public address
# at which a cloud (Azure) answers its own machines. Then what carries an IPv4 address inside:
# mapped, compatible, NAT64, Teredo, 6to4.
_NEVER = tuple(
    map(
        ipaddress.ip_network,
        (
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "168.63.129.16/32",
            "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24",
            "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4",
            "240.0.0.0/4",
            "::/96", "::ffff:0:0/96", "::ffff:0:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48",
            "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "5f00::/16",
        ),
    )
)  # fmt: skip
# How long a name takes is decided by whoever serves it, so such names have threads of their own:
# our database and our store are looked up by the loop's.
_RESOLVERS = ThreadPoolExecutor(64, thread_name_prefix="resolver")
_PUBLIC_IPV6 = IPv6Network("2000::/3")
_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")


class Forbidden(Exception):
    """Webhooks do not go there; says why in words for whoever wrote the address."""


class Target(Struct, frozen=True, kw_only=True):
    """An address as the client wrote it, taken apart."""

    scheme: str
    host: str
    port: int
    path: str
    """With its query."""

    @property
    def authority(self) -> str:
        """What goes into the Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        usual = {"https": 443, "http": 80}[self.scheme]
        return host if self.port == usual else f"{host}:{self.port}"


class Addresses:
    """Says which addresses may be reached. ``loopback`` also lets webhooks go to this machine, by
    http or https and at any port; for development and tests."""

    def __init__(self, *, loopback: bool = False, resolve: Resolve | None = None) -> None:
        self._loopback, self._resolve = loopback, resolve or resolved

    def read(self, url: str) -> Target:
        """The URL taken apart; raises `Forbidden` for what can be seen without resolving it."""
        parts = _split(url)
        if parts.username is not None or parts.password is not None:
            raise Forbidden("a webhook's URL carries no user and no password")
        if "#" in url:
            raise Forbidden("a webhook's URL has no fragment")
        host = parts.hostname or ""
        try:
            port = parts.port or {"https": 443, "http": 80}.get(parts.scheme, 0)
        except ValueError as error:
            raise Forbidden("the port is not a number that a port can have") from error
        target = Target(
            scheme=parts.scheme, host=_named(host), port=port,
            path=(parts.path or "/") + (f"?{parts.query}" if parts.query else ""),
        )  # fmt: skip
        if not (self._loopback and _looks_local(target.host)):
            _check_public(target)
        return target

    async def check(self, target: Target) -> Address:
        """The address to connect to; raises `Forbidden` when any that the name has is not public,
        or when it has none."""
        try:
            async with asyncio.timeout(RESOLVED_WITHIN_S):
                found = await self._resolve(target.host, target.port)
        except (TimeoutError, OSError, UnicodeError) as error:
            raise Forbidden(f"{target.host} has no address") from error
        if not found:
            raise Forbidden(f"{target.host} has no address")
        for one in found:
            if not self._may(one, target):
                raise Forbidden(f"{target.host} is not a public address")
        return found[0]

    def _may(self, address: Address, target: Target) -> bool:
        if self._loopback and address.is_loopback:
            return True
        return public(address) and target.scheme == "https"


def public(address: Address) -> bool:
    """Whether it belongs to the internet at large."""
    if any(address in network for network in _NEVER):
        return False
    if isinstance(address, IPv6Address) and address not in _PUBLIC_IPV6:
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


async def resolved(host: str, port: int) -> list[Address]:
    """Every address of a name, as this machine resolves it."""
    loop = asyncio.get_running_loop()
    look = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    found = await loop.run_in_executor(_RESOLVERS, look)
    # An IPv6 address may carry the zone it is valid in; such a one is never public.
    return [ipaddress.ip_address(str(one[4][0]).partition("%")[0]) for one in found]


def _split(url: str) -> SplitResult:
    if len(url) > LONGEST_URL:
        raise Forbidden(f"a webhook's URL has at most {LONGEST_URL} characters")
    if not re.fullmatch(r"[!-~]+", url) or "\\" in url:
        raise Forbidden("a webhook's URL has only visible ASCII characters and no backslash")
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise Forbidden("this is not a URL") from error
    if parts.scheme not in ("https", "http") or not parts.netloc:
        raise Forbidden("a webhook's URL begins with https:// and a host")
    return parts


def _named(host: str) -> str:
    """The host in lower case; a literal IPv6 address in its shortest form."""
    host = host.lower().rstrip(".")
    if ":" in host:
        try:
            return str(IPv6Address(host))
        except ValueError as error:
            raise Forbidden("this is no IPv6 address") from error
    if not _HOST.fullmatch(host):
        raise Forbidden("this is no host name")
    return host


def _looks_local(host: str) -> bool:
    return host in ("localhost", "::1") or host.startswith("127.")


def _check_public(target: Target) -> None:
    if target.scheme != "https":
        raise Forbidden("webhooks go by https only")
    if target.port not in PORTS:
        raise Forbidden(f"webhooks go to port {' or '.join(map(str, PORTS))}")
    if target.host == "localhost" or target.host.endswith((".localhost", ".local", ".internal")):
        raise Forbidden(f"{target.host} is not a public address")
    try:
        literal = ipaddress.ip_address(target.host)
    except ValueError:
        return
    if not public(literal):
        raise Forbidden(f"{target.host} is not a public address")
