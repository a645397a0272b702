"""Opening the store: a folder, or a bucket of anything that speaks S3.

Every request to a bucket has an end: it is tried a few times, each time for so long and no longer,
so that a store which does not answer holds up neither a studio nor a gateway.
"""

import os
from collections.abc import Mapping
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import obstore.exceptions
from msgspec import Struct
from obstore.store import LocalStore, S3Store

from engine.errors import EngineError

SCHEME: Final = "s3://"
ARRIVING: Final = "arriving"
"""Where a file lies in a folder until all of it is written; no object is looked for there."""

OUT_OF_REACH = (obstore.exceptions.BaseError, OSError)
"""What a call to the store may raise when it is down, full or refuses us. That a thing is not
there, `FileNotFoundError`, is among them."""


class StoreMisnamed(EngineError):
    """The store's address cannot be meant."""


class StoreUnreachable(EngineError):
    """The store does not answer, refuses us, or has no room; nothing was put away."""


class ObjectMissing(EngineError):
    """There is no object of this content."""


class ObjectDamaged(EngineError):
    """What lies under a digest is not what it names."""


class Bucket(Struct, frozen=True, kw_only=True):
    """How buckets are reached; unset: as Amazon's are, in the region that AWS_REGION names."""

    endpoint: str | None = None
    """``CUESMITH_STORE_ENDPOINT``: https, or http on this machine; addressed by path."""
    public_endpoint: str | None = None
    """``CUESMITH_STORE_PUBLIC_ENDPOINT``: where clients reach the same buckets, if they can."""
    region: str | None = None
    """``CUESMITH_STORE_REGION``."""


class Patience(Struct, frozen=True, kw_only=True):
    """How long one call may take: seconds a try, further tries, and seconds until the last one."""

    try_s: float
    retries: int
    retry_s: float

    @property
    def longest_s(self) -> float:
        """When the last try has ended."""
        return self.retry_s + self.try_s


WRITING = Patience(try_s=30, retries=3, retry_s=30)
"""For a part of five megabytes on a slow line."""
READING = Patience(try_s=5, retries=2, retry_s=5)
"""A client waits for this."""


def bucket(environ: Mapping[str, str] = os.environ) -> Bucket:
    """How this process reaches buckets; raises `StoreMisnamed`."""
    named = Bucket(
        endpoint=environ.get("CUESMITH_STORE_ENDPOINT") or None,
        public_endpoint=environ.get("CUESMITH_STORE_PUBLIC_ENDPOINT") or None,
        region=environ.get("CUESMITH_STORE_REGION") or None,
    )
    _checked("CUESMITH_STORE_ENDPOINT", named.endpoint)
    _checked("CUESMITH_STORE_PUBLIC_ENDPOINT", named.public_endpoint)
    return named


def open_store(place: str, bucket: Bucket, patience: Patience) -> LocalStore | S3Store:
    """The store at a folder's path or ``s3://bucket/prefix``; raises `StoreMisnamed`."""
    if place.startswith(SCHEME):
        return _opened(place, bucket, bucket.endpoint, patience)
    if "://" in place:
        raise StoreMisnamed(f"{place} is neither a folder nor an address like s3://bucket/prefix")
    Path(place).mkdir(parents=True, exist_ok=True)
    return LocalStore(place)


def open_public(place: str, bucket: Bucket) -> S3Store | None:
    """The store as clients reach it without us, to sign links to it; None where they cannot.

    An endpoint of our own is taken for a private one unless a public one is named beside it.
    """
    if not place.startswith(SCHEME) or (bucket.endpoint and not bucket.public_endpoint):
        return None
    return _opened(place, bucket, bucket.public_endpoint, READING)


def object_path(sha256: str) -> str:
    """Where the object with this digest lies inside a store."""
    return f"sha256/{sha256[:2]}/{sha256}"


def is_missing(error: Exception) -> bool:
    """Whether a call failed because there is no such object, which no further try would find."""
    return isinstance(error, (FileNotFoundError, obstore.exceptions.NotFoundError))


def first_line(error: Exception) -> str:
    """What went wrong, for a log; what follows below it names requests and their headers."""
    return str(error).partition("\n")[0][:300]


def _opened(place: str, bucket: Bucket, endpoint: str | None, patience: Patience) -> S3Store:
    if not urlsplit(place).netloc:
        raise StoreMisnamed(f"{place} names no bucket; an address is s3://bucket/prefix")
    config: dict[str, str | bool] = {}
    if bucket.region:
        config["region"] = bucket.region
    if endpoint:
        config |= {"endpoint": endpoint, "virtual_hosted_style_request": False}
    return S3Store.from_url(
        place,
        config=config,  # pyright: ignore[reportArgumentType] - its keys are those of S3Config
        client_options={
            "allow_http": endpoint is not None and endpoint.startswith("http://"),
            "connect_timeout": timedelta(seconds=min(3.0, patience.try_s)),
            "timeout": timedelta(seconds=patience.try_s),
        },
        retry_config={
            "max_retries": patience.retries,
            "retry_timeout": timedelta(seconds=patience.retry_s),
            "backoff": {
                "init_backoff": timedelta(milliseconds=100),
                "max_backoff": timedelta(seconds=2),
                "base": 2.0,
            },
        },
    )


def _checked(name: str, endpoint: str | None) -> None:
    if endpoint is None:
        return
    parts = urlsplit(endpoint)
    if parts.scheme == "https" and parts.hostname:
        return
    if parts.scheme != "http" or not parts.hostname or not _is_loopback(parts.hostname):
        raise StoreMisnamed(f"{name} must be an https:// address; http:// is for this machine only")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
