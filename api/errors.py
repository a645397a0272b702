"""What the door itself refuses. Plain facts and a sentence; `api.problems` makes them HTTP."""

from datetime import datetime

from engine.errors import Reason


class DoorError(Exception):
    """Anything the door says no to."""


class InvalidJson(DoorError):
    """The body is not JSON at all."""


class UnsupportedMediaType(DoorError):
    """The body is announced as something other than JSON."""


class ValidationFailed(DoorError):
    """The request is JSON, but not what this call accepts; every reason names its field."""

    def __init__(self, reasons: list[Reason]) -> None:
        super().__init__("; ".join(reason.detail for reason in reasons[:5]))
        self.reasons = reasons


class LineReason:
    """One thing that is wrong with one line of an upload; lines count from 1."""

    def __init__(self, line: int, reason: Reason) -> None:
        self.line, self.reason = line, reason


class BatchRefused(DoorError):
    """Lines of an upload cannot be carried out, so none of it is."""

    def __init__(self, reasons: list[LineReason], *, whole: bool) -> None:
        lines = len({one.line for one in reasons})
        more = "" if whole else " and more may be, for nobody looked further"
        first = reasons[0]
        super().__init__(
            f"{lines} {'line is' if lines == 1 else 'lines are'} wrong{more}; nothing was set "
            f"aside. Line {first.line}: {first.reason.detail}"
        )
        self.reasons = reasons


class BodyTooLarge(DoorError):
    """The body is larger than this call takes, or unpacks to more."""


class InvalidKey(DoorError):
    """No API key, or one nobody issued."""


class KeyRevoked(DoorError):
    """The key was revoked, or its time is over."""


class ScopeMissing(DoorError):
    """The key may not do this."""

    def __init__(self, scope: str) -> None:
        super().__init__(f"this call needs a key with the scope {scope!r}")
        self.scope = scope


class NotFound(DoorError):
    """There is no such thing, or it belongs to somebody else: both read the same."""


class IdempotencyKeyRequired(DoorError):
    """This call costs, so it needs a name under which it happens once."""


class IdempotencyMismatch(DoorError):
    """The same key was used before for another request."""


class IdempotencyInProgress(DoorError):
    """The same request is being carried out right now."""


class QuoteExpired(DoorError):
    """The quote's fifteen minutes are over."""

    def __init__(self, expired_at: datetime) -> None:
        super().__init__(f"the quote expired at {expired_at:%Y-%m-%dT%H:%M:%SZ}; ask for a new one")


class QuoteMismatch(DoorError):
    """The quote was given for a brief with another price."""


class OverMaxTokens(DoorError):
    """The brief costs more than the client allowed for it."""

    def __init__(self, needed: int, available: int) -> None:
        super().__init__(f"the auditions need {needed} tokens, max_tokens allows {available}")
        self.needed, self.available = needed, available


class TooManyBudgets(DoorError):
    """The account has as many budgets as it may have."""


class PostpaidAccount(DoorError):
    """A postpaid account pays by invoice; it buys no packs."""


class PrepaidAccount(DoorError):
    """A prepaid account buys packs; nothing is invoiced."""


class NoCustomer(DoorError):
    """The account has never paid, so Stripe does not know it."""


class NoSubscription(DoorError):
    """The postpaid account's subscription is still being made."""


class RateLimited(DoorError):
    """Too many requests with this key."""

    def __init__(self, retry_after_s: float) -> None:
        super().__init__("too many requests with this key")
        self.retry_after_s = retry_after_s


class QueueFull(DoorError):
    """The account, or the key, has as many unfinished briefs, plans or renditions as it may."""

    def __init__(
        self, bound: int, what: str = "briefs", retry_after_s: int = 10, whose: str = "account"
    ) -> None:
        super().__init__(f"this {whose} has {bound} unfinished {what}; wait until one has ended")
        self.retry_after_s = retry_after_s


class StudiosBusy(QueueFull):
    """All accounts together have as much unfinished work as the studios may be given."""

    def __init__(self, retry_after_s: int) -> None:
        DoorError.__init__(self, "the studios have enough to do; try again when some of it is done")
        self.retry_after_s = retry_after_s


class TooManyStreams(DoorError):
    """As many streams of events are open as may be."""

    def __init__(self, bound: int, whose: str, retry_after_s: int = 10) -> None:
        super().__init__(f"{whose} has {bound} open streams of events; end one, or try again later")
        self.bound, self.retry_after_s = bound, retry_after_s


class TooManyEndpoints(DoorError):
    """The account has as many webhook endpoints as it may have."""


class EndpointDisabled(DoorError):
    """Nothing is sent to a webhook endpoint that is disabled."""


class AlreadyTerminal(DoorError):
    """The brief has ended; there is nothing left to cancel."""


class CandidateExpired(DoorError):
    """The candidate was not picked in time and is no longer offered."""


class LicensedElsewhere(DoorError):
    """Another account holds music that is too close to this one."""


class LinkExpired(DoorError):
    """The link to a file was good for ten minutes, and they are over."""


class NotRenderable(DoorError):
    """The track was made before tracks could be played again."""


class RenditionFailed(DoorError):
    """What was asked for was tried and could not be made; it can be ordered anew."""


class RangeNotSatisfiable(DoorError):
    """The asked bytes lie outside the file."""

    def __init__(self, size: int) -> None:
        super().__init__(f"the file has {size} bytes")
        self.size = size


class Unready(DoorError):
    """Something this process stands on does not answer."""


class Overcrowded(DoorError):
    """This replica answers as many requests at once as it can."""

    def __init__(self, most: int) -> None:
        super().__init__(f"{most} requests are being answered; try again in a moment")
        self.most = most


class UploadsBusy(Overcrowded):
    """As many uploads are being read as this replica, or the account, may have at once."""

    def __init__(self, whose: str) -> None:
        DoorError.__init__(self, f"{whose} has enough uploads in hand; try again in a moment")


class BodyTooSlow(DoorError):
    """The body was not here in time."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"the whole body must be here within {seconds:g} seconds")
        self.seconds = seconds
