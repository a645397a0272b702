"""What can go wrong, by what one can do about it.

::

    CuesmithError
    ├── Unreachable        nobody answered, or not in time; a repeat is safe
    └── Refused            the answer was a problem (RFC 9457)
        ├── NotAllowed     401, 403: the key, or its scope
        ├── NotThere       404, 410: no such thing, or its time is over
        ├── NotPaid        402: ``needed``, ``available``, ``topup_url``
        ├── Wrong          400, 409, 415, 422: ``reasons`` says which field and what would do
        └── TooMuch        429, 503: ``retry_after_s``
"""

import msgspec
from msgspec import Struct


class Reason(Struct, frozen=True, kw_only=True):
    """One thing that is wrong with one field; ``limit`` says what would be accepted."""

    pointer: str
    code: str
    detail: str
    limit: object = None


class Problem(Struct, frozen=True, kw_only=True):
    """The body of a refusal."""

    title: str = ""
    status: int = 0
    detail: str = ""
    code: str = "unknown"
    request_id: str = ""
    retryable: bool = False
    errors: tuple[Reason, ...] = ()
    needed: int | None = None
    available: int | None = None
    topup_url: str | None = None


class CuesmithError(Exception):
    """Anything that kept a call from being carried out."""


class Unreachable(CuesmithError):
    """Nobody answered, or not in time. Whatever was asked may have been done; asking again under
    the same idempotency key does it once."""


class Refused(CuesmithError):
    """The answer says why not. ``code`` is for programs, the message for people."""

    def __init__(self, problem: Problem, retry_after_s: float | None = None) -> None:
        places = "".join(f"; {one.pointer}: {one.detail}" for one in problem.errors)
        super().__init__(f"{problem.title}: {problem.detail}{places} [{problem.code}]")
        self.problem, self.retry_after_s = problem, retry_after_s

    @property
    def code(self) -> str:
        """What is wrong, in one word that does not change."""
        return self.problem.code

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """Every field that is wrong, with what would be accepted."""
        return self.problem.errors


class NotAllowed(Refused):
    """The key is unknown, revoked, or may not do this."""


class NotThere(Refused):
    """There is no such thing for this account, or its time is over."""


class NotPaid(Refused):
    """Tokens are missing, a budget is used up, or the account is frozen."""

    @property
    def needed(self) -> int | None:
        """Tokens that the call would have set aside."""
        return self.problem.needed

    @property
    def available(self) -> int | None:
        """Tokens that there are."""
        return self.problem.available

    @property
    def topup_url(self) -> str | None:
        """Where more of them can be bought."""
        return self.problem.topup_url


class Wrong(Refused):
    """The request itself has to change."""


class TooMuch(Refused):
    """Too many requests, too much unfinished work, or a part of the house is away for a moment."""


_BY_STATUS: dict[int, type[Refused]] = {
    401: NotAllowed, 402: NotPaid, 403: NotAllowed, 404: NotThere, 410: NotThere,
    429: TooMuch, 502: TooMuch, 503: TooMuch, 504: TooMuch,
}  # fmt: skip


def refused(status: int, body: bytes, retry_after: str | None) -> Refused:
    """The refusal that an answer is."""
    try:
        problem = msgspec.json.decode(body, type=Problem)
    except msgspec.DecodeError:  # a proxy's page, not ours
        problem = Problem(title="The answer is no problem document", status=status)
    wait = float(retry_after) if retry_after and retry_after.isdigit() else None
    kind = _BY_STATUS.get(status, Wrong if status < 500 else Refused)
    return kind(problem, wait)
