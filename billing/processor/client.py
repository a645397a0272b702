"""Stripe's own client, opened as it should be, and its errors in our words."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import stripe
from stripe import HTTPXClient, StripeClient

from billing.errors import StripeRefused, StripeUnavailable
from billing.settings import API_VERSION, BillingSettings

RETRIES = 2  # within one call; what outlives them is tried again by the clerk's next round


class StripeHTTP(HTTPXClient):
    """Stripe's async client as it should be: bytes as ``content``, and a transport for tests.

    The library sends ``data=<str>``, which httpx deprecates; ``_client_async`` is private, and a
    test fails when the library changes it.
    """

    def __init__(self, transport: httpx.AsyncBaseTransport | None = None) -> None:
        super().__init__(timeout=20)
        self._client_async = httpx.AsyncClient(transport=transport)

    async def request_async(
        self, method: str, url: str, headers: Any, post_data: Any = None
    ) -> Any:
        """Send one request the library prepared."""
        try:
            answer = await self._client_async.request(
                method, url, headers=headers, content=post_data, timeout=self._timeout
            )
        except Exception as error:
            self._handle_request_error(error)
            raise
        return answer.content, answer.status_code, answer.headers


def open_client(
    settings: BillingSettings, transport: httpx.AsyncBaseTransport | None = None
) -> StripeClient:
    """The Stripe the settings name; the real one only when they say ``live``."""
    elsewhere: dict[str, Any] = {}
    if settings.url is not None:
        elsewhere["base_addresses"] = {"api": settings.url, "meter_events": settings.url}
    return StripeClient(
        settings.key, http_client=StripeHTTP(transport), max_network_retries=RETRIES,
        stripe_version=API_VERSION, **elsewhere,
    )  # fmt: skip


@contextmanager
def asking(what: str) -> Iterator[None]:
    """Translate what Stripe says no with: `StripeRefused` where asking again would not help,
    `StripeUnavailable` where it may. ``what`` is the object, for whoever reads the message."""
    try:
        yield
    except (stripe.InvalidRequestError, stripe.CardError, stripe.IdempotencyError) as error:
        raise StripeRefused(f"{what}: {said(error)}") from error
    except (stripe.AuthenticationError, stripe.PermissionError) as error:
        # Its sentence quotes the key's ends; ours does not.
        raise StripeUnavailable(f"{what}: Stripe does not let this key do it") from error
    except stripe.StripeError as error:
        raise StripeUnavailable(f"{what}: {said(error)}") from error


def said(error: stripe.StripeError) -> str:
    """What Stripe said, on one line, with its code and the request's name."""
    code = f" ({error.code})" if error.code else ""
    return " ".join(str(error).split())[:500] + code
