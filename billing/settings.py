"""What the till is told. Stripe's mode has no default: a guess here could move real money."""

import os
from collections.abc import Mapping
from typing import Literal

from msgspec import Struct, structs

from billing.contracts import StripeMode

API_VERSION = "2026-05-27.dahlia"


class BillingSettingMissing(RuntimeError):
    """The till was started without something it must not guess, or with things that disagree."""


class BillingSettings(Struct, frozen=True, kw_only=True):
    """How the clerk reaches Stripe."""

    stripe: StripeMode
    """``CUESMITH_STRIPE``: sandbox or live; must be said."""
    key: str
    """``CUESMITH_STRIPE_KEY``: the secret or restricted key."""
    url: str | None = None
    """``CUESMITH_STRIPE_URL``: the sandbox's address on this machine."""
    meters: Literal["events", "stream"] = "events"
    """``CUESMITH_METERS``: usage told one by one, or a hundred in one request and judged later."""
    meter_events_per_s: float = 500.0
    """``CUESMITH_METER_EVENTS_PER_S``: all clerks together; Stripe takes 1,000 live, and 25 of all
    requests in test mode."""


def read(environ: Mapping[str, str] = os.environ) -> BillingSettings:
    """The settings of this process; fails closed."""
    mode = environ.get("CUESMITH_STRIPE")
    key = environ.get("CUESMITH_STRIPE_KEY", "")
    url = environ.get("CUESMITH_STRIPE_URL")
    if mode == "sandbox":
        return _metering(_sandbox(key, url), environ)
    if mode == "live":
        return _metering(_live(key, url), environ)
    raise BillingSettingMissing("set CUESMITH_STRIPE to sandbox or live; there is no default")


def _sandbox(key: str, url: str | None) -> BillingSettings:
    if key.startswith(("sk_live_", "rk_live_")):
        raise BillingSettingMissing("CUESMITH_STRIPE=sandbox never uses a live key; remove it")
    if not url or not url.startswith(("http://127.0.0.1", "http://localhost", "http://[::1]")):
        raise BillingSettingMissing(
            "set CUESMITH_STRIPE_URL to the sandbox on this machine, e.g. http://127.0.0.1:12111"
        )
    return BillingSettings(stripe="sandbox", key=key or "sk_test_sandbox", url=url)


def _live(key: str, url: str | None) -> BillingSettings:
    if url:
        raise BillingSettingMissing("CUESMITH_STRIPE=live talks to Stripe only; unset the URL")
    if not key.startswith(("sk_live_", "rk_live_")):
        raise BillingSettingMissing("CUESMITH_STRIPE=live needs a live key in CUESMITH_STRIPE_KEY")
    return BillingSettings(stripe="live", key=key)


def _metering(told: BillingSettings, environ: Mapping[str, str]) -> BillingSettings:
    """How the meters are told."""
    kind = environ.get("CUESMITH_METERS", "events")
    if kind not in ("events", "stream"):
        raise BillingSettingMissing(f"set CUESMITH_METERS to events or stream, not {kind!r:.40}")
    pace = environ.get("CUESMITH_METER_EVENTS_PER_S", "500")
    if not (pace.isdecimal() and pace.isascii() and 1 <= len(pace) <= 5 and int(pace) >= 1):
        raise BillingSettingMissing(
            "set CUESMITH_METER_EVENTS_PER_S to a whole number of 1 to 99999, e.g. 500"
        )
    return structs.replace(told, meters=kind, meter_events_per_s=float(pace))
