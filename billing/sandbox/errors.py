"""How the sandbox says no."""


class Refused(Exception):
    """An answer in Stripe's error envelope: its status, kind, code, sentence and parameter."""

    def __init__(
        self,
        status: int,
        code: str | None,
        message: str,
        param: str | None = None,
        *,
        kind: str = "invalid_request_error",
        extra: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.param = status, code, message, param
        self.kind, self.extra = kind, extra or {}


class Malformed(Refused):
    """A request that Stripe's document does not allow; nothing of it was carried out."""

    def __init__(self, param: str, message: str, code: str | None = None) -> None:
        super().__init__(400, code, message, param or None)


class Unsupported(Exception):
    """An operation, or a parameter of one, that this sandbox does not do; answered with 501."""


class Dropped(ConnectionError):
    """The connection ends here: refused before anything happened, or after all of it did."""
