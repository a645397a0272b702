"""How much at once: requests a second by kind, and one meter event in flight for each customer and
meter. Off unless asked for, but for the last; on the sandbox's clock."""

from msgspec import Struct

from billing.sandbox.clock import Clock
from billing.sandbox.errors import Refused


class Rates(Struct, kw_only=True, forbid_unknown_fields=True):
    """Requests a second; None: as many as come."""

    requests: float | None = None
    meter_events: float | None = None
    streams: float | None = None
    one_in_flight: bool = True


LIVE = Rates(requests=100, meter_events=1_000, streams=10_000)
"""As Stripe's documents give them for live accounts (docs.stripe.com/rate-limits)."""
TEST = Rates(requests=25, meter_events=25, streams=25)
"""As they give them for test mode."""


class Limits:
    """Buckets that fill with the clock and hold what comes in one second."""

    def __init__(self, clock: Clock, rates: Rates | None = None) -> None:
        self.rates = rates or Rates()
        self._clock = clock
        self._buckets: dict[str, tuple[float, float]] = {}
        self._in_flight: set[tuple[str, str]] = set()

    def take(self, template: str) -> None:
        """One request; `Refused` with 429 where there were too many."""
        kind = "requests"
        if template in ("/v1/billing/meter_events", "/v2/billing/meter_events"):
            kind = "meter_events"
        elif template == "/v2/billing/meter_event_stream":
            kind = "streams"
        rate = getattr(self.rates, kind)
        if rate is None:
            return
        now = self._clock.now()
        level, since = self._buckets.get(kind, (rate, now))
        level = min(rate, level + (now - since) * rate)
        if level < 1:
            self._buckets[kind] = (level, now)
            raise too_many("Request rate limit exceeded.")
        self._buckets[kind] = (level - 1, now)

    def enter(self, lane: tuple[str, str]) -> None:
        """A meter event of this meter and customer begins; `Refused` while another one is on."""
        if self.rates.one_in_flight and lane in self._in_flight:
            raise too_many("One meter event at a time for each customer and meter.", "lock_timeout")
        self._in_flight.add(lane)

    def leave(self, lane: tuple[str, str]) -> None:
        """It has ended."""
        self._in_flight.discard(lane)


def too_many(message: str, code: str = "rate_limit") -> Refused:
    """The answer to too many requests."""
    return Refused(429, code, message)
