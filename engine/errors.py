"""What the engine refuses, in words a customer could read. `api.problems` makes it HTTP."""


class EngineError(Exception):
    """Anything the engine says no to."""


class BriefRefused(EngineError):
    """The brief cannot be carried out as written; every reason names the field it is about."""

    def __init__(self, reasons: "list[Reason]") -> None:
        super().__init__("; ".join(reason.detail for reason in reasons))
        self.reasons = reasons


class Reason:
    """One thing that is wrong with a brief: where, why, and what would be accepted."""

    def __init__(self, pointer: str, code: str, detail: str, limit: object = None) -> None:
        self.pointer, self.code, self.detail, self.limit = pointer, code, detail, limit

    def __repr__(self) -> str:
        return f"Reason({self.pointer!r}, {self.code!r}, {self.detail!r})"


class NotYetAvailable(BriefRefused):
    """The brief asks for a part of the design that is not built yet."""


class ModelMissing(EngineError):
    """The weights named by the manifest are not there or are not the ones it names."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"{what}. Weights come with each release, in engine/models; "
            f"`python -m engine.workshop` trains them anew"
        )


class BankMissing(EngineError):
    """No instrument bank of the asked kind is installed."""


class LeaseLost(EngineError):
    """Another studio has this job now; whatever this one made is dropped."""


class Stopped(EngineError):
    """The client or the operator wants this work to end now; what it has made so far stands."""


class DeviceLost(EngineError):
    """The accelerator does not answer any more; only a new process may find it again."""
