"""Real stores to test against: a folder, and a bucket of moto's server."""

import os
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from moto.server import ThreadedMotoServer
from msgspec import Struct

from engine.stock.places import Bucket

CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "a secret for tests only"}
BUCKET = "cuesmith-audio"


class Place(Struct, frozen=True, kw_only=True):
    """Where a store is, as `CUESMITH_STORE` and its companions say."""

    place: str
    bucket: Bucket = Bucket()


@contextmanager
def s3_server() -> Iterator[str]:
    """An S3-compatible server of this process with one empty bucket; yields its address."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    make_bucket(endpoint)
    try:
        yield endpoint
    finally:
        server.stop()


def make_bucket(endpoint: str) -> None:
    """An empty bucket."""
    make = urllib.request.Request(f"{endpoint}/{BUCKET}", method="PUT")
    urllib.request.urlopen(make).close()


def in_bucket(endpoint: str, prefix: str) -> Place:
    """A place of a test's own in the bucket."""
    bucket = Bucket(endpoint=endpoint, public_endpoint=endpoint, region="us-east-1")
    return Place(place=f"s3://{BUCKET}/{prefix}", bucket=bucket)


def with_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """As an operator gives them: by the environment. No other account of this machine's is used."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
