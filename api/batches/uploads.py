"""Uploads on their way in: few at a time, for each may be thousands of lines in our memory."""

from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import Gauge

from api.errors import UploadsBusy

AT_ONCE = 2
"""A replica reads so many uploads at once, and one of an account."""
OPEN = Gauge("gateway_uploads_open", "Uploads of batches that are being read")


class Uploads:
    """The uploads that a replica is reading."""

    def __init__(self) -> None:
        self._accounts: set[str] = set()
        OPEN.set_function(lambda: len(self._accounts))

    @contextmanager
    def one(self, account: str) -> Iterator[None]:
        """Around an upload, until it is taken in or refused; `UploadsBusy` where there are enough
        already."""
        if account in self._accounts or len(self._accounts) >= AT_ONCE:
            whose = "this account" if account in self._accounts else "this gateway"
            raise UploadsBusy(whose)
        self._accounts.add(account)
        try:
            yield
        finally:
            self._accounts.discard(account)
